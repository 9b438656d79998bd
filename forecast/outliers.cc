#include "forecast/outliers.h"

#include <algorithm>
#include <cmath>

#include "core/series.h"

namespace tidewright {
namespace {

// A value this many typical deviations away from its neighbourhood is an outlier, if it is alone.
constexpr double kOutlierDeviations = 12;
constexpr int kNeighbours = 5;      // on each side, for the running median
constexpr int kLongestOutlier = 3;  // steps; what lasts longer is demand
constexpr double kRecurs = 0.5;     // share of its height that it must reach on another day

// The values of a moving window, sorted.
class SortedWindow {
 public:
  void Add(double v) {
    if (Series::IsGap(v)) return;
    int i = count_++;
    for (; i > 0 && values_[i - 1] > v; --i) values_[i] = values_[i - 1];
    values_[i] = v;
  }
  void Remove(double v) {
    if (Series::IsGap(v)) return;
    int i = 0;
    while (values_[i] != v) ++i;
    for (--count_; i < count_; ++i) values_[i] = values_[i + 1];
  }
  [[nodiscard]] double Median() const { return count_ > 0 ? values_[count_ / 2] : 0.0; }

 private:
  double values_[2 * kNeighbours + 2] = {};
  int count_ = 0;
};

std::vector<double> RunningMedian(const std::vector<double>& values) {
  const int n = static_cast<int>(values.size());
  std::vector<double> out(values.size());
  SortedWindow window;
  for (int i = 0; i < std::min(n, kNeighbours); ++i) window.Add(values[i]);
  for (int i = 0; i < n; ++i) {
    if (i + kNeighbours < n) window.Add(values[i + kNeighbours]);
    if (i - kNeighbours > 0) window.Remove(values[i - kNeighbours - 1]);
    out[i] = window.Median();
  }
  return out;
}

// Whether something at least half as high stands near the same time of another day or week.
bool Recurs(const std::vector<double>& values, const std::vector<double>& level, int at, int day) {
  if (day <= 0) return false;
  const int n = static_cast<int>(values.size());
  const double height = values[at] - level[at];
  for (const int lag : {-7 * day, -2 * day, -day, day, 2 * day, 7 * day}) {
    for (int j = at + lag - 2; j <= at + lag + 2; ++j) {
      if (j >= 0 && j < n && values[j] - level[j] > kRecurs * height) return true;
    }
  }
  return false;
}

}  // namespace

int ClipOutliers(std::vector<double>& values, int hour, int day) {
  const std::vector<double> level = RunningMedian(values);
  std::vector<double> deviations;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!Series::IsGap(values[i])) deviations.push_back(std::abs(values[i] - level[i]));
  }
  // The 90th percentile, not the median: half of a quiet series deviates by nothing.
  const auto p90 = deviations.begin() + static_cast<std::ptrdiff_t>(deviations.size() * 9 / 10);
  std::nth_element(deviations.begin(), p90, deviations.end());
  const double limit = kOutlierDeviations * *p90;
  const int n = static_cast<int>(values.size());
  std::vector<int> clipped;
  int run = 0;
  const std::vector<double> before = values;
  for (int i = 0; i < n - std::max(hour, kNeighbours); ++i) {
    const bool out = !Series::IsGap(before[i]) && before[i] - level[i] > limit;
    run = out ? run + 1 : 0;
    if (!out || limit <= 0 || Recurs(before, level, i, day)) continue;
    clipped.push_back(i);
    values[i] = level[i];
    if (run > kLongestOutlier) {
      for (int j = i - run + 1; j <= i; ++j) values[j] = before[j];
    }
  }
  int count = 0;
  for (const int i : clipped) count += values[i] != before[i] ? 1 : 0;
  return count;
}

}  // namespace tidewright
