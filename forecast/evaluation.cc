#include "forecast/evaluation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "forecast/season.h"

namespace tidewright {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
constexpr Duration kDay = std::chrono::hours(24);

/// Mean of measure(y, f) over the steps that are known.
template <typename Measure>
double MeanOver(std::span<const double> actual, std::span<const double> forecast, Measure measure) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < std::min(actual.size(), forecast.size()); ++i) {
    if (std::isnan(actual[i])) continue;
    sum += measure(actual[i], forecast[i]);
    count += 1;
  }
  return count > 0 ? sum / count : kNothing;
}

/// Quantile of sorted values, linear between them.
double SortedQuantile(const std::vector<double>& sorted, double level) {
  if (sorted.empty()) return 0;
  const double at = level * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// A running mean that leaves out what is not a number.
struct Mean {
  double sum = 0;
  double count = 0;
  void Add(double value) {
    if (std::isnan(value)) return;
    sum += value;
    count += 1;
  }
  [[nodiscard]] double value() const { return count > 0 ? sum / count : kNothing; }
};

}  // namespace

double MeanAbsoluteError(std::span<const double> actual, std::span<const double> forecast) {
  return MeanOver(actual, forecast, [](double y, double f) { return std::abs(y - f); });
}

double SymmetricPercentageError(std::span<const double> actual, std::span<const double> forecast) {
  return MeanOver(actual, forecast, [](double y, double f) {
    const double size = std::abs(y) + std::abs(f);
    return size > 0 ? 200 * std::abs(y - f) / size : 0;
  });
}

double SeasonalScale(std::span<const double> history, int period) {
  Mean mean;
  for (std::size_t i = static_cast<std::size_t>(period); i < history.size(); ++i) {
    mean.Add(std::abs(history[i] - history[i - static_cast<std::size_t>(period)]));
  }
  return mean.value();
}

double PinballLoss(double level, double actual, double quantile) {
  const double error = actual - quantile;
  return std::max(level * error, (level - 1) * error);
}

void QuantileScore::Add(std::span<const double> actual, const std::vector<double>& levels,
                        const std::vector<std::vector<double>>& quantiles) {
  pinball.resize(levels.size(), 0);
  covered.resize(levels.size(), 0);
  for (std::size_t i = 0; i < actual.size(); ++i) {
    if (std::isnan(actual[i])) continue;
    absolute += std::abs(actual[i]);
    steps += 1;
    for (std::size_t l = 0; l < levels.size(); ++l) {
      pinball[l] += PinballLoss(levels[l], actual[i], quantiles[l][i]);
      covered[l] += actual[i] <= quantiles[l][i] ? 1 : 0;
    }
  }
}

void QuantileScore::Add(const QuantileScore& other) {
  pinball.resize(std::max(pinball.size(), other.pinball.size()), 0);
  covered.resize(pinball.size(), 0);
  for (std::size_t l = 0; l < other.pinball.size(); ++l) {
    pinball[l] += other.pinball[l];
    covered[l] += other.covered[l];
  }
  absolute += other.absolute;
  steps += other.steps;
}

double QuantileScore::WeightedLoss() const {
  if (pinball.empty() || !(absolute > 0)) return kNothing;
  double sum = 0;
  for (const double loss : pinball) sum += 2 * loss / absolute;
  return sum / static_cast<double>(pinball.size());
}

std::vector<double> QuantileScore::Coverage() const {
  std::vector<double> shares(covered.size(), kNothing);
  for (std::size_t l = 0; l < covered.size() && steps > 0; ++l) shares[l] = covered[l] / steps;
  return shares;
}

MethodScore Score(const std::vector<Trial>& trials, const std::vector<double>& levels) {
  MethodScore score;
  Mean mae, mase, smape;
  for (const Trial& trial : trials) {
    const double error = MeanAbsoluteError(trial.actual, trial.point);
    mae.Add(error);
    mase.Add(trial.scale > 0 ? error / trial.scale : kNothing);
    smape.Add(SymmetricPercentageError(trial.actual, trial.point));
    score.quantiles.Add(trial.actual, levels, trial.quantiles);
  }
  score.mae = mae.value();
  score.mase = mase.value();
  score.smape = smape.value();
  return score;
}

NaivePeriod ChoosePeriod(const Series& history) {
  const Duration::rep day = kDay % history.step == Duration(0) ? kDay / history.step : 0;
  const auto seasons = DetectSeasons(history.values, history.step);
  const auto strongest = std::max_element(
      seasons.begin(), seasons.end(),
      [](const Season& a, const Season& b) { return a.correlation < b.correlation; });
  for (const Season& season : seasons) {
    if (season.period == day) return {season.period, "detected"};
  }
  if (strongest != seasons.end()) return {strongest->period, "detected"};
  if (day >= 2 && 2 * day <= static_cast<Duration::rep>(history.size())) {
    return {static_cast<int>(day), "a day, none detected"};
  }
  return {1, "last value"};
}

NaiveForecast SeasonalNaive(std::span<const double> history, int period, int horizon,
                            const std::vector<double>& levels) {
  const auto lag = static_cast<std::size_t>(period);
  // The newest known value of each phase; where there is none, the newest of all.
  std::vector<double> cycle(lag, kNothing);
  double newest = 0;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (std::isnan(history[i])) continue;
    cycle[(lag - (history.size() - i) % lag) % lag] = history[i];
    newest = history[i];
  }
  std::vector<double> errors;
  for (std::size_t i = lag; i < history.size(); ++i) {
    const double error = history[i] - history[i - lag];
    if (!std::isnan(error)) errors.push_back(error);
  }
  std::sort(errors.begin(), errors.end());
  NaiveForecast out;
  for (int h = 0; h < horizon; ++h) {
    const double value = cycle[static_cast<std::size_t>(h % period)];
    out.point.push_back(std::isnan(value) ? newest : value);
  }
  for (const double level : levels) {
    const double error = SortedQuantile(errors, level);
    auto& quantile = out.quantiles.emplace_back();
    for (const double point : out.point) quantile.push_back(std::max(0.0, point + error));
  }
  return out;
}

std::vector<int> ChooseOrigins(int size, Duration step, int horizon, int count) {
  const int last = size - horizon;
  if (last < 2 || count < 1) return {};
  const auto week = std::min<Duration::rep>(7 * kDay / step, size);
  const int first = std::min(last, std::max({2, size / 2, static_cast<int>(week)}));
  std::vector<int> origins;
  for (int k = 0; k < count; ++k) {
    const double share = count == 1 ? 1.0 : static_cast<double>(k) / (count - 1);
    const int origin = first + static_cast<int>(std::lround(share * (last - first)));
    if (origins.empty() || origins.back() != origin) origins.push_back(origin);
  }
  return origins;
}

}  // namespace tidewright
