// Chooses the size of a cluster and who owns what. Pure.
#pragma once

#include <optional>

#include "collector/load_snapshot.h"
#include "core/status.h"
#include "core/topology.h"
#include "forecast/forecast.h"
#include "planner/plan.h"
#include "planner/policy.h"

namespace tidewright {

/// What was learned from past actions, in wall time; absent until there was one.
struct MoveExperience {
  std::optional<Duration> provisioning;       ///< intent until the new shards had joined
  std::optional<Duration> per_partition;      ///< mean time to move one partition
};

/// What the planner remembers between cycles; it survives restarts by way of the journal.
struct PlannerState {
  std::optional<WallTime> last_action_ended;
  bool action_in_flight = false;
  int action_target_shards = 0;  ///< of the one in flight
  MoveExperience experience;
};

struct PlanInput {
  const Topology& topology;
  const LoadSnapshot& load;
  /// Of the cluster as a whole; a resource without a forecast is an absent one. With sample paths.
  const PerResource<std::optional<Forecast>>& demand;
  const Policy& policy;
  const PlannerState& state;
  WallTime now;
};

/// Always answers; a plan of kind kNone says in its reasons why. Never throws, never blocks.
[[nodiscard]] Plan MakePlan(const PlanInput& input);

}  // namespace tidewright
