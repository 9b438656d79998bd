// The order in which an action's steps are checked, journaled, done and verified. Pure: the
// executor carries out the effects and tells what came of them.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "actuator/action.h"
#include "actuator/store_actuator.h"
#include "core/status.h"
#include "core/time.h"

namespace tidewright {

/// How often a step is tried when errors may pass, and how long to wait in between. Forward: ten
/// attempts over two minutes, enough for a failover. Back: longer, since giving up leaves the store
/// half-way, for a person.
inline constexpr int kMaxAttempts = 10;
inline constexpr int kMaxUndoAttempts = 20;
inline constexpr Duration kFirstBackoff = std::chrono::milliseconds(500);
inline constexpr Duration kLongestBackoff = std::chrono::seconds(30);
/// Before the attempt that follows `failed` failed ones: doubles from the first to the longest.
[[nodiscard]] Duration Backoff(int failed);

/// What to do next. Before any effect on the store, `Transition::record` has been made durable.
enum class EffectKind {
  kCheck,
  kDo,
  kVerify,
  kUndo,
  kWait,    ///< until Effect::not_before, then call Advance with no observation
  kFinish,  ///< the action has ended or paused: nothing more to do
};

struct Effect {
  EffectKind kind = EffectKind::kFinish;
  int step = -1;
  MonoTime not_before{};
};

/// What came of the last effect.
struct Observation {
  EffectKind of = EffectKind::kWait;
  Status status;
  StepCheck check = StepCheck::kReady;  ///< of kCheck
};

struct Transition {
  ActionRecord record;
  bool persist = false;  ///< the record differs in something that must survive a crash
  Effect effect;
};

/// Forward, a step goes: check, persist the intent, do, verify, persist that it is done. What the
/// check finds done already is verified too, and not done again. Errors that may pass are tried
/// again, from the check on; kCancelled leaves the record as it is; kDataLoss fails the action;
/// anything else, or too many attempts, rolls it back. Back, every step that was intended or done
/// is undone, the last one first; what cannot be undone fails the action, for a person.
///
/// `observation` is absent on the first call after a start or restart and after a wait: the machine
/// then begins with a check of the first step that is not done, or, when it rolls back, with the
/// undoing of the last step that is not undone. A record that is paused or has ended stays as it
/// is.
[[nodiscard]] Transition Advance(ActionRecord record, const std::optional<Observation>& observation,
                                 MonoTime now);

/// A running or rolling-back action, paused; anything else as it was.
[[nodiscard]] ActionRecord Paused(ActionRecord record, const std::string& why);
/// A paused action under way again, with its attempts counted anew: back if a step has been undone
/// or a person wants it back, else forward (a rollback that was paused before it undid anything
/// tries once more to go forward). Anything else as it was.
[[nodiscard]] ActionRecord Resumed(ActionRecord record);

/// An open action, ended where it stands; anything else as it was.
[[nodiscard]] ActionRecord Cancelled(ActionRecord record, const std::string& who,
                                     const std::string& why);
/// An open action on its way back, for good: a pause and a restart change nothing about that.
/// Anything else as it was.
[[nodiscard]] ActionRecord RollBackAsked(ActionRecord record, const std::string& who,
                                         const std::string& why);

/// The one table of what may become of an action and of a step; the journal refuses to save
/// anything else. Staying is legal and not in it.
template <typename State>
struct LegalTransition {
  State from;
  State to;
  const char* when;  ///< for people
};
[[nodiscard]] std::span<const LegalTransition<ActionState>> ActionTransitions();
[[nodiscard]] std::span<const LegalTransition<StepState>> StepTransitions();
[[nodiscard]] bool Legal(StepState from, StepState to);
[[nodiscard]] bool Legal(ActionState from, ActionState to);

}  // namespace tidewright
