#include "bench/forecast/made_up_series.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/random.h"

namespace tidewright::bench {
namespace {

constexpr double kMean = 1000;

/// The day's wave, between 0.4 and 1.6, and its first harmonic.
double Wave(double days) {
  const double angle = 2 * std::numbers::pi * days;
  return 1 + 0.45 * std::sin(angle) + 0.15 * std::sin(2 * angle + 1);
}

double WeekendFactor(double days) { return std::fmod(days, 7) < 5 ? 1.0 : 0.6; }

/// Without noise; `days` since the start, `share` of the whole that has passed.
double Shape(Kind kind, double days, double share, Random& random) {
  switch (kind) {
    case Kind::kDaily:
    case Kind::kGappy:
      return Wave(days);
    case Kind::kWeekly:
      return Wave(days) * WeekendFactor(days);
    case Kind::kGrowing:
      return Wave(days) * (0.5 + share);
    case Kind::kBursty:
      return Wave(days) * (random.Uniform() < 0.01 ? 3 + 5 * random.Uniform() : 1);
    case Kind::kIntermittent:
      return random.Uniform() < 0.1 ? 5 * random.Uniform() : 0;
    case Kind::kShifted:
      return Wave(days) * (share < 0.7 ? 1 : 1.6);
    case Kind::kNoise:
      return 1;
  }
  return 1;
}

/// One value in twenty is missing, and six hours in the middle.
bool Missing(const Series& series, int at, int points, Random& random) {
  const int hole = static_cast<int>(std::chrono::hours(6) / series.step);
  return std::abs(at - points / 2) * 2 < hole || random.Uniform() < 0.05;
}

}  // namespace

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kDaily:
      return "daily";
    case Kind::kWeekly:
      return "weekly";
    case Kind::kGrowing:
      return "growing";
    case Kind::kBursty:
      return "bursty";
    case Kind::kIntermittent:
      return "intermittent";
    case Kind::kGappy:
      return "gappy";
    case Kind::kShifted:
      return "shifted";
    case Kind::kNoise:
      return "noise";
  }
  return "unknown";
}

Series MakeUp(Kind kind, int points, Duration step, std::uint64_t seed) {
  Random random(seed * 16 + static_cast<std::uint64_t>(kind));
  Series series{.start = {}, .step = step, .values = {}, .flags = {}};
  const double days_of_step = Seconds(step) / 86400;
  double wander = 0;  // slow noise: an autoregression over half a day or so
  const double keep = std::exp(-2 * days_of_step);
  for (int i = 0; i < points; ++i) {
    const double share = static_cast<double>(i) / points;
    wander = keep * wander + 0.08 * std::sqrt(1 - keep * keep) * random.Normal();
    const double noise = std::exp(wander + 0.05 * random.Normal());
    const double value = kMean * noise * Shape(kind, i * days_of_step, share, random);
    const bool gap = kind == Kind::kGappy && Missing(series, i, points, random);
    series.values.push_back(gap ? Series::kGap : value);
  }
  return series;
}

}  // namespace tidewright::bench
