// A cluster snapshot of virtual machines on the NUMA nodes of hosts, as JSON: `cluster_list` with
// `host_info` and `vm_instance`.
#pragma once

#include <string>

#include "planner/placing/problem.h"

namespace tidewright::bench {

inline constexpr double kPieceCores = 16;

/// Every NUMA node is a node (dimension 0: cores, 1: memory in MB), every machine an item; machines
/// may move to any other host that has room. The goal: the least fragments of 16 cores in at most
/// `moves` moves, and of placements that are as good the one with fewer moves.
[[nodiscard]] StatusOr<planner::placing::Problem> ReadSnapshot(const std::string& path, int moves);

/// The share of free cores that no whole piece of 16 fits into, node by node.
[[nodiscard]] double FragmentRate(const planner::placing::Problem& problem, double fragments);
[[nodiscard]] double FragmentsAtStart(const planner::placing::Problem& problem);

}  // namespace tidewright::bench
