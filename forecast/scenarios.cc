#include "forecast/scenarios.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace tidewright {
namespace {

constexpr double kSpreadShift = 0.1;  // of the mean level, which is 1
// Likelihood of an origin: halved by these days of age, and up to four times as likely at
// this time of day. Measured on 67 traces by pinball loss.
constexpr double kHalfLifeDays = 3;
constexpr double kSameHourBonus = 3;
constexpr double kSameHourWidthHours = 1;
// The members were fitted before the origins, but weighted and chosen with them in sight; this much
// is given back, growing over the first hours of the horizon.
constexpr double kOptimism = 0.05;
constexpr double kOptimismHours = 4;
// With fewer complete error lines than this, lines that are too short are continued.
constexpr std::size_t kEnoughLines = 24;
constexpr double kMostGrowth = 3;
// Before a whole day was seen nobody knows what the rest of it brings: relative standard deviation
// after twelve hours of horizon.
constexpr double kUnseenDaySpread = 0.5;
// No scenario goes beyond this multiple of what was ever seen.
constexpr double kBeyondMaximum = 3;
constexpr double kLargest = 1e37;  // paths are floats

// Quantile of sorted values at position level·(n+1): with few paths an extreme quantile must not
// fall short (Hyndman and Fan's type 6).
double SortedQuantile(const std::vector<float>& sorted, double level) {
  const double last = static_cast<double>(sorted.size()) - 1.0;
  const double position =
      std::clamp(level * (static_cast<double>(sorted.size()) + 1.0) - 1.0, 0.0, last);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = position - static_cast<double>(below);
  const double low = sorted[below];
  return low + share * (static_cast<double>(sorted[above]) - low);
}

double SpreadOf(double forecast, double power) {
  if (power == 0) return 1.0;
  return power == 1 ? forecast + kSpreadShift : std::sqrt(forecast + kSpreadShift);
}

// Negative log-likelihood, up to a constant, of Laplace errors whose scale goes with the spread.
double LaplaceScore(const Prepared& p, const Combined& c, double power) {
  constexpr std::size_t kThin = 3;
  double log_spread = 0;
  double error = 0;
  double count = 0;
  for (std::size_t o = 0; o < c.origins.size(); ++o) {
    for (std::size_t h = 0; h < c.past[o].size(); h += kThin) {
      const double target = p.targets[static_cast<std::size_t>(c.origins[o]) + h];
      if (std::isnan(target)) continue;
      const double spread = SpreadOf(c.past[o][h], power);
      log_spread += std::log(spread);
      error += std::abs(target - c.past[o][h]) / spread;
      ++count;
    }
  }
  return count > 0 ? log_spread / count + std::log(error / count + 1e-12) : 0.0;
}

// Edges of the stretches of the horizon for which an origin is drawn anew where the one before has
// no errors so far ahead: recent origins serve the first hours, older ones all of it.
std::vector<int> StretchEdges(int hour, int horizon) {
  std::vector<int> edges = {0};
  for (int e = 4 * hour; e < horizon; e = e * 5 / 2) edges.push_back(e);
  edges.push_back(horizon);
  return edges;
}

// Draws past origins by their likelihood.
class OriginUrn {
 public:
  OriginUrn(const Residuals& residuals, int spacing, int hour, int length) {
    std::size_t complete = 0;
    std::size_t longest = 0;
    for (const auto& line : residuals.lines) {
      complete += line.size() >= static_cast<std::size_t>(length) ? 1 : 0;
      longest = std::max(longest, line.size());
    }
    needed_ = static_cast<std::size_t>(length);
    if (complete < kEnoughLines) needed_ = std::min(needed_, (longest + 1) / 2);
    const double day = 24.0 * hour;
    double total = 0;
    for (std::size_t o = 0; o < residuals.lines.size(); ++o) {
      if (residuals.lines[o].size() < needed_) continue;
      const double age = static_cast<double>(o + 1) * spacing;
      const double phase = std::fmod(age, day);
      const double away = std::min(phase, day - phase) / (kSameHourWidthHours * hour);
      total += std::exp2(-age / (kHalfLifeDays * day)) *
               (1.0 + kSameHourBonus * std::exp(-0.5 * away * away));
      cumulative_.push_back(total);
      origins_.push_back(static_cast<int>(o));
    }
  }

  [[nodiscard]] std::size_t Needed() const { return needed_; }
  [[nodiscard]] bool Empty() const { return origins_.empty(); }
  [[nodiscard]] int At(double u) const {
    const auto it =
        std::lower_bound(cumulative_.begin(), cumulative_.end(), u * cumulative_.back());
    const auto index = static_cast<std::size_t>(it - cumulative_.begin());
    return origins_[std::min(index, origins_.size() - 1)];
  }

 private:
  std::size_t needed_ = 0;
  std::vector<int> origins_;
  std::vector<double> cumulative_;
};

// A line beyond its end: run back and forth, growing as a random walk would.
double ErrorAt(const std::vector<float>& line, int h) {
  const int length = static_cast<int>(line.size());
  if (h < length) return line[static_cast<std::size_t>(h)];
  const int turn = h % (2 * length);
  const int index = turn < length ? turn : 2 * length - 1 - turn;
  const double growth = std::sqrt((h + 1.0) / length);
  return line[static_cast<std::size_t>(index)] * std::min(growth, kMostGrowth);
}

// What turns an error into a path's value.
class PathMaker {
 public:
  PathMaker(const Prepared& p, const Combined& combined, const Residuals& residuals)
      : p_(p), combined_(combined), residuals_(residuals) {
    double highest = 0;
    for (const double t : p.targets) {
      if (!std::isnan(t)) highest = std::max(highest, t);
    }
    limit_ = kBeyondMaximum * highest;
    const double days = p.size() / (24.0 * p.hour);
    unseen_spread_ = kUnseenDaySpread * std::max(0.0, 1.0 - days);
  }

