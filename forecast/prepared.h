// One series made ready for the members: regular, free of gaps, scaled. Inside the room only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/series.h"
#include "core/status.h"
#include "forecast/season.h"

namespace tidewright {

/// A series of n steps and what every member needs of it.
struct Track {
  std::vector<float> y;            ///< [n]
  std::vector<float> shape;        ///< [n] mean of y at i and up to six seasons before; y if none
  std::vector<double> sums;        ///< [n + 1] prefix sums of y
  std::vector<double> shape_sums;  ///< [n + 1] of shape

  /// Means over [begin, end), begin cut to 0; 0 when nothing is left.
  [[nodiscard]] double Mean(int begin, int end) const;
  [[nodiscard]] double ShapeMean(int begin, int end) const;
};

/// What is found out once and holds until the members are fitted again.
struct Frame {
  double scale = 1;             ///< values × scale are in the series' own unit
  std::vector<Season> seasons;  ///< significant ones, periods rising
  int season = 0;               ///< steps of the main season, 0 when there is none
  int long_season = 0;          ///< of a longer one on top of it, or 0
};

/// All vectors have the same length; index i is the step [start + i·step, start + (i+1)·step).
struct Prepared : Frame {
  WallTime start;
  Duration step{0};
  Track level;                            ///< cleaned and filled, finite, ≥ 0, mean near 1
  Track log;                              ///< log(level + kLogShift)
  std::vector<float> targets;             ///< as observed, outliers included; NaN is a gap
  std::vector<std::uint8_t> lower_bound;  ///< 1 where the target is only a lower bound
  int hour = 1;                           ///< steps in an hour, at least 1
  std::vector<std::string> notes;

  static constexpr double kLogShift = 0.05;
  static constexpr int kShapeSeasons = 7;

  [[nodiscard]] int size() const { return static_cast<int>(targets.size()); }
  [[nodiscard]] WallTime end() const { return start + step * size(); }
  /// Index of the step one or more whole `period`s before origin + ahead, the last before origin.
  [[nodiscard]] static int Before(int origin, int ahead, int period) {
    return origin + ahead - (ahead / period + 1) * period;
  }
};

/// Coarsens to `step` with whole cells counted back from the last observation, takes out what is
/// implausible, clips one-off outliers, finds seasons, fills gaps, and lifts saturated samples to
/// what the season expects. kFailedPrecondition for fewer than two observations;
/// kInvalidArgument for a step that is no multiple of the series'. With a `frame`, seasons and
/// scale are taken from there.
[[nodiscard]] StatusOr<Prepared> Prepare(const Series& observed, Duration step,
                                         const Frame* frame = nullptr);

}  // namespace tidewright
