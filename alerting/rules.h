// Which alerts are firing, from what one control cycle saw. Pure.
#pragma once

#include <optional>
#include <vector>

#include "actuator/action.h"
#include "alerting/alert.h"
#include "collector/load_snapshot.h"
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
};

/// The set that fires now; `before` keeps the time since when each one has been firing.
[[nodiscard]] std::vector<Alert> EvaluateAlerts(const AlertInput& input,
                                                const std::vector<Alert>& before);

}  // namespace tidewright
