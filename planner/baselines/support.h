// What baselines have in common. Inside the folder only.
#pragma once

#include <algorithm>
#include <cmath>
#include <deque>
#include <span>
#include <utility>

#include "planner/scaling_policy.h"

namespace tidewright::baselines {

/// Shards that bear `demand` at this share of their capacity, within the terms' bounds.
[[nodiscard]] inline int ShardsFor(double demand, double utilisation, const ScalingTerms& terms) {
  const double needed = std::ceil(demand / (utilisation * terms.shard_capacity) - 1e-9);
  return static_cast<int>(
      std::clamp(needed, static_cast<double>(terms.fewest), static_cast<double>(terms.most)));
}

/// Whole steps that cover `span`; at least one.
[[nodiscard]] inline int StepsOf(Duration span, const ScalingTerms& terms) {
  return static_cast<int>(
      std::max<Duration::rep>(1, (span + terms.step - Duration(1)) / terms.step));
}

/// Which values of a growing series were not seen yet.
class News {
 public:
  /// Of `demand`, those since the last call.
  [[nodiscard]] std::span<const double> Of(const Series& demand) {
    std::size_t known = 0;
    if (seen_to_ > demand.start) {
      known = std::min(demand.size(),
                       static_cast<std::size_t>((seen_to_ - demand.start) / demand.step));
    }
    seen_to_ = demand.end();
    return std::span(demand.values).subspan(known);
  }

 private:
  WallTime seen_to_ = WallTime::min();
};

/// The maximum of the newest values; gaps are none.
class TrailingMaximum {
 public:
  explicit TrailingMaximum(int steps) : steps_(steps) {}

  void Add(double value) {
    ++now_;
    if (!Series::IsGap(value)) {
      while (!falling_.empty() && falling_.back().second <= value) falling_.pop_back();
      falling_.emplace_back(now_, value);
    }
    while (!falling_.empty() && falling_.front().first <= now_ - steps_) falling_.pop_front();
  }
  /// 0 where there is no value.
  [[nodiscard]] double Get() const { return falling_.empty() ? 0 : falling_.front().second; }

 private:
  int steps_;
  std::int64_t now_ = 0;
  std::deque<std::pair<std::int64_t, double>> falling_;  // time and value, values fall
};

/// The values with each gap holding what was known before it (0 at the beginning), grown as demand
/// comes in.
class Filled {
 public:
  const std::vector<double>& With(const Series& demand) {
    for (const double value : news_.Of(demand)) {
      values_.push_back(!Series::IsGap(value) ? value : values_.empty() ? 0 : values_.back());
    }
    return values_;
  }

 private:
  News news_;
  std::vector<double> values_;
};

}  // namespace tidewright::baselines
