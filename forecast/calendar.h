// What people know of demand that its history does not: planned events, and days that differ.
// Pure values; all times are UTC, also the times of day of what recurs.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/resource.h"
#include "core/status.h"
#include "core/time.h"

namespace tidewright {

/// A window of time, once or again and again, in which demand differs. Events of one name are the
/// same event: what one occurrence taught holds for the others, so that a holiday that moves is
/// several rows of one name.
struct CalendarEvent {
  enum class Effect {
    kLearned,  ///< nothing is declared: what past occurrences did, nothing before the first
    kFactor,   ///< demand × value
    kLevel,    ///< demand is value, in the series' own unit
    kLikeDay,  ///< demand of another day of the week
  };
  enum class Recurrence {
    kOnce,
    kDays,    ///< every `days` days from `start` on: 1 is daily, 7 weekly
    kYearly,  ///< at this date of every year, before `start` too; 29 February is the 28th elsewhen
  };

  std::string name;
  WallTime start;
  WallTime end;
  Effect effect = Effect::kLearned;
  double value = 1;
  std::chrono::weekday like = std::chrono::Sunday;
  Recurrence recurrence = Recurrence::kOnce;
  int days = 1;
  /// What it concerns; empty: every resource but memory, which a crowd does not multiply, and for a
  /// level requests alone.
  std::vector<Resource> resources;

  [[nodiscard]] bool Concerns(Resource resource) const;
};

struct Calendar {
  std::vector<CalendarEvent> events;

  static constexpr std::size_t kMostEvents = 1000;
  static constexpr double kLeastFactor = 0.01;
  static constexpr double kMostFactor = 100;
  static constexpr double kMostLevel = 1e15;
};

/// kInvalidArgument, naming the event, for windows that end before they begin or run into their own
/// next occurrence, and for factors and levels that are absurd; zero is: an outage is no demand
/// that one prepares for.
[[nodiscard]] Status CheckCalendar(const Calendar& calendar);

struct EventWindow {
  WallTime start;
  WallTime end;
};
/// Those that overlap [from, to), rising. The event must have passed CheckCalendar.
[[nodiscard]] std::vector<EventWindow> Occurrences(const CalendarEvent& event, WallTime from,
                                                   WallTime to);

/// Whether an event that concerns the resource overlaps [from, to).
[[nodiscard]] bool Touches(const Calendar& calendar, Resource resource, WallTime from, WallTime to);

/// What one past occurrence did to one series, kept when its history is gone, so that a holiday is
/// known a year later.
struct EventRecord {
  std::string name;
  WallTime start;
  /// Logarithm of demand over what an ordinary day would have brought (over the declared level, for
  /// a level), for equal parts of the window: about hours, one part below six hours. NaN: not seen.
  std::vector<float> log_ratios;

  friend bool operator==(const EventRecord&, const EventRecord&) = default;
};
/// In how many parts a window's effect is learned.
[[nodiscard]] int EventParts(Duration length);

/// Reads lines of name,start,end,effect,recurrence,resource; blank lines, lines that begin with #
/// and a header are skipped, the last two fields may be missing.
///   end         a time, or how long it lasts: 2h
///   effect      1.8 (a factor), =5000 (a level), like sunday, or nothing (learned)
///   recurrence  once (or nothing), daily, weekly, yearly, or a number of days: 14d
///   resource    requests, cpu, memory, network, several with blanks between
/// kInvalidArgument with everything that is wrong, a line each: "file:line: what".
[[nodiscard]] StatusOr<Calendar> ParseCalendar(const std::string& text, const std::string& name);

}  // namespace tidewright
