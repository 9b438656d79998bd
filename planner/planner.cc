#include "planner/planner.h"

#include <algorithm>
#include <set>
#include <string>

#include "planner/basis.h"
#include "planner/explain.h"
#include "planner/guards.h"
#include "planner/placement.h"
#include "planner/proposals.h"
#include "planner/quotas/cluster_remedies.h"
#include "planner/situation.h"

namespace tidewright {
namespace {

using namespace planner;  // NOLINT: the room's own parts

constexpr int kPlacementTries = 3;  // one more shard each time
constexpr double kRounding = 1 + 1e-9;

int NodesOf(const Shard& shard) { return 1 + static_cast<int>(shard.replicas.size()); }

// Nodes that are billed once the plan is complete.
int NodesAfter(const Situation& s, const Plan& plan) {
  int nodes = static_cast<int>(s.input.topology.Nodes().size());
  if (plan.kind == PlanKind::kScaleOut) {
    nodes += (plan.to_shards - plan.from_shards) * (1 + s.policy.replicas_per_shard);
  }
  for (const std::string& id : plan.retire) {
    if (const Shard* shard = s.input.topology.FindShard(id)) nodes -= NodesOf(*shard);
  }
  return nodes;
}

// Nodes that are paid for where so many are there.
double PaidNodes(const Situation& s, int nodes) {
  return static_cast<double>(std::max(nodes, s.policy.billing.committed));
}

// Share of the scenarios in which any resource passes full capacity. Paths with the same number are
// the same scenario in every resource.
double ShortfallProbability(const Situation& s, int shards, const PerResource<double>& imbalance,
                            Duration window, bool counts_observed) {
  std::vector<bool> is_short;
  for (Resource r : kAllResources) {
    if (!s.capacity.binds()[r]) continue;
    const double full = s.capacity.Full(r, shards) / std::max(1.0, imbalance[r]);
    if (counts_observed && s.observed[r].at_least.value_or(0) > full) return 1;
    if (!s.forecast[r]) continue;
    const std::vector<bool> above = s.forecast[r]->ScenariosAbove(full, window);
    is_short.resize(std::max(is_short.size(), above.size()), false);
    for (std::size_t k = 0; k < above.size(); ++k) is_short[k] = is_short[k] || above[k];
  }
  if (is_short.empty()) return 0;
  return static_cast<double>(std::count(is_short.begin(), is_short.end(), true)) /
         static_cast<double>(is_short.size());
}

// The earliest time at which the risk quantile passes what the shards may bear as they are.
std::optional<WallTime> Crossing(const Situation& s) {
  std::optional<WallTime> earliest;
  const PerResource<double> imbalance = s.ImbalanceNow();
  for (Resource r : kAllResources) {
    if (!s.capacity.binds()[r] || s.shards == 0) continue;
    const double usable = s.capacity.Dependable(r, s.shards, imbalance[r]);
    if (s.observed[r].at_least.value_or(0) > usable) return s.input.now;
    if (!s.forecast[r]) continue;
    const auto crossing = s.forecast[r]->Crossing(usable);
    if (crossing && (!earliest || *crossing < *earliest)) earliest = crossing;
  }
  return earliest;
}

// A plan that changes nothing, with all the figures of the present.
Plan Frame(const Situation& s) {
  const Topology& topology = s.input.topology;
  Plan plan;
  plan.cluster = topology.cluster;
  plan.created = s.input.now;
  plan.expires = s.input.now + s.policy.recommendation_ttl;
  plan.topology_fingerprint = s.continuity.fingerprint;
  plan.from_shards = s.shards;
  plan.to_shards = s.shards;
  plan.replicas_per_shard = s.policy.replicas_per_shard;
  plan.lead_time = s.LeadTimeTo(s.shards + 1);
  plan.crossing = Crossing(s);
  plan.basis = MakeBasis(s);
  return plan;
}

void FillOutlook(const Situation& s, Plan& plan, Duration window,
                 const PerResource<double>& imbalance_after) {
  const Demand demand = s.ExpectedDemand(window);
  const PerResource<double> imbalance = s.ImbalanceNow();
  plan.binding = s.capacity.FillOf(demand, s.shards, imbalance).resource;
  const Resource r = plan.binding;
  plan.basis->observed = s.observed[r].at_least;
  plan.basis->reactive_at = ReactiveDemand(s, r);
  plan.without.peak_demand = demand[r].value_or(0);
  plan.without.cost_per_hour = s.policy.price_per_node_hour *
                               PaidNodes(s, static_cast<int>(s.input.topology.Nodes().size()));
  if (s.capacity.known()) {
    plan.without.usable_capacity = s.capacity.Dependable(r, s.shards, imbalance[r]);
    plan.without.shortfall_probability = ShortfallProbability(s, s.shards, imbalance, window, true);
  }
  plan.with = plan.without;
  if (plan.kind == PlanKind::kNone) return;
  plan.with.cost_per_hour = s.policy.price_per_node_hour * PaidNodes(s, NodesAfter(s, plan));
  if (s.capacity.known()) {
    plan.with.usable_capacity = s.capacity.Dependable(r, plan.to_shards, imbalance_after[r]);
    plan.with.shortfall_probability =
        ShortfallProbability(s, plan.to_shards, imbalance_after, window, true);
  }
}

void MentionEmptyMasters(const Situation& s, Plan& plan) {
  for (const std::string& address : s.empty_masters) {
    plan.rejections.push_back(
        {ReasonCode::kClusterUnhealthy,
         fmt::format("master {} owns no partition: it is not counted as serving and not used as a "
                     "target; remove it, or give it partitions, by hand",
                     address)});
  }
}

void Append(std::vector<Reason>& to, const std::vector<Reason>& from, const std::string& prefix) {
  for (const Reason& reason : from) to.push_back({reason.code, prefix + reason.text});
}

// Whether every shard stays within its usable capacity: by the same measure that the next look
// takes, or that would ask for more at once.
bool Bears(const Situation& s, const Demand& demand, int shards,
           const PerResource<double>& imbalance) {
  return s.capacity.FillOf(demand, shards, imbalance).share <= 1;
}

bool EveryNewShardServes(const Placement& placement, int added) {
  std::set<std::string> targets;
  for (const PartitionMove& move : placement.moves) {
    if (move.to.starts_with("new-")) targets.insert(move.to);
  }
  return static_cast<int>(targets.size()) == added;
}

// Nothing is done. When that is not because nothing is needed, the objections say why.
Plan Stay(const Situation& s, Plan plan, std::vector<Reason> rejections) {
  const Duration window = CoveredWindow(s.policy, plan.lead_time);
  FillOutlook(s, plan, window, s.ImbalanceNow());
  if (plan.reasons.empty() && s.input.state.action_in_flight) {
    plan.reasons.push_back(
        {ReasonCode::kActionInFlight, fmt::format("an action towards {} is under way",
                                                  Shards(s.input.state.action_target_shards))});
  }
  if (plan.reasons.empty() && !s.capacity.known()) {
    plan.reasons.push_back(
        {ReasonCode::kCapacityUnknown,
         s.cache.is_cache && s.policy.shard_capacity[Resource::kMemory]
             ? "policy.shard_capacity names memory alone, by which a cache is not sized: say what "
               "else one shard can bear, such as requests"
             : "policy.shard_capacity names no resource: say what one shard can bear, such as "
               "requests"});
  }
  if (plan.reasons.empty() && s.shards == 0) {
    plan.reasons.push_back({ReasonCode::kClusterUnhealthy, "no shard owns a partition"});
  }
  if (plan.reasons.empty()) {
    const Resource r = plan.binding;
    if (!s.HasForecast()) {
      for (Resource missing : kAllResources) {
        if (!s.capacity.binds()[missing] || s.forecast[missing]) continue;
        Reason none = NoForecast(s, missing);
        none.text += ": only what is observed can add shards";
        plan.reasons.push_back(std::move(none));
      }
    }
    plan.reasons.push_back(
        {ReasonCode::kCapacityIsRight,
         fmt::format("{}, usable capacity of {} is {}; another shard takes {}",
                     DemandText(s, r, window), Shards(s.shards),
                     Amount(r, plan.without.usable_capacity), FormatDuration(plan.lead_time))});
  }
  plan.rejections = std::move(rejections);
  for (const PartitionRemedy& remedy : ClusterRemedies(s, window)) {
    plan.rejections.push_back(AsAdvice(remedy));
  }
  MentionEmptyMasters(s, plan);
  return plan;
}

Plan Finish(const Situation& s, Plan plan, const Proposal& proposal, const Placement& placement,
            Duration window, std::vector<Reason> rejections) {
  plan.moves = placement.moves;
  plan.retire = placement.retire;
  plan.emergency = proposal.emergency;
  plan.reasons = proposal.reasons;
  plan.rejections = std::move(rejections);
  plan.lead_time =
      LeadTimeOfMoves(s.policy, s.input.state.experience, s.input.topology.partition_count,
                      placement.moved, plan.kind == PlanKind::kScaleOut);
  for (const HotPartition& hot : placement.hot) {
    plan.rejections.push_back(Explain(hot, plan.to_shards));
  }
  FillOutlook(s, plan, window, placement.imbalance);
  MentionEmptyMasters(s, plan);
  return plan;
}

Plan ScaleOut(const Situation& s, Plan plan, const Proposal& proposal,
              std::vector<Reason> rejections) {
  const Judgement judgement = Judge(s, proposal);
  const std::string wanted = fmt::format("scale-out to {}: ", Shards(proposal.to));
  if (judgement.vetoed) {
    plan.reasons = judgement.objections;
    Append(rejections, proposal.reasons, wanted);
    return Stay(s, std::move(plan), std::move(rejections));
  }
  Append(rejections, judgement.objections, wanted);

  const Duration window = CoveredWindow(s.policy, s.LeadTimeTo(judgement.to));
  const Demand demand = s.ExpectedDemand(window);
  PartitionWeights weights = s.weights;
  SetUrgency(s.capacity, demand, weights);
  const bool was_enough = judgement.to >= s.capacity.ShardsFor(demand);
  Placement placement;
  bool borne = false;
  for (int tries = 0; tries < kPlacementTries && !borne; ++tries) {
    Proposal more = proposal;
    more.to = judgement.to + tries;
    if (tries > 0 && Judge(s, more).to != more.to) break;
    Placement next = PlaceScaleOut(s.input.topology, weights, more.to - s.shards);
    if (!EveryNewShardServes(next, more.to - s.shards)) break;
    borne = !was_enough || Bears(s, demand, more.to, next.imbalance);
    if (tries > 0 && !borne) continue;
    placement = std::move(next);
    plan.to_shards = more.to;
  }
  if (placement.moves.empty()) {
    plan.reasons = {{ReasonCode::kNotPlaceable,
                     "the load lies on so few partitions that a new shard would get none"}};
    Append(rejections, proposal.reasons, wanted);
    return Stay(s, std::move(plan), std::move(rejections));
  }
  if (!borne) {
    rejections.push_back({ReasonCode::kNotPlaceable,
                          fmt::format("no assignment of partitions to {} keeps every shard under "
                                      "its limit",
                                      Shards(plan.to_shards))});
  }
  plan.kind = PlanKind::kScaleOut;
  return Finish(s, std::move(plan), proposal, placement, window, std::move(rejections));
}

// What each shard is paid for once a scale-in is complete; nothing where that is by the second.
PaidFor PaidOnceLeft(const Situation& s, int to) {
  PaidFor paid;
  const BillingTerms& terms = s.policy.billing;
  if (!terms.ByPeriod()) return paid;
  const WallTime left = s.input.now + s.LeadTimeTo(to);
  for (const Shard& shard : s.input.topology.shards) {
    const auto since = s.BilledSince(shard);
    paid[shard.id] =
        since ? PaidTime(left - *since, terms) - (left - *since) : terms.granularity / 2;
  }
  return paid;
}

Plan ScaleIn(const Situation& s, Plan plan, const Proposal& proposal,
             std::vector<Reason> rejections) {
  const Judgement judgement = Judge(s, proposal);
  const std::string wanted = fmt::format("scale-in to {}: ", Shards(proposal.to));
  Append(rejections, judgement.objections, wanted);
  if (judgement.vetoed) return Stay(s, std::move(plan), std::move(rejections));

  const Duration window = ScaleInWindow(s, judgement.to);
  const Demand demand = s.ExpectedDemand(window);
  PartitionWeights weights = s.weights;
  SetUrgency(s.capacity, demand, weights);
  const Placement placement = PlaceScaleIn(s.input.topology, weights, s.shards - judgement.to,
                                           s.policy.survive_loss, PaidOnceLeft(s, judgement.to));
  const double fill = s.capacity.FillOf(demand, judgement.to, placement.imbalance).share;
  const auto reachable = s.capacity.Reachable(judgement.to);
  if (fill > std::max(1.0, s.capacity.FillOf(demand, judgement.to, reachable).share) * kRounding) {
    rejections.push_back(
        {ReasonCode::kNotPlaceable, wanted + "the partitions that remain would lie too unevenly"});
    return Stay(s, std::move(plan), std::move(rejections));
  }
  plan.kind = PlanKind::kScaleIn;
  plan.to_shards = judgement.to;
  Proposal left = proposal;
  left.reasons = {ScaleInReason(s, judgement.to)};
  return Finish(s, std::move(plan), left, placement, window, std::move(rejections));
}

Plan Rebalance(const Situation& s, Plan plan, const Proposal& proposal,
               std::vector<Reason> rejections) {
  const Judgement judgement = Judge(s, proposal);
  if (judgement.vetoed || s.Respread().moves.empty()) {
    Append(rejections, judgement.objections, "rebalance: ");
    return Stay(s, std::move(plan), std::move(rejections));
  }
  plan.kind = PlanKind::kRebalance;
  const Duration window = CoveredWindow(s.policy, plan.lead_time);
  return Finish(s, std::move(plan), proposal, s.Respread(), window, std::move(rejections));
}

// Moves that a person asked for: judged as urgent, since somebody waits for them; they are no
// emergency for those who read the plan.
Plan AskedFor(const Situation& s, Plan plan, const Placement& placement, Reason why) {
  Proposal proposal{PlanKind::kRebalance, s.shards, s.shards, true, {std::move(why)}};
  const Judgement judgement = Judge(s, proposal);
  if (judgement.vetoed) {
    plan.reasons = judgement.objections;
    return Stay(s, std::move(plan), {});
  }
  proposal.emergency = false;
  plan.kind = PlanKind::kRebalance;
  const Duration window = CoveredWindow(s.policy, plan.lead_time);
  return Finish(s, std::move(plan), proposal, placement, window, {});
}

// No shard more may be had, whatever is needed.
bool IsAtLimit(const Plan& plan) {
  return std::any_of(plan.reasons.begin(), plan.reasons.end(), [](const Reason& reason) {
    return reason.code == ReasonCode::kAtMaximum || reason.code == ReasonCode::kBudget;
  });
}

}  // namespace

namespace {

Plan PlanFor(const Situation& situation) {
  Plan plan = Frame(situation);
  std::vector<Reason> rejections;
  if (const auto out = ProposeScaleOut(situation, rejections)) {
    plan.basis->wanted = out->to;
    Plan bigger = ScaleOut(situation, plan, *out, rejections);
    if (bigger.kind != PlanKind::kNone || !IsAtLimit(bigger)) return bigger;
    // What the shards that there are can still do.
    Append(rejections, bigger.reasons, "scale-out: ");
    if (const auto same = ProposeRebalance(situation, rejections)) {
      Plan rebalance = Rebalance(situation, std::move(plan), *same, std::move(rejections));
      if (rebalance.kind != PlanKind::kNone) return rebalance;
    }
    return bigger;
  }
  if (const auto same = ProposeRebalance(situation, rejections)) {
    return Rebalance(situation, std::move(plan), *same, std::move(rejections));
  }
  if (const auto in = ProposeScaleIn(situation, rejections)) {
    plan.basis->wanted = in->to;
    return ScaleIn(situation, std::move(plan), *in, std::move(rejections));
  }
  return Stay(situation, std::move(plan), std::move(rejections));
}

}  // namespace

Decision Decide(const PlanInput& input) {
  Situation situation(input);
  Decision out{.plan = {}, .gate = input.state.gate, .continuity = situation.continuity};
  situation.size = DecideSize(situation, out.gate);
  out.plan = PlanFor(situation);
  const FailureDomains& domains = situation.capacity.domains();
  if (auto survives = domains.Tell(situation.shards, out.plan.to_shards)) {
    out.plan.reasons.push_back(*std::move(survives));
  }
  if (auto cache = CacheReason(situation)) out.plan.reasons.push_back(*std::move(cache));
  return out;
}

Plan PlanEvenSpread(const PlanInput& input) {
  Situation situation(input);
  ForecastGate gate = input.state.gate;
  situation.size = DecideSize(situation, gate);
  Plan plan = Frame(situation);
  const Placement& spread = situation.Respread();
  const Capacity& capacity = situation.capacity;
  Resource worst = Resource::kMemory;
  double now = 0;
  double after = 0;
  for (Resource r : kAllResources) {
    if (capacity.known() && !capacity.binds()[r]) continue;
    if (capacity.shape().imbalance[r] > now) worst = r;
    now = std::max(now, capacity.shape().imbalance[r]);
    after = std::max(after, spread.imbalance[r]);
  }
  const std::string lies =
      fmt::format("the busiest shard bears {:.2f} times its share of {}", now, ResourceName(worst));
  if (spread.moves.empty() || after >= now) {
    plan.reasons = {{ReasonCode::kCapacityIsRight, lies + ": that is as even as it can be made"}};
    return Stay(situation, std::move(plan), {});
  }
  return AskedFor(situation, std::move(plan), spread,
                  {ReasonCode::kUnevenLoad,
                   fmt::format("{}, and {:.2f} times at most once {} partitions have moved; a "
                               "person asked for it",
                               lies, after, spread.moved)});
}

Plan PlanRevert(const PlanInput& input, const ForeignChange& change) {
  Situation situation(input);
  ForecastGate gate = input.state.gate;
  situation.size = DecideSize(situation, gate);
  Plan plan = Frame(situation);
  std::vector<PartitionMove> back;
  for (const PartitionMove& move : change.moves) {
    back.push_back({move.partitions, move.to, move.from});
  }
  if (back.empty()) {
    plan.reasons = {{ReasonCode::kForeignChange,
                     "no partition can go back to where it was: nobody else moved any, or the "
                     "shards that they came from are gone, or an action of ours came after it"}};
    return Stay(situation, std::move(plan), {});
  }
  situation.continuity.foreign_change.reset();  // that is what it takes back
  return AskedFor(situation, std::move(plan), PlaceMoves(input.topology, situation.weights, back),
                  {ReasonCode::kForeignChange,
                   fmt::format("a person asked to take back what somebody else did: {}",
                               Describe(change, input.topology))});
}

Plan MakePlan(const PlanInput& input) { return Decide(input).plan; }

}  // namespace tidewright
