// Made-up demand for the forecaster's tests.
#pragma once

#include <cmath>
#include <numbers>

#include "core/random.h"
#include "core/series.h"
#include "forecast/forecaster.h"

namespace tidewright::testing {

inline constexpr int kDay = 288;  // five-minute steps

inline Series Regular(std::vector<double> values, Duration step = std::chrono::minutes(5)) {
  return Series{.start = WallTime(std::chrono::hours(24 * 20000)),
                .step = step,
                .values = std::move(values),
                .flags = {}};
}

/// One peak a day, between 400 and 1600 at 14 h.
inline double DailyShape(int step) {
  return 1000 - 600 * std::cos(2 * std::numbers::pi * (step - 24) / kDay);
}

/// Daily shape with relative noise.
inline std::vector<double> DailyLoad(int days, double noise, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> values;
  for (int i = 0; i < days * kDay; ++i) {
    values.push_back(std::max(0.0, DailyShape(i) * (1 + noise * random.Normal())));
  }
  return values;
}

inline ForecastState StateOf(Series series) {
  ForecastState state;
  state.key.cluster = "test";
  state.observed = std::move(series);
  return state;
}

inline ForecastState StateOf(std::vector<double> values) {
  return StateOf(Regular(std::move(values)));
}

}  // namespace tidewright::testing
