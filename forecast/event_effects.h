// What the calendar's events did to a series and will do to its forecast. Inside the room only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/series.h"
#include "forecast/calendar.h"
#include "forecast/forecast.h"

namespace tidewright {

/// One occurrence that reaches into the future.
struct ComingEvent {
  std::string name;
  WallTime start;
  WallTime end;
  std::vector<double> factors;  ///< for equal parts of the window
  std::optional<double> level;  ///< what the factors multiply; empty: the forecast
  double doubt = 0;             ///< standard deviation of the factors' logarithm
};

struct EventPlan {
  /// Observed without the events, as an ordinary time would have been; empty where no event was.
  std::optional<Series> ordinary;
  std::vector<ComingEvent> coming;
  std::vector<EventRecord> records;  ///< of occurrences that ended and could be measured
  std::vector<std::string> notes;
};

/// Measures each past occurrence against the median of the same time of other weeks (else of other
/// days) without events, at the level of the half days beside it; takes it out by what was
/// measured, else by what was learned or declared, else as a gap. An effect is the mean logarithm
/// over occurrences of one name, `past` included, shrunk towards what is declared; one that is
/// under way is moved towards what it has shown so far. A daily event that was on every day of
/// history is part of the season and left alone.
[[nodiscard]] EventPlan PlanEvents(const Calendar& calendar, Resource resource,
                                   const std::vector<EventRecord>& past, const Series& observed,
                                   WallTime horizon_end);

/// Multiplies the paths inside of the events' windows, half as much for up to five minutes beside
/// them. A path's share of the doubt is drawn from seed, event and path alone: the same for all
/// series of a cluster.
void PutIn(const std::vector<ComingEvent>& events, WallTime start, Duration step,
           std::uint64_t seed, SamplePaths& paths);

/// Adds new records to those that are kept, the newer of the same occurrence winning, and leaves of
/// each name the newest `most`.
void KeepRecords(std::vector<EventRecord> records, int most, std::vector<EventRecord>& kept);

}  // namespace tidewright
