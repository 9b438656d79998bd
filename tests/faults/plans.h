// Plans as the suites want them: few slots, so that a leg is short.
#pragma once

#include <string>
#include <vector>

#include "actuator/action.h"
#include "core/topology.h"
#include "planner/plan.h"
#include "stores/redis/cluster_nodes.h"

namespace tidewright::faults {

/// Masters that own slots, with their replicas, as one node tells it.
[[nodiscard]] Topology TopologyOf(const redis::ClusterNodes& nodes, const std::string& cluster);
/// One shard more with the first `slots` of all others together, and where two pairs are wanted
/// some from the largest of these to the smallest beside that; or without the smallest one.
[[nodiscard]] Plan PlanOf(const Topology& topology, int goal, int replicas, int slots, int pairs);
/// As an action that has not begun.
[[nodiscard]] ActionRecord RecordOf(std::string id, Plan plan, const std::vector<Step>& steps);

}  // namespace tidewright::faults
