#include "planner/quotas/quota_demand.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner {
namespace {

constexpr int kFewestDays = 7;
constexpr Duration kDay = std::chrono::hours(24);
// Steps ahead whose promises the gate holds against what came.
constexpr std::array<int, 6> kPromised = {1, 3, 6, 12, 24, 48};

float QuantileOf(std::vector<float>& values, double level) {
  const auto rank = static_cast<std::ptrdiff_t>(level * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

}  // namespace

QuotaDemand::QuotaDemand(const Forecast* forecast, const Series& recent, WallTime now,
                         Duration horizon, ForecastGate& gate)
    : forecast_(forecast), step_(forecast != nullptr ? forecast->step : recent.step) {
  if (forecast_ != nullptr) {
    offset_ = static_cast<int>(std::max<Duration::rep>(0, (now - forecast_->start) / step_));
    steps_ = std::max(0, forecast_->horizon - offset_);
    if (steps_ == 0 || forecast_->paths.paths == 0) forecast_ = nullptr;
  }
  if (step_ <= Duration(0)) return;
  const int wanted = static_cast<int>(horizon / step_);
  steps_ = forecast_ == nullptr ? wanted : std::min(steps_, wanted);
  if (recent.step == step_) {
    Look(recent, now);
    SettleAndNote(recent, gate);
  }
  shares_ = gate.Shares({Count(0) > 0, Count(1) > 0, Count(2) > 0});
  if (Count(0) + Count(1) + Count(2) == 0) {
    steps_ = 0;
  } else {
    Measure();
  }
}

int QuotaDemand::Count(std::size_t opinion) const {
  if (opinion > 0) return analogues_[opinion - 1].count;
  return forecast_ != nullptr ? forecast_->paths.paths : 0;
}

float QuotaDemand::At(std::size_t opinion, int scenario, int step) const {
  if (opinion > 0) return analogues_[opinion - 1].At(step)[scenario];
  return std::max(0.0F, forecast_->paths.At(scenario, step + offset_));
}

void QuotaDemand::Look(const Series& recent, WallTime now) {
  seen_ = step_ * static_cast<Duration::rep>(recent.Observed());
  const Duration age = now - recent.end();
  if (age >= 2 * step_ || age <= -step_) return;
  const std::vector<float> values(recent.values.begin(), recent.values.end());
  const auto day = static_cast<int>(kDay / step_);
  analogues_[0] = FindAnalogues(values, steps_, {.look_back = 7 * day});
  // A few days tell nothing of a time of day.
  if (seen_ >= kFewestDays * kDay) {
    analogues_[1] = FindAnalogues(values, steps_, {.look_back = 14 * day, .day = day});
  }
}

void QuotaDemand::SettleAndNote(const Series& recent, ForecastGate& gate) {
  const auto known = std::min<std::size_t>(recent.size(), kPromised.back());
  for (std::size_t i = recent.size() - known; i < recent.size(); ++i) {
    Settle(gate, recent.TimeOf(i + 1), recent.values[i]);
  }
  if (Count(0) == 0 || Count(1) == 0) return;
  std::vector<ForecastGate::Promise> promises;
  std::vector<float> values;
  for (const int ahead : kPromised) {
    if (ahead > steps_) break;
    ForecastGate::Promise promise;
    promise.due = recent.end() + step_ * ahead;
    promise.weight = static_cast<float>(1 / std::sqrt(ahead));
    for (std::size_t k = 0; k < kOpinions; ++k) {
      values.clear();
      for (int i = 0; i < Count(k); ++i) values.push_back(At(k, i, ahead - 1));
      for (std::size_t l = 0; l < ForecastGate::kLevels.size(); ++l) {
        promise.said[k][l] =
            values.empty() ? std::nanf("") : QuantileOf(values, ForecastGate::kLevels[l]);
      }
    }
    promises.push_back(promise);
  }
  Note(gate, recent.end(), promises);
}

void QuotaDemand::Measure() {
  std::vector<float> values;
  double sum = 0;
  double weight = 0;
  lowest_median_ = std::numeric_limits<double>::infinity();
  for (int t = 0; t < steps_; ++t) {
    values.clear();
    for (std::size_t k = 0; k < kOpinions; ++k) {
      if (shares_[k] <= 0) continue;
      for (int i = 0; i < Count(k); ++i) {
        values.push_back(At(k, i, t));
        highest_ = std::max<double>(highest_, values.back());
        sum += shares_[k] / Count(k) * values.back();
      }
      weight += shares_[k];
    }
    lowest_median_ = std::min<double>(lowest_median_, QuantileOf(values, 0.5));
  }
  mean_ = sum / weight;
}

DemandRisk QuotaDemand::Tabulate(double unit, int most) const {
  DemandRisk risk(steps_, most);
  std::vector<float> values;
  for (int t = 0; t < steps_; ++t) {
    for (std::size_t k = 0; k < kOpinions; ++k) {
      if (shares_[k] <= 0) continue;
      values.clear();
      for (int i = 0; i < Count(k); ++i) {
        values.push_back(At(k, i, t) / static_cast<float>(unit));
      }
      // Where an episode begins is not asked: what came before does not matter.
      risk.Add(t, values, values, static_cast<float>(shares_[k] / Count(k)));
    }
  }
  risk.Finish();
  return risk;
}

}  // namespace tidewright::planner
