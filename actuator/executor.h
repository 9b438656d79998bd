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
  /// `kill_switch` is asked before each effect, and by the store before each command that changes
  /// anything: once it says true, the action is brought to a safe boundary and marked paused, and
  /// nothing starts.
  using KillSwitch = std::function<bool()>;
  Executor(ActionLog& log, StoreActuator& store, Clock& clock, OnChange on_change,
           KillSwitch kill_switch = nullptr);
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
  /// As Stop, then the action is ended where it stands, or goes back when `roll_back` is set: until
  /// Wait() returns or later. `record` is the open action as the log holds it. Without a partition
  /// moved it goes back in any case, since there is nothing to keep. Returns what it has become;
  /// kFailedPrecondition when it has ended meanwhile, goes back already, or must go back and the
  /// kill switch is thrown.
  StatusOr<ActionRecord> Cancel(ActionRecord record, const std::string& who, const std::string& why,
                                bool roll_back);
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
