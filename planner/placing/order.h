// In which order items move, so that every one fits when its turn comes.
#pragma once

#include <vector>

#include "planner/placing/search.h"

namespace tidewright::planner::placing {

/// Moves each item from home to `at` once. What waits for each other in a circle stays at home, and
/// so does what then no longer fits: `at` is corrected.
[[nodiscard]] std::vector<Step> Order(const Problem& problem, std::vector<int>& at);

}  // namespace tidewright::planner::placing
