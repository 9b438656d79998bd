#include "planner/proposals.h"

#include <algorithm>

#include "planner/explain.h"

namespace tidewright::planner {
namespace {

constexpr double kRounding = 1e-9;
/// A rebalance must lower the busiest shard's load by this share of what it would be.
constexpr double kWorthMoving = 0.10;
constexpr int kMostShards = 4096;  // bounds the search, far above any real policy

// Whether a partition that cannot be split would be nearly all of its shard's load in the resource
// that is short once the others are spread well: then more shards change nothing.
bool HotPartitionIsAll(const Situation& s, Resource r, const Demand& demand) {
  if (s.capacity.PartitionTooHot(demand) != r) return false;
  return s.AchievableImbalance()[r] / s.shards <= 1.05 * s.capacity.shape().hottest[r];
}

Reason HotPartition(const Situation& s, Resource r, const Demand& demand) {
  const auto& share = s.weights.share[r];
  const auto hot = std::max_element(share.begin(), share.end());
  return {ReasonCode::kNotPlaceable,
          fmt::format("partition {} alone draws {} of {} and fills its shard: it cannot be split, "
                      "so more shards do not help; usable capacity of one shard is {}, the "
                      "partition asks for {}",
                      hot - share.begin(), Percent(*hot), ResourceName(r),
                      Amount(r, s.capacity.Usable(r, 1, 1.0)), Amount(r, *demand[r] * *hot))};
}

void AddHotPartition(const Situation& s, Resource r, const Demand& demand,
                     std::vector<Reason>& rejections) {
  const bool told = std::any_of(rejections.begin(), rejections.end(), [](const Reason& reason) {
    return reason.code == ReasonCode::kNotPlaceable;
  });
  if (!told) rejections.push_back(HotPartition(s, r, demand));
}

// Of the shards that there are, however well their partitions were spread.
std::string CapacityText(const Situation& s, Resource r) {
  const double imbalance = s.AchievableImbalance()[r];
  std::string text = fmt::format("usable capacity of {} is {}", Shards(s.shards),
                                 Amount(r, s.capacity.Dependable(r, s.shards, imbalance)));
  if (imbalance > 1.05) {
    text += fmt::format(
        " as evenly as partitions can lie (the busiest shard bears {:.2f} times its share)",
        imbalance);
  }
  return text;
}

// What the schedule says of a change, beside staying.
std::string CostText(const Situation& s, int to) {
  if (!s.size || s.size->to != to) return "";
  const SizeDecision& size = *s.size;
  return fmt::format(
      "; over the next {} {} now is expected to cost {:.3g} shard-hours less than {}",
      FormatDuration(size.horizon), Shards(to), size.Regret(s.shards), Shards(s.shards));
}

Reason ForecastReason(const Situation& s, int to) {
  const Duration lead_time = s.LeadTimeTo(to);
  const Duration window = CoveredWindow(s.policy, lead_time);
  const Demand demand = s.ExpectedDemand(window);
  const Resource r = s.FillAchievable(demand).resource;
  const double usable = s.capacity.Dependable(r, s.shards, s.AchievableImbalance()[r]);
  std::string text = fmt::format("{}, {}", DemandText(s, r, window), CapacityText(s, r));
  if (s.forecast[r]) {
    if (const auto crossing = s.forecast[r]->Crossing(usable)) {
      text += fmt::format(", passed at {}", FormatTimeOfDay(*crossing));
    }
  }
  text += fmt::format("; lead time {}{}", FormatDuration(lead_time), CostText(s, to));
  return {ReasonCode::kForecastExceedsCapacity, std::move(text)};
}

Reason ObservedReason(const Situation& s, Resource r, double value) {
  return {ReasonCode::kDemandExceedsCapacity,
          fmt::format("{} are observed, {} ({} of full use){}", Amount(r, value),
                      CapacityText(s, r), Percent(s.policy.target_utilisation),
                      s.saturated ? "; a shard is saturated: demand is higher than that" : "")};
}

void AddForecast(const Situation& s, Proposal& p, std::vector<Reason>& rejections) {
  if (s.AnyForecast() && s.shards >= s.policy.max_shards) {
    // The schedule keeps within the policy; people want to know that it should not have to.
    const Demand demand = s.ForecastDemand(s.LeadTimeTo(s.shards + 1) + s.policy.step);
    const Capacity::Fill fill = s.FillAchievable(demand);
    if (fill.share <= 1 + kRounding) return;
    if (HotPartitionIsAll(s, fill.resource, demand)) {
      AddHotPartition(s, fill.resource, demand, rejections);
      return;
    }
    p.to = std::max({p.to, s.shards + 1, s.capacity.ShardsFor(demand)});
    p.reasons.push_back(ForecastReason(s, p.to));
    return;
  }
  if (!s.size || s.size->to <= s.shards) return;
  const Demand demand = s.ExpectedDemand(CoveredWindow(s.policy, s.LeadTimeTo(s.size->to)));
  const Resource r = s.FillAchievable(demand).resource;
  if (HotPartitionIsAll(s, r, demand)) {
    AddHotPartition(s, r, demand, rejections);
    return;
  }
  p.to = std::max(p.to, s.size->to);
  p.reasons.push_back(ForecastReason(s, s.size->to));
}

void AddObserved(const Situation& s, Proposal& p, std::vector<Reason>& rejections) {
  const Demand observed = s.ObservedDemand();
  const Capacity::Fill fill = s.FillAchievable(observed);
  const double utilisation = fill.share * s.policy.target_utilisation;
  // An emergency is what is short now, not what would be short after a loss.
  const double share_of_all =
      s.capacity.FillWithoutLoss(observed, s.shards, s.AchievableImbalance()).share;
  const bool saturated = s.saturated && share_of_all > 1 + kRounding;
  if (utilisation <= ReactiveLimit(s) * (1 + kRounding) && !saturated) return;
  if (HotPartitionIsAll(s, fill.resource, observed)) {
    AddHotPartition(s, fill.resource, observed, rejections);
    return;
  }
  p.to = std::max({p.to, s.shards + 1, s.capacity.ShardsFor(observed)});
  p.emergency =
      saturated || share_of_all * s.policy.target_utilisation > s.policy.emergency_utilisation;
  p.reasons.push_back(ObservedReason(s, fill.resource, *observed[fill.resource]));
}

// One more for the hits, where they were too few for long enough since whatever was done last.
void AddHits(const Situation& s, Proposal& p) {
  const double target = s.policy.hit_ratio;
  const auto low = s.continuity.hits_low_since;
  if (!s.cache.is_cache || target <= 0 || !low) return;
  if (!s.cache.WantsMore(target).value_or(false)) return;
  const WallTime since = std::max(*low, s.input.state.last_action_ended.value_or(*low));
  if (s.input.now - since < s.policy.hit_ratio_patience) return;
  p.to = std::max(p.to, s.shards + 1);
  p.reasons.push_back(
      {ReasonCode::kHitRatioLow,
       fmt::format("{:.4g} of reads find their key, hit_ratio is {:.4g}, and {} keys are evicted a "
                   "second, since {}: a shard more, to see what its memory does",
                   *s.cache.hit_ratio_at_most, target, Figure(s.cache.evictions_per_second),
                   FormatTimeOfDay(since))});
}

struct Crowded {
  Resource resource = Resource::kRequests;
  Duration window{0};
};

// The resource in which the busiest shard passes what it may bear, now or before its partitions
// could have moved away.
std::optional<Crowded> CrowdedAsItLies(const Situation& s) {
  const Capacity::Fill seen = s.FillNow(s.ObservedDemand());
  if (seen.share * s.policy.target_utilisation > ReactiveLimit(s) * (1 + kRounding)) {
    return Crowded{seen.resource, s.policy.step};
  }
  if (!s.AnyForecast() || s.ForecastTrust() < Trust::kFair) return std::nullopt;
  const Duration window = s.LeadTimeTo(s.shards + 1) + s.policy.step;
  const Capacity::Fill fill = s.FillNow(s.ForecastDemand(window));
  if (fill.share <= 1 + kRounding) return std::nullopt;
  return Crowded{fill.resource, window};
}

// Whether fewer shards would bear what is expected, were none of them to be lost.
bool OnlyLossForbids(const Situation& s, int to) {
  const double most = HighestFillAfterScaleIn(s.policy);
  const Demand demand = s.ExpectedDemand(ScaleInWindow(s, to));
  const PerResource<double> lie = s.capacity.Reachable(to);
  return s.capacity.FillWithoutLoss(demand, to, lie).share <= most &&
         s.capacity.FillOf(demand, to, lie).share > most;
}

// Until when the shard that would leave first is paid, and when it may.
std::string PaidText(const Situation& s) {
  const Duration period = s.policy.billing.granularity;
  std::string text = s.size->paid_until
                         ? "paid until " + FormatTimeOfDay(*s.size->paid_until)
                         : "paid for longer than now (since when it is there is not known)";
  text += period > Duration(0)
              ? fmt::format(", {} at a time", FormatDuration(period))
              : fmt::format(", {} at least", FormatDuration(s.policy.billing.minimum));
  text += "; it is kept";
  const auto& moves = s.size->schedule.moves;
  if (!moves.empty() && moves.front().to < moves.front().from) {
    text += fmt::format(", and leaves from {} on if all goes as expected",
                        FormatTimeOfDay(s.input.now + s.size->step * moves.front().step));
  }
  return text;
}

// Why a shard less was found dearer.
Reason WhyKept(const Situation& s, int to) {
  const double regret = s.size->Regret(to);
  const double unused = s.size->Unused(to);
  const std::string dearer = fmt::format(
      "expected to cost {:.3g} shard-hours more than {} over the next {}, unserved "
      "demand included",
      regret, Shards(s.shards), FormatDuration(s.size->horizon));
  const std::string wanted = fmt::format("scale-in to {}: ", Shards(to));
  if (unused > 0 && regret <= unused * (1 + kRounding)) {
    return {ReasonCode::kStillPaid,
            fmt::format("{}the shard that would leave is {}; leaving now is {}", wanted,
                        PaidText(s), dearer)};
  }
  if (!OnlyLossForbids(s, to)) return {ReasonCode::kForecastExceedsCapacity, wanted + dearer};
  return {ReasonCode::kSurvivesLoss,
          fmt::format("{}the {} that would remain of them after the loss of a {} do not bear the "
                      "demand, all of them do: {}",
                      wanted, s.capacity.domains().Remaining(to),
                      SurviveLossName(s.policy.survive_loss), dearer)};
}

// A server says so itself, whatever its partitions are thought to weigh.
bool ShardAtLimit(const Situation& s) {
  if (s.saturated) return true;
  return std::any_of(
      s.input.load.nodes.begin(), s.input.load.nodes.end(), [&](const NodeLoad& node) {
        return node.master && std::any_of(kAllResources.begin(), kAllResources.end(), [&](auto r) {
                 return s.capacity.binds()[r] && node.usage[r].fresh() &&
                        node.usage[r].value >
                            s.policy.emergency_utilisation * s.capacity.Full(r, 1);
               });
      });
}

}  // namespace

// A trusted forecast already allows for noise.
double ReactiveLimit(const Situation& s) {
  const bool trusted = s.HasForecast() && s.ForecastTrust() >= Trust::kFair;
  return trusted ? s.policy.reactive_utilisation : s.policy.target_utilisation;
}

std::string DemandText(const Situation& s, Resource r, Duration window) {
  const auto& observed = s.observed[r].at_least;
  if (s.forecast[r]) {
    const Peak peak = s.forecast[r]->Over(window);
    if (!observed || peak.value >= *observed) {
      return fmt::format("demand is forecast ({}) to reach {} by {}",
                         QuantileName(s.policy.risk_quantile), Amount(r, peak.value),
                         FormatTimeOfDay(peak.by));
    }
  }
  if (observed) return fmt::format("{} are observed", Amount(r, *observed));
  return fmt::format("nothing is known of {}", ResourceName(r));
}

Reason NoForecast(const Situation& s, Resource r) {
  if (!s.outdated[r]) {
    return {ReasonCode::kNoForecast, fmt::format("there is no forecast of {}", ResourceName(r))};
  }
  return {ReasonCode::kNoForecast,
          fmt::format("the forecast of {} rests on data that ended at {}, max_forecast_age is {}",
                      ResourceName(r), FormatTime(*s.outdated[r]),
                      FormatDuration(s.policy.max_forecast_age))};
}

std::optional<Reason> CacheReason(const Situation& s) {
  const bool named = s.policy.hit_ratio > 0 || s.policy.shard_capacity[Resource::kMemory];
  if (!s.cache.is_cache || !named) return std::nullopt;
  std::string text =
      "servers evict keys where memory is full, so memory counts by hits, not by use: ";
  text += s.cache.hit_ratio ? fmt::format("{:.4g} of reads find their key", *s.cache.hit_ratio)
                            : "how many reads find their key is not known of all shards";
  text += s.policy.hit_ratio > 0 ? fmt::format(", hit_ratio is {:.4g}", s.policy.hit_ratio)
                                 : "; policy.hit_ratio does not say how many should";
  if (s.continuity.hits_low_since) {
    text += fmt::format(", too few since {}, hit_ratio_patience is {}",
                        FormatTimeOfDay(*s.continuity.hits_low_since),
                        FormatDuration(s.policy.hit_ratio_patience));
  }
  return Reason{ReasonCode::kSizedByHitRatio, std::move(text)};
}

std::optional<Proposal> ProposeScaleOut(const Situation& s, std::vector<Reason>& rejections) {
  Proposal proposal{PlanKind::kScaleOut, s.shards, s.shards, false, {}};
  if (s.shards < s.policy.min_shards) {
    proposal.to = s.policy.min_shards;
    proposal.reasons.push_back(
        {ReasonCode::kBelowMinimum,
         fmt::format("{} serve, min_shards is {}", Shards(s.shards), s.policy.min_shards)});
  }
  if (s.capacity.known() && s.shards > 0) {
    AddObserved(s, proposal, rejections);
    AddForecast(s, proposal, rejections);
  }
  if (s.shards > 0) AddHits(s, proposal);
  if (proposal.reasons.empty()) return std::nullopt;
  return proposal;
}

std::optional<Proposal> ProposeRebalance(const Situation& s, std::vector<Reason>& rejections) {
  if (!s.capacity.known() || s.shards < 2) return std::nullopt;
  const auto crowded = CrowdedAsItLies(s);
  if (!crowded) return std::nullopt;
  if (s.Respread().moved == 0) return std::nullopt;  // they lie as well as they can
  const Resource r = crowded->resource;
  const double now = s.capacity.shape().imbalance[r];
  const double after = s.AchievableImbalance()[r];
  const auto refuse = [&](std::string why) {
    rejections.push_back({ReasonCode::kUnevenLoad, "rebalance: " + std::move(why)});
    return std::nullopt;
  };
  const std::string uneven =
      fmt::format("the busiest shard bears {:.2f} times its share of {}", now, ResourceName(r));
  if (now < after * (1 + kWorthMoving)) {
    return refuse(fmt::format("{}, moving {} partitions would make it {:.2f}: too little to pay",
                              uneven, s.Respread().moved, after));
  }
  const bool at_limit = ShardAtLimit(s);
  const int needed = at_limit ? 1 : kSettledRounds;
  if (s.input.load.partition_rounds < needed) {
    return refuse(fmt::format("{}; believed when seen in {} rounds of samples, now {}", uneven,
                              needed, s.input.load.partition_rounds));
  }
  Proposal proposal{PlanKind::kRebalance, s.shards, s.shards, at_limit, {}};
  proposal.reasons.push_back(
      {ReasonCode::kUnevenLoad,
       fmt::format("{}: {} usable as the partitions lie, {} when {} of them move; {}", uneven,
                   Amount(r, s.capacity.Dependable(r, s.shards, now)),
                   Amount(r, s.capacity.Dependable(r, s.shards, after)), s.Respread().moved,
                   DemandText(s, r, crowded->window))});
  return proposal;
}

Duration ScaleInWindow(const Situation& s, int to) {
  const auto lead = [&](int from, int target) {
    return LeadTime(s.policy, s.input.state.experience, s.input.topology.partition_count, from,
                    target);
  };
  return s.policy.scale_in_window + lead(s.shards, to) + lead(to, s.shards);
}

std::optional<Proposal> ProposeScaleIn(const Situation& s, std::vector<Reason>& rejections) {
  if (!s.capacity.known() || s.shards <= 1) return std::nullopt;
  if (!s.size) {
    rejections.push_back({ReasonCode::kNoForecast,
                          "scale-in: neither a forecast nor enough recent demand is known"});
    return std::nullopt;
  }
  if (s.size->to < s.shards) {
    return Proposal{
        PlanKind::kScaleIn, s.shards, s.size->to, false, {ScaleInReason(s, s.size->to)}};
  }
  if (s.shards == s.policy.min_shards) {
    const auto fill = s.capacity.FillOf(s.ExpectedDemand(ScaleInWindow(s, s.shards - 1)),
                                        s.shards - 1, s.capacity.Reachable(s.shards - 1));
    if (fill.share <= HighestFillAfterScaleIn(s.policy)) {
      rejections.push_back({ReasonCode::kAtMinimum, fmt::format("{} would do; min_shards is {}",
                                                                Shards(s.shards - 1), s.shards)});
    }
    return std::nullopt;
  }
  const int one_less = s.shards - 1;
  const bool dearer = s.size->Regret(one_less) > 0 || s.size->Unused(one_less) > 0;
  if (one_less >= s.policy.min_shards && s.size->to == s.shards && dearer) {
    rejections.push_back(WhyKept(s, one_less));
  }
  return std::nullopt;
}

Reason ScaleInReason(const Situation& s, int to) {
  const Duration window = ScaleInWindow(s, to);
  const auto fill = s.capacity.FillOf(s.ExpectedDemand(window), to, s.capacity.Reachable(to));
  const Resource r = fill.resource;
  return {ReasonCode::kForecastBelowCapacity,
          fmt::format("for the next {} (scale_in_window and the way back) {}, usable capacity of "
                      "{} is {}{}",
                      FormatDuration(window), DemandText(s, r, window), Shards(to),
                      Amount(r, s.capacity.Dependable(r, to, s.capacity.ReachableImbalance(r, to))),
                      CostText(s, to))};
}

}  // namespace tidewright::planner
