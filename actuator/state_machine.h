// The order in which an action's steps are checked, journaled, done and verified. Pure: the executor
// carries out the effects and tells what came of them.
#pragma once

#include <optional>

#include "actuator/action.h"
#include "actuator/store_actuator.h"
#include "core/status.h"
#include "core/time.h"

namespace tidewright {

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

/// `observation` is absent on the first call after a start or restart: the machine then begins with
/// a check of the first step that is not done.
[[nodiscard]] Transition Advance(ActionRecord record, const std::optional<Observation>& observation,
                                 MonoTime now);

/// Whether the table of legal transitions allows it; the journal refuses to save what it does not.
[[nodiscard]] bool Legal(StepState from, StepState to);
[[nodiscard]] bool Legal(ActionState from, ActionState to);

}  // namespace tidewright
