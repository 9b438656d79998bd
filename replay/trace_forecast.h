// Forecasts along a trace, as the daemon makes them: members refitted every six hours, promises
// kept and checked as demand arrives.
#pragma once

#include <optional>

#include "forecast/forecaster.h"
#include "replay/predictive.h"

namespace tidewright::replay {

/// Not thread-safe: one for each run. Looks come in the order of time.
class TraceForecast {
 public:
  /// `faults`, where given, spoils every forecast after its promises were noted.
  TraceForecast(Duration step, Duration horizon, ForecastFaults faults);

  /// Nothing where the demand so far tells too little.
  [[nodiscard]] std::optional<Forecast> Look(const Series& demand);
  /// The newest 16 days of what was looked at.
  [[nodiscard]] const Series& recent() const { return recent_; }

 private:
  void Remember(const Series& demand);

  ForecastFaults faults_;
  ForecastRequest request_;
  ForecastState series_;
  Series recent_;
};

}  // namespace tidewright::replay
