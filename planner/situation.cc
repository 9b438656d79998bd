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

// A zero is doubted where the shard's share of what the others or the forecast say is more.
bool IsDoubtfulZero(const Situation& s, const Shard& shard, Resource r, double value) {
  constexpr double kNothing = 0.01;  // of what a shard can bear
  if (value > 0) return false;
  double expected = s.observed[r].at_least.value_or(0);
  if (s.forecast[r]) expected = std::max(expected, s.forecast[r]->Over(s.policy.step).value);
  const auto& shares = s.weights.share[r];
  double share = 0;
  if (shares.empty()) {
    share = static_cast<double>(Count(shard.partitions)) / s.input.topology.partition_count;
  }
  for (const PartitionRange& range : shard.partitions) {
    for (int p = std::max(0, range.first); p <= range.last; ++p) {
      if (static_cast<std::size_t>(p) < shares.size()) share += shares[static_cast<std::size_t>(p)];
    }
  }
  return expected * share > kNothing * s.capacity.Full(r, 1);
}

// Nothing where that cannot be told; false where nobody wants to know.
std::optional<bool> HitsLow(const Situation& s) {
  if (!s.cache.is_cache || s.policy.hit_ratio <= 0) return false;
  return s.cache.WantsMore(s.policy.hit_ratio);
}

// For those whose bill depends on it.
std::vector<std::string> NodesOf(const Topology& topology, const Policy& policy) {
  std::vector<std::string> ids;
  if (!policy.billing.ByPeriod()) return ids;
  for (const Node& node : topology.Nodes()) ids.push_back(node.id);
  return ids;
}

// The worst of a master's readings, by the count that it goes to; null: all are good.
int DataQuality::*Fault(const Situation& s, const Shard& shard, const NodeLoad* node) {
  if (node == nullptr) return &DataQuality::missing;
  int DataQuality::*worst = nullptr;
  for (Resource r : kAllResources) {
    if (!s.capacity.binds()[r]) continue;
    const Reading& reading = node->usage[r];
    if (reading.quality == Quality::kMissing) return &DataQuality::missing;
    if (reading.quality == Quality::kStale) {
      worst = &DataQuality::stale;
    } else if (!Fresh(reading)) {
      worst = &DataQuality::implausible;
    } else if (worst == nullptr && IsDoubtfulZero(s, shard, r, reading.value)) {
      worst = &DataQuality::zero;
    }
  }
  return worst;
}

DataQuality JudgeData(const Situation& s,
                      const std::unordered_map<std::string, const NodeLoad*>& nodes) {
  DataQuality quality;
  // Without a single node told, a fresh total is the source's own word for all of them.
  if (s.input.load.nodes.empty()) return quality;
  int fresh = 0;
  int partitions = 0;
  int fresh_partitions = 0;
  for (const Shard& shard : s.input.topology.shards) {
    if (shard.partitions.empty()) continue;
    ++quality.masters;
    partitions += Count(shard.partitions);
    const auto it = nodes.find(shard.master.id);
    if (const auto fault = Fault(s, shard, it == nodes.end() ? nullptr : it->second)) {
      ++(quality.*fault);
      if (quality.first_bad.empty()) quality.first_bad = shard.master.Address();
    } else {
      ++fresh;
      fresh_partitions += Count(shard.partitions);
    }
  }
  if (quality.masters > 0) quality.fresh_share = static_cast<double>(fresh) / quality.masters;
  if (partitions > 0) {
    quality.partition_share = static_cast<double>(fresh_partitions) / partitions;
  }
  return quality;
}

}  // namespace

Situation::Situation(const PlanInput& plan_input)
    : input(plan_input),
      policy(Sane(plan_input.policy)),
      shards(plan_input.topology.ServingShards()),
      weights(WeighPartitions(plan_input.topology, plan_input.load, plan_input.partition_weights)),
      cache(LookAtCache(plan_input.topology, plan_input.load, policy.hit_ratio)),
      capacity(policy, ShapeOf(plan_input.topology, weights),
               FailureDomains(plan_input.topology, policy.survive_loss), cache.is_cache) {
  const auto nodes = ByNode(input.load);
  for (Resource r : kAllResources) {
    observed[r] = Observe(r, *this, nodes);
    if (!capacity.binds()[r] || !input.demand[r]) continue;
    if (input.now - input.demand[r]->start > policy.max_forecast_age) {
      outdated[r] = input.demand[r]->start;
      continue;
    }
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
  quality = JudgeData(*this, nodes);
  continuity =
      After(input.state.continuity,
            {.fingerprint = input.topology.Fingerprint(),
             .in_flight = input.state.action_in_flight,
             .last_action_ended = input.state.last_action_ended,
             .now = input.now,
             .step = policy.step,
             .nodes = NodesOf(input.topology, policy),
             .provisioning = input.state.experience.provisioning.value_or(policy.provisioning_time),
             .hits_low = HitsLow(*this)});
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

std::optional<WallTime> Situation::BilledSince(const Shard& shard) const {
  const auto node = continuity.nodes.find(shard.master.id);
  return node == continuity.nodes.end() ? std::nullopt : node->second;
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
