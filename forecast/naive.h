// Members without parameters: what was seen last, an hour's middle, one season ago, and one season
// ago at today's level.
#pragma once

#include <string>

#include "forecast/member.h"

namespace tidewright {

/// The median of the last `window` values; window 1 is the random walk's forecast.
class RecentLevel : public Member {
 public:
  RecentLevel(int window, const char* name) : window_(window), name_(name) {}
  [[nodiscard]] const char* Name() const override { return name_; }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(int origin, std::span<double> out) const override;

 private:
  int window_;
  const char* name_;
  const Prepared* p_ = nullptr;
};

/// The value at the same place of the last whole season (seasonal naive).
class SeasonalNaive : public Member {
 public:
  SeasonalNaive(int period, const char* name) : period_(period), name_(name) {}
  [[nodiscard]] const char* Name() const override { return name_; }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(int origin, std::span<double> out) const override;

 private:
  int period_;
  const char* name_;
  const Prepared* p_ = nullptr;
};

/// The mean of up to `seasons` values at the same place of the last seasons, multiplied by what the
/// last hour came to ÷ what those seasons had in that hour.
class SeasonalRatio : public Member {
 public:
  SeasonalRatio(int period, int seasons, const char* name)
      : period_(period), seasons_(seasons), name_(name) {}
  [[nodiscard]] const char* Name() const override { return name_; }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(int origin, std::span<double> out) const override;

 private:
  /// Mean over the seasons before `origin` at the place of step `at`.
  [[nodiscard]] double Shape(int origin, int at) const;

  int period_;
  int seasons_;
  const char* name_;
  const Prepared* p_ = nullptr;
};

}  // namespace tidewright
