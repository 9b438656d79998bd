// What may be asked of a quota in the steps to come: the forecast and similar past times, each
// counting as its promises held. Internal to the planner.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "core/series.h"
#include "forecast/forecast.h"
#include "planner/sizing/analogues.h"
#include "planner/sizing/demand_risk.h"
#include "planner/sizing/forecast_gate.h"

namespace tidewright::planner {

/// Holds a reference to the forecast.
class QuotaDemand {
 public:
  /// `forecast`: with sample paths, else null. `recent`: observed, at the forecast's step, oldest
  /// first; may be empty. Settles and notes the gate's promises on the way.
  QuotaDemand(const Forecast* forecast, const Series& recent, WallTime now, Duration horizon,
              ForecastGate& gate);

  [[nodiscard]] int steps() const { return steps_; }  ///< ahead; 0: nothing is known
  [[nodiscard]] Duration step() const { return step_; }
  [[nodiscard]] double highest() const { return highest_; }  ///< of all scenarios
  /// The lowest of the steps' medians.
  [[nodiscard]] double lowest_median() const { return lowest_median_; }
  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] int analogues() const { return analogues_[0].count; }
  [[nodiscard]] Duration seen() const { return seen_; }  ///< observed demand
  [[nodiscard]] const std::array<double, kOpinions>& shares() const { return shares_; }

  /// In multiples of `unit`, up to `most` of them.
  [[nodiscard]] DemandRisk Tabulate(double unit, int most) const;

 private:
  [[nodiscard]] int Count(std::size_t opinion) const;
  [[nodiscard]] float At(std::size_t opinion, int scenario, int step) const;
  void Look(const Series& recent, WallTime now);
  void SettleAndNote(const Series& recent, ForecastGate& gate);
  void Measure();

  const Forecast* forecast_ = nullptr;
  int offset_ = 0;  // first step of the forecast that is not past
  std::array<Analogues, 2> analogues_;
  std::array<double, kOpinions> shares_{};
  Duration step_{0};
  int steps_ = 0;
  Duration seen_{0};
  double highest_ = 0;
  double lowest_median_ = 0;
  double mean_ = 0;
};

}  // namespace tidewright::planner
