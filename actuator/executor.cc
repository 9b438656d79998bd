#include "actuator/executor.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include "actuator/state_machine.h"

namespace tidewright {
namespace {

/// What `call` returns, or its exception as kInternal.
template <typename Call>
auto Guarded(const std::string& what, Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& error) {
    return Error(StatusCode::kInternal, "{} threw: {}", what, error.what());
  } catch (...) {
    return Error(StatusCode::kInternal, "{} threw something unknown", what);
  }
}

using NoteMap = std::map<std::string, std::string>;
using ProgressSink = std::function<void(int, double, double)>;

constexpr char kStopped[] = "the kill switch is thrown";
/// A wait is cut so that the kill switch is seen this soon.
constexpr Duration kLook = std::chrono::milliseconds(500);

/// Notes are read once and written through. Store code may ask from threads of its own.
class Context : public StepContext {
 public:
  Context(ActionLog& log, std::string action_id, NoteMap notes, std::stop_token stop,
          const Executor::KillSwitch& kill_switch, ProgressSink progress)
      : log_(log),
        action_id_(std::move(action_id)),
        stop_(std::move(stop)),
        kill_switch_(kill_switch),
        progress_(std::move(progress)),
        notes_(std::move(notes)) {}

  [[nodiscard]] bool StopRequested() const override {
    return stop_.stop_requested() || (kill_switch_ && kill_switch_());
  }

  [[nodiscard]] Status SaveNote(const std::string& key, const std::string& value) override {
    TW_RETURN_IF_ERROR(Annotate(
        Guarded("the log", [&] { return log_.SaveNote(action_id_, key, value); }), "save a note"));
    std::scoped_lock lock(mutex_);
    notes_[key] = value;
    return OkStatus();
  }

  [[nodiscard]] std::optional<std::string> Note(const std::string& key) const override {
    std::scoped_lock lock(mutex_);
    const auto found = notes_.find(key);
    if (found == notes_.end()) return std::nullopt;
    return found->second;
  }

  void Progress(int partitions_moved, double keys_moved, double bytes_moved) override {
    progress_(partitions_moved, keys_moved, bytes_moved);
  }

 private:
  ActionLog& log_;
  const std::string action_id_;
  const std::stop_token stop_;
  const Executor::KillSwitch& kill_switch_;
  const ProgressSink progress_;
  mutable std::mutex mutex_;
  NoteMap notes_;
};

Observation CarryOut(StoreActuator& store, EffectKind kind, const Step& step,
                     StepContext& context) {
  Observation seen{.of = kind, .status = OkStatus(), .check = StepCheck::kReady};
  seen.status = Guarded("the store", [&]() -> Status {
    switch (kind) {
      case EffectKind::kCheck: {
        TW_ASSIGN_OR_RETURN(seen.check, store.Check(step, context));
        return OkStatus();
      }
      case EffectKind::kDo:
        return store.Do(step, context);
      case EffectKind::kVerify:
        return store.Verify(step, context);
      case EffectKind::kUndo:
        return store.Undo(step, context);
      case EffectKind::kWait:
      case EffectKind::kFinish:
        break;
    }
    return OkStatus();
  });
  return seen;
}

}  // namespace

class Executor::Impl {
 public:
  Impl(ActionLog& log, StoreActuator& store, Clock& clock, OnChange on_change,
       KillSwitch kill_switch)
      : log_(log),
        store_(store),
        clock_(clock),
        on_change_(std::move(on_change)),
        kill_switch_(std::move(kill_switch)) {}
  ~Impl() { Stop(); }

  Status Start(ActionRecord record);
  Status Pause(const std::string& why);
  StatusOr<ActionRecord> Cancel(ActionRecord record, const std::string& who, const std::string& why,
                                bool roll_back);

  void Stop() {
    std::scoped_lock control(control_);
    JoinWorker();
  }

  void Wait() {
    std::unique_lock lock(mutex_);
    idle_.wait(lock, [&] { return !busy_; });
  }

  [[nodiscard]] bool Busy() const {
    std::scoped_lock lock(mutex_);
    return busy_;
  }

  [[nodiscard]] std::optional<ActionRecord> Current() const {
    std::scoped_lock lock(mutex_);
    return current_;
  }

