// The cheapest schedule of a quota for demand to come, within the decreases that a store allows:
// dynamic programming over (step, quota, decreases left). Pure. Internal to the planner, and the
// replay's optimum.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "planner/quotas/decrease_budget.h"

namespace tidewright::planner {

/// All costs are in unit-steps: what one unit of quota costs in one step. A quota that is chosen at
/// now + t·step is in force in step t.
struct QuotaProblem {
  std::vector<double> levels;  ///< what the quota may be, rising, at least one
  double from = 0;             ///< in force until now; no level needs to be equal to it
  int steps = 0;
  Duration step = std::chrono::minutes(5);
  WallTime now;
  DecreaseLimit limit;
  DecreaseBudget spent;
  /// The highest quota of each period of the clock is billed for all of it; 0: as held. Within a
  /// period a decrease saves nothing: none is begun but at its start.
  Duration billing_period{0};
  double billed = 0;       ///< highest quota so far of the period that `now` lies in
  double change_cost = 0;  ///< of a change, beside what is billed
  /// Fills in what it costs, beside the quota itself, that a step is served at each level.
  std::function<void(int step, std::span<double> cost)> risk;
};

struct QuotaSchedule {
  double cost = 0;         ///< over all steps
  std::vector<int> level;  ///< [step]
};

struct QuotaChoice {
  QuotaSchedule best;
  /// Nothing is changed now, and the best is done after it; absent where `from` is no level.
  std::optional<QuotaSchedule> stay;
};

/// V(t, q, b) = min over q' of cost(t, q') + V(t+1, q', b'), V = 0 after the last step; b' is what
/// is left of the budget, q' < q needs one of it, q' > q never does. A higher quota is the best of
/// all levels above, a lower one of all below: running minima, so that a step costs O(1) a state:
/// O(steps × levels × BudgetStates::count()) time. Memory is bounded; beyond 4M states of them a
/// second pass repeats the first one in segments. Where no decrease is allowed and no level reaches
/// `from`, the highest level is taken all the same. Of equals: staying, then the lowest.
[[nodiscard]] QuotaChoice MakeQuotaSchedule(const QuotaProblem& problem);

/// Multiples of `step` from low to high, both included (high rounded up to one), at most `most` of
/// them: all, where that is enough, else geometrically spaced ones, each a fixed share above the
/// one before. 0 < low ≤ high, 0 < step.
[[nodiscard]] std::vector<double> QuotaLevels(double low, double high, double step, int most);

}  // namespace tidewright::planner
