// The actuator's product: an approved plan under execution, as it stands in the journal.
#pragma once

#include <string>
#include <vector>

#include "core/time.h"
#include "planner/plan.h"

namespace tidewright {

/// One idempotent operation. `kind` and `args` belong to the store that expanded the plan; the
/// state machine and the journal do not look inside.
struct Step {
  int index = 0;
  std::string kind;   ///< "move", "join", …
  std::string args;   ///< the store's own encoding
  std::string title;  ///< for people: "move 64 slots from 127.0.0.1:7001 to new-1"
};

enum class StepState {
  kPending,
  kIntended,  ///< the intent is durable; the effect may or may not have begun
  kDone,      ///< verified on the live store; without an intent of ours when it held already
  kUndone,
};
enum class ActionState {
  kRunning,
  kPaused,  ///< stopped at a safe boundary, by a person, a signal or a guard
  kRollingBack,
  kDone,
  kRolledBack,
  kFailed,     ///< stopped for a person: neither forward nor back is safe
  kCancelled,  ///< ended by a person at a safe boundary, as it stood there
};
[[nodiscard]] const char* StepStateName(StepState state);
[[nodiscard]] const char* ActionStateName(ActionState state);

struct StepRecord {
  Step step;
  StepState state = StepState::kPending;
  int attempts = 0;   ///< failed ones since it was begun, forward or back, or a person resumed it
  std::string error;  ///< of the newest failed attempt
};

struct ActionRecord {
  std::string id;  ///< "a-0001": journal's own sequence
  std::string plan_hash;
  Plan plan;
  ActionState state = ActionState::kRunning;
  std::vector<StepRecord> steps;
  std::string actor;  ///< "auto" or who approved
  std::string error;  ///< why it paused, rolled back, failed or was cancelled
  std::string cancelled_by;  ///< the person who asked for its end; then it is no failure of ours
  WallTime created;
  WallTime ended;  ///< zero while it is open
  int partitions_moved = 0;  ///< up to the newest save
  double keys_moved = 0;
  double bytes_moved = 0;

  [[nodiscard]] bool Open() const {
    return state == ActionState::kRunning || state == ActionState::kPaused ||
           state == ActionState::kRollingBack;
  }
  [[nodiscard]] int StepsDone() const;
};

}  // namespace tidewright
