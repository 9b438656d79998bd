// A store and a journal in memory, at the level of steps, with faults out of a seed: calls that
// fail before, amidst and after their effect, saves that fail, and deaths of the controller at any
// boundary.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "actuator/action_log.h"
#include "actuator/state_machine.h"
#include "actuator/store_actuator.h"
#include "core/clock.h"
#include "core/random.h"

namespace tidewright::testing {

/// Waits pass at once.
class InstantClock : public Clock {
 public:
  [[nodiscard]] WallTime Wall() const override { return WallTime(now_.time_since_epoch()); }
  [[nodiscard]] MonoTime Monotonic() const override { return now_; }
  bool WaitUntil(MonoTime deadline, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    now_ = std::max(now_, deadline);
    return true;
  }

 private:
  MonoTime now_{std::chrono::hours(1)};
};

/// A running action of `count` steps that have not begun.
inline ActionRecord MakeAction(int count) {
  ActionRecord record;
  record.id = "a-0001";
  for (int i = 0; i < count; ++i) {
    StepRecord step;
    step.step = {i, "put", std::to_string(i), "put piece " + std::to_string(i)};
    record.steps.push_back(step);
  }
  return record;
}

struct Faults {
  double transient = 0;    ///< a call on the store fails, before its effect, amidst it or after it
  double save_fails = 0;   ///< the log says no; half of the time it has saved all the same
  double stops = 0;        ///< the store says kCancelled without being asked
  double death = 0;        ///< at each boundary
  int deaths = 0;          ///< at most
  int death_at = -1;       ///< at this boundary, once
  int refused_step = -1;   ///< cannot be done: kFailedPrecondition amidst its effect
  int refused_undo = -1;   ///< cannot be undone
  int lost_step = -1;      ///< kDataLoss
  int throwing_step = -1;  ///< throws instead of being done
};

/// Collects what breaks a promise in `violations`; tells all that happened in `trace`.
class FakeWorld : public ActionLog, public StoreActuator {
 public:
  FakeWorld(ActionRecord action, Faults faults, std::uint64_t seed)
      : durable_(std::move(action)),
        faults_(faults),
        random_(seed),
        pieces_(durable_.steps.size()) {}

  std::vector<std::string> violations;
  std::string trace;

  /// The controller is started again: what it had in memory is gone.
  void Revive() { dead_ = false; }
  [[nodiscard]] const ActionRecord& durable() const { return durable_; }
  [[nodiscard]] int boundaries() const { return boundaries_; }
  /// Whether the store and the record agree on how the action ended.
  void CheckEnd();

  Status SaveAction(const ActionRecord& record) override;
  Status SaveNote(const std::string&, const std::string& key, const std::string& value) override;
  StatusOr<std::map<std::string, std::string>> Notes(const std::string&) const override {
    return notes_;
  }

  StatusOr<std::vector<Step>> Expand(const Plan&, const Topology&) override {
    return std::vector<Step>{};
  }
  StatusOr<StepCheck> Check(const Step& step, StepContext& context) override;
  Status Do(const Step& step, StepContext& context) override;
  Status Undo(const Step& step, StepContext& context) override;
  Status Verify(const Step& step, StepContext& context) override;

 private:
  /// What a step has changed in the store.
  struct Piece {
    bool begun = false;  ///< half of it is there
    bool there = false;
    bool verified = false;  ///< since it was last changed
  };

  [[nodiscard]] bool Happens(double probability) {
    return probability > 0 && random_.Uniform() < probability;
  }
  void Expect(bool holds, const std::string& promise, int step);
  void Tell(const std::string& what, int step) {
    trace += what + " " + std::to_string(step) + "\n";
  }
  /// The controller may die here: nothing that it calls afterwards has an effect.
  Status Boundary();
  /// As Boundary, and a call on the store may fail here.
  Status Trouble();
  Piece& At(const Step& step) { return pieces_[static_cast<std::size_t>(step.index)]; }
  [[nodiscard]] const StepRecord& Durable(const Step& step) const {
    return durable_.steps[static_cast<std::size_t>(step.index)];
  }

