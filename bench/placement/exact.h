// The same problems as mixed-integer programmes, solved by CBC.
#pragma once

#include <string>

#include "core/clock.h"
#include "planner/placing/problem.h"

namespace tidewright::bench {

struct Exact {
  double objective = 0;  ///< of the best solution found
  bool proven = false;   ///< to be the optimum
  double seconds = 0;
};

/// Every item on every node is a variable: for small cases. The order of moves is left out, so the
/// optimum may be one that cannot be reached step by step. kUnavailable when cbc is not installed.
[[nodiscard]] StatusOr<Exact> SolveExactly(const planner::placing::Problem& problem, Duration limit,
                                           Clock& clock);

/// Whole free pieces gained, by counts of equal items on each node: for snapshots too large for the
/// above. Nodes come in pairs of halves; limits other than the goal's dimension are left out.
[[nodiscard]] StatusOr<Exact> SolvePieces(const planner::placing::Problem& problem, Duration limit,
                                          Clock& clock);

}  // namespace tidewright::bench
