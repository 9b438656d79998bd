// Runs one action at a time on a thread of its own: state machine in, effects out.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "actuator/action.h"
#include "actuator/action_log.h"
#include "actuator/store_actuator.h"
#include "core/clock.h"

namespace tidewright {

struct ActionProgress {
  std::string action_id;
  int step = -1;
  int partitions_moved = 0;  ///< since this process started the action
  double keys_moved = 0;
  double bytes_moved = 0;
};

/// Thread-safe.
class Executor {
 public:
  /// `on_change` is told of each new state of the record, from the executor's thread. All references
  /// must outlive the executor.
  using OnChange = std::function<void(const ActionRecord&)>;
  Executor(ActionLog& log, StoreActuator& store, Clock& clock, OnChange on_change);
  ~Executor();  ///< as Stop()

  /// Saves the record and starts it, or resumes it after a restart. kFailedPrecondition while
  /// another one runs.
  Status Start(ActionRecord record);
  /// Stops at the next safe boundary; the action stays open in the journal and goes on at the next
  /// start. Returns when nothing runs any more.
  void Stop();
  /// As Stop, but the action is marked paused and waits for Start.
  void Pause(const std::string& why);

  [[nodiscard]] bool Busy() const;
  [[nodiscard]] std::optional<ActionRecord> Current() const;
  [[nodiscard]] ActionProgress Progress() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewright
