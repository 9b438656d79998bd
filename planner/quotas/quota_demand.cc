#include "planner/quotas/quota_demand.h"

#include <algorithm>
#include <limits>

namespace tidewright::planner {
namespace {

// Of `steps` after the first `offset`.
std::vector<float> ScenariosOf(const Forecast& forecast, int offset, int steps) {
  std::vector<float> values;
  values.reserve(static_cast<std::size_t>(steps) * static_cast<std::size_t>(forecast.paths.paths));
  for (int t = 0; t < steps; ++t) {
    for (int k = 0; k < forecast.paths.paths; ++k) {
      values.push_back(std::max(0.0F, forecast.paths.At(k, t + offset)));
    }
  }
  return values;
}

}  // namespace

QuotaDemand::QuotaDemand(const Forecast* forecast, const Series& recent, WallTime now,
                         Duration horizon, ForecastGate& gate)
    : step_(forecast != nullptr ? forecast->step : recent.step) {
  if (step_ <= Duration(0)) return;
  steps_ = static_cast<int>(horizon / step_);
  Series seen{.start = {}, .step = step_, .values = {}, .flags = {}};
  if (recent.step == step_) seen = recent;
  seen_ = step_ * static_cast<Duration::rep>(seen.Observed());
  Scenarios ahead{.values = {}, .count = 0, .from = seen.end()};
  if (forecast != nullptr) {
    const auto offset =
        static_cast<int>(std::max<Duration::rep>(0, (now - forecast->start) / step_));
    const int left = std::max(0, forecast->horizon - offset);
    if (left > 0 && forecast->paths.paths > 0) {
      steps_ = std::min(steps_, left);
      scenarios_ = ScenariosOf(*forecast, offset, steps_);
      ahead.values = scenarios_;
      ahead.count = forecast->paths.paths;
    }
  }
  opinions_ = Opinions(ahead, seen, now, steps_, &gate);
  if (opinions_.Any()) {
    Measure();
  } else {
    steps_ = 0;
  }
}

void QuotaDemand::Measure() {
  std::vector<float> values;
  std::vector<float> scratch;
  double sum = 0;
  double weight = 0;
  lowest_median_ = std::numeric_limits<double>::infinity();
  for (int t = 0; t < steps_; ++t) {
    values.clear();
    for (std::size_t k = 0; k < kOpinions; ++k) {
      const double share = shares()[k];
      if (share <= 0) continue;
      for (const float value : opinions_.At(k, t)) {
        values.push_back(value);
        highest_ = std::max<double>(highest_, value);
        sum += share / opinions_.Count(k) * value;
      }
      weight += share;
    }
    lowest_median_ = std::min<double>(lowest_median_, QuantileOf(values, 0.5, scratch));
  }
  mean_ = sum / weight;
}

DemandRisk QuotaDemand::Tabulate(double unit, int most) const {
  DemandRisk risk(steps_, most);
  std::vector<float> values;
  for (int t = 0; t < steps_; ++t) {
    for (std::size_t k = 0; k < kOpinions; ++k) {
      if (shares()[k] <= 0) continue;
      values.clear();
      for (const float value : opinions_.At(k, t)) {
        values.push_back(value / static_cast<float>(unit));
      }
      // Where an episode begins is not asked: what came before does not matter.
      risk.Add(t, values, values, static_cast<float>(shares()[k] / opinions_.Count(k)));
    }
  }
  risk.Finish();
  return risk;
}

}  // namespace tidewright::planner