  // `line` may be null: then only the spread of an unseen day is left.
  [[nodiscard]] float Value(int h, const std::vector<float>* line, double normal) const {
    const double point = combined_.point[static_cast<std::size_t>(h)];
    const double ahead_hours = (h + 1.0) / p_.hour;
    const double optimism = 1.0 + kOptimism * std::min(1.0, ahead_hours / kOptimismHours);
    double value = point;
    if (line != nullptr) value += optimism * ErrorAt(*line, h) * residuals_.Spread(point);
    value += unseen_spread_ * normal * point * std::sqrt(ahead_hours / 12.0);
    value = std::clamp(value, 0.0, limit_) * p_.scale;
    return static_cast<float>(std::min(value, kLargest));
  }

 private:
  const Prepared& p_;
  const Combined& combined_;
  const Residuals& residuals_;
  double limit_ = 0;
  double unseen_spread_ = 0;
};

}  // namespace

double Residuals::Spread(double forecast) const { return SpreadOf(forecast, power); }

Residuals MeasureResiduals(const Prepared& p, const Combined& combined) {
  Residuals out;
  double best = LaplaceScore(p, combined, 0);
  for (const double power : {0.5, 1.0}) {
    const double score = LaplaceScore(p, combined, power);
    if (score < best) {
      best = score;
      out.power = power;
    }
  }
  for (std::size_t o = 0; o < combined.origins.size(); ++o) {
    const auto& forecast = combined.past[o];
    std::vector<float> line(forecast.size());
    double error = 0;  // a gap repeats the error before it
    for (std::size_t h = 0; h < forecast.size(); ++h) {
      const std::size_t at = static_cast<std::size_t>(combined.origins[o]) + h;
      if (!std::isnan(p.targets[at])) {
        error = (p.targets[at] - forecast[h]) / out.Spread(forecast[h]);
        if (p.lower_bound[at] != 0) error = std::max(error, 0.0);
      }
      line[h] = static_cast<float>(error);
    }
    out.lines.push_back(std::move(line));
  }
  return out;
}

SamplePaths DrawPaths(const Prepared& p, const Combined& combined, const Residuals& residuals,
                      int paths, std::uint64_t seed) {
  const int horizon = static_cast<int>(combined.point.size());
  SamplePaths out{.paths = paths, .steps = horizon, .values = {}};
  out.values.resize(static_cast<std::size_t>(paths) * static_cast<std::size_t>(horizon));
  // One draw from each of `paths` equal shares of probability, in an order of the seed's.
  Random random(seed);
  std::vector<int> order(static_cast<std::size_t>(paths));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t k = order.size() - 1; k > 0; --k) {
    std::swap(order[k], order[random.Below(k + 1)]);
  }
  std::vector<double> normals(order.size());
  for (double& z : normals) z = random.Normal();

  const PathMaker maker(p, combined, residuals);
  const std::vector<int> edges = StretchEdges(p.hour, horizon);
  std::vector<int> chosen(order.size(), -1);
  for (std::size_t s = 0; s + 1 < edges.size(); ++s) {
    const OriginUrn urn(residuals, combined.spacing, p.hour, edges[s + 1]);
    for (std::size_t k = 0; k < order.size(); ++k) {
      const double u = (order[k] + random.Uniform()) / paths;
      const bool keeps = chosen[k] >= 0 && residuals.lines[chosen[k]].size() >= urn.Needed();
      if (!keeps) chosen[k] = urn.Empty() ? -1 : urn.At(u);
      const auto* line = chosen[k] < 0 ? nullptr : &residuals.lines[chosen[k]];
      float* row = out.values.data() + k * static_cast<std::size_t>(horizon);
      for (int h = edges[s]; h < edges[s + 1]; ++h) row[h] = maker.Value(h, line, normals[k]);
    }
  }
  return out;
}

std::vector<double> StepMeans(const SamplePaths& paths) {
  std::vector<double> out(static_cast<std::size_t>(paths.steps), 0.0);
  for (int k = 0; k < paths.paths; ++k) {
    for (int h = 0; h < paths.steps; ++h) out[h] += paths.At(k, h);
  }
  for (double& v : out) v /= paths.paths;
  return out;
}

std::vector<std::vector<double>> StepQuantiles(const SamplePaths& paths,
                                               const std::vector<double>& levels) {
  const auto steps = static_cast<std::size_t>(paths.steps);
  std::vector<std::vector<double>> out(levels.size(), std::vector<double>(steps));
  std::vector<float> column(static_cast<std::size_t>(paths.paths));
  for (int h = 0; h < paths.steps; ++h) {
    for (int k = 0; k < paths.paths; ++k) column[k] = paths.At(k, h);
    std::sort(column.begin(), column.end());
    for (std::size_t l = 0; l < levels.size(); ++l) out[l][h] = SortedQuantile(column, levels[l]);
  }
  return out;
}

std::vector<double> MaximumQuantiles(const SamplePaths& paths, int steps,
                                     const std::vector<double>& levels) {
  std::vector<float> maxima(static_cast<std::size_t>(paths.paths));
  for (int k = 0; k < paths.paths; ++k) {
    const auto row = paths.values.begin() + static_cast<std::ptrdiff_t>(k) * paths.steps;
    maxima[k] = *std::max_element(row, row + steps);
  }
  std::sort(maxima.begin(), maxima.end());
  std::vector<double> out;
  out.reserve(levels.size());
  for (const double level : levels) out.push_back(SortedQuantile(maxima, level));
  return out;
}

}  // namespace tidewright
