// Auto mode is locked until a cluster has been observed long enough, with forecasts that held what
// they promised, or until a person unlocks it. Locked, it is as approve mode.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/reason.h"
#include "core/resource.h"
#include "core/status.h"
#include "core/time.h"
#include "forecast/forecast.h"
#include "history/history.h"
#include "journal/journal.h"
#include "planner/policy.h"

namespace tidewright {

/// Why it cannot be unlocked yet, of each resource that binds; empty: it can. Pure. `observed` is
/// the share of the last policy.auto_after for which there are values.
[[nodiscard]] std::vector<std::string> NotYetTrusted(
    const Policy& policy, const PerResource<double>& observed,
    const PerResource<std::optional<Forecast>>& demand);

/// Once it is open it stays so, over restarts too, until a person locks it: what forecasts are
/// worth later is the planner's to judge. Not thread-safe.
class AutoLock {
 public:
  AutoLock(std::string cluster, const Policy& policy, const History& history, Journal& journal)
      : cluster_(std::move(cluster)), policy_(policy), history_(history), journal_(journal) {}

  Status Load(WallTime now);
  /// Unlocks by itself where the cluster deserves it; looks at the history once an hour.
  Status Look(const PerResource<std::optional<Forecast>>& demand, WallTime now);
  /// By a person; audited.
  Status Set(bool locked, const std::string& who, const std::string& why, WallTime now);

  [[nodiscard]] bool locked() const { return locked_; }
  /// Who locked it; empty where it is open, or locked until the cluster deserves it.
  [[nodiscard]] const std::string& LockedBy() const { return locked_by_; }
  /// With kAutoLocked and what is missing, while it is locked.
  [[nodiscard]] std::optional<Reason> Hold() const;

 private:
  Status Keep(bool locked, const std::string& who, const std::string& why, WallTime now);
  StatusOr<double> Observed(Resource resource, WallTime now) const;

  const std::string cluster_;
  const Policy& policy_;
  const History& history_;
  Journal& journal_;
  bool locked_ = true;
  std::string locked_by_;  ///< the person, or "tidewright" after a foreign change, if one did
  std::string locked_why_;
  PerResource<double> observed_{};
  std::optional<WallTime> looked_;
  std::vector<std::string> missing_;
};

}  // namespace tidewright
