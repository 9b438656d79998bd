// The cheapest schedule of capacity for demand to come: dynamic programming over (step, shards).
// Pure. Internal to the planner.
//
// The recurrence is that of P-Store (Taft et al., SIGMOD'18); beyond it, a step costs its expected
// unserved demand over sample paths instead of being feasible or not.
#pragma once

#include <vector>

#include "planner/sizing/demand_risk.h"
#include "planner/sizing/move_model.h"
#include "planner/sizing/shard_billing.h"

namespace tidewright::planner {

/// Demand that must be served and what it costs where it is not. All costs in shard-steps: what one
/// shard costs in one step.
struct RiskTerm {
  const DemandRisk* risk = nullptr;
  double unserved_penalty = 20;     ///< for one shard's worth of demand unserved for one step
  double violation_penalty = 0;     ///< for a step with demand above capacity, × its probability
  double episode_penalty = 0;       ///< for an episode of such steps, × the probability it begins
  std::vector<double> served = {};  ///< in place of the problem's; empty: that
};

struct ScheduleProblem {
  std::vector<RiskTerm> demand;  ///< at least one; all with the same steps and grid
  int from = 1;                  ///< shards that serve now
  int fewest = 1;
  int most = 1;                ///< at most the grid's
  int max_step_out = 1 << 20;  ///< shards by one move
  int max_step_in = 1 << 20;
  MoveModel moves;
  int rest_in = 0;       ///< steps after a move to fewer shards in which nothing else begins
  double move_cost = 0;  ///< of a move, beside what is billed while it lasts
  ShardBilling billing;  ///< by the step, where nothing is said
  /// [n]: what n shards serve, in shards' worth, where that is less than n (a partition cannot be
  /// split); empty: n.
  std::vector<double> served;
};

/// What it comes to if `to` is begun now and the best is done after it.
struct ScheduleOption {
  int to = 0;
  double cost = 0;  ///< over the horizon: billed + unserved + violation
  double billed = 0;
  double unused = 0;     ///< of it, paid for shards that leave by the first move and then are gone
  double unserved = 0;   ///< penalty × expected unserved demand
  double violation = 0;  ///< of violating steps and of episodes
};

struct ScheduledMove {
  int step = 0;  ///< ahead
  int from = 0;
  int to = 0;
};

struct CapacitySchedule {
  int to = 0;                           ///< what to do now: the cheapest option
  std::vector<ScheduleOption> options;  ///< of every size that one move may reach, rising
  std::vector<ScheduledMove> moves;     ///< of the cheapest schedule, the first one included

  [[nodiscard]] const ScheduleOption* Towards(int shards) const;  ///< null: no move reaches it
};

/// V(t, n) = min over A of cost of moving n → A from step t + V(t + τ(n, A), A), V = 0 at the end
/// of the horizon; staying takes one step. During a move the larger of both sizes is billed, and of
/// shards that leave what they are paid for beyond it. What is done after the first move is chosen
/// by (step, shards) alone, as in ReleaseTable; the options are then billed exactly, each along its
/// schedule (ScheduleBill), and the cheapest is taken.
/// O(steps × sizes² × steps of a move). `from` may lie outside fewest…most: then every schedule
/// begins with a move to the nearest size inside, whatever the limits of a step.
[[nodiscard]] CapacitySchedule MakeSchedule(const ScheduleProblem& problem);

}  // namespace tidewright::planner
