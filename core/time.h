// Points and spans of time, and their text. Two time lines that must never be mixed:
//   WallTime  what a calendar says (UTC). May jump; runs faster than real time in the demo.
//   MonoTime  time since boot, suspend included (CLOCK_BOOTTIME). Deadlines, leases and the rates
//   of
//             counters use this one alone.
#pragma once

#include <chrono>
#include <string>

#include "core/status.h"

namespace tidewright {

using Duration = std::chrono::microseconds;
using WallTime = std::chrono::sys_time<Duration>;

/// Tag of the monotonic time line; it has no now(): ask a Clock.
struct BootTimeLine {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootTimeLine>;
  static constexpr bool is_steady = true;
};
using MonoTime = BootTimeLine::time_point;

[[nodiscard]] constexpr double Seconds(Duration d) { return static_cast<double>(d.count()) * 1e-6; }
[[nodiscard]] Duration FromSeconds(double seconds);

/// ISO 8601 in UTC to the second: "2026-11-22T04:30:00Z".
[[nodiscard]] std::string FormatTime(WallTime time);
/// Clock of the day in UTC: "04:30".
[[nodiscard]] std::string FormatTimeOfDay(WallTime time);
/// Accepts "2026-11-22T04:30:00Z", "2026-11-22 04:30[:00]", "2026-11-22" (UTC) and seconds since
/// 1970.
[[nodiscard]] StatusOr<WallTime> ParseTime(const std::string& text);

/// The two largest units that are not zero: "1d 4h", "5m", "2.5s", "40ms".
[[nodiscard]] std::string FormatDuration(Duration d);
/// "90s", "5m", "1h30m", "14d", "250ms". A number without a unit is refused.
[[nodiscard]] StatusOr<Duration> ParseDuration(const std::string& text);

/// Rounds down to a multiple of `step` since 1970.
[[nodiscard]] WallTime FloorTo(WallTime time, Duration step);

}  // namespace tidewright
