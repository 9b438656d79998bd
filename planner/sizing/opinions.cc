#include "planner/sizing/opinions.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner {
namespace {

constexpr int kFewestDays = 7;
constexpr Duration kDay = std::chrono::hours(24);
// Steps ahead whose promises the gate holds against what came.
constexpr std::array<int, 6> kPromised = {1, 3, 6, 12, 24, 48};

void SettleNewest(const Series& recent, ForecastGate& gate) {
  const auto known = std::min<std::size_t>(recent.size(), kPromised.back());
  for (std::size_t i = recent.size() - known; i < recent.size(); ++i) {
    Settle(gate, recent.TimeOf(i + 1), recent.values[i]);
  }
}

}  // namespace

Opinions::Opinions(const Scenarios& forecast, const Series& recent, WallTime now, int steps,
                   ForecastGate* gate)
    : forecast_(forecast), steps_(steps) {
  if (IsCurrent(recent, now)) FindSimilarTimes(recent);
  if (gate != nullptr) {
    SettleNewest(recent, *gate);
    Promise(recent.end(), recent.step, *gate);
  }
  const ForecastGate nothing_settled;
  const ForecastGate& judge = gate != nullptr ? *gate : nothing_settled;
  shares_ = judge.Shares({Count(0) > 0, Count(1) > 0, Count(2) > 0});
}

std::span<const float> Opinions::At(std::size_t opinion, int step) const {
  const auto count = static_cast<std::size_t>(Count(opinion));
  const std::span<const float> values =
      opinion == 0 ? forecast_.values : std::span<const float>(analogues_[opinion - 1].values);
  return values.subspan(static_cast<std::size_t>(step) * count, count);
}

void Opinions::FindSimilarTimes(const Series& recent) {
  const std::vector<float> values(recent.values.begin(), recent.values.end());
  const auto day = static_cast<int>(kDay / recent.step);
  analogues_[0] = FindAnalogues(values, steps_, {.look_back = 7 * day});
  // A few days tell nothing of a time of day.
  if (static_cast<int>(recent.Observed()) >= kFewestDays * day) {
    analogues_[1] = FindAnalogues(values, steps_, {.look_back = 14 * day, .day = day});
  }
}

void Opinions::Promise(WallTime noted_at, Duration step, ForecastGate& gate) const {
  if (Count(0) == 0 || Count(1) == 0) return;
  std::vector<ForecastGate::Promise> promises;
  std::vector<float> scratch;
  for (const int ahead : kPromised) {
    if (ahead > steps_) break;
    ForecastGate::Promise promise;
    promise.due = forecast_.from + step * ahead;
    promise.weight = static_cast<float>(1 / std::sqrt(ahead));
    for (std::size_t k = 0; k < kOpinions; ++k) {
      for (std::size_t l = 0; l < ForecastGate::kLevels.size(); ++l) {
        promise.said[k][l] = Count(k) == 0
                                 ? std::nanf("")
                                 : QuantileOf(At(k, ahead - 1), ForecastGate::kLevels[l], scratch);
      }
    }
    promises.push_back(promise);
  }
  Note(gate, noted_at, promises);
}

bool IsCurrent(const Series& recent, WallTime now) {
  const Duration age = now - recent.end();
  return !recent.empty() && age < 2 * recent.step && age > -recent.step;
}

float QuantileOf(std::span<const float> values, double level, std::vector<float>& scratch) {
  scratch.assign(values.begin(), values.end());
  const auto rank = static_cast<std::ptrdiff_t>(level * static_cast<double>(values.size() - 1));
  std::nth_element(scratch.begin(), scratch.begin() + rank, scratch.end());
  return scratch[static_cast<std::size_t>(rank)];
}

}  // namespace tidewright::planner
