#include "forecast/calendar.h"

#include <algorithm>
#include <cmath>

namespace tidewright {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr auto kBad = StatusCode::kInvalidArgument;
constexpr std::size_t kLongestName = 80;
constexpr Duration kLongestWindow = days(62);
constexpr int kMostDays = 366;
const WallTime kEarliest = std::chrono::sys_days(std::chrono::year(1970) / 1 / 1);
const WallTime kLatest = std::chrono::sys_days(std::chrono::year(2200) / 1 / 1);
// Shorter windows have one effect, longer ones a shape.
constexpr Duration kShaped = hours(6);
constexpr int kMostParts = 168;

Duration Period(const CalendarEvent& event) {
  switch (event.recurrence) {
    case CalendarEvent::Recurrence::kOnce:
      break;
    case CalendarEvent::Recurrence::kDays:
      return days(event.days);
    case CalendarEvent::Recurrence::kYearly:
      return days(365);
  }
  return kLongestWindow;
}

WallTime InYear(WallTime start, std::chrono::year year) {
  const auto day = std::chrono::floor<days>(start);
  std::chrono::year_month_day date(day);
  date = year / date.month() / date.day();
  if (!date.ok()) date = year / date.month() / std::chrono::last;
  return std::chrono::sys_days(date) + (start - day);
}

std::chrono::year YearOf(WallTime time) {
  return std::chrono::year_month_day(std::chrono::floor<days>(time)).year();
}

Status CheckEvent(const CalendarEvent& e) {
  if (e.name.empty() || e.name.size() > kLongestName) {
    return Error(kBad, "an event needs a name of at most {} letters", kLongestName);
  }
  if (e.start < kEarliest || e.end > kLatest) {
    return Error(kBad, "event '{}' lies outside of 1970 to 2200", e.name);
  }
  if (e.end <= e.start) {
    return Error(kBad, "event '{}' ends at {}, not after its start at {}", e.name,
                 FormatTime(e.end), FormatTime(e.start));
  }
  if (e.end - e.start > kLongestWindow) {
    return Error(kBad, "event '{}' lasts {}, more than {}: that is a level, no event", e.name,
                 FormatDuration(e.end - e.start), FormatDuration(kLongestWindow));
  }
  if (e.recurrence == CalendarEvent::Recurrence::kDays && (e.days < 1 || e.days > kMostDays)) {
    return Error(kBad, "event '{}' recurs every {} days; 1 to {} are possible", e.name, e.days,
                 kMostDays);
  }
  if (e.end - e.start > Period(e)) {
    return Error(kBad, "event '{}' lasts {} and recurs every {}: it would run into itself", e.name,
                 FormatDuration(e.end - e.start), FormatDuration(Period(e)));
  }
  const bool plausible_factor =
      e.value >= Calendar::kLeastFactor && e.value <= Calendar::kMostFactor;
  if (e.effect == CalendarEvent::Effect::kFactor && !plausible_factor) {
    return Error(kBad, "event '{}' multiplies demand by {}; {} to {} are possible", e.name, e.value,
                 Calendar::kLeastFactor, Calendar::kMostFactor);
  }
  const bool plausible_level = e.value > 0 && e.value <= Calendar::kMostLevel;
  if (e.effect == CalendarEvent::Effect::kLevel && !plausible_level) {
    return Error(kBad, "event '{}' expects a demand of {}; more than 0, at most {} are possible",
                 e.name, e.value, Calendar::kMostLevel);
  }
  return OkStatus();
}

}  // namespace

bool CalendarEvent::Concerns(Resource resource) const {
  if (!resources.empty()) {
    return std::find(resources.begin(), resources.end(), resource) != resources.end();
  }
  return effect == Effect::kLevel ? resource == Resource::kRequests : resource != Resource::kMemory;
}

Status CheckCalendar(const Calendar& calendar) {
  if (calendar.events.size() > Calendar::kMostEvents) {
    return Error(kBad, "a calendar of {} events; at most {}", calendar.events.size(),
                 Calendar::kMostEvents);
  }
  for (const CalendarEvent& event : calendar.events) TW_RETURN_IF_ERROR(CheckEvent(event));
  return OkStatus();
}

std::vector<EventWindow> Occurrences(const CalendarEvent& event, WallTime from, WallTime to) {
  std::vector<EventWindow> out;
  const Duration length = event.end - event.start;
  const auto add = [&](WallTime start) {
    if (start < to && start + length > from) out.push_back({start, start + length});
  };
  switch (event.recurrence) {
    case CalendarEvent::Recurrence::kOnce:
      add(event.start);
      break;
    case CalendarEvent::Recurrence::kDays: {
      const Duration period = Period(event);
      const auto before = (from - event.start - length) / period;  // rounds towards zero
      for (auto k = std::max<Duration::rep>(0, before); event.start + k * period < to; ++k) {
        add(event.start + k * period);
      }
      break;
    }
    case CalendarEvent::Recurrence::kYearly:
      for (auto year = YearOf(from) - std::chrono::years(1); year <= YearOf(to); ++year) {
        add(InYear(event.start, year));
      }
      break;
  }
  return out;
}

bool Touches(const Calendar& calendar, Resource resource, WallTime from, WallTime to) {
  return std::any_of(calendar.events.begin(), calendar.events.end(), [&](const CalendarEvent& e) {
    return e.Concerns(resource) && !Occurrences(e, from, to).empty();
  });
}

int EventParts(Duration length) {
  if (length < kShaped) return 1;
  return static_cast<int>(
      std::min<Duration::rep>(kMostParts, (length + hours(1) - Duration(1)) / hours(1)));
}

}  // namespace tidewright
