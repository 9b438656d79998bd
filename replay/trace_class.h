// What kind of load a trace is; figures are pooled by it, since what is easy on one is hard on the
// other.
#pragma once

#include "core/series.h"

namespace tidewright::replay {

struct TraceClass {
  double day = 0;     ///< correlation with itself a day later; 0 where the trace is too short
  double week = 0;    ///< likewise a week
  double spread = 0;  ///< 99th percentile ÷ median; infinite where the median is 0
  /// Day or week at least 0.6, spread below 5; else it is bursty.
  [[nodiscard]] bool periodic() const { return (day >= 0.6 || week >= 0.6) && spread < 5; }
  [[nodiscard]] const char* name() const { return periodic() ? "periodic" : "bursty"; }
};
/// Of a trace without gaps. Pearson's correlation of the trace's hourly means (its own values where
/// the step is no part of an hour) and themselves later; percentiles of the values, at index
/// ⌊p·(n − 1)⌋ of the sorted ones.
[[nodiscard]] TraceClass Classify(const Series& trace);

}  // namespace tidewright::replay
