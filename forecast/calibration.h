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
  float weight = 1;    ///< of its band's checks of one origin; these add up to 1
  bool stale = false;  ///< made before a change of level was known: counts as coverage alone
  std::array<float, kTrackedLevels.size()> bounds{};
};

/// What came of the promises so far. What lies between the median and a tracked level is scaled.
/// When a promise of level q is due, the logarithm of the scale moves by rate·(q − held), held
/// being 1 or 0: quantile tracking (Angelopoulos, Candès and Tibshirani, Conformal PID control,
/// 2023) on a scale instead of an offset. Its error over time vanishes whatever the series does, as
/// long as the scale stays within its bounds. A part of each miss moves all levels together: the
/// lower ones hear back often and pull the higher ones back soon after a shock. Beyond four hours a
/// scale that a shock has widened narrows faster than it would by itself.
struct Calibration {
  using PerLevel = std::array<float, kTrackedLevels.size()>;
  std::array<PerLevel, kBands> log_scale{};
  std::array<PerLevel, kBands> coverage{};  ///< realised, newer promises counting more
  std::array<float, kBands> settled{};      ///< how many origins' promises came due
  float usual = 0;                          ///< mean of the medians that were published lately
  float spread = 0;                         ///< their mean distance from it
  std::vector<Check> open;                  ///< not yet due, in the order in which they were made
  WallTime published;                       ///< of the last origin that made promises
  /// The scale as it was at earlier times, oldest first, half a day apart: what was learned since
  /// can be taken back.
  struct Earlier {
    WallTime at;
    std::array<PerLevel, kBands> log_scale{};
  };
  std::vector<Earlier> earlier;
  Duration step{0};  ///< of the forecasts that made them

  /// How high a median is among those that were published lately: −1 … 1.
  [[nodiscard]] double Height(double median) const;
  /// The factor for tracked level `level` at a step `hours` ahead whose median has this height:
  /// smooth between the bands, and a little less where the forecast is as high as it gets: much of
  /// what makes a forecast high does not come back. Below ½ it is linear in log_scale and may
  /// become negative: where the median itself is too high, the tracked level lies below it.
  [[nodiscard]] double Scale(std::size_t level, double hours, double height = 0) const;
  [[nodiscard]] bool Trivial() const;
  /// Of the bands of which a day of promises came due.
  [[nodiscard]] std::vector<RealisedCoverage> Realised() const;
};

/// Notes what `forecast` promises, at most once an hour, far steps every four hours. Its levels
/// must hold the tracked ones, else nothing is noted.
void NotePromises(const Forecast& forecast, Calibration& calibration);

/// A change of level by `factor` at `at` was found. Promises that did not know of it tell of it
/// alone: those that are open still count as coverage and no longer move the scale; what those that
/// were settled since `at` did to the scale is taken back, as far as it is remembered (two days).
void ForgetSince(WallTime at, double factor, Calibration& calibration);

/// Settles what is due by the end of `observed`. Where a step was not observed, or was saturated
/// below the bound, nothing can be told, and nothing changes.
void SettlePromises(const Series& observed, Calibration& calibration);

/// Versioned bytes for keeping (at most 1.5 KB), and back; old versions stay readable. kDataLoss
/// where they are no such thing.
[[nodiscard]] std::string EncodeCalibration(const Calibration& calibration);
[[nodiscard]] StatusOr<Calibration> DecodeCalibration(const std::string& bytes);

}  // namespace tidewright