  ActionRecord durable_;
  std::map<std::string, std::string> notes_;
  Faults faults_;
  Random random_;
  std::vector<Piece> pieces_;
  int boundaries_ = 0;
  bool dead_ = false;
};

inline void FakeWorld::Expect(bool holds, const std::string& promise, int step) {
  if (!holds) violations.push_back(promise + ", step " + std::to_string(step));
}

inline Status FakeWorld::Boundary() {
  if (!dead_) {
    const bool by_chance = faults_.deaths > 0 && Happens(faults_.death);
    if (by_chance) --faults_.deaths;
    dead_ = by_chance || boundaries_ == faults_.death_at;
    ++boundaries_;
    if (dead_) trace += "killed\n";
  }
  return dead_ ? Error(StatusCode::kUnavailable, "the controller is dead") : OkStatus();
}

inline Status FakeWorld::Trouble() {
  TW_RETURN_IF_ERROR(Boundary());
  if (Happens(faults_.stops)) return Error(StatusCode::kCancelled, "tired");
  if (!Happens(faults_.transient)) return OkStatus();
  return Error(random_.Below(2) == 0 ? StatusCode::kUnavailable : StatusCode::kDeadlineExceeded,
               "no answer");
}

inline Status FakeWorld::SaveAction(const ActionRecord& record) {
  TW_RETURN_IF_ERROR(Boundary());
  const bool fails = Happens(faults_.save_fails);
  if (!fails || random_.Below(2) == 0) {
    Expect(Legal(durable_.state, record.state), "the action's transition is legal", -1);
    for (std::size_t i = 0; i < record.steps.size(); ++i) {
      const StepState from = durable_.steps[i].state;
      const StepState to = record.steps[i].state;
      Expect(Legal(from, to), "the step's transition is legal", static_cast<int>(i));
      if (from == to) continue;
      Tell(std::string("saved ") + StepStateName(to), static_cast<int>(i));
      if (to == StepState::kDone) {
        Expect(pieces_[i].verified, "what is done was verified", static_cast<int>(i));
      }
    }
    if (durable_.state != record.state) trace += std::string(ActionStateName(record.state)) + "\n";
    durable_ = record;
  }
  TW_RETURN_IF_ERROR(Boundary());
  return fails ? Error(StatusCode::kResourceExhausted, "disk full") : OkStatus();
}

inline Status FakeWorld::SaveNote(const std::string&, const std::string& key,
                                  const std::string& value) {
  TW_RETURN_IF_ERROR(Boundary());
  notes_[key] = value;
  return Boundary();
}

inline StatusOr<StepCheck> FakeWorld::Check(const Step& step, StepContext&) {
  TW_RETURN_IF_ERROR(Trouble());
  Tell("check", step.index);
  return At(step).there ? StepCheck::kDone : StepCheck::kReady;
}

inline Status FakeWorld::Do(const Step& step, StepContext& context) {
  TW_RETURN_IF_ERROR(Trouble());
  Expect(Durable(step).state == StepState::kIntended, "nothing is done without intent", step.index);
  Expect(durable_.state == ActionState::kRunning, "only a running action does", step.index);
  for (int i = 0; i < step.index; ++i) {
    Expect(pieces_[static_cast<std::size_t>(i)].there, "earlier steps hold", step.index);
  }
  Tell("do", step.index);
  if (step.index == faults_.throwing_step) throw std::runtime_error("broken store");
  Piece& piece = At(step);
  piece = {.begun = true, .there = piece.there, .verified = false};
  TW_RETURN_IF_ERROR(context.SaveNote("begun", step.args));
  Expect(context.Note("begun") == step.args, "a saved note can be read", step.index);
  TW_RETURN_IF_ERROR(Trouble());
  if (step.index == faults_.refused_step) {
    return Error(StatusCode::kFailedPrecondition, "does not fit");
  }
  if (step.index == faults_.lost_step) return Error(StatusCode::kDataLoss, "a key is gone");
  piece.there = true;
  return Trouble();
}

inline Status FakeWorld::Undo(const Step& step, StepContext&) {
  TW_RETURN_IF_ERROR(Trouble());
  Expect(durable_.state == ActionState::kRollingBack, "only a rollback undoes", step.index);
  for (std::size_t i = static_cast<std::size_t>(step.index) + 1; i < pieces_.size(); ++i) {
    Expect(!pieces_[i].there && !pieces_[i].begun, "later steps are undone", step.index);
  }
  Tell("undo", step.index);
  if (step.index == faults_.refused_undo) {
    return Error(StatusCode::kFailedPrecondition, "stuck");
  }
  At(step) = {.begun = true, .there = false, .verified = false};
  TW_RETURN_IF_ERROR(Trouble());
  At(step) = {};
  return Trouble();
}

inline Status FakeWorld::Verify(const Step& step, StepContext&) {
  TW_RETURN_IF_ERROR(Trouble());
  Tell("verify", step.index);
  Expect(At(step).there, "only what is there is verified", step.index);
  At(step).verified = true;
  return Trouble();
}

inline void FakeWorld::CheckEnd() {
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const StepState state = durable_.steps[i].state;
    const Piece& piece = pieces_[i];
    const int step = static_cast<int>(i);
    if (durable_.state == ActionState::kDone) {
      Expect(state == StepState::kDone && piece.there && piece.verified, "done means all is there",
             step);
    }
    if (durable_.state == ActionState::kRolledBack) {
      Expect(state == StepState::kPending || state == StepState::kUndone,
             "rolled back means no step is left", step);
      Expect(!piece.there && !piece.begun, "rolled back means nothing is there", step);
    }
  }
  Expect(!durable_.Open() && durable_.ended != WallTime(), "it ended, and when", -1);
}

}  // namespace tidewright::testing
