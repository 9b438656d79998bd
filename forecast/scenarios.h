// Joint sample paths of demand by bootstrap of whole stretches of past forecast errors. Inside the
// room only.
#pragma once

#include <vector>

#include "forecast/forecast.h"
#include "forecast/forecaster.h"
#include "forecast/residuals.h"

namespace tidewright {

struct Scenarios {
  SamplePaths paths;
  std::vector<std::vector<double>> quantiles;  ///< [level][step], over the paths
};

/// request.paths scenarios as long as combined.point, in the series' own unit, finite and ≥ 0. A
/// path is the forecast plus the errors that followed one past origin, so that it is anchored at
/// the end of the series, drifts off as the forecast used to, and keeps its autocorrelation. Recent
/// origins and those at this time of day are likelier. Which origin a path follows is drawn from
/// the seed, the step and the number of steps observed alone: series that were observed alike get
/// the same scenario under the same number. The paths' median at each step is the forecast itself;
/// what lies above it is stretched as the calibration says, which may pull the median down too.
[[nodiscard]] Scenarios DrawScenarios(const Prepared& p, const Combined& combined,
                                      const Residuals& residuals, const Calibration& calibration,
                                      const ForecastRequest& request);

}  // namespace tidewright
