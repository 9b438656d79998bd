// Finds a good placement: greedy descent first, then many randomised trajectories from where it
// ended; the best one is what is executed (risk-seeking evaluation). The same problem, effort and
// seed give the same placement: effort is counted in steps, and only the caller's Stop knows a
// clock.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "planner/placing/problem.h"

namespace tidewright::planner::placing {

struct Effort {
  int trajectories = 8;
  std::int64_t steps = 200'000;  ///< tried on each trajectory
  std::uint64_t seed = 1;
};

/// Asked every thousand steps or so; the best so far is kept when it says true.
using Stop = std::function<bool()>;

struct Step {
  int item = 0;
  int to = kNowhere;
};

struct Solution {
  std::vector<int> at;      ///< the node of each item
  std::vector<Step> order;  ///< each moved item once, so that no limit is passed on the way
  Score score;
  std::int64_t steps = 0;  ///< tried
  int trajectories = 0;    ///< begun
};

/// The single step that lowers the cost most, again and again until none does.
[[nodiscard]] Solution Descend(const Problem& problem);

/// `start`: a placement to begin with, of the caller's own making; empty: everything at home.
/// Expects a valid problem.
[[nodiscard]] Solution Solve(const Problem& problem, const Effort& effort,
                             std::vector<int> start = {}, const Stop& stop = {});

}  // namespace tidewright::planner::placing
