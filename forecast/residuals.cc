#include "forecast/residuals.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "forecast/lanes.h"

namespace tidewright {
namespace {

constexpr double kSpreadShift = 0.1;  // of the mean level, which is 1
constexpr std::array<double, 3> kPowers = {0, 0.25, 0.5};

double SpreadOf(double forecast, double power) {
  if (power == 0) return 1.0;
  const double root = std::sqrt(forecast + kSpreadShift);
  return power == 0.5 ? root : std::sqrt(root);
}

// The power of the spread, of 0, ¼ and ½, whose Laplace errors are the likeliest: by the negative
// log-likelihood, up to a constant, with a scale that goes with the spread.
double LikeliestPower(const Prepared& p, const Combined& c) {
  constexpr std::size_t kThin = 3;
  constexpr int kFactors = 8;  // so many spreads' product is still a finite number
  std::array<double, 3> error{};
  double log_spread = 0;  // of power 1
  double product = 1;
  int count = 0;
  for (std::size_t o = 0; o < c.origins.size(); ++o) {
    const float* target = p.targets.data() + c.origins[o];
    for (std::size_t h = 0; h < c.past[o].size(); h += kThin) {
      if (std::isnan(target[h])) continue;
      const double size = std::abs(static_cast<double>(target[h]) - c.past[o][h]);
      const double spread = c.past[o][h] + kSpreadShift;
      const double root = std::sqrt(spread);
      error[0] += size;
      error[1] += size / std::sqrt(root);
      error[2] += size / root;
      product *= spread;
      if (++count % kFactors != 0) continue;
      log_spread += std::log(product);
      product = 1;
    }
  }
  if (count == 0) return 0;
  log_spread += std::log(product);
  const auto score = [&](std::size_t k) {
    return kPowers[k] * log_spread / count + std::log(error[k] / count + 1e-12);
  };
  std::size_t best = 0;
  for (std::size_t k = 1; k < kPowers.size(); ++k) {
    if (score(k) < score(best)) best = k;
  }
  return kPowers[best];
}

// A forecast's own noise is in its errors too, the other way round. A scenario adds errors of one
// forecast to another forecast: each step's spread is right, but it goes up and down from step to
// step more than demand does, and its maximum is too high. So errors are drawn nearer to those
// beside them, their mean size kept. Measured on 67 traces: this much makes the coverage of the
// maxima over one and four hours that of the steps.
constexpr float kRoughness = 0.4F;

void Calm(std::vector<float>& line) {
  const std::vector<float> before = line;
  const auto length = static_cast<int>(line.size());
  for (int h = 1; h + 1 < length; ++h) {
    const float mean = (before[h - 1] + before[h] + before[h + 1]) / 3.0F;
    line[h] = mean + kRoughness * (before[h] - mean);
  }
  const float size_after = SumOf(line.data(), length, Abs);
  if (!(size_after > 0)) return;
  const float grow = SumOf(before.data(), length, Abs) / size_after;
  for (float& e : line) e *= grow;
}

// Of one line, (observed − forecast) ÷ spread.
std::vector<float> ErrorLine(const Prepared& p, int origin, const std::vector<float>& forecast,
                             double power) {
  const float* target = p.targets.data() + origin;
  const std::uint8_t* lower_bound = p.lower_bound.data() + origin;
  std::vector<float> line = forecast;  // first the spread, then the error
  Transform(line.data(), static_cast<int>(line.size()), [power](Floats f) {
    if (power == 0) return Splat(1);
    const Floats root = Sqrt(f + static_cast<float>(kSpreadShift));
    return power == 0.5 ? root : Sqrt(root);
  });
  float error = 0;  // a gap repeats the error before it
  for (std::size_t h = 0; h < line.size(); ++h) {
    if (!std::isnan(target[h])) {
      error = (target[h] - forecast[h]) / line[h];
      if (lower_bound[h] != 0) error = std::max(error, 0.0F);
    }
    line[h] = error;
  }
  return line;
}

}  // namespace

double Residuals::Spread(double forecast) const { return SpreadOf(forecast, power); }

Residuals MeasureResiduals(const Prepared& p, const Combined& combined) {
  Residuals out;
  out.power = LikeliestPower(p, combined);
  out.lines.reserve(combined.origins.size());
  for (std::size_t o = 0; o < combined.origins.size(); ++o) {
    std::vector<float> line = ErrorLine(p, combined.origins[o], combined.past[o], out.power);
    Calm(line);
    out.lines.push_back(std::move(line));
  }
  return out;
}

}  // namespace tidewright
