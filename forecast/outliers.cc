#include "forecast/outliers.h"

#include <algorithm>
#include <cmath>

#include "forecast/lanes.h"

namespace tidewright {
namespace {

// A value this many typical deviations away from its neighbourhood is an outlier, if it is alone.
constexpr float kOutlierDeviations = 12;
constexpr int kNeighbours = 5;      // on each side, for the running median
constexpr int kWindow = 2 * kNeighbours + 1;
constexpr int kLongestOutlier = 3;  // steps; what lasts longer is demand
constexpr float kRecurs = 0.5F;    // share of its height that it must reach on another day

// Of the first n/2 + 2 of n values neither the least nor the greatest is the median: both are
// dropped, the next value comes in, until three are left.
Floats Median(Floats (&v)[kWindow]) {
  constexpr int kFirst = kWindow / 2 + 2;
  const auto order = [](Floats& low, Floats& high) {
    const Floats least = Min(low, high);
    high = Max(low, high);
    low = least;
  };
  for (int begin = 0, m = kFirst; m >= 3; ++begin, --m) {
    const int last = begin + m - 1;
    for (int j = begin + 1; j <= last; ++j) order(v[begin], v[j]);
    for (int j = begin + 1; j < last; ++j) order(v[j], v[last]);
    if (m > 3) v[last] = v[kFirst + begin];
  }
  return v[kWindow / 2];
}

// What lies around the ends and in gaps is as what was seen before (at first, after) it.
std::vector<float> RunningMedian(const std::vector<float>& values) {
  const auto seen = [](float v) { return !std::isnan(v); };
  std::vector<float> filled;
  filled.reserve(values.size() + kWindow + kLanes);
  const auto first = std::find_if(values.begin(), values.end(), seen);
  filled.assign(kNeighbours, first == values.end() ? 0.0F : *first);
  for (const float v : values) filled.push_back(seen(v) ? v : filled.back());
  filled.resize(filled.size() + kNeighbours + kLanes, filled.back());
  std::vector<float> out(values.size() + kLanes);
  for (std::size_t i = 0; i < values.size(); i += kLanes) {
    Floats window[kWindow];
    for (std::size_t j = 0; j < kWindow; ++j) window[j] = Load(filled.data() + i + j);
    Store(Median(window), out.data() + i);
  }
  return out;
}

// Whether something at least half as high stands near the same time of another day or week.
bool Recurs(const std::vector<float>& values, const std::vector<float>& level, int at, int day) {
  if (day <= 0) return false;
  const int n = static_cast<int>(values.size());
  const float height = values[at] - level[at];
  for (const int lag : {-7 * day, -2 * day, -day, day, 2 * day, 7 * day}) {
    for (int j = at + lag - 2; j <= at + lag + 2; ++j) {
      if (j >= 0 && j < n && values[j] - level[j] > kRecurs * height) return true;
    }
  }
  return false;
}

}  // namespace

int ClipOutliers(std::vector<double>& values, int hour, int day) {
  const std::vector<float> before(values.begin(), values.end());
  const std::vector<float> level = RunningMedian(before);
  std::vector<float> deviations;
  deviations.reserve(before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (!std::isnan(before[i])) deviations.push_back(std::abs(before[i] - level[i]));
  }
  if (deviations.empty()) return 0;
  // The 90th percentile, not the median: half of a quiet series deviates by nothing.
  const auto p90 = deviations.begin() + static_cast<std::ptrdiff_t>(deviations.size() * 9 / 10);
  std::nth_element(deviations.begin(), p90, deviations.end());
  const float limit = kOutlierDeviations * *p90;
  if (limit <= 0) return 0;
  const int n = static_cast<int>(values.size());
  const std::vector<double> original = values;
  std::vector<int> clipped;
  int run = 0;
  for (int i = 0; i < n - std::max(hour, kNeighbours); ++i) {
    const bool out = before[i] - level[i] > limit;  // never in a gap
    run = out ? run + 1 : 0;
    if (!out || Recurs(before, level, i, day)) continue;
    clipped.push_back(i);
    values[i] = level[i];
    if (run > kLongestOutlier) {
      for (int j = i - run + 1; j <= i; ++j) values[j] = original[j];
    }
  }
  int count = 0;
  for (const int i : clipped) count += values[i] != original[i] ? 1 : 0;
  return count;
}

}  // namespace tidewright
