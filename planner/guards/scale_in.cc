#include <algorithm>

#include "planner/explain.h"
#include "planner/guards/guard.h"
#include "planner/proposals.h"

namespace tidewright::planner::guards {
namespace {

// A forecast that errs much is borne where what similar times did is known too: the risk that was
// planned for holds both, and the worse of them counts for little.
bool KnowsSimilarTimes(const Situation& s) {
  constexpr Duration kLongEnough = std::chrono::hours(48);
  return s.size && s.size->analogues > 0 && s.size->seen >= kLongEnough;
}

// The gravest of what is wrong: what is not told at all, then what may be a lie.
ReasonCode DataFault(const DataQuality& quality) {
  if (quality.missing > 0) return ReasonCode::kDataMissing;
  if (quality.implausible > 0) return ReasonCode::kDataImplausible;
  if (quality.zero > 0) return ReasonCode::kDataZero;
  if (quality.stale > 0) return ReasonCode::kDataStale;
  return ReasonCode::kDataMissing;
}

std::string FaultText(const DataQuality& quality) {
  if (quality.first_bad.empty()) return "";
  return fmt::format(
      ": of {} masters {} tell nothing, {} something stale, {} something implausible, "
      "{} zero against all else; the first is {}",
      quality.masters, quality.missing, quality.stale, quality.implausible, quality.zero,
      quality.first_bad);
}

}  // namespace

Verdict Minimum(const Situation& s, const Proposal& p) {
  if (p.to >= s.policy.min_shards) return Pass(p);
  return Weaken(std::min(p.from, s.policy.min_shards), ReasonCode::kAtMinimum,
                fmt::format("{} would do; min_shards is {}", Shards(p.to), s.policy.min_shards));
}

// What must survive the loss of a host or a zone is not made smaller where nobody can tell whether
// it would.
Verdict LossMustBeSurvivable(const Situation& s, const Proposal& p) {
  auto against = s.capacity.domains().AgainstScaleIn();
  if (!against) return Pass(p);
  return {std::move(against), p.from};
}

// A cache gives up memory where what it holds would fit, or hits would suffice whatever the curve.
Verdict HitsMustSuffice(const Situation& s, const Proposal& p) {
  if (!s.cache.is_cache) return Pass(p);
  if (s.cache.FitsInto(p.from, p.to)) return Pass(p);
  const double target = s.policy.hit_ratio;
  if (target <= 0) {
    return Veto(
        p, ReasonCode::kHitRatioUnknown,
        "servers evict keys where memory is full, and policy.hit_ratio does not say how many "
        "reads must find their key with less of it");
  }
  const auto left = s.cache.HitRatioAfter(p.from, p.to);
  if (!left) {
    return Veto(p, ReasonCode::kHitRatioUnknown,
                "how many reads find their key is not known of every shard");
  }
  if (*left >= target) return Pass(p);
  return Veto(
      p, ReasonCode::kHitRatioLow,
      fmt::format("{:.4g} of reads find their key; with {} of the memory it may be as few as "
                  "{:.4g}, hit_ratio is {:.4g}",
                  *s.cache.hit_ratio, Percent(static_cast<double>(p.to) / p.from), *left, target));
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
  const DataQuality& quality = s.quality;
  const double masters = std::min(load.fresh_share, quality.fresh_share);
  const bool enough = load.fresh_share >= s.policy.min_fresh_share &&
                      quality.fresh_share >= s.policy.min_fresh_share &&
                      quality.partition_share >= s.policy.min_fresh_partition_share;
  if (!enough) {
    return Veto(p, DataFault(quality),
                fmt::format("{} of the masters and {} of the partitions have fresh plausible data, "
                            "min_fresh_share is {}, min_fresh_partition_share is {}{}",
                            Percent(masters), Percent(quality.partition_share),
                            Percent(s.policy.min_fresh_share),
                            Percent(s.policy.min_fresh_partition_share), FaultText(quality)));
  }
  for (Resource r : kAllResources) {
    if (s.capacity.binds()[r] && !s.observed[r].at_least) {
      return Veto(p, ReasonCode::kDataMissing,
                  fmt::format("no shard has a fresh figure of {}", ResourceName(r)));
    }
  }
  return Pass(p);
}

Verdict ForecastMustBeTrusted(const Situation& s, const Proposal& p) {
  constexpr int kOldestInSteps = 6;
  for (Resource r : kAllResources) {
    if (!s.capacity.binds()[r]) continue;
    const auto& forecast = s.forecast[r];
    if (!forecast) {
      Reason none = NoForecast(s, r);
      return Veto(p, none.code, std::move(none.text));
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
                       s.capacity.Dependable(r, p.to, s.capacity.ReachableImbalance(r, p.to));
  return Weaken(
      to, ReasonCode::kForecastExceedsCapacity,
      fmt::format("{}, {} should bear at most {} for the next {}", DemandText(s, r, window),
                  Shards(p.to), Amount(r, limit), FormatDuration(window)));
}

Verdict ObservedLoadMustBeLow(const Situation& s, const Proposal& p) {
  for (Resource r : kAllResources) {
    if (!s.capacity.binds()[r]) continue;
    const double limit = HighestFillAfterScaleIn(s.policy) *
                         s.capacity.Dependable(r, p.to, s.capacity.ReachableImbalance(r, p.to));
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

}  // namespace tidewright::planner::guards
