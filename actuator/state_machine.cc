#include "actuator/state_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tidewright {
namespace {

constexpr int kNone = -1;

int FirstNotDone(const ActionRecord& record) {
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    if (record.steps[i].state != StepState::kDone) return static_cast<int>(i);
  }
  return kNone;
}

/// A step that never was intended has nothing to undo.
int LastToUndo(const ActionRecord& record) {
  for (std::size_t i = record.steps.size(); i-- > 0;) {
    const StepState state = record.steps[i].state;
    if (state == StepState::kIntended || state == StepState::kDone) return static_cast<int>(i);
  }
  return kNone;
}

StepRecord& StepAt(ActionRecord& record, int step) {
  return record.steps[static_cast<std::size_t>(step)];
}

std::string Describe(const Status& status) {
  return CodeName(status.code()) + ": " + Message(status);
}

std::string Describe(const ActionRecord& record, int step, const std::string& error) {
  return fmt::format("step {} ({}): {}", step + 1,
                     record.steps[static_cast<std::size_t>(step)].step.title, error);
}

Transition Keep(ActionRecord record, Effect effect) {
  return {std::move(record), /*persist=*/false, effect};
}

Transition Save(ActionRecord record, Effect effect) {
  return {std::move(record), /*persist=*/true, effect};
}

Transition End(ActionRecord record, ActionState state) {
  record.state = state;
  return Save(std::move(record), {});
}

/// The same step once more, later.
Transition Retry(ActionRecord record, int step, MonoTime now) {
  const Duration backoff = Backoff(StepAt(record, step).attempts);
  return Save(std::move(record), {EffectKind::kWait, step, now + backoff});
}

Transition RollBack(ActionRecord record, int step, const std::string& why) {
  StepAt(record, step).attempts = 0;
  record.error = Describe(record, step, why);
  const int last = LastToUndo(record);
  if (last == kNone) return End(std::move(record), ActionState::kRolledBack);
  record.state = ActionState::kRollingBack;
  return Save(std::move(record), {EffectKind::kUndo, last, {}});
}

Transition ForwardFailed(ActionRecord record, int step, const Status& status, MonoTime now) {
  if (status.code() == StatusCode::kCancelled) return Keep(std::move(record), {});
  StepRecord& failed = StepAt(record, step);
  failed.error = Describe(status);
  ++failed.attempts;
  if (status.code() == StatusCode::kDataLoss) {
    record.error = Describe(record, step, failed.error);
    return End(std::move(record), ActionState::kFailed);
  }
  if (!IsTransient(status)) return RollBack(std::move(record), step, Describe(status));
  if (failed.attempts < kMaxAttempts) return Retry(std::move(record), step, now);
  return RollBack(std::move(record), step,
                  fmt::format("{} (given up after {} attempts)", Describe(status), kMaxAttempts));
}

Transition Forward(ActionRecord record, const std::optional<Observation>& seen, MonoTime now) {
  const int step = FirstNotDone(record);
  if (step == kNone) return End(std::move(record), ActionState::kDone);
  if (!seen) return Keep(std::move(record), {EffectKind::kCheck, step, {}});
  if (!seen->status.ok()) return ForwardFailed(std::move(record), step, seen->status, now);
  StepRecord& current = StepAt(record, step);
  switch (seen->of) {
    case EffectKind::kCheck:
      if (seen->check == StepCheck::kDone) {
        return Keep(std::move(record), {EffectKind::kVerify, step, {}});
      }
      if (current.state == StepState::kIntended) {
        return Keep(std::move(record), {EffectKind::kDo, step, {}});
      }
      current.state = StepState::kIntended;
      return Save(std::move(record), {EffectKind::kDo, step, {}});
    case EffectKind::kDo:
      return Keep(std::move(record), {EffectKind::kVerify, step, {}});
    case EffectKind::kVerify:
      current.state = StepState::kDone;
      current.attempts = 0;
      current.error.clear();
      if (FirstNotDone(record) == kNone) return End(std::move(record), ActionState::kDone);
      return Save(std::move(record), {EffectKind::kCheck, step + 1, {}});
    case EffectKind::kUndo:
    case EffectKind::kWait:
    case EffectKind::kFinish:
      break;
  }
  return Keep(std::move(record), {EffectKind::kCheck, step, {}});
}

