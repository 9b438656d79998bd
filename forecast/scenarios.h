// Joint sample paths of demand by bootstrap of whole stretches of past forecast errors.
#pragma once

#include <cstdint>
#include <vector>

#include "forecast/combination.h"
#include "forecast/forecast.h"

namespace tidewright {

/// Past errors of the combined forecast, made comparable between high and low demand:
/// (observed − forecast) / (forecast + kSpreadShift)^power.
struct Residuals {
  double power = 0;  ///< 0, 0.5 or 1: the likeliest for Laplace errors
  int spacing = 1;
  std::vector<std::vector<float>> lines;  ///< [origin, newest first][h], no gaps
  double observed_days = 0;

  static constexpr double kSpreadShift = 0.1;
  [[nodiscard]] double Spread(double forecast) const;
};

[[nodiscard]] Residuals MeasureResiduals(const Prepared& p, const Combined& combined);

/// `paths` scenarios as long as combined.point, in the series' own unit. Which past stretch a path repeats is
/// drawn from the seed and the stretches' lengths and times alone: series that were
/// observed alike get the same scenario under the same number.
[[nodiscard]] SamplePaths DrawPaths(const Prepared& p, const Combined& combined,
                                    const Residuals& residuals, int paths, std::uint64_t seed);

/// quantiles[level][step] over the paths.
[[nodiscard]] std::vector<std::vector<double>> StepQuantiles(const SamplePaths& paths,
                                                             const std::vector<double>& levels);
/// Quantiles of each path's maximum over its first `steps`.
[[nodiscard]] std::vector<double> MaximumQuantiles(const SamplePaths& paths, int steps,
                                                   const std::vector<double>& levels);

}  // namespace tidewright
