// Chooses the size of a cluster and who owns what. Pure.
#pragma once

#include <optional>
#include <vector>

#include "collector/load_snapshot.h"
#include "core/series.h"
#include "core/status.h"
#include "core/topology.h"
#include "forecast/forecast.h"
#include "planner/continuity.h"
#include "planner/foreign_change.h"
#include "planner/plan.h"
#include "planner/policy.h"
#include "planner/sizing/forecast_gate.h"
#include "planner/sizing/move_model.h"

namespace tidewright {

/// An action that was begun, however it ended.
struct BegunAction {
  WallTime began;
  PlanKind kind = PlanKind::kNone;
};

/// What the nodes cost so far.
struct SpentSoFar {
  Money today;  ///< since midnight, UTC
  Money this_month;
};

/// What the planner remembers between cycles; it survives restarts by way of the journal.
struct PlannerState {
  std::optional<WallTime> last_action_ended;
  bool action_in_flight = false;
  int action_target_shards = 0;  ///< of the one in flight
  MoveExperience experience;
  ForecastGate gate;  ///< what promises of demand came to
  Continuity continuity;
  std::vector<BegunAction> recent_actions;  ///< of the last day at least, in any order
  /// Absent: taken as if the present nodes had been there all the time.
  std::optional<SpentSoFar> spent;
  std::vector<PersonHold> holds;  ///< those that have expired may be among them
};

/// Observed demand of the cluster at the forecast's step, oldest first, the newest at the end;
/// empty where it is not known. A week is used.
using RecentDemand = PerResource<Series>;

struct PlanInput {
  const Topology& topology;
  const LoadSnapshot& load;
  /// Of the cluster as a whole; a resource without a forecast is an absent one. With sample paths.
  const PerResource<std::optional<Forecast>>& demand;
  const Policy& policy;
  const PlannerState& state;
  WallTime now;
  const RecentDemand* recent = nullptr;
  /// Also look for the demand at which it would be decided otherwise: some fifteen schedules more.
  bool explain = false;
  /// [partition] what partitions were of the cluster lately, where it is remembered: what they
  /// weigh while `load` does not tell, as after a restart.
  const PerResource<std::vector<double>>* partition_weights = nullptr;
};

struct Decision {
  Plan plan;
  ForecastGate gate;      ///< of the next cycle's PlannerState
  Continuity continuity;  ///< likewise
};

/// Always answers; a plan of kind kNone says in its reasons why. Never throws, never blocks.
[[nodiscard]] Decision Decide(const PlanInput& input);
/// The plan of a person who asks for an even spread over the shards that there are, whether the load
/// needs it or not. It waits for no rest after an action; every other guard of a rebalance holds. Of
/// kind kNone, with its reasons, when the spread is even or a guard says no.
[[nodiscard]] Plan PlanEvenSpread(const PlanInput& input);
/// The plan of a person who asks that partitions go back to where they were before somebody else
/// moved them. It waits for no rest, neither after an action nor after that change. Of kind kNone,
/// with its reasons, when nothing can go back or a guard says no.
[[nodiscard]] Plan PlanRevert(const PlanInput& input, const ForeignChange& change);
/// The plan of Decide(), for those who keep no state.
[[nodiscard]] Plan MakePlan(const PlanInput& input);

}  // namespace tidewright
