// The cheapest schedule of capacity for demand to come: dynamic programming over (step, shards).
// Pure. Internal to the planner.
//
// The recurrence is that of P-Store (Taft et al., SIGMOD'18); beyond it, a step costs its expected
// unserved demand over sample paths instead of being feasible or not.
#pragma once

#include <vector>

#include "planner/demand_risk.h"
#include "planner/move_model.h"

namespace tidewright::planner {

/// All costs in shard-steps: what one shard costs in one step.
struct ScheduleProblem {
  int from = 1;  ///< shards that serve now
  int fewest = 1;
  int most = 1;  ///< at most risk.most()
  MoveModel moves;
  double unserved_penalty = 20;  ///< for one shard's worth of demand unserved for one step
  double violation_penalty =
      0;                 ///< for a step in which demand is above capacity, × its probability
  double move_cost = 0;  ///< of a move, beside what is billed while it lasts
};

/// What it comes to if `to` is begun now and the best is done after it.
struct ScheduleOption {
  int to = 0;
  double cost = 0;  ///< over the horizon; the sum of the next three
  double billed = 0;
  double unserved = 0;  ///< penalty × expected unserved demand
  double violation = 0;
};

struct ScheduledMove {
  int step = 0;  ///< ahead
  int from = 0;
  int to = 0;
};

struct CapacitySchedule {
  int to = 0;                           ///< what to do now: the cheapest option
  std::vector<ScheduleOption> options;  ///< [i]: towards fewest + i shards
  std::vector<ScheduledMove> moves;     ///< of the cheapest schedule, the first one included

  [[nodiscard]] const ScheduleOption& Towards(int shards) const;
};

/// V(t, n) = min over A of cost of moving n → A from step t + V(t + τ(n, A), A), V = 0 at the end
/// of the horizon; staying takes one step. During a move the larger of both sizes is billed.
/// O(steps × sizes² × steps of a move). `from` may lie outside fewest…most: then every schedule
/// begins with a move into it.
[[nodiscard]] CapacitySchedule MakeSchedule(const DemandRisk& risk, const ScheduleProblem& problem);

}  // namespace tidewright::planner
