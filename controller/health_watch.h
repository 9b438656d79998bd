// Watches the store's health while an action runs and for a while afterwards, against what it was
// before. Pure.
//
// What cannot be read is no verdict: it neither pauses nor resumes. A rollback is left to go its
// way, and an emergency is never paused: what it brings is what is missing.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actuator/action.h"
#include "collector/load_snapshot.h"
#include "core/reason.h"
#include "core/time.h"
#include "planner/policy.h"

namespace tidewright {

/// One look at the whole store; absent where no master tells it freshly.
struct Health {
  std::optional<double> latency_p99_seconds;  ///< of the slowest master
  std::optional<double> errors_per_second;    ///< refused connections and commands
  std::optional<double> evictions_per_second;
  std::optional<double> lag_bytes;  ///< of the farthest replica
};
[[nodiscard]] Health ReadHealth(const LoadSnapshot& load);

/// Each signal that is worse than the policy allows, in words with figures.
[[nodiscard]] std::vector<std::string> WorseThan(const Health& before, const Health& now,
                                                 const Policy& policy);

enum class HealthAdvice { kNone, kPause, kResume, kRollBack };

/// Not thread-safe.
class HealthWatch {
 public:
  /// `action` is the newest one, `paused_by_us` whether it is paused on our advice. Time is real.
  HealthAdvice Observe(const LoadSnapshot& load, const ActionRecord* action, bool paused_by_us,
                       const Policy& policy, MonoTime now);

  /// What is worse now than before the action, during it and for a while afterwards.
  [[nodiscard]] const std::vector<std::string>& worse() const { return worse_; }
  /// "latency p99 is 300ms, 5ms before; …"; empty when all is well.
  [[nodiscard]] std::string Text() const;

 private:
  void Remember(const Health& health, MonoTime now);
  void Follow(const ActionRecord* action, MonoTime now);

  std::deque<std::pair<MonoTime, Health>> quiet_;  ///< while no action was under way
  std::optional<Health> before_;                   ///< the action
  std::string action_;
  std::optional<MonoTime> ended_;  ///< seen to have ended, and is still looked after
  std::optional<MonoTime> worse_since_;
  std::optional<MonoTime> well_since_;
  std::optional<MonoTime> paused_since_;
  std::vector<std::string> worse_;
};

}  // namespace tidewright
