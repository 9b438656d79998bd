// The part of the controller that holds itself back, and that people hold it back with.
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <utility>

#include "controller/controller.h"

namespace tidewright {
namespace {

constexpr char kBreakerReset[] = "breaker_reset";
/// How the error of an action begins that was paused for the store's health: it tells our pauses
/// from a person's, over restarts too.
constexpr char kHealthPause[] = "the store became worse: ";

}  // namespace

Status Controller::LoadSafety(WallTime now) {
  TW_RETURN_IF_ERROR(stop_watch_.Load());
  TW_RETURN_IF_ERROR(auto_lock_.Load(now));
  TW_RETURN_IF_ERROR(person_holds_.Load());
  TW_ASSIGN_OR_RETURN(const auto reset, parts_.journal.Fact(kBreakerReset));
  if (reset) breaker_reset_ = WallTime(Duration(std::atoll(reset->c_str())));
  return OkStatus();
}

Mode Controller::ActingMode() const {
  std::scoped_lock lock(auto_lock_mutex_);
  return options_.mode == Mode::kAuto && auto_lock_.locked() ? Mode::kApprove : options_.mode;
}

void Controller::LookAtSwitches(WallTime now) {
  Status audited;
  stopped_ = stop_watch_.Look(now, audited);
  if (!audited.ok()) Complain("the kill switch could not be audited: " + Message(audited));
  if (options_.mode != Mode::kAuto) return;
  std::scoped_lock lock(auto_lock_mutex_);
  const Status looked = auto_lock_.Look(memory_.demand(), now);
  if (!looked.ok()) Complain("whether auto mode may be unlocked is not known: " + Message(looked));
}

void Controller::LookAtLeadership() {
  not_leading_.reset();
  // Whoever only observes changes nothing, and holds nobody else back.
  if (parts_.leadership == nullptr || options_.mode == Mode::kObserve) return;
  not_leading_ = parts_.leadership->Look();
}

StatusOr<std::string> Controller::BeginAsLeader(const std::string& action_id) {
  if (parts_.leadership == nullptr) return std::string("data_dir");
  return parts_.leadership->Begin(action_id);
}

void Controller::FindHolds(const Plan& plan, WallTime now) {
  holds_.clear();
  const auto hold = [this](std::optional<Reason> reason) {
    if (reason) holds_.push_back(*std::move(reason));
  };
  if (stopped_) {
    hold(Reason{ReasonCode::kStopped,
                fmt::format("the kill switch is thrown{}{}{}: nothing is changed until a person "
                            "clears it with `tidectl stop --clear`",
                            stopped_->by.empty() ? "" : " by " + stopped_->by,
                            stopped_->why.empty() ? "" : ", ", stopped_->why)});
  }
  hold(not_leading_);
  hold(HeldByPerson(plan, now));
  std::scoped_lock lock(mutex_);
  if (newest_action_ && newest_action_->state == ActionState::kPaused) {
    hold(Reason{ReasonCode::kActionPaused,
                fmt::format("action {} is paused ({}): resume or cancel it", newest_action_->id,
                            newest_action_->error)});
  }
  if (options_.mode != Mode::kAuto) return;
  {
    std::scoped_lock locked(auto_lock_mutex_);
    hold(auto_lock_.Hold());
  }
  const auto breaker = BreakerHold(Breaker(past_, breaker_reset_, options_.policy, now), now);
  const auto until = backoff_.Until();
  if (breaker) {
    hold(breaker);
  } else if (until && now < *until) {
    hold(Reason{
        ReasonCode::kFailureBackoff,
        fmt::format("an action failed: nothing begins by itself until {}", FormatTime(*until))});
  }
  if (plan.kind != PlanKind::kNone) hold(RateHold(plan, past_, options_.policy, now));
  const std::string worse = health_.Text();
  if (!worse.empty() && !plan.emergency && !executor_.Busy()) {
    hold(Reason{ReasonCode::kStoreDegraded, "the store is worse since the last action: " + worse});
  }
}

void Controller::Remember(const ActionRecord& record) {
  PastAction brief = Brief(record);
  for (auto& past : past_) {
    if (past.id != brief.id) continue;
    past = std::move(brief);
    return;
  }
  past_.push_back(std::move(brief));
  if (past_.size() > kRememberedActions) past_.erase(past_.begin());
}

void Controller::WatchHealth() {
  const WallTime now = parts_.clock.Wall();
  std::optional<ActionRecord> action;
  {
    std::scoped_lock lock(mutex_);
    action = newest_action_;
  }
  const bool ours = action && action->error.starts_with(kHealthPause);
  const HealthAdvice advice =
      health_.Observe(parts_.collector.Snapshot(now), action ? &*action : nullptr, ours,
                      options_.policy, parts_.clock.Monotonic());
  if (advice == HealthAdvice::kNone || options_.mode == Mode::kObserve || stopped_) return;
  const Status followed = FollowHealth(advice, *action);
  if (!followed.ok()) spdlog::warn("health watch of {}: {}", action->id, Message(followed));
}

Status Controller::FollowHealth(HealthAdvice advice, const ActionRecord& action) {
  const std::string worse = health_.Text();
  switch (advice) {
    case HealthAdvice::kNone:
      return OkStatus();
    case HealthAdvice::kPause:
      return executor_.Pause(kHealthPause + worse);
    case HealthAdvice::kResume: {
      AuditOrComplain(kHealthActor, "resume",
                      AuditDetail({.about = {{"action", action.id}},
                                   .why = "the store has recovered",
                                   .before = ActionStateName(action.state),
                                   .after = "under way"}));
      return executor_.Start(action);
    }
    case HealthAdvice::kRollBack: {
      const std::string why = fmt::format("the store has not recovered within {}: {}",
                                          FormatDuration(options_.policy.health_give_up), worse);
      AuditOrComplain(kHealthActor, "cancel",
                      AuditDetail({.about = {{"action", action.id}},
                                   .why = why,
                                   .before = ActionStateName(action.state),
                                   .after = ActionStateName(ActionState::kRollingBack)}));
      return executor_.Cancel(action, kHealthActor, why, /*roll_back=*/true).status();
    }
  }
  return OkStatus();
}

StatusOr<ActionRecord> Controller::CancelAction(const std::string& id, const std::string& who,
                                                const std::string& why, bool roll_back) {
  TW_ASSIGN_OR_RETURN(auto open, parts_.journal.OpenAction(options_.cluster));
  if (!open || open->id != id) {
    return Error(StatusCode::kFailedPrecondition, "action {} is not open{}", id,
                 open ? ": " + open->id + " is" : "; nothing is");
  }
  if (roll_back && options_.mode == Mode::kObserve) {
    return Error(StatusCode::kFailedPrecondition,
                 "the controller only observes: set 'mode: approve' for it to roll back");
  }
  const auto target = roll_back ? ActionState::kRollingBack : ActionState::kCancelled;
  TW_RETURN_IF_ERROR(parts_.journal.Audit(parts_.clock.Wall(), who, "cancel",
                                          AuditDetail({.about = {{"action", id}},
                                                       .why = why,
                                                       .before = ActionStateName(open->state),
                                                       .after = ActionStateName(target)})));
  auto cancelled = executor_.Cancel(*std::move(open), who, why, roll_back);
  Wake();
  return cancelled;
}

StatusOr<std::string> Controller::Stop(const std::string& who, const std::string& why) {
  TW_ASSIGN_OR_RETURN(const StopNotice notice,
                      ThrowStop(parts_.stop.path(), who, why, parts_.clock.RealWall()));
  spdlog::warn("the kill switch is thrown by {}: {}", who, notice.path);
  Wake();
  return notice.path;
}

StatusOr<std::string> Controller::ClearStop(const std::string& who, const std::string& why) {
  TW_RETURN_IF_ERROR(tidewright::ClearStop(parts_.stop.path(), who, why, parts_.clock.RealWall()));
  spdlog::warn("the kill switch is cleared by {}", who);
  Wake();
  if (const auto other = parts_.stop.Notice()) {
    return Error(StatusCode::kFailedPrecondition,
                 "{} is cleared, but {} stands: whoever made it must remove it", parts_.stop.path(),
                 other->path);
  }
  return parts_.stop.path();
}

Status Controller::SetAutoLock(bool locked, const std::string& who, const std::string& why) {
  {
    std::scoped_lock lock(auto_lock_mutex_);
    TW_RETURN_IF_ERROR(auto_lock_.Set(locked, who, why, parts_.clock.Wall()));
  }
  Wake();
  return OkStatus();
}

std::optional<Reason> Controller::HeldByPerson(const Plan& plan, WallTime now) const {
  std::scoped_lock lock(mutex_);
  return person_holds_.Against(plan, options_.policy, now);
}

StatusOr<PersonHold> Controller::AddHold(WallTime until, const std::string& who,
                                         const std::string& why) {
  StatusOr<PersonHold> hold = [&] {
    std::scoped_lock lock(mutex_);
    return person_holds_.Add(until, who, why, parts_.clock.Wall());
  }();
  if (hold.ok()) {
    spdlog::warn("held: {}", ToString(*hold));
    Wake();
  }
  return hold;
}

Status Controller::ClearHold(const std::string& id, const std::string& who,
                             const std::string& why) {
  {
    std::scoped_lock lock(mutex_);
    TW_RETURN_IF_ERROR(person_holds_.Clear(id, who, why, parts_.clock.Wall()));
  }
  spdlog::warn("hold {} is cleared by {}", id, who);
  Wake();
  return OkStatus();
}

Status Controller::ResetBreaker(const std::string& who, const std::string& why) {
  const WallTime now = parts_.clock.Wall();
  std::scoped_lock lock(mutex_);
  const BreakerState before = Breaker(past_, breaker_reset_, options_.policy, now);
  TW_RETURN_IF_ERROR(parts_.journal.Audit(now, who, "reset-breaker",
                                          AuditDetail({.about = {},
                                                       .why = why,
                                                       .before = before.open ? "open" : "closed",
                                                       .after = "closed"})));
  TW_RETURN_IF_ERROR(
      parts_.journal.SaveFact(kBreakerReset, std::to_string(now.time_since_epoch().count())));
  breaker_reset_ = now;
  backoff_ = {};
  wake_.request_stop();
  return OkStatus();
}

}  // namespace tidewright
