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
// A median of more values than this is taken over every second, third, … of them.
constexpr int kMostValues = 32;

}  // namespace

void RecentLevel::Fit(const Prepared&, const std::vector<int>&, int) {}

bool RecentLevel::Predict(const Prepared& p, int origin, std::span<float> out) const {
  if (origin < 1) return false;
  const int begin = std::max(0, origin - window_);
  const int stride = 1 + (origin - begin - 1) / kMostValues;
  float recent[kMostValues];
  int count = 0;
  for (int i = origin - 1; i >= begin; i -= stride) recent[count++] = p.level.y[i];
  std::nth_element(recent, recent + count / 2, recent + count);
  std::fill(out.begin(), out.end(), recent[count / 2]);
  return true;
}

void SeasonalNaive::Fit(const Prepared&, const std::vector<int>&, int) {}

bool SeasonalNaive::Predict(const Prepared& p, int origin, std::span<float> out) const {
  if (origin < period_) return false;
  RepeatSeason(p.level.y, origin, period_, out);
  return true;
}

void SeasonalRatio::Fit(const Prepared&, const std::vector<int>&, int) {}

bool SeasonalRatio::Predict(const Prepared& p, int origin, std::span<float> out) const {
  const int window = std::max(3, p.hour);
  if (origin < period_ + window) return false;
  const bool shape = source_ == Source::kShape;
  const double recent = p.level.Mean(origin - window, origin);
  const int before = origin - period_;
  const double usual =
      shape ? p.level.ShapeMean(before - window, before) : p.level.Mean(before - window, before);
  const auto ratio = static_cast<float>(
      std::clamp((recent + kRatioShift) / (usual + kRatioShift), kLowestRatio, kHighestRatio));
  RepeatSeason(shape ? p.level.shape : p.level.y, origin, period_, out);
  for (float& v : out) v *= ratio;
  return true;
}

}  // namespace tidewright
