// What is said of demand to come, and how much each opinion counts: a forecast and similar past
// times, weighed by how the promises of each came true. Internal to the planner.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "core/series.h"
#include "planner/sizing/analogues.h"
#include "planner/sizing/forecast_gate.h"

namespace tidewright::planner {

/// A forecast's; values[step · count + k] is scenario k of a step ahead, finite and ≥ 0. No count:
/// no forecast.
struct Scenarios {
  std::span<const float> values;
  int count = 0;
  WallTime from;  ///< of the first step ahead
};

/// Holds no copy of the forecast's scenarios: they outlive it.
class Opinions {
 public:
  Opinions() = default;
  /// Of the next `steps`. `recent` is what was observed, at the forecast's step; it may be empty.
  /// Similar times are looked for unless it ended too long ago, those of this time of day where it
  /// holds a week. Of the gate, if any, what came is settled and what is said now is noted, the
  /// latter where both a forecast and similar times have something to say. Without one nobody has
  /// a name yet.
  Opinions(const Scenarios& forecast, const Series& recent, WallTime now, int steps,
           ForecastGate* gate);

  [[nodiscard]] int steps() const { return steps_; }
  /// Of the opinions in what is planned for; adding up to 1 where anybody has one.
  [[nodiscard]] const std::array<double, kOpinions>& shares() const { return shares_; }
  [[nodiscard]] int Count(std::size_t opinion) const {
    return opinion == 0 ? forecast_.count : analogues_[opinion - 1].count;
  }
  /// The scenarios of one opinion at a step ahead.
  [[nodiscard]] std::span<const float> At(std::size_t opinion, int step) const;
  [[nodiscard]] bool Any() const { return Count(0) + Count(1) + Count(2) > 0; }

 private:
  void FindSimilarTimes(const Series& recent);
  void Promise(WallTime noted_at, Duration step, ForecastGate& gate) const;

  Scenarios forecast_;
  std::array<Analogues, 2> analogues_;  // of all times, of this time of day
  std::array<double, kOpinions> shares_{};
  int steps_ = 0;
};

/// Is the series new enough to tell what goes on now?
[[nodiscard]] bool IsCurrent(const Series& recent, WallTime now);

/// The value at rank ⌊level · (n − 1)⌋; `values` is not empty.
[[nodiscard]] float QuantileOf(std::span<const float> values, double level,
                               std::vector<float>& scratch);

}  // namespace tidewright::planner
