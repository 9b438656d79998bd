// Which periods a series really repeats at.
#pragma once

#include <vector>

#include "core/time.h"

namespace tidewright {

struct Season {
  int period = 0;          ///< steps
  double correlation = 0;  ///< autocorrelation at the period, slower movement taken out
  double z = 0;            ///< correlation ÷ its standard error without a season
};

/// Tests candidate periods (1, 2, 3, 4, 6, 8, 12 hours, a day, a week, and those at which the
/// autocorrelation peaks) that were seen at least twice. For each, movement slower than the period
/// is taken out by a centred moving mean; the autocorrelation at the period must then pass 3
/// standard errors (2.5 for a day or a week, 5 for a peak). The error is Bartlett's for a series
/// that is correlated over short lags alone: sqrt((1 + 2·Σ r_k²)/n), k up to the first zero of the
/// autocorrelation, at most half a period. Periods that a shorter one explains as well are left
/// out, but for the day and the week. NaN values are gaps. Periods rise.
[[nodiscard]] std::vector<Season> DetectSeasons(const std::vector<double>& values, Duration step);

}  // namespace tidewright
