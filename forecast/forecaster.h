// Demand out of observations. Pure: no clock, no files, no threads; the same input gives the same
// bytes. Thread-safe for different states.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/series.h"
#include "core/status.h"
#include "forecast/calendar.h"
#include "forecast/calibration.h"
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

struct Fitted;

/// What is remembered of one series between forecasts. A regular value; cheap to copy but for the
/// observations.
struct ForecastState {
  SeriesKey key;
  Series observed;  ///< the newest kHistory of it (a day more before it is cut), at its own step
  Calibration calibration;
  std::shared_ptr<const Fitted> fitted;  ///< members as they were last fitted; may be null
  /// Of events that history may no longer hold; names and starts differ.
  std::vector<EventRecord> past_events;
  static constexpr Duration kHistory = std::chrono::hours(24 * 28);
  static constexpr int kMostRecords = 16;
};

/// Appends what is newer than the state holds; a hole between the two becomes a gap. The samples'
/// step must be the state's (any, for an empty state). Promises that came due are settled.
[[nodiscard]] StatusOr<ForecastState> Update(ForecastState state, const Series& samples);

/// Whether the members were never fitted for such a request, or not within kRefitEvery.
inline constexpr Duration kRefitEvery = std::chrono::hours(6);
[[nodiscard]] bool NeedsRefit(const ForecastState& state, const ForecastRequest& request);
/// Fits the members and keeps them in the state: the slow half of a forecast. Errors as
/// MakeForecast.
[[nodiscard]] StatusOr<ForecastState> Refit(ForecastState state, const ForecastRequest& request);

/// Measures the calendar's events that ended within what is observed and keeps what they did, so
/// that next year's holiday is known: of each event the newest kMostRecords occurrences. Open
/// promises about events' times are dropped: whether they hold tells of the event alone.
void RememberEvents(ForecastState& state, const Calendar& calendar);

/// From two observations upwards; members that are not in the state are fitted on the way.
/// kFailedPrecondition where there are fewer; kInvalidArgument for an impossible request. Every
/// number in the answer is finite and ≥ 0.
[[nodiscard]] StatusOr<Forecast> MakeForecast(const ForecastState& state,
                                              const ForecastRequest& request);

}  // namespace tidewright
