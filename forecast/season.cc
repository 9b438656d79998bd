#include "forecast/season.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace tidewright {
namespace {

// Nine candidates at three standard errors: white noise is given a season once in about ninety
// series.
constexpr double kMinimumZ = 3.0;
// A day and a week are expected: they need less.
constexpr double kMinimumCalendarZ = 2.5;
// Periods that were looked for among many need more.
constexpr double kMinimumPeakZ = 5.0;
// Peaks of the autocorrelation are looked for at these many lags, at the series' own step and at
// multiples of it.
constexpr int kPeakLags = 64;
constexpr int kScales[] = {1, 4, 16};
constexpr double kMinimumPeak = 0.2;
// Of several peaks the first one counts that comes this near to the highest: others are multiples.
constexpr double kNearHighest = 0.9;
// Less correlation than this explains a hundredth of the variance: of no use to a forecast.
constexpr double kMinimumCorrelation = 0.1;
// A longer period must add this much correlation over a shorter one that divides it.
constexpr double kAdds = 0.05;
// Of two periods that lie near each other, or near multiples of each other, the one that is this
// much clearer is the true one.
constexpr double kClearer = 0.02;
constexpr int kHourCandidates[] = {1, 2, 3, 4, 6, 8, 12, 24, 168};

// The values minus their centred moving mean over some steps; gaps are zero there.
struct Detrended {
  Eigen::ArrayXf values;
  Eigen::ArrayXf observed;  // 1 or 0; empty where all are
  double count = 0;         // of what was observed
  double variance = 0;
};

// Prefix sums of a series, from which the moving mean over any period follows.
class Trend {
 public:
  explicit Trend(const std::vector<double>& values)
      : values_(values), sums_(values.size() + 1, 0.0), counts_(values.size() + 1, 0) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const bool gap = std::isnan(values[i]);
      sums_[i + 1] = sums_[i] + (gap ? 0.0 : values[i]);
      counts_[i + 1] = counts_[i] + (gap ? 0 : 1);
    }
  }

  [[nodiscard]] Detrended Without(int period) const {
    const int n = static_cast<int>(values_.size());
    Detrended out;
    out.count = counts_.back();
    out.values.resize(n);
    const bool whole = counts_.back() == n;
    if (!whole) out.observed.resize(n);
    // At the ends the window is shifted, not shortened: it must hold whole periods.
    const int last = std::max(0, n - period);
    const int width = std::min(period, n);
    const auto fill = [&](int i, int begin) {
      const int seen = counts_[begin + width] - counts_[begin];
      const bool gap = std::isnan(values_[i]);
      const double mean = (sums_[begin + width] - sums_[begin]) / std::max(1, seen);
      out.values[i] = gap ? 0.0F : static_cast<float>(values_[i] - mean);
      if (!whole) out.observed[i] = gap ? 0.0F : 1.0F;
    };
    const int inner = std::min(period / 2, n);
    const int outer = std::clamp(last + period / 2, inner, n);
    for (int i = 0; i < inner; ++i) fill(i, 0);
    if (whole) {
      const double* low = sums_.data() - period / 2;
      const double inverse = 1.0 / width;
      for (int i = inner; i < outer; ++i) {
        out.values[i] = static_cast<float>(values_[i] - (low[i + width] - low[i]) * inverse);
      }
    } else {
      for (int i = inner; i < outer; ++i) fill(i, i - period / 2);
    }
    for (int i = outer; i < n; ++i) fill(i, last);
    out.variance = out.values.matrix().squaredNorm() / std::max(1.0, out.count);
    return out;
  }

 private:
  const std::vector<double>& values_;
  std::vector<double> sums_;
  std::vector<int> counts_;
};

double Autocorrelation(const Detrended& d, int lag) {
  const Eigen::Index n = d.values.size() - lag;
  if (n < 1) return 0;
  const double product = d.values.tail(n).matrix().dot(d.values.head(n).matrix());
  const double pairs =
      d.observed.size() == 0
          ? static_cast<double>(n)
          : static_cast<double>(d.observed.tail(n).matrix().dot(d.observed.head(n).matrix()));
  return pairs < 1 ? 0.0 : product / (pairs * d.variance);
}

// Σ r_k² over the lags until the autocorrelation first falls to zero, summed by trapezoids over a
// grid that widens, since r is smooth.
double ShortMemory(const Detrended& d, int period) {
  double sum = 0;
  double previous_square = 1;
  int previous_lag = 0;
  for (int lag = 1; lag <= period / 2; lag = std::max(lag + 1, lag * 5 / 4)) {
    const double r = Autocorrelation(d, lag);
    if (r <= 0) break;
    sum += 0.5 * (r * r + previous_square) * (lag - previous_lag);
    previous_square = r * r;
    previous_lag = lag;
  }
  return sum;
}

