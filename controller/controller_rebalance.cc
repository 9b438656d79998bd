// Moves on a person's request, and what makes people ask: asked for by a thread of the API, planned
// by the cycle's.
#include <spdlog/spdlog.h>

#include <utility>

#include "controller/controller.h"

namespace tidewright {

namespace {

constexpr char kForeignLocker[] = "tidewright";

}  // namespace

StatusOr<Recommendation> Controller::PlanRebalance(const std::string& who, bool plan_only) {
  return AskForPlan(who, plan_only, /*revert=*/false);
}

StatusOr<Recommendation> Controller::PlanRevert(const std::string& who, bool plan_only) {
  return AskForPlan(who, plan_only, /*revert=*/true);
}

StatusOr<Recommendation> Controller::AskForPlan(const std::string& who, bool plan_only,
                                                bool revert) {
  constexpr auto kPatience = std::chrono::seconds(60);
  std::future<StatusOr<Recommendation>> answer;
  {
    std::scoped_lock lock(mutex_);
    rebalance_calls_.push_back({who, plan_only, revert, {}});
    answer = rebalance_calls_.back().answer.get_future();
  }
  Wake();
  if (answer.wait_for(kPatience) == std::future_status::ready) return answer.get();
  return Error(StatusCode::kUnavailable, "no control cycle has ended within {}: try again",
               FormatDuration(kPatience));
}

void Controller::AnswerRebalanceCalls(const Topology* topology, const LoadSnapshot& load,
                                      WallTime now) {
  std::vector<RebalanceCall> calls;
  {
    std::scoped_lock lock(mutex_);
    calls.swap(rebalance_calls_);
  }
  for (RebalanceCall& call : calls) {
    if (topology == nullptr) {
      call.answer.set_value(Error(StatusCode::kUnavailable, "the cluster does not answer"));
      continue;
    }
    const PlannerState state = CurrentPlannerState(now);
    const PlanInput input{*topology, load, memory_.demand(), options_.policy,
                          state,     now,  &memory_.recent()};
    const Plan plan = call.revert ? tidewright::PlanRevert(input, shards_.Change(*topology))
                                  : PlanEvenSpread(input);
    call.answer.set_value(KeepAskedPlan(plan, call));
  }
}

void Controller::LookForForeignChange(const Topology& topology, WallTime now) {
  const Continuity& seen = continuity_.Get();
  const bool found = seen.foreign_change == now;
  const Status kept = shards_.Look(topology, found, seen.in_flight);
  if (!kept.ok()) Complain("the shards as they were are not being kept: " + Message(kept));
  const ForeignChange change = shards_.Change(topology);
  const bool recent =
      seen.foreign_change && now - *seen.foreign_change < options_.policy.settling_time;
  bool locked = false;
  {
    std::scoped_lock lock(auto_lock_mutex_);
    locked = auto_lock_.LockedBy() == kForeignLocker;
  }
  const std::string what = change.None() ? "" : Describe(change, topology);
  foreign_change_ = recent || locked ? what : "";
  if (!found || change.None()) return;
  spdlog::warn("somebody else changed the cluster: {}", what);
  AuditOrComplain("somebody else", "foreign_change",
                  AuditDetail({.about = {{"cluster", options_.cluster}},
                               .why = "not by an action of this controller",
                               .before = {},
                               .after = what}));
  if (options_.policy.foreign_changes != ForeignChanges::kAlert) return;
  std::scoped_lock lock(auto_lock_mutex_);
  if (auto_lock_.LockedBy() == kForeignLocker) return;
  const Status held =
      auto_lock_.Set(true, kForeignLocker, "somebody else changed the cluster: " + what, now);
  // A person's own lock holds as well.
  if (!held.ok() && held.code() != StatusCode::kFailedPrecondition) {
    Complain("auto mode could not be locked: " + Message(held));
  }
}

StatusOr<Recommendation> Controller::KeepAskedPlan(const Plan& plan, const RebalanceCall& call) {
  if (plan.kind == PlanKind::kNone) {
    std::vector<std::string> why;
    for (const auto& reason : plan.reasons) why.push_back(reason.text);
    return Error(StatusCode::kFailedPrecondition, "nothing is moved: {}", fmt::join(why, "; "));
  }
  Recommendation asked;
  asked.hash = PlanHash(plan);
  asked.plan = plan;
  if (call.plan_only) return asked;
  TW_RETURN_IF_ERROR(parts_.journal.SaveRecommendation(asked));
  AuditOrComplain(call.who, "recommend",
                  AuditDetail({.about = {{"hash", asked.hash}, {"plan", CanonicalJson(plan)}},
                               .why = plan.reasons.front().text,
                               .before = fmt::format("{} shards", plan.from_shards),
                               .after = fmt::format("{} shards", plan.to_shards)}));
  return parts_.journal.FindRecommendation(asked.hash);
}

}  // namespace tidewright
