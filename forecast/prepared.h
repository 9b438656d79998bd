// One series made ready for the members: regular, free of gaps, scaled. Inside the room only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/series.h"
#include "core/status.h"
#include "forecast/season.h"

namespace tidewright {

/// All vectors have the same length; index i is the step [start + i·step, start + (i+1)·step).
struct Prepared {
  WallTime start;
  Duration step{0};
  double scale = 1;                       ///< values × scale are in the series' own unit
  std::vector<double> values;             ///< cleaned and filled, finite, ≥ 0, mean near 1
  std::vector<double> logs;               ///< log(values + kLogShift)
  std::vector<double> targets;            ///< as observed, outliers included; NaN is a gap
  std::vector<std::uint8_t> lower_bound;  ///< 1 where the target is only a lower bound
  std::vector<Season> seasons;            ///< significant ones, periods rising
  int hour = 1;                           ///< steps in an hour, at least 1
  int season = 0;                         ///< steps of the main season, 0 when there is none
  int long_season = 0;                    ///< of a longer one on top of it, or 0
  std::vector<std::string> notes;

  static constexpr double kLogShift = 0.05;

  [[nodiscard]] int size() const { return static_cast<int>(values.size()); }
  [[nodiscard]] WallTime end() const { return start + step * size(); }
};

/// Coarsens to `step` with whole cells counted back from the last observation, takes out what is
/// implausible, clips one-off outliers, finds seasons, fills gaps, and lifts saturated samples to
/// what the season expects. kFailedPrecondition for fewer than two observations;
/// kInvalidArgument for a step that is no multiple of the series'.
[[nodiscard]] StatusOr<Prepared> Prepare(const Series& observed, Duration step);

}  // namespace tidewright
