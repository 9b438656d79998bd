#include "actuator/state_machine.h"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <vector>

#include "tests/actuator/fake_world.h"

namespace tidewright {
namespace {

using testing::MakeAction;

constexpr MonoTime kNow{std::chrono::hours(5)};

const char* EffectName(EffectKind kind) {
  switch (kind) {
    case EffectKind::kCheck:
      return "check";
    case EffectKind::kDo:
      return "do";
    case EffectKind::kVerify:
      return "verify";
    case EffectKind::kUndo:
      return "undo";
    case EffectKind::kWait:
      return "wait";
    case EffectKind::kFinish:
      return "finish";
  }
  return "?";
}

/// What the store answers to an effect.
struct Answer {
  Status status = OkStatus();
  StepCheck check = StepCheck::kReady;
};
using Store = std::function<Answer(EffectKind, int step)>;

/// Plays a record against a store until it finishes: a line for each transition.
std::string Play(ActionRecord& record, const Store& store) {
  std::string script;
  std::optional<Observation> seen;
  MonoTime now = kNow;
  for (int line = 0; line < 200; ++line) {
    Transition next = Advance(record, seen, now);
    record = next.record;
    if (next.persist) {
      script += std::string("save ") + ActionStateName(record.state);
      for (const auto& step : record.steps) script += std::string(" ") + StepStateName(step.state);
      script += "\n";
    }
    script += EffectName(next.effect.kind);
    if (next.effect.kind == EffectKind::kFinish) return script + "\n";
    script += " " + std::to_string(next.effect.step);
    seen.reset();
    if (next.effect.kind == EffectKind::kWait) {
      script += " " + FormatDuration(next.effect.not_before - now);
      now = next.effect.not_before;
    } else {
      const Answer answer = store(next.effect.kind, next.effect.step);
      seen = Observation{next.effect.kind, answer.status, answer.check};
      if (!answer.status.ok()) script += " " + CodeName(answer.status.code());
      if (next.effect.kind == EffectKind::kCheck && answer.check == StepCheck::kDone) {
        script += " done";
      }
    }
    script += "\n";
  }
  return script + "endless\n";
}

Status Fails(StatusCode code) { return Error(code, "as told"); }

/// Fails with `code` whenever `effect` meets `step`.
Store FailingAt(EffectKind effect, int step, StatusCode code) {
  return [=](EffectKind kind, int at) -> Answer {
    return kind == effect && at == step ? Answer{Fails(code)} : Answer{};
  };
}

BOOST_AUTO_TEST_CASE(intents_are_saved_before_effects_and_ends_after_verification) {
  ActionRecord record = MakeAction(2);
  BOOST_TEST(Play(record, [](EffectKind, int) { return Answer{}; }) ==
             "check 0\n"
             "save running intended pending\n"
             "do 0\n"
             "verify 0\n"
             "save running done pending\n"
             "check 1\n"
             "save running done intended\n"
             "do 1\n"
             "verify 1\n"
             "save done done done\n"
             "finish\n");
  BOOST_TEST(record.StepsDone() == 2);
}

BOOST_AUTO_TEST_CASE(what_holds_already_is_verified_and_not_done) {
  ActionRecord record = MakeAction(1);
  BOOST_TEST(Play(record,
                  [](EffectKind, int) {
                    return Answer{OkStatus(), StepCheck::kDone};
                  }) ==
             "check 0 done\n"
             "verify 0\n"
             "save done done\n"
             "finish\n");
}

BOOST_AUTO_TEST_CASE(an_action_without_steps_is_done) {
  ActionRecord record = MakeAction(0);
  BOOST_TEST(Play(record, [](EffectKind, int) { return Answer{}; }) == "save done\nfinish\n");
}

BOOST_AUTO_TEST_CASE(errors_that_may_pass_are_tried_again_from_the_check_on) {
  ActionRecord record = MakeAction(1);
  int failures = 2;
  BOOST_TEST(Play(record,
                  [&](EffectKind kind, int) -> Answer {
                    if (kind == EffectKind::kVerify && failures-- > 0) {
                      return {Fails(StatusCode::kUnavailable)};
                    }
                    return {};
                  }) ==
             "check 0\n"
             "save running intended\n"
             "do 0\n"
             "verify 0 unavailable\n"
             "save running intended\n"
             "wait 0 500ms\n"
             "check 0\n"
             "do 0\n"
             "verify 0 unavailable\n"
             "save running intended\n"
             "wait 0 1s\n"
             "check 0\n"
             "do 0\n"
             "verify 0\n"
             "save done done\n"
             "finish\n");
  BOOST_TEST(record.steps[0].attempts == 0);
  BOOST_TEST(record.steps[0].error == "");
}

BOOST_AUTO_TEST_CASE(a_failed_precondition_undoes_the_steps_in_reverse_order) {
  ActionRecord record = MakeAction(3);
  BOOST_TEST(Play(record, FailingAt(EffectKind::kDo, 1, StatusCode::kFailedPrecondition)) ==
             "check 0\n"
             "save running intended pending pending\n"
             "do 0\n"
             "verify 0\n"
             "save running done pending pending\n"
             "check 1\n"
             "save running done intended pending\n"
             "do 1 failed precondition\n"
             "save rolling-back done intended pending\n"
             "undo 1\n"
             "save rolling-back done undone pending\n"
             "undo 0\n"
             "save rolled-back undone undone pending\n"
             "finish\n");
  BOOST_TEST(record.error == "step 2 (put piece 1): failed precondition: as told");
}

BOOST_AUTO_TEST_CASE(an_action_refused_before_its_first_intent_has_nothing_to_undo) {
  ActionRecord record = MakeAction(2);
  BOOST_TEST(Play(record, FailingAt(EffectKind::kCheck, 0, StatusCode::kFailedPrecondition)) ==
             "check 0 failed precondition\n"
             "save rolled-back pending pending\n"
             "finish\n");
}

BOOST_AUTO_TEST_CASE(every_error_that_cannot_pass_rolls_back) {
  for (const StatusCode code :
       {StatusCode::kInternal, StatusCode::kInvalidArgument, StatusCode::kNotFound,
        StatusCode::kPermissionDenied, StatusCode::kResourceExhausted, StatusCode::kUnimplemented,
        StatusCode::kUnknown}) {
    ActionRecord record = MakeAction(2);
    Play(record, FailingAt(EffectKind::kVerify, 1, code));
    BOOST_TEST(ActionStateName(record.state) == "rolled-back", CodeName(code));
  }
}

BOOST_AUTO_TEST_CASE(data_loss_stops_everything_at_once) {
  ActionRecord record = MakeAction(2);
  BOOST_TEST(Play(record, FailingAt(EffectKind::kVerify, 0, StatusCode::kDataLoss)) ==
             "check 0\n"
             "save running intended pending\n"
             "do 0\n"
             "verify 0 data loss\n"
             "save failed intended pending\n"
             "finish\n");
  BOOST_TEST(record.error == "step 1 (put piece 0): data loss: as told");
}

BOOST_AUTO_TEST_CASE(a_step_that_cannot_be_undone_fails_the_action_for_a_person) {
  ActionRecord record = MakeAction(2);
  Play(record, [](EffectKind kind, int step) -> Answer {
    if (kind == EffectKind::kDo && step == 1) return {Fails(StatusCode::kNotFound)};
    if (kind == EffectKind::kUndo && step == 0) return {Fails(StatusCode::kFailedPrecondition)};
    return {};
  });
  BOOST_TEST(ActionStateName(record.state) == "failed");
  BOOST_TEST(record.error ==
             "step 2 (put piece 1): not found: as told; cannot undo step 1 (put piece 0): failed "
             "precondition: as told");
}

BOOST_AUTO_TEST_CASE(a_step_is_given_up_after_its_attempts_and_rolled_back) {
  ActionRecord record = MakeAction(1);
  const std::string script =
      Play(record, FailingAt(EffectKind::kCheck, 0, StatusCode::kDeadlineExceeded));
  std::size_t tries = 0;
  for (std::size_t at = 0; (at = script.find("check", at)) != std::string::npos; ++at) ++tries;
  BOOST_TEST(tries == static_cast<std::size_t>(kMaxAttempts));
  BOOST_TEST(ActionStateName(record.state) == "rolled-back");
  BOOST_TEST(record.error.find("given up after 10 attempts") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_undo_is_given_up_after_more_attempts_and_fails_the_action) {
  ActionRecord record = MakeAction(1);
  int undos = 0;
  Play(record, [&](EffectKind kind, int) -> Answer {
    if (kind == EffectKind::kDo) return {Fails(StatusCode::kInternal)};
    if (kind != EffectKind::kUndo) return {};
    ++undos;
    return {Fails(StatusCode::kUnavailable)};
  });
  BOOST_TEST(undos == kMaxUndoAttempts);
  BOOST_TEST(ActionStateName(record.state) == "failed");
}

BOOST_AUTO_TEST_CASE(an_undo_waits_for_a_full_disk_and_goes_on) {
  ActionRecord record = MakeAction(1);
  int undos = 0;
  Play(record, [&](EffectKind kind, int) -> Answer {
    if (kind == EffectKind::kDo) return {Fails(StatusCode::kInternal)};
    if (kind != EffectKind::kUndo) return {};
    return ++undos < 5 ? Answer{Fails(StatusCode::kResourceExhausted)} : Answer{};
  });
  BOOST_TEST(undos == 5);
  BOOST_TEST(ActionStateName(record.state) == "rolled-back");
}

BOOST_AUTO_TEST_CASE(backoff_doubles_up_to_its_longest) {
  BOOST_TEST(FormatDuration(Backoff(1)) == "500ms");
  BOOST_TEST(FormatDuration(Backoff(2)) == "1s");
  BOOST_TEST(FormatDuration(Backoff(6)) == "16s");
  BOOST_TEST(FormatDuration(Backoff(7)) == "30s");
  BOOST_TEST(FormatDuration(Backoff(1000)) == "30s");
}

BOOST_AUTO_TEST_CASE(a_stop_at_a_safe_boundary_leaves_the_record_as_it_is) {
  ActionRecord record = MakeAction(2);
  const std::string script = Play(record, FailingAt(EffectKind::kDo, 1, StatusCode::kCancelled));
  BOOST_TEST(script.substr(script.rfind("do 1")) == "do 1 cancelled\nfinish\n");
  BOOST_TEST(ActionStateName(record.state) == "running");
  BOOST_TEST(record.steps[1].attempts == 0);
}

BOOST_AUTO_TEST_CASE(a_restart_begins_with_a_check_of_the_first_step_that_is_not_done) {
  ActionRecord record = MakeAction(3);
  record.steps[0].state = StepState::kDone;
  record.steps[1].state = StepState::kIntended;
  const Transition next = Advance(record, std::nullopt, kNow);
  BOOST_TEST(!next.persist);
  BOOST_TEST(EffectName(next.effect.kind) == "check");
  BOOST_TEST(next.effect.step == 1);
}

BOOST_AUTO_TEST_CASE(a_restart_of_a_rollback_begins_with_the_last_step_that_is_not_undone) {
  ActionRecord record = MakeAction(3);
  record.state = ActionState::kRollingBack;
  record.steps[0].state = StepState::kDone;
  record.steps[1].state = StepState::kUndone;
  const Transition next = Advance(record, std::nullopt, kNow);
  BOOST_TEST(EffectName(next.effect.kind) == "undo");
  BOOST_TEST(next.effect.step == 0);
}

BOOST_AUTO_TEST_CASE(what_is_paused_or_has_ended_stays_as_it_is) {
  for (const ActionState state :
       {ActionState::kPaused, ActionState::kDone, ActionState::kRolledBack, ActionState::kFailed,
        ActionState::kCancelled}) {
    ActionRecord record = MakeAction(1);
    record.state = state;
    const Transition next = Advance(record, std::nullopt, kNow);
    BOOST_TEST(!next.persist);
    BOOST_TEST(EffectName(next.effect.kind) == "finish");
    BOOST_TEST(ActionStateName(next.record.state) == ActionStateName(state));
  }
}

BOOST_AUTO_TEST_CASE(a_paused_action_resumes_in_the_direction_in_which_it_went) {
  ActionRecord forward = MakeAction(2);
  forward.steps[0].state = StepState::kDone;
  forward.steps[1].attempts = 9;
  forward = Resumed(Paused(forward, "by ann"));
  BOOST_TEST(ActionStateName(forward.state) == "running");
  BOOST_TEST(forward.error == "");
  BOOST_TEST(forward.steps[1].attempts == 0);

  ActionRecord back = MakeAction(2);
  back.state = ActionState::kRollingBack;
  back.error = "no room";
  back.steps[0].state = StepState::kDone;
  back.steps[1].state = StepState::kUndone;
  back = Paused(back, "by ann");
  BOOST_TEST(back.error == "no room; paused: by ann");
  BOOST_TEST(ActionStateName(Resumed(back).state) == "rolling-back");
}

BOOST_AUTO_TEST_CASE(what_has_ended_can_be_neither_paused_nor_resumed) {
  for (const ActionState state : {ActionState::kDone, ActionState::kRolledBack,
                                  ActionState::kFailed, ActionState::kCancelled}) {
    ActionRecord record = MakeAction(1);
    record.state = state;
    BOOST_TEST(ActionStateName(Cancelled(record, "ann", "").state) == ActionStateName(state));
    BOOST_TEST(ActionStateName(RollBackAsked(record, "ann", "").state) == ActionStateName(state));
    BOOST_TEST(ActionStateName(Paused(record, "late").state) == ActionStateName(state));
    BOOST_TEST(ActionStateName(Resumed(record).state) == ActionStateName(state));
  }
}

BOOST_AUTO_TEST_CASE(the_table_of_legal_transitions) {
  std::string actions;
  for (int from = 0; from <= static_cast<int>(ActionState::kCancelled); ++from) {
    actions += std::string(ActionStateName(static_cast<ActionState>(from))) + ":";
    for (int to = 0; to <= static_cast<int>(ActionState::kCancelled); ++to) {
      if (Legal(static_cast<ActionState>(from), static_cast<ActionState>(to)) && from != to) {
        actions += std::string(" ") + ActionStateName(static_cast<ActionState>(to));
      }
    }
    actions += "\n";
  }
  BOOST_TEST(actions ==
             "running: paused rolling-back done rolled-back failed cancelled\n"
             "paused: running rolling-back cancelled\n"
             "rolling-back: paused rolled-back failed cancelled\n"
             "done:\n"
             "rolled-back:\n"
             "failed:\n"
             "cancelled:\n");
  std::string steps;
  for (int from = 0; from <= static_cast<int>(StepState::kUndone); ++from) {
    steps += std::string(StepStateName(static_cast<StepState>(from))) + ":";
    for (int to = 0; to <= static_cast<int>(StepState::kUndone); ++to) {
      if (Legal(static_cast<StepState>(from), static_cast<StepState>(to)) && from != to) {
        steps += std::string(" ") + StepStateName(static_cast<StepState>(to));
      }
    }
    steps += "\n";
  }
  BOOST_TEST(steps ==
             "pending: intended done\n"
             "intended: done undone\n"
             "done: undone\n"
             "undone:\n");
}

BOOST_AUTO_TEST_CASE(whatever_is_seen_or_asked_no_transition_outside_the_table_is_made) {
  const std::vector<ActionState> states = {
      ActionState::kRunning,    ActionState::kPaused, ActionState::kRollingBack, ActionState::kDone,
      ActionState::kRolledBack, ActionState::kFailed, ActionState::kCancelled};
  const std::vector<StepState> steps = {StepState::kPending, StepState::kIntended, StepState::kDone,
                                        StepState::kUndone};
  std::vector<std::optional<Observation>> seen = {std::nullopt};
  for (const EffectKind of : {EffectKind::kCheck, EffectKind::kDo, EffectKind::kVerify,
                              EffectKind::kUndo, EffectKind::kWait, EffectKind::kFinish}) {
    for (int code = 0; code <= 16; ++code) {
      for (const StepCheck check : {StepCheck::kReady, StepCheck::kDone}) {
        const Status status = code == 0 ? OkStatus() : Fails(static_cast<StatusCode>(code));
        seen.push_back(Observation{of, status, check});
      }
    }
  }
  int cases = 0;
  const auto check = [&](const ActionRecord& before, const ActionRecord& after) {
    ++cases;
    BOOST_TEST_REQUIRE(Legal(before.state, after.state),
                       ActionStateName(before.state) << " -> " << ActionStateName(after.state));
    for (std::size_t i = 0; i < before.steps.size(); ++i) {
      BOOST_TEST_REQUIRE(Legal(before.steps[i].state, after.steps[i].state),
                         StepStateName(before.steps[i].state)
                             << " -> " << StepStateName(after.steps[i].state));
    }
  };
  for (const ActionState state : states) {
    for (const StepState first : steps) {
      for (const StepState second : steps) {
        // Once a step is undone an action goes no way but back.
        const bool undone = first == StepState::kUndone || second == StepState::kUndone;
        if (state == ActionState::kRunning && undone) continue;
        for (const int attempts : {0, kMaxAttempts - 1, kMaxUndoAttempts - 1}) {
          ActionRecord record = MakeAction(2);
          record.state = state;
          record.steps[0].state = first;
          record.steps[1].state = second;
          record.steps[0].attempts = record.steps[1].attempts = attempts;
          for (const auto& observation : seen) {
            check(record, Advance(record, observation, kNow).record);
          }
          check(record, Paused(record, "w"));
          check(record, Resumed(record));
          check(record, Cancelled(record, "ann", "w"));
          check(record, RollBackAsked(record, "ann", "w"));
        }
      }
    }
  }
  BOOST_TEST(cases > 60'000);
}

BOOST_AUTO_TEST_CASE(a_cancelled_action_says_who_and_why_and_stays_where_it_stands) {
  ActionRecord record = MakeAction(2);
  record.steps[0].state = StepState::kDone;
  record = Cancelled(record, "ann", "not now");
  BOOST_TEST(ActionStateName(record.state) == "cancelled");
  BOOST_TEST(record.cancelled_by == "ann");
  BOOST_TEST(record.error == "cancelled by ann: not now");
  BOOST_TEST(StepStateName(record.steps[0].state) == "done");
  BOOST_TEST(!record.Open());
}

BOOST_AUTO_TEST_CASE(what_a_person_wants_back_goes_back_also_after_a_pause) {
  ActionRecord record = MakeAction(2);
  record.steps[0].state = StepState::kDone;
  record.steps[1].attempts = 9;
  record = RollBackAsked(record, "ann", "");
  BOOST_TEST(record.error == "rolled back by ann");
  record = Resumed(Paused(record, "the kill switch is thrown"));
  BOOST_TEST(ActionStateName(record.state) == "rolling-back");
  BOOST_TEST(Play(record, [](EffectKind, int) { return Answer{}; }) ==
             "undo 0\n"
             "save rolled-back undone pending\n"
             "finish\n");
}

}  // namespace
}  // namespace tidewright
