// A quota instead of shards: the simulated store of replay model 1 with provisioned throughput. A
// "node" is one step of the quota; a change takes no time, and the store limits decreases.
#pragma once

#include "planner/policy.h"
#include "planner/quotas/decrease_budget.h"
#include "replay/optimum.h"
#include "replay/predictive.h"

namespace tidewright::replay {

/// What the store sets for everybody.
struct QuotaRules {
  DecreaseLimit decreases;
  Duration billing_period{0};  ///< see QuotaPolicy
};

/// A quota for a trace. `store` is ModelFor's: the first judged step stays. `unit`: what one unit
/// of quota serves, in the trace's unit; 0: a thousandth of the trace's 99.5th percentile (its
/// maximum if that is 0). Sizes are steps of the quota from floor to ceiling, at most twice what
/// the trace asks for at its highest.
[[nodiscard]] StoreModel QuotaStoreFor(const Series& trace, StoreModel store,
                                       const QuotaPolicy& policy, double unit);

/// Asked at the end of every step. A lower answer than the store allows changes nothing. Hours are
/// those of steps of the quota. Of an Outcome `moves` has every change that was made.
[[nodiscard]] Outcome RunQuota(const Series& trace, const StoreModel& store,
                               const QuotaRules& rules, const Decide& decide,
                               const std::function<void(const ServedStep&)>& served = {});

/// The cheapest quota that a planner who knows the whole trace could hold within the same limits;
/// exact over QuotaLevels (1024 of them, where the store has more sizes each is less than 1 % above
/// the one before it on most traces). With a billing period: within schedules that lower a quota
/// at the beginning of a period.
[[nodiscard]] Outcome QuotaOptimum(const Series& trace, const StoreModel& store,
                                   const QuotaRules& rules, const OptimumObjective& objective);

/// The production decision code, DecideQuota(), under the store's rules. `greedy`: it believes that
/// decreases are free, and takes them as they come.
[[nodiscard]] std::unique_ptr<ScalingPolicy> MakeQuotaPredictive(const QuotaPolicy& policy,
                                                                 const QuotaRules& rules,
                                                                 const ScalingTerms& terms,
                                                                 bool greedy,
                                                                 ForecastFaults faults = {});

}  // namespace tidewright::replay
