// Made-up placement problems.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "planner/placing/problem.h"

namespace tidewright::bench {

struct Case {
  std::string name;
  planner::placing::Problem problem;
};

/// Of the size that is solved exactly: three to five nodes, up to 14 items, two to four resources;
/// by turns spread (with limits, zones, groups and few moves) and fragments.
[[nodiscard]] Case SmallCase(std::uint64_t seed);

/// Slots on shards in ranges, with four resources of heavy tails that go together by range.
[[nodiscard]] std::vector<Case> SlotCases(int slots, int shards, std::uint64_t seed);

/// What must move at least before every node is at goal.level in every single dimension: for each
/// node the dimension that takes the most bytes when parts of items could move.
[[nodiscard]] double LeastBytes(const planner::placing::Problem& problem);

}  // namespace tidewright::bench
