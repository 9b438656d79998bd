// The forecaster's product: calibrated quantiles of demand, read off joint sample paths.
#pragma once

#include <string>
#include <vector>

#include "core/series.h"
#include "core/time.h"

namespace tidewright {

/// How far a forecast may be trusted. A scale-down needs at least kFair.
enum class Trust {
  kNone,  ///< no forecast, or one from observations that are no longer recent (the caller knows
          ///< now)
  kPoor,  ///< less than a day of history, or recent error like that of a blind guess
  kFair,
  kGood,  ///< a season seen at least twice, realised coverage near the promise
};
[[nodiscard]] const char* TrustName(Trust trust);

/// Scenarios of demand: value(path, step) is the mean demand over that step, finite and ≥ 0.
/// Path k is the same scenario for all series and resources of a cluster.
struct SamplePaths {
  int paths = 0;
  int steps = 0;
  std::vector<float> values;  ///< row-major: path, then step

  [[nodiscard]] float At(int path, int step) const {
    return values[static_cast<std::size_t>(path) * static_cast<std::size_t>(steps) +
                  static_cast<std::size_t>(step)];
  }
};

/// Quantiles of the maximum of demand over the first `window` of the horizon.
struct WindowMaximum {
  Duration window{0};
  std::vector<double> quantiles;  ///< one for each of Forecast::levels
};

/// How often demand stayed at or below a published quantile, lately.
struct RealisedCoverage {
  double level = 0;   ///< what was promised
  Duration ahead{0};  ///< longest distance of the steps it was promised for
  double held = 0;    ///< share of them
};

struct Forecast {
  SeriesKey key;
  WallTime start;  ///< of the first step; the end of the last observation
  Duration step{0};
  int horizon = 0;             ///< steps
  std::vector<double> mean;    ///< [step], over the paths; levels' 0.5 is the median
  std::vector<double> levels;  ///< rising, such as 0.5, 0.8, 0.9, 0.95, 0.99
  std::vector<std::vector<double>> quantiles;  ///< [level][step], never crossing
  std::vector<WindowMaximum> maxima;
  SamplePaths paths;  ///< what the quantiles were read off; empty where not asked for
  Trust trust = Trust::kNone;
  double recent_error = 0;  ///< mean |error| up to an hour ahead, last 6 h, ÷ mean demand
  std::vector<RealisedCoverage> realised;  ///< empty until a day of promises came due
  std::vector<std::string> notes;          ///< season, members, what was cleaned: for people

  [[nodiscard]] WallTime TimeOf(int i) const { return start + step * i; }
};

}  // namespace tidewright
