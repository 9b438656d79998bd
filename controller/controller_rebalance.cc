// An even spread on a person's request: asked for by a thread of the API, planned by the cycle's.
#include <utility>

#include "controller/controller.h"

namespace tidewright {

StatusOr<Recommendation> Controller::PlanRebalance(const std::string& who, bool plan_only) {
  constexpr auto kPatience = std::chrono::seconds(60);
  std::future<StatusOr<Recommendation>> answer;
  {
    std::scoped_lock lock(mutex_);
    rebalance_calls_.push_back({who, plan_only, {}});
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
    const Plan plan = PlanEvenSpread({*topology, load, memory_.demand(), options_.policy,
                                      CurrentPlannerState(now), now, &memory_.recent()});
    call.answer.set_value(KeepAskedPlan(plan, call));
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
