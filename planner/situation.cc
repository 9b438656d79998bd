#include "planner/situation.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace tidewright::planner {
namespace {

std::optional<double> Fresh(const Reading& reading) {
  if (!reading.fresh() || !std::isfinite(reading.value) || reading.value < 0) return std::nullopt;
  return reading.value;
}

std::unordered_map<std::string, const NodeLoad*> ByNode(const LoadSnapshot& load) {
  std::unordered_map<std::string, const NodeLoad*> nodes;
  for (const NodeLoad& node : load.nodes) nodes.emplace(node.node_id, &node);
  return nodes;
}

Observed Observe(Resource r, const Situation& s,
                 const std::unordered_map<std::string, const NodeLoad*>& nodes) {
  const double full_shard = s.capacity.Full(r, 1);
  const auto total = Fresh(s.input.load.total[r]);
  Observed observed;
  double sum = 0;
  int seen = 0;
  int missing = 0;
  for (const Shard& shard : s.input.topology.shards) {
    if (shard.partitions.empty()) continue;
    const auto it = nodes.find(shard.master.id);
    const auto value = it == nodes.end() ? std::nullopt : Fresh(it->second->usage[r]);
    sum += value.value_or(0);
    ++(value ? seen : missing);
  }
  if (seen > 0 || total) observed.at_least = std::max(sum, total.value_or(0));
  // Without a single node told, a fresh total is the source's own word for all of them.
  const bool complete = missing == 0 || (total && s.input.load.nodes.empty());
  observed.at_most = observed.at_least.value_or(0) + (complete ? 0 : missing * full_shard);
  return observed;
}

}  // namespace

Situation::Situation(const PlanInput& plan_input)
    : input(plan_input),
      policy(Sane(plan_input.policy)),
      shards(plan_input.topology.ServingShards()),
      weights(WeighPartitions(plan_input.topology, plan_input.load)),
      capacity(policy, ShapeOf(plan_input.topology, weights)) {
  const auto nodes = ByNode(input.load);
  for (Resource r : kAllResources) {
    observed[r] = Observe(r, *this, nodes);
    if (!capacity.binds()[r] || !input.demand[r]) continue;
    forecast[r] = DemandProfile::Make(*input.demand[r], input.now, policy.risk_quantile);
  }
  for (const Shard& shard : input.topology.shards) {
    if (shard.partitions.empty()) {
      empty_masters.push_back(shard.master.Address());
      continue;
    }
    const auto it = nodes.find(shard.master.id);
    if (it != nodes.end() && (it->second->flags & (kSaturated | kThrottled)) != 0) {
      saturated = true;
    }
  }
}

bool Situation::HasForecast() const {
  return capacity.known() &&
         std::all_of(kAllResources.begin(), kAllResources.end(),
                     [&](Resource r) { return !capacity.binds()[r] || forecast[r].has_value(); });
}

bool Situation::AnyForecast() const {
  return std::any_of(forecast.values.begin(), forecast.values.end(),
                     [](const auto& f) { return f.has_value(); });
}

Trust Situation::ForecastTrust() const {
  if (!AnyForecast()) return Trust::kNone;
  Trust worst = Trust::kGood;
  for (const auto& f : forecast.values) {
    if (f) worst = std::min(worst, f->trust());
  }
  return worst;
}

Demand Situation::ForecastDemand(Duration window) const {
  Demand demand;
  for (Resource r : kAllResources) {
    if (forecast[r]) demand[r] = forecast[r]->Over(window).value;
  }
  return demand;
}

Demand Situation::ObservedDemand() const {
  Demand demand;
  for (Resource r : kAllResources) {
    if (capacity.binds()[r]) demand[r] = observed[r].at_least;
  }
  return demand;
}

Demand Situation::ExpectedDemand(Duration window) const {
  Demand demand = ForecastDemand(window);
  const Demand seen = ObservedDemand();
  for (Resource r : kAllResources) {
    if (seen[r]) demand[r] = std::max(*seen[r], demand[r].value_or(0));
  }
  return demand;
}

Duration Situation::LeadTimeTo(int target) const {
  return LeadTime(policy, input.state.experience, input.topology.partition_count, shards, target);
}

bool Situation::Settled() const { return input.load.partition_rounds >= kSettledRounds; }

const Placement& Situation::Respread() const {
  if (!respread_) {
    PartitionWeights urgent = weights;
    SetUrgency(capacity, ExpectedDemand(CoveredWindow(policy, LeadTimeTo(shards + 1))), urgent);
    respread_ = PlaceRebalance(input.topology, urgent);
  }
  return *respread_;
}

PerResource<double> Situation::AchievableImbalance() const {
  PerResource<double> imbalance = capacity.shape().imbalance;
  const bool even = std::all_of(kAllResources.begin(), kAllResources.end(), [&](Resource r) {
    return !capacity.binds()[r] || imbalance[r] <= 1 + kTolerance;
  });
  if (even || shards == 0) return imbalance;
  for (Resource r : kAllResources) {
    imbalance[r] = std::min(imbalance[r], Respread().imbalance[r]);
  }
  return imbalance;
}

PerResource<double> Situation::ImbalanceNow() const {
  return Settled() || input.state.action_in_flight ? capacity.shape().imbalance
                                                   : AchievableImbalance();
}

Capacity::Fill Situation::FillAchievable(const Demand& demand) const {
  return capacity.FillOf(demand, shards, AchievableImbalance());
}

Capacity::Fill Situation::FillNow(const Demand& demand) const {
  return capacity.FillOf(demand, shards, capacity.shape().imbalance);
}

}  // namespace tidewright::planner
