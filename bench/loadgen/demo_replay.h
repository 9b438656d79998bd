// Replays the day: load by the curve, looks at the daemon, the account and the view of it.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/loadgen/demand_curve.h"
#include "bench/loadgen/demo_daemon.h"
#include "bench/loadgen/demo_ledger.h"
#include "bench/loadgen/demo_view.h"
#include "bench/loadgen/load_generator.h"

namespace tidewright::demo {

struct ReplayPlan {
  loadgen::DemandCurve curve;  ///< RU/s
  double request_units_per_command = 1;
  ScaledClock::Origin origin;  ///< the day begins at origin.wall
  int days = 1;
};

/// Reads the parts of tidectl's answers that the demo shows. What is missing is left empty.
[[nodiscard]] ActionSummary ParseAction(const nlohmann::json& action);
[[nodiscard]] Band ParseForecast(const nlohmann::json& answer);

/// Not thread-safe.
class Replay {
 public:
  Replay(ReplayPlan plan, Ledger& ledger, Daemon& daemon, loadgen::LoadGenerator& load);

  /// Until the last day is over and the action under way has ended. The load goes on after it.
  /// kCancelled when stopped, kUnavailable when the daemon is no more.
  Status Run(std::stop_token stop);

  /// Every action seen, oldest first; as new as the last look.
  [[nodiscard]] std::vector<ActionSummary> Actions() const;
  /// Counted since the day began.
  [[nodiscard]] loadgen::LoadCounters DayCounters() const;

 private:
  void LookAt(const nlohmann::json& status);
  void LookAtAction(const nlohmann::json& status);
  /// The first reason of the recommendation with that hash; empty when it is not to be had.
  std::string ReasonOf(const std::string& plan_hash);
  void LookAtLoad();
  void RefreshActions();
  /// Takes an action's newest state; tells its beginning and its end.
  void Note(const ActionSummary& action, const std::string& plan_hash);
  void RefreshForecast();
  void Tell(const std::string& what);

  ReplayPlan plan_;
  Ledger& ledger_;
  Daemon& daemon_;
  loadgen::LoadGenerator& load_;
  ScaledClock clock_;
  LiveView view_;
  Frame frame_;
  Band band_;
  loadgen::LoadCounters at_start_;
  loadgen::LoadCounters last_;
  MonoTime last_counted_;
  std::map<std::string, ActionSummary> actions_;
};

}  // namespace tidewright::demo
