// What a planner that knows the whole trace would do at best: the bound that policies are measured
// against. Exact by dynamic programming over (step, nodes), forward in time.
#pragma once

#include "replay/store_model.h"

namespace tidewright::replay {

struct OptimumObjective {
  double penalty = 20;       ///< node-hours for each unserved node-hour
  double per_violation = 0;  ///< node-hours for each violating step
};
/// No violation where one can be avoided, then the fewest node-hours.
inline constexpr OptimumObjective kZeroViolation{.penalty = 20, .per_violation = 1e5};

/// V(t, A) = min over B of V(t − τ(B, A), B) + billed nodes of the move + its unserved demand and
/// violations; staying costs one step. A move may still be under way when the trace ends, as in
/// Run(). O(steps × nodes² × mean steps of a move) time, O(steps × nodes) memory. The answer is
/// what Run() makes of the best decisions.
[[nodiscard]] Outcome Optimum(const Series& trace, const StoreModel& store,
                              const OptimumObjective& objective = {});

}  // namespace tidewright::replay
