// Joint sample paths of demand by bootstrap of whole stretches of past forecast errors, and what is
// read off them.
#pragma once

#include <cstdint>
#include <vector>

#include "forecast/forecast.h"
#include "forecast/residuals.h"

namespace tidewright {

/// `paths` scenarios as long as combined.point, in the series' own unit, finite and ≥ 0. A path is
/// the forecast plus the errors that followed one past origin, so that it is anchored at the end of
/// the series, drifts off as the forecast used to, and keeps its autocorrelation. Recent origins
/// and those at this time of day are likelier. Which origin a path follows is drawn from the seed,
/// the step and the number of steps observed alone: series that were observed alike get the same
/// scenario under the same number. The paths' median at each step is the forecast itself.
[[nodiscard]] SamplePaths DrawPaths(const Prepared& p, const Combined& combined,
                                    const Residuals& residuals, int paths, std::uint64_t seed);

/// Mean over the paths, [step].
[[nodiscard]] std::vector<double> StepMeans(const SamplePaths& paths);
/// quantiles[level][step] over the paths.
[[nodiscard]] std::vector<std::vector<double>> StepQuantiles(const SamplePaths& paths,
                                                             const std::vector<double>& levels);
/// Quantiles, one for each level, of the paths' maximum over their first `steps`.
[[nodiscard]] std::vector<double> MaximumQuantiles(const SamplePaths& paths, int steps,
                                                   const std::vector<double>& levels);

}  // namespace tidewright