Season Test(const Trend& trend, int period) {
  Season season{.period = period, .correlation = 0, .z = 0};
  const Detrended d = trend.Without(period);
  const double seen = d.count;
  if (!(d.variance > 1e-12) || seen < 2.0 * period * 0.5) return season;
  season.correlation = Autocorrelation(d, period);
  const double error = std::sqrt((1.0 + 2.0 * ShortMemory(d, period)) / seen);
  season.z = season.correlation / error;
  return season;
}

// Means over `factor` values, what is observed of them; NaN where nothing is.
std::vector<double> Coarser(const std::vector<double>& values, int factor) {
  if (factor == 1) return values;
  std::vector<double> out;
  for (std::size_t i = 0; i + static_cast<std::size_t>(factor) <= values.size();
       i += static_cast<std::size_t>(factor)) {
    double sum = 0;
    int count = 0;
    for (int k = 0; k < factor; ++k) {
      if (std::isnan(values[i + static_cast<std::size_t>(k)])) continue;
      sum += values[i + static_cast<std::size_t>(k)];
      ++count;
    }
    out.push_back(count > 0 ? sum / count : std::nan(""));
  }
  return out;
}

// The lag of the clearest peak of the autocorrelation from `first` to kPeakLags; 0 for none.
int PeakLag(const std::vector<double>& values, int first) {
  const int most = std::min(kPeakLags, static_cast<int>(values.size()) / 3);
  if (most < first + 2) return 0;
  const Detrended d = Trend(values).Without(2 * kPeakLags);
  if (!(d.variance > 1e-12)) return 0;
  std::vector<double> r(static_cast<std::size_t>(most) + 1, 1.0);
  for (int lag = 1; lag <= most; ++lag) r[lag] = Autocorrelation(d, lag);
  double highest = kMinimumPeak;
  std::vector<int> peaks;
  for (int lag = std::max(first, 2); lag < most; ++lag) {
    if (r[lag] <= r[lag - 1] || r[lag] < r[lag + 1] || r[lag] < kMinimumPeak) continue;
    peaks.push_back(lag);
    highest = std::max(highest, r[lag]);
  }
  for (const int lag : peaks) {
    if (r[lag] >= kNearHighest * highest) return lag;
  }
  return 0;
}

// Periods of which nothing is known beforehand, in steps.
std::vector<int> FindPeaks(const std::vector<double>& values, const Trend& trend) {
  std::vector<int> out;
  for (const int factor : kScales) {
    // Shorter ones were looked for at the finer scale.
    const int lag = PeakLag(Coarser(values, factor), factor == 1 ? 3 : kPeakLags / 4);
    if (lag == 0) continue;
    int best = lag * factor;
    if (factor > 1) {
      const Detrended d = trend.Without(2 * best);
      double highest = -1;
      for (int p = (lag - 1) * factor; p <= (lag + 1) * factor; ++p) {
        const double r = Autocorrelation(d, p);
        if (r > highest) {
          highest = r;
          best = p;
        }
      }
    }
    out.push_back(best);
  }
  return out;
}

bool IsMultiple(int period, int of) {
  const int times = (period + of / 2) / of;
  return times >= 1 && std::abs(period - times * of) <= std::max(1, of / 10);
}

}  // namespace

std::vector<Season> DetectSeasons(const std::vector<double>& values, Duration step) {
  const Trend trend(values);
  std::vector<Season> found;
  for (const int hours : kHourCandidates) {
    const Duration length = std::chrono::hours(hours);
    if (length % step != Duration(0) || length < 3 * step) continue;
    const auto steps = length / step;
    if (2 * steps > static_cast<Duration::rep>(values.size())) break;
    const Season season = Test(trend, static_cast<int>(steps));
    const bool calendar = hours >= 24;
    const double needed = calendar ? kMinimumCalendarZ : kMinimumZ;
    if (season.z < needed || season.correlation < kMinimumCorrelation) continue;
    const bool explained = std::any_of(found.begin(), found.end(), [&](const Season& s) {
      return season.period % s.period == 0 && season.correlation < s.correlation + kAdds;
    });
    if (calendar || !explained) found.push_back(season);
  }
  for (const int period : FindPeaks(values, trend)) {
    if (2 * period > static_cast<int>(values.size())) continue;
    const Season season = Test(trend, period);
    if (season.z < kMinimumPeakZ || season.correlation < kMinimumPeak) continue;
    // A peak at a multiple of what was found is the same season, unless it is far clearer.
    const bool known = std::any_of(found.begin(), found.end(), [&](const Season& s) {
      return IsMultiple(period, s.period) && season.correlation < s.correlation + kClearer;
    });
    if (!known) found.push_back(season);
  }
  // What only lies near a multiple of a clearer period is its shadow.
  std::erase_if(found, [all = found](const Season& s) {
    return std::any_of(all.begin(), all.end(), [&](const Season& clearer) {
      return clearer.correlation > s.correlation + kClearer && s.period % clearer.period != 0 &&
             IsMultiple(s.period, clearer.period);
    });
  });
  std::sort(found.begin(), found.end(),
            [](const Season& a, const Season& b) { return a.period < b.period; });
  return found;
}

}  // namespace tidewright
