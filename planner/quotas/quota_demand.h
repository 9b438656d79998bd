// What may be asked of a quota in the steps to come: the forecast and similar past times, each
// counting as its promises held. Internal to the planner.
#pragma once

#include <array>
#include <vector>

#include "core/series.h"
#include "forecast/forecast.h"
#include "planner/sizing/demand_risk.h"
#include "planner/sizing/opinions.h"

namespace tidewright::planner {

class QuotaDemand {
 public:
  /// `forecast`: with sample paths, else null. `recent`: observed, at the forecast's step, oldest
  /// first; may be empty. Settles and notes the gate's promises on the way.
  QuotaDemand(const Forecast* forecast, const Series& recent, WallTime now, Duration horizon,
              ForecastGate& gate);
  // The opinions look into scenarios of its own.
  QuotaDemand(const QuotaDemand&) = delete;
  QuotaDemand& operator=(const QuotaDemand&) = delete;

  [[nodiscard]] int steps() const { return steps_; }  ///< ahead; 0: nothing is known
  [[nodiscard]] Duration step() const { return step_; }
  [[nodiscard]] double highest() const { return highest_; }  ///< of all scenarios
  /// The lowest of the steps' medians.
  [[nodiscard]] double lowest_median() const { return lowest_median_; }
  [[nodiscard]] double mean() const { return mean_; }
  [[nodiscard]] int analogues() const { return opinions_.Count(1); }
  [[nodiscard]] Duration seen() const { return seen_; }  ///< observed demand
  [[nodiscard]] const std::array<double, kOpinions>& shares() const { return opinions_.shares(); }

  /// In multiples of `unit`, up to `most` of them.
  [[nodiscard]] DemandRisk Tabulate(double unit, int most) const;

 private:
  void Measure();

  std::vector<float> scenarios_;  // of the forecast, from the first step that is not past
  Opinions opinions_;
  Duration step_{0};
  int steps_ = 0;
  Duration seen_{0};
  double highest_ = 0;
  double lowest_median_ = 0;
  double mean_ = 0;
};

}  // namespace tidewright::planner