Transition UndoFailed(ActionRecord record, int step, const Status& status, MonoTime now) {
  if (status.code() == StatusCode::kCancelled) return Keep(std::move(record), {});
  StepRecord& failed = StepAt(record, step);
  failed.error = Describe(status);
  ++failed.attempts;
  if (IsTransient(status) && failed.attempts < kMaxUndoAttempts) {
    return Retry(std::move(record), step, now);
  }
  record.error =
      fmt::format("{}; cannot undo {}", record.error, Describe(record, step, failed.error));
  return End(std::move(record), ActionState::kFailed);
}

Transition Back(ActionRecord record, const std::optional<Observation>& seen, MonoTime now) {
  int step = LastToUndo(record);
  if (step != kNone && seen && seen->of == EffectKind::kUndo) {
    if (!seen->status.ok()) return UndoFailed(std::move(record), step, seen->status, now);
    StepAt(record, step).state = StepState::kUndone;
    StepAt(record, step).attempts = 0;
    step = LastToUndo(record);
    if (step != kNone) return Save(std::move(record), {EffectKind::kUndo, step, {}});
  }
  if (step == kNone) return End(std::move(record), ActionState::kRolledBack);
  return Keep(std::move(record), {EffectKind::kUndo, step, {}});
}

}  // namespace

Duration Backoff(int failed) {
  Duration wait = kFirstBackoff;
  for (int i = 1; i < failed && wait < kLongestBackoff; ++i) wait *= 2;
  return std::min(wait, kLongestBackoff);
}

Transition Advance(ActionRecord record, const std::optional<Observation>& observation,
                   MonoTime now) {
  if (record.state == ActionState::kRunning) return Forward(std::move(record), observation, now);
  if (record.state == ActionState::kRollingBack) return Back(std::move(record), observation, now);
  return Keep(std::move(record), {});
}

ActionRecord Paused(ActionRecord record, const std::string& why) {
  if (record.state == ActionState::kPaused || !record.Open()) return record;
  // Why it rolls back stays in view.
  record.error = record.error.empty() ? why : record.error + "; paused: " + why;
  record.state = ActionState::kPaused;
  return record;
}

ActionRecord Resumed(ActionRecord record) {
  if (record.state != ActionState::kPaused) return record;
  const bool undone = std::any_of(record.steps.begin(), record.steps.end(), [](const auto& step) {
    return step.state == StepState::kUndone;
  });
  record.state = undone ? ActionState::kRollingBack : ActionState::kRunning;
  if (!undone) record.error.clear();
  for (StepRecord& step : record.steps) step.attempts = 0;
  return record;
}

bool Legal(StepState from, StepState to) {
  if (from == to) return true;
  switch (from) {
    case StepState::kPending:
      return to == StepState::kIntended || to == StepState::kDone;
    case StepState::kIntended:
      return to == StepState::kDone || to == StepState::kUndone;
    case StepState::kDone:
      return to == StepState::kUndone;
    case StepState::kUndone:
      return false;
  }
  return false;
}

bool Legal(ActionState from, ActionState to) {
  if (from == to) return true;
  switch (from) {
    case ActionState::kRunning:
      return true;  // straight to rolled back when no step had been intended
    case ActionState::kPaused:
      return to == ActionState::kRunning || to == ActionState::kRollingBack;
    case ActionState::kRollingBack:
      return to == ActionState::kPaused || to == ActionState::kRolledBack ||
             to == ActionState::kFailed;
    case ActionState::kDone:
    case ActionState::kRolledBack:
    case ActionState::kFailed:
      return false;
  }
  return false;
}

}  // namespace tidewright
