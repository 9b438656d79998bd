#include "planner/sizing/demand_profile.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner {
namespace {

template <typename T>
bool AllFinite(const std::vector<T>& values) {
  return std::all_of(values.begin(), values.end(), [](T v) { return std::isfinite(v); });
}

bool WellFormed(const Forecast& f) {
  if (f.step <= Duration(0) || f.horizon <= 0) return false;
  const auto horizon = static_cast<std::size_t>(f.horizon);
  if (f.paths.paths > 0) {
    const auto cells = static_cast<std::size_t>(f.paths.paths) * horizon;
    return f.paths.steps == f.horizon && f.paths.values.size() == cells &&
           AllFinite(f.paths.values);
  }
  if (f.levels.empty() || f.levels.size() != f.quantiles.size() || !AllFinite(f.levels)) {
    return false;
  }
  return std::all_of(f.quantiles.begin(), f.quantiles.end(), [&](const std::vector<double>& q) {
    return q.size() == horizon && AllFinite(q);
  });
}

// The value at `risk` of a distribution given at rising levels: linear between them, the nearest
// one outside.
double AtLevel(const std::vector<double>& levels, const std::vector<double>& values, double risk) {
  const auto above = std::lower_bound(levels.begin(), levels.end(), risk);
  if (above == levels.end()) return values.back();
  const auto i = static_cast<std::size_t>(above - levels.begin());
  if (i == 0 || levels[i] <= levels[i - 1]) return values[i];
  const double weight = (risk - levels[i - 1]) / (levels[i] - levels[i - 1]);
  return values[i - 1] + weight * (values[i] - values[i - 1]);
}

}  // namespace

std::optional<DemandProfile> DemandProfile::Make(const Forecast& forecast, WallTime now,
                                                 double risk) {
  if (forecast.trust == Trust::kNone || !WellFormed(forecast)) return std::nullopt;
  const auto steps_ago = std::chrono::floor<Duration>(now - forecast.start) / forecast.step;
  // A clock that jumped back leaves a forecast of the future: the hole before it is not known.
  if (now + forecast.step < forecast.start || steps_ago >= forecast.horizon) return std::nullopt;
  DemandProfile profile(forecast, now, static_cast<int>(std::max<std::int64_t>(0, steps_ago)));
  if (profile.HasPaths()) {
    profile.FillFromPaths(risk);
  } else {
    profile.FillFromQuantiles(risk);
  }
  return profile;
}

void DemandProfile::FillFromPaths(double risk) {
  const SamplePaths& paths = forecast_->paths;
  std::vector<float> maximum(static_cast<std::size_t>(paths.paths), 0.0f);
  std::vector<float> sorted;
  // The smallest value that at least the share `risk` of the paths stay at or below.
  const auto rank = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(std::ceil(risk * paths.paths - 1e-9)) - 1, 0, paths.paths - 1);
  peak_.reserve(static_cast<std::size_t>(paths.steps - offset_));
  for (int step = offset_; step < paths.steps; ++step) {
    for (int path = 0; path < paths.paths; ++path) {
      float& m = maximum[static_cast<std::size_t>(path)];
      m = std::max(m, paths.At(path, step));
    }
    sorted = maximum;
    std::nth_element(sorted.begin(), sorted.begin() + rank, sorted.end());
    peak_.push_back(sorted[static_cast<std::size_t>(rank)]);
  }
}

void DemandProfile::FillFromQuantiles(double risk) {
  const Forecast& f = *forecast_;
  double highest = 0;
  std::vector<double> column(f.levels.size());
  for (int step = offset_; step < f.horizon; ++step) {
    for (std::size_t l = 0; l < f.levels.size(); ++l) {
      column[l] = f.quantiles[l][static_cast<std::size_t>(step)];
    }
    highest = std::max(highest, AtLevel(f.levels, column, risk));
    peak_.push_back(highest);
  }
  // A declared maximum over a window holds for every longer one too. One over a shorter window is
  // no more than that: it is raised to, never lowered to.
  for (const WindowMaximum& window : f.maxima) {
    if (window.quantiles.size() != f.levels.size() || !AllFinite(window.quantiles)) continue;
    const auto last = (window.window + f.step - Duration(1)) / f.step - 1;
    const double value = AtLevel(f.levels, window.quantiles, risk);
    for (auto step = std::max<std::int64_t>(0, last - offset_);
         step < static_cast<std::int64_t>(peak_.size()); ++step) {
      double& peak = peak_[static_cast<std::size_t>(step)];
      peak = std::max(peak, value);
    }
  }
}

int DemandProfile::StepsWithin(Duration window) const {
  const Duration reach = now_ - forecast_->start + std::max(window, Duration(0));
  const auto last = reach > Duration(0) ? (reach - Duration(1)) / forecast_->step : 0;
  return static_cast<int>(
      std::clamp<std::int64_t>(last - offset_ + 1, 1, static_cast<std::int64_t>(peak_.size())));
}

Peak DemandProfile::Over(Duration window) const {
  const auto steps = static_cast<std::size_t>(StepsWithin(window));
  Peak peak;
  peak.value = peak_[steps - 1];
  const auto reached = std::lower_bound(
      peak_.begin(), peak_.begin() + static_cast<std::ptrdiff_t>(steps), peak.value);
  peak.by = forecast_->TimeOf(offset_ + static_cast<int>(reached - peak_.begin()) + 1);
  peak.covered = now_ + window <= forecast_->TimeOf(forecast_->horizon);
  return peak;
}

std::optional<WallTime> DemandProfile::Crossing(double limit) const {
  const auto above = std::upper_bound(peak_.begin(), peak_.end(), limit);
  if (above == peak_.end()) return std::nullopt;
  return std::max(now_, forecast_->TimeOf(offset_ + static_cast<int>(above - peak_.begin())));
}

double DemandProfile::LevelPeak(std::size_t level, int steps) const {
  const auto& row = forecast_->quantiles[level];
  return *std::max_element(row.begin() + offset_, row.begin() + offset_ + steps);
}

std::vector<bool> DemandProfile::ScenariosAbove(double limit, Duration window) const {
  const int steps = StepsWithin(window);
  if (!HasPaths()) {
    constexpr std::size_t kScenarios = 100;
    double below = 0;
    for (std::size_t l = 0; l < forecast_->levels.size(); ++l) {
      if (LevelPeak(l, steps) <= limit) below = std::max(below, forecast_->levels[l]);
    }
    // Beyond the highest level that stays below nothing is known: rounded to "none".
    if (below >= forecast_->levels.back()) below = 1;
    std::vector<bool> above(kScenarios, false);
    const auto first = static_cast<std::size_t>(std::lround(std::clamp(below, 0.0, 1.0) * 100));
    std::fill(above.begin() + static_cast<std::ptrdiff_t>(std::min(first, kScenarios)), above.end(),
              true);
    return above;
  }
  const SamplePaths& paths = forecast_->paths;
  std::vector<bool> above(static_cast<std::size_t>(paths.paths), false);
  for (int path = 0; path < paths.paths; ++path) {
    for (int step = offset_; step < offset_ + steps; ++step) {
      if (static_cast<double>(paths.At(path, step)) > limit) {
        above[static_cast<std::size_t>(path)] = true;
        break;
      }
    }
  }
  return above;
}

}  // namespace tidewright::planner
