// Which alerts are firing, from what one control cycle saw. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actuator/action.h"
#include "alerting/alert.h"
#include "collector/load_snapshot.h"
#include "core/reason.h"
#include "core/resource.h"
#include "core/topology.h"
#include "planner/plan.h"

namespace tidewright {

struct AlertInput {
  const Topology* topology = nullptr;  ///< null while the cluster does not answer
  const LoadSnapshot* load = nullptr;
  const Plan* plan = nullptr;
  const ActionRecord* last_action = nullptr;
  std::string cluster;
  std::string topology_error;
  WallTime now;
  /// Mode auto: a plan needs nobody's approval, so that it alone is no alert.
  bool acts_by_itself = false;
  /// The kill switch is thrown. Texts may be empty.
  struct Stop {
    std::string by;
    std::string why;
    std::string path;
  };
  std::optional<Stop> stop;
  std::string foreign_change;  ///< what somebody else did to the cluster lately, or empty
  const std::vector<Reason>* holds = nullptr;  ///< why nothing begins by itself
  /// What the serving shards can bear at full use; absent where a resource does not bind.
  PerResource<std::optional<double>> capacity;
};

/// The set that fires now; `before` keeps the time since when each one has been firing. At most one
/// alert of a kind for a cluster:
///
/// TidewrightCapacityWillBeShort (warning)  a scale-out waits for approval; or it cannot be
/// complete
///     before the forecast passes usable capacity; or the policy's maximum, or placement within the
///     lead time, forbids what the forecast asks for. Not while capacity is short already.
/// TidewrightCapacityIsShort (critical)  demand is above full capacity, a master is saturated or
///     throttles its clients, or the newest plan is an emergency.
/// TidewrightDataStale (warning)  the cluster does not answer, or masters that serve partitions
/// lack
///     fresh plausible figures. A master without an error whose first sample is under way is none.
/// TidewrightActionFailed  critical for 24 h after an action failed, warning for 1 h after one was
///     rolled back; until the next action begins.
/// TidewrightClusterUnhealthy (critical)  unowned partitions, failed masters that serve partitions,
/// or
///     open partitions while no action of ours is running.
/// TidewrightStopped (warning)  the kill switch is thrown.
/// TidewrightActionPaused (warning)  an open action is paused, by a person, the store's health or
/// the
///     kill switch (then TidewrightStopped alone).
/// TidewrightForeignChange (warning)  somebody else moved partitions, or added or removed shards, a
///     short while ago, or auto mode is locked for it.
/// TidewrightBreakerOpen (warning)  actions failed so often that none begins by itself.
[[nodiscard]] std::vector<Alert> EvaluateAlerts(const AlertInput& input,
                                                const std::vector<Alert>& before);

}  // namespace tidewright
