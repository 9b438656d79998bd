// The demand series that the controller forecasts from: fed by each cycle, kept in the history.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/load_snapshot.h"
#include "controller/calendar_file.h"
#include "core/series.h"
#include "core/status.h"
#include "core/topology.h"
#include "forecast/forecaster.h"
#include "forecast/partition_shares.h"
#include "history/history.h"
#include "planner/planner.h"
#include "planner/policy.h"

namespace tidewright {

/// What a part of the cluster is forecast from; never changed once it is there.
struct PartOutlook {
  PerResource<std::optional<tidewright::Forecast>> demand;  ///< of the cluster, with paths
  PerResource<std::vector<Share>> shares;  ///< [partition]; empty where they are not known
};

/// Not thread-safe: belongs to the control cycle.
class DemandMemory {
 public:
  /// `calendar_path` may be empty.
  DemandMemory(std::string cluster, const Policy& policy, History& history,
               std::string calendar_path);

  /// Reads what is there of the last weeks, and the calendar: a bad one is an error here.
  Status Load(WallTime now);
  /// Adds what was observed since the last call, one point a minute, and writes it down. A resource
  /// whose total is not fresh becomes a gap. Values that could not be written are still used.
  Status Observe(const LoadSnapshot& load, const Topology* topology, bool moving, WallTime now);
  /// Forecasts each resource that binds, and requests; again only when a new step has begun. The
  /// calendar is read again before; a bad one is a problem, the one before stays in force. What the
  /// forecasts promise is noted, and written down about once an hour; a failure to write is
  /// returned, the forecasts stand.
  Status Forecast(WallTime now);

  [[nodiscard]] const PerResource<std::optional<tidewright::Forecast>>& demand() const {
    return demand_;
  }
  /// Observed demand of the cluster by the minute, as far back as it is remembered.
  [[nodiscard]] const Series& observed(Resource r) const { return states_[r].observed; }
  /// Observed demand at the policy's step, as the planner looks back at it.
  [[nodiscard]] const RecentDemand& recent() const { return recent_; }
  /// What partitions are of the cluster, as it was when the newest forecasts were made; with these.
  /// Null before the first ones.
  [[nodiscard]] const std::shared_ptr<const PartOutlook>& outlook() const { return outlook_; }
  /// What partitions were of the cluster lately, adding up to 1: of resources of which it is known.
  [[nodiscard]] const PerResource<std::vector<double>>& partition_weights() const {
    return partition_weights_;
  }
  /// What the forecast's promises came to; written down with the calibrations.
  [[nodiscard]] const ForecastGate& gate() const { return gate_; }
  void SetGate(ForecastGate gate) { gate_ = std::move(gate); }
  /// Why a resource has no forecast, and what is wrong with the calendar; empty when all is well.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  /// Highest demand in any policy step that is remembered.
  [[nodiscard]] double Peak(Resource resource) const;

 private:
  Status KeepCalibrations(WallTime now);
  void LearnShares(const LoadSnapshot& load, WallTime minute);
  void LookOut(WallTime now);
  void RefreshRecent(Resource resource, WallTime now);
  std::vector<HistoryPoint> Points(const LoadSnapshot& load, const Topology* topology, bool moving,
                                   WallTime minute) const;

  /// Reads the calendar; from a new one learns what its events did as far back as there is history.
  Status RefreshCalendar(WallTime now);

  std::string cluster_;
  const Policy& policy_;
  History& history_;
  CalendarFile calendar_;
  PerResource<ForecastState> states_;
  PerResource<std::optional<tidewright::Forecast>> demand_;
  RecentDemand recent_;
  ShareMemory shares_;
  WallTime shares_sampled_;  ///< of the shares that were learned last
  PerResource<std::vector<double>> partition_weights_;
  std::shared_ptr<const PartOutlook> outlook_;
  ForecastGate gate_;
  std::vector<std::string> problems_;
  std::optional<WallTime> recorded_;  ///< minute that was recorded last
  std::optional<WallTime> forecast_at_;
  std::optional<WallTime> kept_at_;  ///< when the calibrations were written down last
};

}  // namespace tidewright
