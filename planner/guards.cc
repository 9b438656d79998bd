#include "planner/guards.h"

#include <algorithm>

#include "planner/explain.h"
#include "planner/proposals.h"

namespace tidewright::planner {
namespace {

using Guard = Verdict (*)(const Situation&, const Proposal&);

Verdict Pass(const Proposal& p) { return {std::nullopt, p.to}; }
Verdict Veto(const Proposal& p, ReasonCode code, std::string text) {
  return {Reason{code, std::move(text)}, p.from};
}
Verdict Weaken(int allowed, ReasonCode code, std::string text) {
  return {Reason{code, std::move(text)}, allowed};
}

// --- both ways -------------------------------------------------------------------------------

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

struct Rest {
  const char* name;
  Duration length;
};
Rest RestBefore(const Policy& policy, PlanKind kind) {
  if (kind == PlanKind::kScaleIn) return {"scale_in_cooldown", policy.scale_in_cooldown};
  if (kind == PlanKind::kRebalance) return {"rebalance_cooldown", policy.rebalance_cooldown};
  return {"scale_out_cooldown", policy.scale_out_cooldown};
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

// --- scale-out -------------------------------------------------------------------------------

Verdict Maximum(const Situation& s, const Proposal& p) {
  const int limit = std::min(s.policy.max_shards, s.input.topology.partition_count);
  if (p.to <= limit) return Pass(p);
  return Weaken(std::max(p.from, limit), ReasonCode::kAtMaximum,
                fmt::format("{} would be needed; max_shards is {}", Shards(p.to), limit));
}

// A forecast that is hardly better than a guess may ask for one shard more than what is observed
// asks for, and only while something is observed.
Verdict PoorForecast(const Situation& s, const Proposal& p) {
  const bool by_forecast = std::any_of(p.reasons.begin(), p.reasons.end(), [](const Reason& r) {
    return r.code == ReasonCode::kForecastExceedsCapacity;
  });
  if (!by_forecast || s.ForecastTrust() >= Trust::kFair) return Pass(p);
  const Demand observed = s.ObservedDemand();
  const bool seen = std::any_of(observed.values.begin(), observed.values.end(),
                                [](const auto& d) { return d.has_value(); });
  const int now = std::max({s.capacity.ShardsFor(observed), p.from, s.policy.min_shards});
  const int allowed = seen ? now + 1 : p.from;
  if (p.to <= allowed) return Pass(p);
  return Weaken(allowed, ReasonCode::kForecastUntrusted,
                fmt::format("{} are forecast to be needed, but there is too little history or too "
                            "large an error to trust that; what is observed needs {}",
                            Shards(p.to), Shards(s.capacity.ShardsFor(observed))));
}

// --- scale-in and rebalance
// --------------------------------------------------------------------------------

Verdict Minimum(const Situation& s, const Proposal& p) {
  if (p.to >= s.policy.min_shards) return Pass(p);
  return Weaken(std::min(p.from, s.policy.min_shards), ReasonCode::kAtMinimum,
                fmt::format("{} would do; min_shards is {}", Shards(p.to), s.policy.min_shards));
}

Verdict NodesMustBeWell(const Situation& s, const Proposal& p) {
  for (const Node& node : s.input.topology.Nodes()) {
    if (node.health == NodeHealth::kOnline) continue;
    return Veto(p, ReasonCode::kClusterUnhealthy,
                fmt::format("node {} is {}", node.Address(), NodeHealthName(node.health)));
  }
  for (const NodeLoad& node : s.input.load.nodes) {
    if (!node.blocking_work) continue;
    return Veto(p, ReasonCode::kClusterUnhealthy,
                fmt::format("node {} is loading, saving or in a full sync", node.node_id));
  }
  return Pass(p);
}

Verdict DataMustBeFresh(const Situation& s, const Proposal& p) {
  const LoadSnapshot& load = s.input.load;
  const Duration age = s.input.now - load.at;
  if (age > 2 * s.policy.step || age < -s.policy.step) {
    return Veto(p, ReasonCode::kDataMissing,
                fmt::format("the newest load is of {}, it is {} now", FormatTime(load.at),
                            FormatTime(s.input.now)));
  }
  if (!(load.fresh_share >= s.policy.min_fresh_share)) {
    return Veto(p, ReasonCode::kDataMissing,
                fmt::format("only {} of the masters have fresh plausible data, min_fresh_share is "
                            "{}",
                            Percent(load.fresh_share), Percent(s.policy.min_fresh_share)));
  }
  for (Resource r : kAllResources) {
    if (s.capacity.binds()[r] && !s.observed[r].at_least) {
      return Veto(p, ReasonCode::kDataMissing,
                  fmt::format("no shard has a fresh figure of {}", ResourceName(r)));
    }
  }
  return Pass(p);
}

// A forecast that errs much is borne where what similar times did is known too: the risk that was
// planned for holds both, and the worse of them counts for little.
bool KnowsSimilarTimes(const Situation& s) {
  constexpr Duration kLongEnough = std::chrono::hours(48);
  return s.size && s.size->analogues > 0 && s.size->seen >= kLongEnough;
}

Verdict ForecastMustBeTrusted(const Situation& s, const Proposal& p) {
  constexpr int kOldestInSteps = 6;
  for (Resource r : kAllResources) {
    if (!s.capacity.binds()[r]) continue;
    const auto& forecast = s.forecast[r];
    if (!forecast) {
      return Veto(p, ReasonCode::kNoForecast,
                  fmt::format("there is no forecast of {}", ResourceName(r)));
    }
    if (forecast->trust() < Trust::kFair && !KnowsSimilarTimes(s)) {
      return Veto(p, ReasonCode::kForecastUntrusted,
                  fmt::format("the forecast of {} has too little history or too large an error",
                              ResourceName(r)));
    }
    const Duration age = s.input.now - forecast->made_from();
    if (age > kOldestInSteps * std::max(forecast->step(), s.policy.step)) {
      return Veto(p, ReasonCode::kForecastUntrusted,
                  fmt::format("the forecast of {} rests on observations that end at {}",
                              ResourceName(r), FormatTime(forecast->made_from())));
    }
    if (!forecast->Over(s.policy.scale_in_window).covered) {
      return Veto(p, ReasonCode::kForecastUntrusted,
                  fmt::format("the forecast of {} is shorter than scale_in_window, {}",
                              ResourceName(r), FormatDuration(s.policy.scale_in_window)));
    }
  }
  return Pass(p);
}

// The chance constraint of a decrease: the most that goes while the risk quantile stays within what
// is left, as long as scale_in_window says and for the way back.
Verdict DemandMustStayLow(const Situation& s, const Proposal& p) {
  if (s.policy.scale_in_window <= Duration(0)) return Pass(p);
  const auto fill = [&](int to) {
    return s.capacity.FillOf(s.ExpectedDemand(ScaleInWindow(s, to)), to, s.capacity.Reachable(to));
  };
  int to = p.to;
  while (to < p.from && fill(to).share > HighestFillAfterScaleIn(s.policy)) ++to;
  if (to == p.to) return Pass(p);
  const Duration window = ScaleInWindow(s, p.to);
  const Resource r = fill(p.to).resource;
  const double limit = HighestFillAfterScaleIn(s.policy) *
                       s.capacity.Usable(r, p.to, s.capacity.ReachableImbalance(r, p.to));
  return Weaken(
      to, ReasonCode::kForecastExceedsCapacity,
      fmt::format("{}, {} should bear at most {} for the next {}", DemandText(s, r, window),
                  Shards(p.to), Amount(r, limit), FormatDuration(window)));
}

Verdict ObservedLoadMustBeLow(const Situation& s, const Proposal& p) {
  for (Resource r : kAllResources) {
    if (!s.capacity.binds()[r]) continue;
    const double limit = HighestFillAfterScaleIn(s.policy) *
                         s.capacity.Usable(r, p.to, s.capacity.ReachableImbalance(r, p.to));
    if (s.observed[r].at_most <= limit) continue;
    return Veto(p, ReasonCode::kObservedLoadHigh,
                fmt::format("{} are observed (silent shards counted as full), {} should bear at "
                            "most {}",
                            Amount(r, s.observed[r].at_most), Shards(p.to), Amount(r, limit)));
  }
  if (s.saturated) {
    return Veto(p, ReasonCode::kObservedLoadHigh,
                "a shard is saturated or throttled: demand is higher than what is observed");
  }
  return Pass(p);
}

const std::vector<Guard>& GuardsOf(PlanKind kind) {
  // Those that weaken come first: what they leave is what the others judge.
  static const std::vector<Guard> kOut = {PoorForecast, Maximum,  StepLimit,
                                          InFlight,     Cooldown, MovesMustBePossible};
  static const std::vector<Guard> kIn = {Minimum,
                                         StepLimit,
                                         DemandMustStayLow,
                                         InFlight,
                                         MovesMustBePossible,
                                         NodesMustBeWell,
                                         DataMustBeFresh,
                                         Cooldown,
                                         ForecastMustBeTrusted,
                                         ObservedLoadMustBeLow};
  // It adds no capacity and moves data on the word of the samples alone.
  static const std::vector<Guard> kRebalance = {InFlight, MovesMustBePossible, NodesMustBeWell,
                                                DataMustBeFresh, Cooldown};
  switch (kind) {
    case PlanKind::kScaleIn:
      return kIn;
    case PlanKind::kRebalance:
      return kRebalance;
    default:
      return kOut;
  }
}

}  // namespace

double HighestFillAfterScaleIn(const Policy& policy) { return 1 - policy.scale_in_slack; }

std::optional<Reason> MovesImpossible(const Topology& topology) {
  const auto unhealthy = [](std::string text) {
    return Reason{ReasonCode::kClusterUnhealthy, std::move(text)};
  };
  if (topology.ServingShards() == 0) return unhealthy("no shard owns a partition");
  if (!topology.open.empty()) {
    return unhealthy(fmt::format("{} partitions are open (between two owners), the first is {}",
                                 topology.open.size(), topology.open.front().partition));
  }
  if (topology.Unowned() != 0) {
    return unhealthy(fmt::format("{} partitions are owned by nobody", topology.Unowned()));
  }
  if (!topology.agreed) return unhealthy("the nodes do not agree on who owns what");
  for (const Shard& shard : topology.shards) {
    if (!shard.partitions.empty() && shard.master.health != NodeHealth::kOnline) {
      return unhealthy(fmt::format("master {} is {}", shard.master.Address(),
                                   NodeHealthName(shard.master.health)));
    }
  }
  return std::nullopt;
}

Judgement Judge(const Situation& situation, const Proposal& proposal) {
  Judgement judgement{proposal.to, {}, false};
  Proposal left = proposal;
  for (Guard guard : GuardsOf(proposal.kind)) {
    Verdict verdict = guard(situation, left);
    if (!verdict.reason) continue;
    judgement.objections.push_back(*std::move(verdict.reason));
    const auto [low, high] = std::minmax(proposal.from, left.to);
    const int allowed = std::clamp(verdict.allowed, low, high);
    if (allowed == proposal.from) {
      judgement.vetoed = true;  // the others are still asked: people want to know all of it
    } else {
      left.to = allowed;
    }
  }
  judgement.to = judgement.vetoed ? proposal.from : left.to;
  return judgement;
}

}  // namespace tidewright::planner
