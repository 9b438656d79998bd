// What the running controller can be asked. Implemented by controller/; served over gRPC and HTTP
// here, so that the server needs to know no other room's workings.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actuator/action.h"
#include "actuator/executor.h"
#include "alerting/alert.h"
#include "collector/load_snapshot.h"
#include "core/reason.h"
#include "core/resource.h"
#include "core/status.h"
#include "core/topology.h"
#include "forecast/forecast.h"
#include "journal/journal.h"
#include "journal/stop_file.h"
#include "planner/plan.h"
#include "planner/policy.h"
#include "planner/savings.h"
#include "planner/tally.h"

namespace tidewright {

/// What has been summed up since the journal began.
struct ControllerTotals {
  std::map<std::pair<std::string, std::string>, int> actions;  ///< (kind, end state) → count
  double partitions_moved = 0;
  double keys_moved = 0;
  double bytes_moved = 0;
  Account account;  ///< what it cost, and what it would have cost otherwise, in wall time
};

/// One control cycle's view of the cluster; a consistent copy.
struct ControllerView {
  std::string cluster;
  Mode mode = Mode::kObserve;
  std::string version;
  WallTime now;
  WallTime started;
  double wall_speed = 1.0;
  std::int64_t cycles = 0;
  std::vector<std::string> problems;  ///< degraded states, in words; empty when all is well
  std::optional<Topology> topology;
  LoadSnapshot load;
  PerResource<std::optional<Forecast>> demand;
  Policy policy;
  std::optional<Plan> plan;            ///< the newest, whatever its kind
  std::optional<ActionRecord> action;  ///< the open one, else the newest
  ActionProgress progress;
  std::optional<WallTime> estimated_end;  ///< of the open action, where it can be told
  std::vector<Reason> holds;              ///< why nothing begins by itself
  std::optional<StopNotice> stop;         ///< the kill switch is thrown
  std::string foreign_change;             ///< what somebody else did lately, or empty
  std::vector<PersonHold> person_holds;   ///< those that stand
  std::vector<Alert> alerts;
  ControllerTotals totals;
  std::vector<PolicyTally> policies;  ///< the real one first, then those in shadow
  Duration cycle_age{0};  ///< real time since the last cycle ended
};

/// A part of the cluster: a partition, or where that is absent a shard, by its id, the beginning of
/// it, or its master's address.
struct ClusterPart {
  std::optional<int> partition;
  std::string shard;
};

/// Thread-safe.
class ControllerApi {
 public:
  virtual ~ControllerApi() = default;

  [[nodiscard]] virtual ControllerView View() const = 0;
  /// Without paths. The means of all partitions, or shards, add up to the cluster's.
  /// kFailedPrecondition while there is no forecast, or no partition's share is known;
  /// kInvalidArgument, kNotFound for a part that is none.
  virtual StatusOr<Forecast> ForecastPart(Resource resource, const ClusterPart& part) const = 0;
  /// After a cycle that also looked for the demand at which it would decide otherwise: some
  /// schedules more, so only where somebody asks. As it is where that takes more than some seconds.
  [[nodiscard]] virtual ControllerView ExplainedView() = 0;
  /// Newest first.
  virtual StatusOr<std::vector<Recommendation>> Recommendations(int limit) const = 0;
  virtual StatusOr<Recommendation> FindRecommendation(const std::string& hash_prefix) const = 0;
  /// kFailedPrecondition when expired, superseded, or made on a topology that is no more.
  virtual StatusOr<Recommendation> Approve(const std::string& hash_prefix, const std::string& who,
                                           const std::string& comment) = 0;
  virtual StatusOr<Recommendation> Reject(const std::string& hash_prefix, const std::string& who,
                                          const std::string& comment) = 0;
  virtual StatusOr<std::vector<ActionRecord>> Actions(int limit) const = 0;
  /// A plan that spreads the load over the shards that there are: open, for somebody to approve, or
  /// only shown. kFailedPrecondition with the reasons where there is none.
  virtual StatusOr<Recommendation> PlanRebalance(const std::string& who, bool plan_only) = 0;
  /// A plan that moves partitions back to where they were before somebody else moved them. As above.
  virtual StatusOr<Recommendation> PlanRevert(const std::string& who, bool plan_only) = 0;
  /// At the next slot boundary.
  virtual Status PauseAction(const std::string& who) = 0;
  virtual Status ResumeAction(const std::string& who) = 0;
  /// Ends the open action at the next slot boundary: as it stands there, or rolled back. As
  /// Executor::Cancel.
  virtual StatusOr<ActionRecord> CancelAction(const std::string& id, const std::string& who,
                                              const std::string& why, bool roll_back) = 0;
  /// The kill switch. Returns the path of its file.
  virtual StatusOr<std::string> Stop(const std::string& who, const std::string& why) = 0;
  virtual StatusOr<std::string> ClearStop(const std::string& who, const std::string& why) = 0;
  virtual Status SetAutoLock(bool locked, const std::string& who, const std::string& why) = 0;
  /// Nothing begins until then, see PersonHold. kInvalidArgument for an end that is not ahead.
  virtual StatusOr<PersonHold> AddHold(WallTime until, const std::string& who,
                                       const std::string& why) = 0;
  virtual Status ClearHold(const std::string& id, const std::string& who,
                           const std::string& why) = 0;
  virtual Status ResetBreaker(const std::string& who, const std::string& why) = 0;
  /// The newest entries not before `since`, in their order.
  virtual StatusOr<std::vector<AuditRecord>> AuditLog(WallTime since, int limit) const = 0;
  virtual StatusOr<Series> ReadHistory(const SeriesKey& key, WallTime from, WallTime to) const = 0;
};

}  // namespace tidewright
