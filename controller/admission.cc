#include "controller/admission.h"

#include <algorithm>
#include <deque>

namespace tidewright {
namespace {

int NodesAdded(const Plan& plan) {
  if (plan.kind != PlanKind::kScaleOut) return 0;
  return std::max(0, plan.to_shards - plan.from_shards) * (1 + plan.replicas_per_shard);
}

}  // namespace

PastAction Brief(const ActionRecord& record) {
  const bool by_person = !record.cancelled_by.empty() && record.cancelled_by != kHealthActor;
  return {.id = record.id,
          .kind = record.plan.kind,
          .created = record.created,
          .ended = record.ended,
          .open = record.Open(),
          .failed = !by_person && (record.state == ActionState::kFailed ||
                                   record.state == ActionState::kRolledBack),
          .done = record.state == ActionState::kDone,
          .nodes_added = NodesAdded(record.plan),
          .error = record.error};
}

BreakerState Breaker(const std::vector<PastAction>& actions, std::optional<WallTime> reset,
                     const Policy& policy, WallTime now) {
  BreakerState state;
  std::deque<WallTime> failures;
  const auto forget = [&](WallTime at) {
    while (!failures.empty() && failures.front() + policy.breaker_window <= at) {
      failures.pop_front();
    }
  };
  for (const auto& action : actions) {
    if (action.open || (reset && action.ended <= *reset)) continue;
    if (action.done) {
      if (state.open) failures.clear();
      state.open = false;
    }
    if (!action.failed) continue;
    failures.push_back(action.ended);
    forget(action.ended);
    state.since = action.ended;
    state.last_error = action.error;
    if (static_cast<int>(failures.size()) >= policy.breaker_failures) state.open = true;
    if (state.open) state.failures = static_cast<int>(failures.size());
  }
  if (!state.open) {
    forget(now);
    state.failures = static_cast<int>(failures.size());
  }
  state.probe_at = state.since + policy.breaker_cool_off;
  return state;
}

std::optional<Reason> BreakerHold(const BreakerState& breaker, WallTime now) {
  if (!breaker.Holds(now)) return std::nullopt;
  return Reason{
      ReasonCode::kBreakerOpen,
      fmt::format("{} action{} failed, the last one at {} ({}): one more may begin by itself at "
                  "{}, to see; `tidectl breaker reset` ends the wait",
                  breaker.failures, breaker.failures == 1 ? "" : "s", FormatTime(breaker.since),
                  breaker.last_error, FormatTime(breaker.probe_at))};
}

std::optional<Reason> RateHold(const Plan& plan, const std::vector<PastAction>& actions,
                               const Policy& policy, WallTime now) {
  const bool out = plan.kind == PlanKind::kScaleOut;
  int nodes = 0;
  int count = 0;
  for (const auto& action : actions) {
    if (action.created > now - std::chrono::hours(1)) nodes += action.nodes_added;
    const bool same_budget = !out || action.kind == PlanKind::kScaleOut;
    if (same_budget && action.created > now - std::chrono::hours(24)) ++count;
  }
  const int more = NodesAdded(plan);
  if (more > 0 && nodes + more > policy.max_nodes_added_per_hour) {
    return Reason{ReasonCode::kNodeRate,
                  fmt::format("{} nodes were added within the last hour and this plan adds {}: "
                              "more than max_nodes_added_per_hour, {}",
                              nodes, more, policy.max_nodes_added_per_hour)};
  }
  if (count >= policy.max_actions_per_day) {
    return Reason{ReasonCode::kActionRate,
                  fmt::format("{} actions began within the last 24 hours: max_actions_per_day is "
                              "{}",
                              count, policy.max_actions_per_day)};
  }
  return std::nullopt;
}

}  // namespace tidewright
