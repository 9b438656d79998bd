// The production decision code as a policy of a replay.
#pragma once

#include <memory>

#include "planner/policy.h"
#include "planner/scaling_policy.h"

namespace tidewright::replay {

/// Forecasts and decides as the daemon does: members refitted every six hours, promises settled as
/// demand arrives.
[[nodiscard]] std::unique_ptr<ScalingPolicy> MakePredictive(const Policy& policy,
                                                            const ScalingTerms& terms);

}  // namespace tidewright::replay
