// Members without parameters: what was seen last, an hour's or a day's middle, one season ago, and
// one season ago at today's level.
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
  [[nodiscard]] bool Predict(const Prepared& p, int origin, std::span<float> out) const override;

 private:
  int window_;
  const char* name_;
};

/// The value at the same place of the last whole season (seasonal naive).
class SeasonalNaive : public Member {
 public:
  SeasonalNaive(int period, const char* name) : period_(period), name_(name) {}
  [[nodiscard]] const char* Name() const override { return name_; }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(const Prepared& p, int origin, std::span<float> out) const override;

 private:
  int period_;
  const char* name_;
};

/// What was at the same place one `period` ago, or the shape there (the mean of the last seasons),
/// multiplied by what the last hour came to ÷ what the source had a period before that hour.
class SeasonalRatio : public Member {
 public:
  enum class Source { kLastPeriod, kShape };
  SeasonalRatio(int period, Source source, const char* name)
      : period_(period), source_(source), name_(name) {}
  [[nodiscard]] const char* Name() const override { return name_; }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(const Prepared& p, int origin, std::span<float> out) const override;

 private:
  int period_;
  Source source_;
  const char* name_;
};

}  // namespace tidewright
