#include <algorithm>

#include "planner/explain.h"
#include "planner/guards/guard.h"

namespace tidewright::planner::guards {
namespace {

struct Rest {
  const char* name;
  Duration length;
};
Rest RestBefore(const Policy& policy, PlanKind kind) {
  if (kind == PlanKind::kScaleIn) return {"scale_in_cooldown", policy.scale_in_cooldown};
  if (kind == PlanKind::kRebalance) return {"rebalance_cooldown", policy.rebalance_cooldown};
  return {"scale_out_cooldown", policy.scale_out_cooldown};
}

}  // namespace

Verdict InFlight(const Situation& s, const Proposal& p) {
  const PlannerState& state = s.input.state;
  if (!state.action_in_flight) return Pass(p);
  return Veto(
      p, ReasonCode::kActionInFlight,
      fmt::format("an action towards {} is still under way", Shards(state.action_target_shards)));
}

Verdict MovesMustBePossible(const Situation& s, const Proposal& p) {
  auto reason = MovesImpossible(s.input.topology);
  if (!reason) return Pass(p);
  return {std::move(reason), p.from};
}

// A clock that jumped back shows an end that lies ahead: for a decrease it is still a recent one.
Verdict Cooldown(const Situation& s, const Proposal& p) {
  const auto& ended = s.input.state.last_action_ended;
  const Rest rest = RestBefore(s.policy, p.kind);
  if (!ended || rest.length <= Duration(0)) return Pass(p);
  const Duration since = s.input.now - *ended;
  if (since >= rest.length || (since < Duration(0) && p.kind != PlanKind::kScaleIn)) return Pass(p);
  if (p.kind == PlanKind::kRebalance && p.emergency) return Pass(p);
  return Veto(p, ReasonCode::kCooldown,
              fmt::format("the last action ended at {}; {} asks for {} of rest after it",
                          FormatTimeOfDay(*ended), rest.name, FormatDuration(rest.length)));
}

Verdict StepLimit(const Situation& s, const Proposal& p) {
  const bool decrease = p.kind == PlanKind::kScaleIn;
  const int limit = decrease ? s.policy.max_step_in : s.policy.max_step_out;
  if (p.step() <= limit) return Pass(p);
  return Weaken(decrease ? p.from - limit : p.from + limit, ReasonCode::kStepLimit,
                fmt::format("{} would be right; {} allows {} at a time", Shards(p.to),
                            decrease ? "max_step_in" : "max_step_out", Shards(limit)));
}

}  // namespace tidewright::planner::guards
