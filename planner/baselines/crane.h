// Crane's effective autoscaler: its own periodic forecast beside the usual one on what is observed.
#pragma once

#include <memory>
#include <vector>

#include "planner/scaling_policy.h"

namespace tidewright::baselines {

struct CraneSettings {
  double target = 0.70;  ///< utilisation, of observed and of forecast demand
  double margin = 0.10;  ///< on a periodic forecast
  Duration history = std::chrono::days(14);
  Duration every = std::chrono::hours(12);  ///< the forecast is made anew
  Duration window = std::chrono::hours(1);  ///< whose highest forecast counts
  double correlation = 0.5;                 ///< of a cycle, at least
  double percentile = 0.99;                 ///< where there is no cycle
  double percentile_margin = 0.15;
  Duration half_life = std::chrono::hours(24);  ///< of a value's weight in the percentile
};

/// The larger of the HPA's answer (hpa.h) and ⌈highest forecast of the coming hour ÷ (Q·target)⌉.
/// Forecast: of a day, else a week, the first that is a cycle; each step of it the highest of the
/// same steps of the whole cycles in the history (at least two) × (1 + margin). Without a cycle the
/// weighted percentile × (1 + its margin). Periods are exactly 24 h or 7 d, as there.
/// Source: gocrane/crane, pkg/prediction/dsp and pkg/prediction/percentile (read, not copied).
[[nodiscard]] std::unique_ptr<ScalingPolicy> MakeCrane(const ScalingTerms& terms,
                                                       CraneSettings settings = {});

/// Whether values repeat at this period: the autocorrelation there is at least `least` and no lower
/// than an eighth of a period before and after it. Needs two periods.
[[nodiscard]] bool IsCycle(const std::vector<double>& values, int period, double least);

}  // namespace tidewright::baselines
