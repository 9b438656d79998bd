#include "forecast/naive.h"

#include <algorithm>

namespace tidewright {
namespace {

// The recent level is believed up to these factors: beyond them the last hour is an event, not a
// level.
constexpr double kLowestRatio = 1.0 / 3.0;
constexpr double kHighestRatio = 3.0;
// Added to both sides of the ratio (of a mean near 1), so that a ratio of two near-zeros is 1.
constexpr double kRatioShift = 0.02;

}  // namespace

void RecentLevel::Fit(const Prepared& p, const std::vector<int>&, int) { p_ = &p; }

bool RecentLevel::Predict(int origin, std::span<double> out) const {
  if (origin < 1) return false;
  const int begin = std::max(0, origin - window_);
  std::vector<double> recent(p_->values.begin() + begin, p_->values.begin() + origin);
  const auto middle = recent.begin() + static_cast<std::ptrdiff_t>(recent.size() / 2);
  std::nth_element(recent.begin(), middle, recent.end());
  std::fill(out.begin(), out.end(), *middle);
  return true;
}

void SeasonalNaive::Fit(const Prepared& p, const std::vector<int>&, int) { p_ = &p; }

bool SeasonalNaive::Predict(int origin, std::span<double> out) const {
  if (origin < period_) return false;
  for (std::size_t h = 0; h < out.size(); ++h) {
    const int seasons_back = static_cast<int>(h) / period_ + 1;
    out[h] = p_->values[origin + static_cast<int>(h) - seasons_back * period_];
  }
  return true;
}

void SeasonalRatio::Fit(const Prepared& p, const std::vector<int>&, int) { p_ = &p; }

double SeasonalRatio::Shape(int origin, int at) const {
  int i = at - ((at - origin) / period_ + 1) * period_;
  double sum = 0;
  int count = 0;
  for (; i >= 0 && count < seasons_; i -= period_) {
    sum += p_->values[i];
    ++count;
  }
  return count > 0 ? sum / count : 0.0;
}

bool SeasonalRatio::Predict(int origin, std::span<double> out) const {
  const int window = std::max(3, p_->hour);
  if (origin < period_ + window) return false;
  double recent = 0;
  double usual = 0;
  for (int i = origin - window; i < origin; ++i) {
    recent += p_->values[i];
    usual += Shape(origin - window, i);
  }
  const double ratio = std::clamp((recent + kRatioShift * window) / (usual + kRatioShift * window),
                                  kLowestRatio, kHighestRatio);
  for (std::size_t h = 0; h < out.size(); ++h) {
    out[h] = ratio * Shape(origin, origin + static_cast<int>(h));
  }
  return true;
}

}  // namespace tidewright
