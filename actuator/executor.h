// Runs one action at a time on a thread of its own: state machine in, effects out.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actuator/action.h"
#include "actuator/action_log.h"
#include "actuator/store_actuator.h"
#include "core/clock.h"

namespace tidewright {

struct ActionProgress {
  std::string action_id;
  int step = -1;
  int partitions_moved = 0;  ///< since the newest save of the record, which has the rest
  double keys_moved = 0;
  double bytes_moved = 0;
};

/// Thread-safe. No exception of the store's or the log's code gets out: it counts as kInternal.
class Executor {
 public:
  /// `on_change` is told of each new state of the record once it is durable (and of the error when
  /// the log did not take it), from the executor's thread or from Pause's caller. It must not call
  /// Start, Stop, Pause or Wait. All references must outlive the executor.
  using OnChange = std::function<void(const ActionRecord&)>;
  Executor(ActionLog& log, StoreActuator& store, Clock& clock, OnChange on_change);
  ~Executor();  ///< as Stop()

  /// Saves the record and starts it, or resumes it after a restart or pause: give it what the log
  /// holds. kFailedPrecondition while another one runs, or when the record has ended; the log's
  /// error when it cannot be saved: nothing is started then.
  [[nodiscard]] Status Start(ActionRecord record);
  /// Stops at the next safe boundary; the action stays open in the journal and goes on at the next
  /// start. Returns when nothing runs any more.
  void Stop();
  /// As Stop, but the action is marked paused and waits for Start. The log's error when the mark is
  /// not durable: nothing runs, but a restart would resume.
  Status Pause(const std::string& why);
  /// Until nothing runs any more.
  void Wait();

  /// False also when an open action stopped because the log failed (Current()->error says so): no
  /// effect was begun without its intent. Start it again, from the log, when the log works again.
  [[nodiscard]] bool Busy() const;
  /// The newest one as it is durable.
  [[nodiscard]] std::optional<ActionRecord> Current() const;
  [[nodiscard]] ActionProgress Progress() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewright
