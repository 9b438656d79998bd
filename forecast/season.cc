#include "forecast/season.h"

#include <algorithm>
#include <cmath>

namespace tidewright {
namespace {

// Nine candidates at three standard errors: white noise is given a season once in about ninety
// series.
constexpr double kMinimumZ = 3.0;
// Less correlation than this explains a hundredth of the variance: of no use to a forecast.
constexpr double kMinimumCorrelation = 0.1;
// A longer period must add this much correlation over a shorter one that divides it.
constexpr double kAdds = 0.05;
constexpr int kHourCandidates[] = {1, 2, 3, 4, 6, 8, 12, 24, 168};

// The values minus their centred moving mean over `period`, zero mean; gaps become zero and are
// counted in `observed` as 0.
struct Detrended {
  std::vector<double> values;
  std::vector<double> observed;
  double variance = 0;
};

Detrended Detrend(const std::vector<double>& values, int period) {
  const int n = static_cast<int>(values.size());
  std::vector<double> sums(values.size() + 1, 0.0);
  std::vector<int> counts(values.size() + 1, 0);
  for (int i = 0; i < n; ++i) {
    const bool gap = std::isnan(values[i]);
    sums[i + 1] = sums[i] + (gap ? 0.0 : values[i]);
    counts[i + 1] = counts[i] + (gap ? 0 : 1);
  }
  Detrended out{std::vector<double>(values.size(), 0.0), std::vector<double>(values.size(), 0.0),
                0};
  int seen = 0;
  for (int i = 0; i < n; ++i) {
    if (std::isnan(values[i])) continue;
    // At the ends the window is shifted, not shortened: it must hold whole periods.
    const int begin = std::clamp(i - period / 2, 0, std::max(0, n - period));
    const int end = std::min(n, begin + period);
    const double mean = (sums[end] - sums[begin]) / std::max(1, counts[end] - counts[begin]);
    out.values[i] = values[i] - mean;
    out.observed[i] = 1.0;
    out.variance += out.values[i] * out.values[i];
    ++seen;
  }
  out.variance /= std::max(1, seen);
  return out;
}

double Autocorrelation(const Detrended& d, int lag) {
  const std::size_t n = d.values.size();
  double product = 0;
  double pairs = 0;
  for (std::size_t i = static_cast<std::size_t>(lag); i < n; ++i) {
    product += d.values[i] * d.values[i - static_cast<std::size_t>(lag)];
    pairs += d.observed[i] * d.observed[i - static_cast<std::size_t>(lag)];
  }
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

Season Test(const std::vector<double>& values, int period) {
  Season season{.period = period, .correlation = 0, .z = 0};
  const Detrended d = Detrend(values, period);
  double seen = 0;
  for (const double o : d.observed) seen += o;
  if (!(d.variance > 1e-18) || seen < 2.0 * period * 0.5) return season;
  season.correlation = Autocorrelation(d, period);
  const double error = std::sqrt((1.0 + 2.0 * ShortMemory(d, period)) / seen);
  season.z = season.correlation / error;
  return season;
}

}  // namespace

std::vector<Season> DetectSeasons(const std::vector<double>& values, Duration step) {
  std::vector<Season> found;
  for (const int hours : kHourCandidates) {
    const Duration length = std::chrono::hours(hours);
    if (length % step != Duration(0) || length < 3 * step) continue;
    const auto steps = length / step;
    if (2 * steps > static_cast<Duration::rep>(values.size())) break;
    const Season season = Test(values, static_cast<int>(steps));
    if (season.z < kMinimumZ || season.correlation < kMinimumCorrelation) continue;
    const bool calendar = hours >= 24;
    const bool explained = std::any_of(found.begin(), found.end(), [&](const Season& s) {
      return season.period % s.period == 0 && season.correlation < s.correlation + kAdds;
    });
    if (calendar || !explained) found.push_back(season);
  }
  return found;
}

}  // namespace tidewright
