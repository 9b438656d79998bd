// Where the level of demand changed for good, and history made comparable with today. Inside the
// room only.
#pragma once

#include <string>
#include <vector>

#include "core/series.h"
#include "forecast/prepared.h"

namespace tidewright {

/// From `at` on demand is `factor` times what it was before.
struct LevelBreak {
  WallTime at;
  double factor = 1;
};

/// Finds the steps in a series' level, oldest first. Hour by hour the logarithm of demand is
/// compared with the median of the same hours of up to seven seasons before (of the last day, where
/// there is no season). A break is an hour from which that difference is far outside of what is
/// usual for this series (relative to the 80th percentile of the same statistic elsewhere), of one
/// sign nearly all the time, and absent in the hours before. Six hours of evidence are the least
/// for a rise, thirty for a fall (a holiday is none); while there is less than a day of it, nothing
/// like it may have passed by itself before. What recurs, as weekends do, is usual, so no break.
[[nodiscard]] std::vector<LevelBreak> FindLevelBreaks(const Prepared& p);

/// Brings what lies before each break to the level after it. Members, errors of past forecasts and
/// quantiles are then those of a series that never shifted.
[[nodiscard]] Series AtPresentLevel(Series observed, const std::vector<LevelBreak>& breaks);

/// "the level changed by ×1.50 on 2026-03-16 08:00: history before it was rescaled".
[[nodiscard]] std::string Describe(const LevelBreak& found);

}  // namespace tidewright
