#include "core/time.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace tidewright {
namespace {

using std::chrono::floor;

struct Unit {
  const char* name;
  std::int64_t micros;
};
constexpr std::array<Unit, 6> kUnits = {{{"d", 86'400'000'000},
                                         {"h", 3'600'000'000},
                                         {"m", 60'000'000},
                                         {"s", 1'000'000},
                                         {"ms", 1'000},
                                         {"us", 1}}};

}  // namespace

Duration FromSeconds(double seconds) {
  return Duration(static_cast<Duration::rep>(std::llround(seconds * 1e6)));
}

std::string FormatTime(WallTime time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(floor<std::chrono::seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string FormatTimeOfDay(WallTime time) { return FormatTime(time).substr(11, 5); }

StatusOr<WallTime> ParseTime(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, used = 0;
  double second = 0;
  // `used` ends up behind the last part that is there. What follows is nothing, or the letter of
  // UTC: an offset would be another time.
  const int fields = std::sscanf(text.c_str(), "%4d-%2d-%2d%n%*1[T ]%2d:%2d%n:%lf%n", &year, &month,
                                 &day, &used, &hour, &minute, &used, &second, &used);
  const std::string rest = fields >= 3 ? text.substr(static_cast<std::size_t>(used)) : text;
  if (fields >= 3 && fields != 4 && (rest.empty() || (fields > 3 && rest == "Z"))) {
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (date.ok() && hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 &&
        second < 61) {
      return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
             std::chrono::minutes(minute) + FromSeconds(second);
    }
  }
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (!text.empty() && *end == '\0' && std::isfinite(seconds) && std::abs(seconds) < 1e11 &&
      text.find('-', 1) == std::string::npos) {
    return WallTime(FromSeconds(seconds));
  }
  return Error(StatusCode::kInvalidArgument,
               "'{}' is not a time; write 2026-11-22T04:30:00Z (UTC) or seconds since 1970", text);
}

std::string FormatDuration(Duration d) {
  if (d.count() < 0) return "-" + FormatDuration(-d);
  if (d < std::chrono::seconds(1)) {
    return d < std::chrono::milliseconds(1) && d.count() > 0
               ? fmt::format("{}us", d.count())
               : fmt::format("{}ms", d.count() / 1000);
  }
  if (d < std::chrono::minutes(1)) return fmt::format("{:.3g}s", Seconds(d));
  for (std::size_t i = 0; i < 3; ++i) {
    if (d.count() < kUnits[i].micros) continue;
    const auto whole = d.count() / kUnits[i].micros;
    const auto rest = d.count() % kUnits[i].micros / kUnits[i + 1].micros;
    if (rest == 0) return fmt::format("{}{}", whole, kUnits[i].name);
    return fmt::format("{}{} {}{}", whole, kUnits[i].name, rest, kUnits[i + 1].name);
  }
  return "0s";
}

StatusOr<Duration> ParseDuration(const std::string& text) {
  const char* p = text.c_str();
  double micros = 0;
  bool any = false;
  while (*p != '\0') {
    if (*p == ' ' && any) {
      ++p;
      continue;
    }
    char* end = nullptr;
    const double number = std::strtod(p, &end);
    if (end == p || !std::isfinite(number) || number < 0) break;
    const Unit* best = nullptr;
    for (const Unit& unit : kUnits) {
      const std::string name = unit.name;
      if (std::string(end).compare(0, name.size(), name) != 0) continue;
      if (best == nullptr || name.size() > std::string(best->name).size()) best = &unit;
    }
    if (best == nullptr) break;
    micros += number * static_cast<double>(best->micros);
    any = true;
    p = end + std::string(best->name).size();
  }
  if (!any || *p != '\0' || micros > 9e17) {
    return Error(
        StatusCode::kInvalidArgument,
        "'{}' is not a duration; write a number with its unit, such as 90s, 5m, 1h30m, 14d", text);
  }
  return Duration(static_cast<Duration::rep>(std::llround(micros)));
}

WallTime FloorTo(WallTime time, Duration step) {
  auto rest = time.time_since_epoch() % step;
  if (rest < Duration(0)) rest += step;
  return time - rest;
}

}  // namespace tidewright
