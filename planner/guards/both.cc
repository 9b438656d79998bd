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

int Begun(const Situation& s, PlanKind kind, Duration within) {
  const auto& actions = s.input.state.recent_actions;
  return static_cast<int>(
      std::count_if(actions.begin(), actions.end(), [&](const BegunAction& action) {
        const Duration since = s.input.now - action.began;
        // What a clock that jumped back shows ahead is a recent one, for a decrease.
        return action.kind == kind && since < within &&
               (since >= Duration(0) || kind == PlanKind::kScaleIn);
      }));
}

bool Forbids(WindowRule rule, PlanKind kind) {
  return rule == WindowRule::kNoActions ||
         (rule == WindowRule::kNoScaleIn && kind == PlanKind::kScaleIn) ||
         (rule == WindowRule::kNoScaleOut && kind == PlanKind::kScaleOut);
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

// Another agent may be at work still; by a clock that was set, forecasts are of another time.
Verdict Settling(const Situation& s, const Proposal& p) {
  const auto recent = [&](const std::optional<WallTime>& found) {
    return found && s.input.now - *found < s.policy.settling_time;
  };
  const std::string rest =
      fmt::format("settling_time asks for {} of rest", FormatDuration(s.policy.settling_time));
  if (recent(s.continuity.foreign_change)) {
    return Veto(p, ReasonCode::kForeignChange,
                fmt::format("somebody else changed the topology, as was seen at {}; {}",
                            FormatTimeOfDay(*s.continuity.foreign_change), rest));
  }
  if (recent(s.continuity.clock_jump) && !p.emergency) {
    return Veto(p, ReasonCode::kClockJumped,
                fmt::format("the clock jumped, or nobody looked for long, as was seen at {}; {}",
                            FormatTimeOfDay(*s.continuity.clock_jump), rest));
  }
  return Pass(p);
}

Verdict RateLimit(const Situation& s, const Proposal& p) {
  if (p.kind == PlanKind::kRebalance || p.emergency || p.from < s.policy.min_shards) return Pass(p);
  const bool in = p.kind == PlanKind::kScaleIn;
  struct Limit {
    const char* name;
    int most;
    Duration within;
  };
  using std::chrono::hours;
  const Policy& policy = s.policy;
  for (const Limit& limit :
       {in ? Limit{"max_scale_ins_per_hour", policy.max_scale_ins_per_hour, hours(1)}
           : Limit{"max_scale_outs_per_hour", policy.max_scale_outs_per_hour, hours(1)},
        in ? Limit{"max_scale_ins_per_day", policy.max_scale_ins_per_day, hours(24)}
           : Limit{"max_scale_outs_per_day", policy.max_scale_outs_per_day, hours(24)}}) {
    const int begun = Begun(s, p.kind, limit.within);
    if (limit.most <= 0 || begun < limit.most) continue;
    return Veto(p, ReasonCode::kRateLimit,
                fmt::format("{} of them began within {}, {} is {}", begun,
                            FormatDuration(limit.within), limit.name, limit.most));
  }
  return Pass(p);
}

Verdict Windows(const Situation& s, const Proposal& p) {
  if (p.emergency && s.policy.emergency_ignores_windows) return Pass(p);
  const ActionWindow* maintenance = nullptr;
  bool maintained = false;
  for (const ActionWindow& window : s.policy.windows) {
    if (Expired(window, s.input.now)) continue;
    const bool now = Covers(window, s.input.now);
    if (window.rule == WindowRule::kMaintenance) {
      maintenance = &window;
      maintained = maintained || now;
    } else if (now && Forbids(window.rule, p.kind)) {
      return Veto(p, ReasonCode::kWindow, "policy.windows says: " + ToString(window));
    }
  }
  const bool urgent = p.kind == PlanKind::kScaleOut || p.emergency;
  if (maintenance == nullptr || maintained || urgent) return Pass(p);
  return Veto(p, ReasonCode::kWindow,
              "what is not urgent waits for policy.windows: " + ToString(*maintenance));
}

Verdict Held(const Situation& s, const Proposal& p) {
  if (p.emergency && s.policy.emergency_ignores_windows) return Pass(p);
  for (const PersonHold& hold : s.input.state.holds) {
    if (!hold.Active(s.input.now)) continue;
    return Veto(p, ReasonCode::kHeld, "nothing begins while a person holds it: " + ToString(hold));
  }
  return Pass(p);
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
