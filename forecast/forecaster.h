// Demand out of observations. Pure: no clock, no files, no threads; the same input gives the same
// bytes. Thread-safe for different states.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/series.h"
#include "core/status.h"
#include "forecast/calendar.h"
#include "forecast/forecast.h"

namespace tidewright {

struct ForecastRequest {
  Duration step = std::chrono::minutes(5);
  int horizon = 288;
  std::vector<double> levels = {0.5, 0.8, 0.9, 0.95, 0.99};
  std::vector<Duration> windows;  ///< for maxima; each at most horizon × step
  int paths = 200;
  std::uint64_t seed = 1;
  bool keep_paths = false;
  /// Planned events and special days, or null. History is cleared of those that were; the forecast
  /// and every path hold those to come; the notes tell.
  std::shared_ptr<const Calendar> calendar;
};

/// What is remembered of one series between forecasts.
struct ForecastState {
  SeriesKey key;
  Series observed;  ///< the newest kHistory of it, at the state's own step
  /// Of events that history may no longer hold; names and starts differ.
  std::vector<EventRecord> past_events;
  static constexpr Duration kHistory = std::chrono::hours(24 * 28);
  static constexpr int kMostRecords = 16;
};

/// Appends what is newer than the state holds; a hole between the two becomes a gap. The samples'
/// step must be the state's (any, for an empty state).
[[nodiscard]] StatusOr<ForecastState> Update(ForecastState state, const Series& samples);

/// Measures the calendar's events that ended within what is observed and keeps what they did, so
/// that next year's holiday is known. Of each event the newest kMostRecords occurrences are kept.
void RememberEvents(ForecastState& state, const Calendar& calendar);

/// From two observations upwards. kFailedPrecondition where there are fewer; kInvalidArgument for
/// an impossible request. Every number in the answer is finite and ≥ 0.
[[nodiscard]] StatusOr<Forecast> MakeForecast(const ForecastState& state,
                                              const ForecastRequest& request);

}  // namespace tidewright
