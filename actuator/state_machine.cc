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
  // There is no other way to go: what a full disk refuses now it may take later.
  const bool may_pass = IsTransient(status) || status.code() == StatusCode::kResourceExhausted;
  if (may_pass && failed.attempts < kMaxUndoAttempts) {
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

std::string AskedBy(const char* what, const std::string& who, const std::string& why) {
  return fmt::format("{} by {}{}{}", what, who, why.empty() ? "" : ": ", why);
}

template <typename State>
bool Listed(std::span<const LegalTransition<State>> table, State from, State to) {
  return std::any_of(table.begin(), table.end(), [&](const LegalTransition<State>& row) {
    return row.from == from && row.to == to;
  });
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
  const bool back = undone || !record.cancelled_by.empty();
  record.state = back ? ActionState::kRollingBack : ActionState::kRunning;
  if (!back) record.error.clear();
  for (StepRecord& step : record.steps) step.attempts = 0;
  return record;
}

ActionRecord Cancelled(ActionRecord record, const std::string& who, const std::string& why) {
  if (!record.Open()) return record;
  record.state = ActionState::kCancelled;
  record.cancelled_by = who;
  record.error = AskedBy("cancelled", who, why);
  return record;
}

ActionRecord RollBackAsked(ActionRecord record, const std::string& who, const std::string& why) {
  if (!record.Open()) return record;
  record.state = ActionState::kRollingBack;
  record.cancelled_by = who;
  record.error = AskedBy("rolled back", who, why);
  for (StepRecord& step : record.steps) step.attempts = 0;
  return record;
}

std::span<const LegalTransition<ActionState>> ActionTransitions() {
  using enum ActionState;
  static constexpr LegalTransition<ActionState> kTable[] = {
      {kRunning, kPaused, "a person, the kill switch or the store's health stops it"},
      {kRunning, kRollingBack, "a step cannot be done, or a person wants it back"},
      {kRunning, kDone, "all steps hold"},
      {kRunning, kRolledBack, "a step cannot be done, and none was begun"},
      {kRunning, kFailed, "something is lost: a person must look"},
      {kRunning, kCancelled, "a person ends it where it stands"},
      {kPaused, kRunning, "resumed"},
      {kPaused, kRollingBack, "resumed on its way back, or a person wants it back"},
      {kPaused, kCancelled, "a person ends it where it stands"},
      {kRollingBack, kPaused, "a person, the kill switch or the store's health stops it"},
      {kRollingBack, kRolledBack, "all that was begun is undone"},
      {kRollingBack, kFailed, "a step cannot be undone: a person must look"},
      {kRollingBack, kCancelled, "a person ends it where it stands"},
  };
  return kTable;
}

std::span<const LegalTransition<StepState>> StepTransitions() {
  using enum StepState;
  static constexpr LegalTransition<StepState> kTable[] = {
      {kPending, kIntended, "before its effect"},
      {kPending, kDone, "it held already"},
      {kIntended, kDone, "verified on the live store"},
      {kIntended, kUndone, "rolled back"},
      {kDone, kUndone, "rolled back"},
  };
  return kTable;
}

bool Legal(StepState from, StepState to) {
  return from == to || Listed(StepTransitions(), from, to);
}

bool Legal(ActionState from, ActionState to) {
  return from == to || Listed(ActionTransitions(), from, to);
}

}  // namespace tidewright
