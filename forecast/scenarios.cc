#include "forecast/scenarios.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>

#include "core/random.h"

namespace tidewright {
double Env(const char*n,double d){ const char* e=getenv(n); return e?atof(e):d; }
namespace {


constexpr double kLargest = 1e37;  // paths are floats

// Quantile of sorted values at position p·(n+1): with few paths an extreme quantile must not fall short
// (Hyndman and Fan's type 6).
double SortedQuantile(const std::vector<float>& sorted, double level) {
  const double position = level * (static_cast<double>(sorted.size()) + 1.0) - 1.0;
  const double clamped = std::clamp(position, 0.0, static_cast<double>(sorted.size()) - 1.0);
  const auto below = static_cast<std::size_t>(clamped);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = clamped - static_cast<double>(below);
  return static_cast<double>(sorted[below]) * (1 - share) +
         static_cast<double>(sorted[above]) * share;
}

double LaplaceScore(const Prepared& p, const Combined& c, double power) {
  double log_spread = 0, error = 0;
  double count = 0;
  for (std::size_t o = 0; o < c.origins.size(); ++o) {
    for (std::size_t h = 0; h < c.past[o].size(); h += 3) {
      const double target = p.targets[c.origins[o] + h];
      if (std::isnan(target)) continue;
      const double spread = std::pow(c.past[o][h] + Residuals::kSpreadShift, power);
      log_spread += std::log(spread);
      error += std::abs(target - c.past[o][h]) / spread;
      ++count;
    }
  }
  if (count == 0) return 0;
  return log_spread / count + std::log(error / count + 1e-12);
}

}  // namespace

double Residuals::Spread(double forecast) const {
  const double shifted = forecast + kSpreadShift;
  if (power == 0) return 1.0;
  return power == 1 ? shifted : std::sqrt(shifted);
}

Residuals MeasureResiduals(const Prepared& p, const Combined& combined) {
  Residuals out;
  out.spacing = combined.spacing;
  double best = LaplaceScore(p, combined, 0);
  for (const double power : {0.5, 1.0}) {
    const double score = LaplaceScore(p, combined, power);
    if (score < best) { best = score; out.power = power; }
  }
  if (getenv("PW")) out.power = Env("PW", 0);
  for (std::size_t o = 0; o < combined.origins.size(); ++o) {
    const auto& forecast = combined.past[o];
    std::vector<float> line(forecast.size());
    float previous = 0;
    for (std::size_t h = 0; h < forecast.size(); ++h) {
      const std::size_t at = static_cast<std::size_t>(combined.origins[o]) + h;
      if (!std::isnan(p.targets[at])) {
        double error = (p.targets[at] - forecast[h]) / out.Spread(forecast[h]);
        if (p.lower_bound[at] != 0) error = std::max(error, 0.0);
        previous = static_cast<float>(error);
      }
      line[h] = previous;
    }
    out.lines.push_back(std::move(line));
  }
  return out;
}

SamplePaths DrawPaths(const Prepared& p, const Combined& combined, const Residuals& residuals,
                      int paths, std::uint64_t seed) {
  const int horizon = static_cast<int>(combined.point.size());
  SamplePaths out{.paths = paths, .steps = horizon, .values = {}};
  out.values.resize(static_cast<std::size_t>(paths) * horizon);
  Random random(seed);
  std::vector<int> order(paths);
  std::iota(order.begin(), order.end(), 0);
  for (int k = paths - 1; k > 0; --k) std::swap(order[k], order[random.Below(k + 1)]);
  std::vector<int> edges = {0};
  for (int e = 4 * p.hour; e < horizon; e = e * 5 / 2) edges.push_back(e);
  edges.push_back(horizon);
  const double day = 24.0 * p.hour;
  const double half_life = Env("HL", 7) * day, tod = Env("TOD", 3), width = Env("TW", 2) * p.hour;
  const double infl = Env("INF", 1);
  std::vector<int> chosen(paths, -1);
  for (std::size_t b = 0; b + 1 < edges.size(); ++b) {
    std::vector<double> cumulative; std::vector<int> available;
    double total = 0;
    for (std::size_t o = 0; o < residuals.lines.size(); ++o) {
      if (static_cast<int>(residuals.lines[o].size()) < edges[b + 1]) continue;
      const double age = (o + 1.0) * residuals.spacing;
      double w = std::exp2(-age / half_life);
      double phase = std::fmod(age, day); phase = std::min(phase, day - phase);
      w *= 1 + tod * std::exp(-0.5 * phase * phase / (width * width));
      total += w; cumulative.push_back(total); available.push_back(o);
    }
    const double offset = random.Uniform();
    for (int k = 0; k < paths; ++k) {
      const double u = (order[k] + offset) / paths;
      if (chosen[k] >= 0 && (int)residuals.lines[chosen[k]].size() >= edges[b+1]) {}
      else if (!available.empty()) {
        const auto it = std::lower_bound(cumulative.begin(), cumulative.end(), u * total);
        chosen[k] = available[std::min<std::size_t>(it - cumulative.begin(), available.size() - 1)];
      }
      for (int h = edges[b]; h < edges[b + 1]; ++h) {
        double r = 0;
        if (chosen[k] >= 0) { const auto& line = residuals.lines[chosen[k]]; r = line[std::min<int>(h, line.size() - 1)]; }
        const double point = combined.point[h];
        const double value = std::max(0.0, point + infl * r * residuals.Spread(point)) * p.scale;
        out.values[static_cast<std::size_t>(k) * horizon + h] = static_cast<float>(std::min(value, kLargest));
      }
    }
  }
  return out;
}

std::vector<std::vector<double>> StepQuantiles(const SamplePaths& paths,
                                               const std::vector<double>& levels) {
  std::vector<std::vector<double>> out(levels.size(), std::vector<double>(paths.steps));
  std::vector<float> column(paths.paths);
  for (int h = 0; h < paths.steps; ++h) {
    for (int k = 0; k < paths.paths; ++k) column[k] = paths.At(k, h);
    std::sort(column.begin(), column.end());
    for (std::size_t l = 0; l < levels.size(); ++l) out[l][h] = SortedQuantile(column, levels[l]);
  }
  return out;
}

std::vector<double> MaximumQuantiles(const SamplePaths& paths, int steps,
                                     const std::vector<double>& levels) {
  std::vector<float> maxima(paths.paths);
  for (int k = 0; k < paths.paths; ++k) {
    const auto row = paths.values.begin() + static_cast<std::ptrdiff_t>(k) * paths.steps;
    maxima[k] = *std::max_element(row, row + steps);
  }
  std::sort(maxima.begin(), maxima.end());
  std::vector<double> out;
  for (const double level : levels) out.push_back(SortedQuantile(maxima, level));
  return out;
}

}  // namespace tidewright
