// Deterministic descents: the plain one, to compare with, and the quick one that the search starts
// from. Internal to the placement engine.
#pragma once

#include <cstdint>

#include "planner/placing/board.h"

namespace tidewright::planner::placing {

/// The single step of all that lowers the cost most, until none does. Slow: O(items × nodes) a
/// step. Returns the steps that it looked at; the same for the next.
std::int64_t SteepestDescent(Board& board);

/// Node by node, the most expensive first: what relieves it most for its price goes where it hurts
/// least, as long as that lowers the cost. O(items of the node + nodes) a step.
std::int64_t Shed(Board& board);

}  // namespace tidewright::planner::placing
