#include "actuator/action.h"

#include <algorithm>

namespace tidewright {

const char* StepStateName(StepState state) {
  switch (state) {
    case StepState::kPending:
      return "pending";
    case StepState::kIntended:
      return "intended";
    case StepState::kDone:
      return "done";
    case StepState::kUndone:
      return "undone";
  }
  return "unknown";
}

const char* ActionStateName(ActionState state) {
  switch (state) {
    case ActionState::kRunning:
      return "running";
    case ActionState::kPaused:
      return "paused";
    case ActionState::kRollingBack:
      return "rolling-back";
    case ActionState::kDone:
      return "done";
    case ActionState::kRolledBack:
      return "rolled-back";
    case ActionState::kFailed:
      return "failed";
    case ActionState::kCancelled:
      return "cancelled";
  }
  return "unknown";
}

int ActionRecord::StepsDone() const {
  return static_cast<int>(std::count_if(steps.begin(), steps.end(), [](const StepRecord& step) {
    return step.state == StepState::kDone;
  }));
}

}  // namespace tidewright
