// Whether published quantiles held, and how to widen or narrow the next ones so that they do.
#pragma once

#include <array>
#include <vector>

#include "core/series.h"
#include "forecast/forecast.h"

namespace tidewright {

/// Levels that are tracked, and stretches of the horizon that are tracked apart: up to an hour,
/// four hours, and beyond.
inline constexpr std::array<double, 4> kTrackedLevels = {0.8, 0.9, 0.95, 0.99};
inline constexpr int kBands = 3;

/// A promise made: in [begin, end), demand (its highest step) stays at or below bounds[level].
struct Check {
  WallTime begin;
  WallTime end;
  int band = 0;
  float weight = 1;  ///< of its band's checks of one origin; these add up to 1
  std::array<float, kTrackedLevels.size()> bounds{};
};

/// What came of the promises so far. Demand above the median is scaled by exp(log_scale) at each
/// tracked level. After a promise of level q is due, log_scale grows by rate·(q − held), held being
/// 1 or 0: quantile tracking (Angelopoulos, Candès and Tibshirani, Conformal PID control, 2023) on
/// a scale instead of an offset. Its error over time vanishes whatever the series does, as long as
/// the scale stays within its bounds.
struct Calibration {
  using PerLevel = std::array<float, kTrackedLevels.size()>;
  std::array<PerLevel, kBands> log_scale{};
  std::array<PerLevel, kBands> coverage{};  ///< realised, newer promises counting more
  std::array<float, kBands> settled{};      ///< how many origins' promises came due
  std::vector<Check> open;                  ///< not yet due, in the order in which they were made
  WallTime published;                       ///< of the last origin that made promises
  Duration step{0};                         ///< of the forecasts that made them

  /// The factor for tracked level `level` at a step `hours` ahead: smooth between the bands.
  [[nodiscard]] double Scale(std::size_t level, double hours) const;
  [[nodiscard]] bool Trivial() const;
  /// Of the bands of which a day of promises came due.
  [[nodiscard]] std::vector<RealisedCoverage> Realised() const;
};

/// Notes what `forecast` promises, at most once an hour, far steps every four hours. Its levels
/// must hold the tracked ones, else nothing is noted.
void NotePromises(const Forecast& forecast, Calibration& calibration);

/// Settles what is due by the end of `observed`. Where a step was not observed, or was saturated
/// below the bound, nothing can be told, and nothing changes.
void SettlePromises(const Series& observed, Calibration& calibration);

/// Versioned bytes for keeping (about 1 KB), and back. kDataLoss where they are no such thing.
[[nodiscard]] std::string EncodeCalibration(const Calibration& calibration);
[[nodiscard]] StatusOr<Calibration> DecodeCalibration(const std::string& bytes);

}  // namespace tidewright
