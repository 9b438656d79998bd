// The production decision code as a policy of a replay.
#pragma once

#include <functional>
#include <memory>

#include "forecast/forecast.h"
#include "planner/policy.h"
#include "planner/scaling_policy.h"

namespace tidewright::replay {

/// Spoils a forecast before the decision sees it.
using ForecastFaults = std::function<void(Forecast&)>;

/// Forecasts and decides as the daemon does: members refitted every six hours, promises settled as
/// demand arrives, the whole of Decide() with its guards over a cluster of even shards.
[[nodiscard]] std::unique_ptr<ScalingPolicy> MakePredictive(const Policy& policy,
                                                            const ScalingTerms& terms,
                                                            ForecastFaults faults = {});

}  // namespace tidewright::replay
