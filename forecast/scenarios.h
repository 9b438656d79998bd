// Joint sample paths of demand by bootstrap of whole stretches of past forecast errors.
#pragma once

#include <cstdint>
#include <vector>

#include "forecast/combination.h"
#include "forecast/forecast.h"

namespace tidewright {

/// Past errors of the combined forecast, made comparable between high and low demand:
/// (observed − forecast) ÷ Spread(forecast).
struct Residuals {
  double power = 0;  ///< 0, 0.5 or 1: the likeliest if errors are Laplace-distributed
  std::vector<std::vector<float>> lines;  ///< [past origin, newest first][h], no gaps

  /// (forecast + shift)^power, so that a forecast of zero has some spread too.
  [[nodiscard]] double Spread(double forecast) const;
};

/// A lower bound (saturation) below the forecast counts as no error.
[[nodiscard]] Residuals MeasureResiduals(const Prepared& p, const Combined& combined);

/// `paths` scenarios as long as combined.point, in the series' own unit, finite and ≥ 0. A path is
/// the forecast plus the errors that followed one past origin, so that it is anchored at the end of
/// the series, drifts off as the forecast used to, and keeps its autocorrelation. Recent origins
/// and those at this time of day are likelier. Which origin a path follows is drawn from the seed,
/// the step and the number of steps observed alone: series that were observed alike get the same
/// scenario under the same number.
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