  [[nodiscard]] ActionProgress Progress() const {
    std::scoped_lock lock(mutex_);
    return progress_;
  }

 private:
  void JoinWorker() {
    worker_.request_stop();
    if (worker_.joinable()) worker_.join();
  }

  [[nodiscard]] bool KillSwitchThrown() const { return kill_switch_ && kill_switch_(); }
  /// `control_` is held, nothing runs.
  Status Launch(ActionRecord record);
  void Run(const std::stop_token& stop, ActionRecord record, NoteMap notes);
  /// Carries out what stands between two calls of Advance: an effect, or a wait.
  std::optional<Observation> Perform(const Effect& effect, const ActionRecord& record,
                                     Context& context, const std::stop_token& stop);
  /// What was moved since the newest save becomes part of the record.
  void Absorb(ActionRecord& record);
  /// Makes it durable, current, and known.
  Status Save(const ActionRecord& record);
  void Publish(ActionRecord record);
  void SetBusy(bool busy) {
    {
      std::scoped_lock lock(mutex_);
      busy_ = busy;
    }
    idle_.notify_all();
  }

  ActionLog& log_;
  StoreActuator& store_;
  Clock& clock_;
  const OnChange on_change_;
  const KillSwitch kill_switch_;

  std::mutex control_;  // held by Start, Stop and Pause: they own the worker
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  bool busy_ = false;
  std::optional<ActionRecord> current_;
  ActionProgress progress_;
  std::jthread worker_;
};

Status Executor::Impl::Start(ActionRecord record) {
  std::scoped_lock control(control_);
  if (Busy()) {
    return Error(StatusCode::kFailedPrecondition, "action {} is still running", Current()->id);
  }
  if (!record.Open()) {
    return Error(StatusCode::kFailedPrecondition, "action {} has ended: {}", record.id,
                 ActionStateName(record.state));
  }
  JoinWorker();
  return Launch(Resumed(std::move(record)));
}

Status Executor::Impl::Launch(ActionRecord record) {
  if (KillSwitchThrown()) return Error(StatusCode::kFailedPrecondition, "{}", kStopped);
  TW_ASSIGN_OR_RETURN(NoteMap notes, Guarded("the log", [&] { return log_.Notes(record.id); }));
  TW_RETURN_IF_ERROR(
      Annotate(Guarded("the log", [&] { return log_.SaveAction(record); }), "save the action"));
  {
    std::scoped_lock lock(mutex_);
    current_ = record;
    progress_ = {.action_id = record.id};
    busy_ = true;
  }
  try {
    worker_ = std::jthread([this, record = std::move(record),
                            notes = std::move(notes)](const std::stop_token& stop) mutable {
      Run(stop, std::move(record), std::move(notes));
    });
  } catch (const std::system_error& error) {
    SetBusy(false);
    return Error(StatusCode::kResourceExhausted, "start a thread: {}", error.what());
  }
  return OkStatus();
}

Status Executor::Impl::Pause(const std::string& why) {
  std::scoped_lock control(control_);
  JoinWorker();
  auto current = Current();
  if (!current || !current->Open() || current->state == ActionState::kPaused) return OkStatus();
  Absorb(*current);
  return Save(Paused(*std::move(current), why));
}

StatusOr<ActionRecord> Executor::Impl::Cancel(ActionRecord record, const std::string& who,
                                              const std::string& why, bool roll_back) {
  std::scoped_lock control(control_);
  JoinWorker();
  if (auto current = Current(); current && current->id == record.id) {
    record = *std::move(current);
    Absorb(record);
  }
  if (!record.Open()) {
    return Error(StatusCode::kFailedPrecondition, "action {} has ended: {}", record.id,
                 ActionStateName(record.state));
  }
  const bool begun = std::any_of(record.steps.begin(), record.steps.end(), [](const auto& step) {
    return step.state != StepState::kPending;
  });
  const bool keeps_something = record.partitions_moved > 0 || !begun;
  if (!roll_back && keeps_something) {
    record = Cancelled(std::move(record), who, why);
    record.ended = clock_.Wall();
    TW_RETURN_IF_ERROR(Save(record));
    return record;
  }
  record = RollBackAsked(std::move(record), who, why);
  TW_RETURN_IF_ERROR(Launch(record));
  return record;
}

