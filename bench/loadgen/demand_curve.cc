#include "bench/loadgen/demand_curve.h"

#include <algorithm>
#include <cmath>

#include "core/random.h"

namespace tidewright::loadgen {
namespace {

constexpr double kMorningHour = 10.5;
constexpr double kMorningWidth = 2.1;  // hours, of a bell
constexpr double kEveningHour = 19.0;
constexpr double kEveningWidth = 2.4;
constexpr std::uint64_t kDayStream = 1'000'000'000;  // apart from the minutes' streams

/// A bell around `centre` on the circle of the day.
double Bell(double hour, double centre, double width) {
  const double apart = std::abs(hour - centre);
  const double distance = std::min(apart, 24.0 - apart) / width;
  return std::exp(-0.5 * distance * distance);
}

/// A standard normal that belongs to (seed, stream), however often it is asked for.
double NormalOf(std::uint64_t seed, std::uint64_t stream) {
  return Random(seed).Fork(stream).Normal();
}

double BurstShare(const Burst& burst, WallTime at) {
  const double progress = Seconds(at - burst.start) / Seconds(burst.length);
  if (progress < 0 || progress > 1) return 0;
  // Up within the first sixth, down over the last third.
  return burst.height * std::min({1.0, progress * 6, (1 - progress) * 3});
}

}  // namespace

double DemandCurve::Smooth(WallTime at) const {
  const WallTime shifted = at - phase;
  const auto day = std::chrono::floor<std::chrono::days>(shifted);
  const double hour = Seconds(shifted - day) / 3600.0;
  const double humps = std::max(morning_hump * Bell(hour, kMorningHour, kMorningWidth),
                                Bell(hour, kEveningHour, kEveningWidth));
  const double between = 0.5 * std::min(morning_hump * Bell(hour, kMorningHour, kMorningWidth),
                                        Bell(hour, kEveningHour, kEveningWidth));
  double level = night + (1 - night) * std::min(1.0, humps + between);
  const std::chrono::weekday weekday{std::chrono::sys_days(day)};
  if (weekday == std::chrono::Saturday || weekday == std::chrono::Sunday) level *= weekend;
  const auto day_number = static_cast<std::uint64_t>(day.time_since_epoch().count());
  level *= 1 + day_spread * NormalOf(seed, kDayStream + day_number);
  level *= 1 + drift_per_day * Seconds(at - drift_origin) / 86400.0;
  if (burst) level += BurstShare(*burst, at);
  return std::max(0.0, level * peak);
}

double DemandCurve::At(WallTime at) const {
  const auto minute = std::chrono::floor<std::chrono::minutes>(at);
  const auto number = static_cast<std::uint64_t>(minute.time_since_epoch().count());
  return std::max(0.0,
                  Smooth(minute + std::chrono::seconds(30)) * (1 + noise * NormalOf(seed, number)));
}

}  // namespace tidewright::loadgen
