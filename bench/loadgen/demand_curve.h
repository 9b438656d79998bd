// The daily load of the demo: night, two humps, quiet weekends, noise, and once a burst that no
// history announces. Pure: the same curve, seed and moment give the same demand.
#pragma once

#include <cstdint>
#include <optional>

#include "core/time.h"

namespace tidewright::loadgen {

struct Burst {
  WallTime start;
  Duration length = std::chrono::minutes(40);
  double height = 0.5;  ///< share of `peak` added at its top
};

/// Demands are in the unit of `peak`.
struct DemandCurve {
  std::uint64_t seed = 1;
  double peak = 1000;          ///< of an average weekday, before noise
  double night = 0.25;         ///< share of the peak at the lowest hour
  double morning_hump = 0.65;  ///< height of the first hump as a share of the peak
  double weekend = 0.85;       ///< factor on Saturday and Sunday
  double day_spread = 0.04;    ///< standard deviation of each day's own level
  double noise = 0.02;         ///< standard deviation of each minute's level
  WallTime drift_origin;       ///< where the drift is zero
  double drift_per_day = 0;    ///< relative growth
  Duration phase{0};           ///< the humps come later by this much
  std::optional<Burst> burst;

  /// Mean demand of the minute that `at` lies in; never negative.
  [[nodiscard]] double At(WallTime at) const;
  /// The same without noise: what a person would draw.
  [[nodiscard]] double Smooth(WallTime at) const;
};

}  // namespace tidewright::loadgen