void Executor::Impl::Run(const std::stop_token& stop, ActionRecord record, NoteMap notes) {
  Context context(log_, record.id, std::move(notes), stop, kill_switch_,
                  [this](int partitions, double keys, double bytes) {
                    std::scoped_lock lock(mutex_);
                    progress_.partitions_moved += partitions;
                    progress_.keys_moved += keys;
                    progress_.bytes_moved += bytes;
                  });
  Publish(record);
  std::optional<Observation> seen;
  while (true) {
    Transition next = Advance(std::move(record), seen, clock_.Monotonic());
    record = std::move(next.record);
    if (!record.Open()) record.ended = clock_.Wall();
    // Nothing is done to the store that the log does not know.
    if (next.persist) {
      Absorb(record);
      if (!Save(record).ok()) break;
    }
    if (next.effect.kind == EffectKind::kFinish || stop.stop_requested()) break;
    if (!KillSwitchThrown()) {
      seen = Perform(next.effect, record, context, stop);
      if (!seen || seen->status.code() != StatusCode::kCancelled) continue;
      if (stop.stop_requested()) continue;
    }
    // Only a person can tell why; going on by ourselves might go round in circles.
    const std::string why = KillSwitchThrown() ? std::string(kStopped)
                            : seen ? "the store stopped unasked: " + Message(seen->status)
                                   : "stopped unasked";
    Absorb(record);
    (void)Save(Paused(std::move(record), why));
    break;
  }
  SetBusy(false);
}

void Executor::Impl::Absorb(ActionRecord& record) {
  std::scoped_lock lock(mutex_);
  record.partitions_moved += std::exchange(progress_.partitions_moved, 0);
  record.keys_moved += std::exchange(progress_.keys_moved, 0);
  record.bytes_moved += std::exchange(progress_.bytes_moved, 0);
}

std::optional<Observation> Executor::Impl::Perform(const Effect& effect, const ActionRecord& record,
                                                   Context& context, const std::stop_token& stop) {
  {
    std::scoped_lock lock(mutex_);
    progress_.step = effect.step;
  }
  if (effect.kind == EffectKind::kWait) {
    while (!stop.stop_requested() && !KillSwitchThrown()) {
      const MonoTime look = std::min(effect.not_before, clock_.Monotonic() + kLook);
      clock_.WaitUntil(look, stop);
      if (look == effect.not_before) break;
    }
    return std::nullopt;
  }
  const Step& step = record.steps[static_cast<std::size_t>(effect.step)].step;
  return CarryOut(store_, effect.kind, step, context);
}

Status Executor::Impl::Save(const ActionRecord& record) {
  const Status saved =
      Annotate(Guarded("the log", [&] { return log_.SaveAction(record); }), "save the action");
  if (saved.ok()) {
    Publish(record);
    return saved;
  }
  if (auto durable = Current()) {
    durable->error = Message(saved);
    Publish(*std::move(durable));
  }
  return saved;
}

void Executor::Impl::Publish(ActionRecord record) {
  {
    std::scoped_lock lock(mutex_);
    current_ = record;
  }
  if (on_change_) on_change_(record);
}

Executor::Executor(ActionLog& log, StoreActuator& store, Clock& clock, OnChange on_change,
                   KillSwitch kill_switch)
    : impl_(std::make_unique<Impl>(log, store, clock, std::move(on_change),
                                   std::move(kill_switch))) {}
Executor::~Executor() = default;
Status Executor::Start(ActionRecord record) { return impl_->Start(std::move(record)); }
void Executor::Stop() { impl_->Stop(); }
Status Executor::Pause(const std::string& why) { return impl_->Pause(why); }
StatusOr<ActionRecord> Executor::Cancel(ActionRecord record, const std::string& who,
                                        const std::string& why, bool roll_back) {
  return impl_->Cancel(std::move(record), who, why, roll_back);
}
void Executor::Wait() { impl_->Wait(); }
bool Executor::Busy() const { return impl_->Busy(); }
std::optional<ActionRecord> Executor::Current() const { return impl_->Current(); }
ActionProgress Executor::Progress() const { return impl_->Progress(); }

}  // namespace tidewright
