#include "planner/sizing/sizing.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner {
namespace {

constexpr double kRounding = 1e-9;  // of a shard: sums of shares are not exact
constexpr double kMostShards = 1e6;

Duration Bounded(Duration d) {
  return std::clamp<Duration>(d, Duration(0), std::chrono::hours(24 * 366));
}

}  // namespace

PerResource<bool> Capacity::Binding(const Policy& policy, bool cache) {
  PerResource<bool> binds;
  for (Resource r : kAllResources) {
    const auto& capacity = policy.shard_capacity[r];
    binds[r] = capacity.has_value() && std::isfinite(*capacity) && *capacity > 0;
    if (cache && r == Resource::kMemory) binds[r] = false;
  }
  return binds;
}

bool Capacity::known() const {
  return std::any_of(binds_.values.begin(), binds_.values.end(), [](bool b) { return b; });
}

double Capacity::ReachableImbalance(Resource r, int shards) const {
  return std::max(1.0, shards * shape_.hottest[r]);
}

PerResource<double> Capacity::Reachable(int shards) const {
  PerResource<double> imbalance;
  for (Resource r : kAllResources) imbalance[r] = ReachableImbalance(r, shards);
  return imbalance;
}

double Capacity::Full(Resource r, int shards) const {
  return binds_[r] ? *policy_.shard_capacity[r] * shards : 0.0;
}

double Capacity::Usable(Resource r, int shards, double imbalance) const {
  return policy_.target_utilisation * Full(r, shards) / std::max(1.0, imbalance - kTolerance);
}

double Capacity::RemainingShare(int shards) const {
  return shards > 0 ? static_cast<double>(domains_.Remaining(shards)) / shards : 1.0;
}

template <typename CapacityOf>
Capacity::Fill Capacity::FillBy(const Demand& demand, int shards, CapacityOf capacity) const {
  Fill fill;
  bool any = false;
  for (Resource r : kAllResources) {
    if (!binds_[r]) continue;
    const bool asks = demand[r] && *demand[r] > 0 && shards > 0;
    const double share = asks ? *demand[r] / capacity(r) : 0.0;
    if (!any || share > fill.share) fill = {r, share};
    any = true;
  }
  return fill;
}

Capacity::Fill Capacity::FillOf(const Demand& demand, int shards,
                                const PerResource<double>& imbalance) const {
  return FillBy(demand, shards, [&](Resource r) { return Dependable(r, shards, imbalance[r]); });
}

Capacity::Fill Capacity::FillWithoutLoss(const Demand& demand, int shards,
                                         const PerResource<double>& imbalance) const {
  return FillBy(demand, shards, [&](Resource r) { return Usable(r, shards, imbalance[r]); });
}

int Capacity::ShardsFor(const Demand& demand) const {
  int most = 1;
  for (Resource r : kAllResources) {
    if (!binds_[r] || !demand[r]) continue;
    double needed = std::ceil(*demand[r] / Usable(r, 1, 1.0) - kRounding);
    if (shape_.hottest[r] > 0) {
      needed = std::min(needed, std::ceil(1 / shape_.hottest[r] - kRounding));
    }
    const int remaining = static_cast<int>(std::clamp(needed, 1.0, kMostShards));
    most = std::max(most, r == Resource::kMemory ? remaining : domains_.ShardsFor(remaining));
  }
  return most;
}

std::optional<Resource> Capacity::PartitionTooHot(const Demand& demand) const {
  for (Resource r : kAllResources) {
    if (binds_[r] && demand[r] && *demand[r] * shape_.hottest[r] > Usable(r, 1, 1.0)) return r;
  }
  return std::nullopt;
}

Duration LeadTimeOfMoves(const Policy& policy, const MoveExperience& experience,
                         int partition_count, int moved, bool provisions) {
  Duration lead{0};
  if (provisions) lead += Bounded(experience.provisioning.value_or(policy.provisioning_time));
  if (experience.per_partition) {
    lead += Bounded(FromSeconds(
        std::min(1e9, Seconds(Bounded(*experience.per_partition)) * std::max(0, moved))));
  } else if (partition_count > 0) {
    const double share = static_cast<double>(moved) / partition_count;
    lead += FromSeconds(Seconds(policy.full_migration_time) * std::clamp(share, 0.0, 1.0));
  }
  return lead;
}

Duration LeadTime(const Policy& policy, const MoveExperience& experience, int partition_count,
                  int from_shards, int to_shards) {
  if (from_shards <= 0 || to_shards <= 0 || from_shards == to_shards) return Duration(0);
  const int more = std::max(from_shards, to_shards);
  const double share = std::abs(to_shards - from_shards) / static_cast<double>(more);
  const int moved = static_cast<int>(std::lround(share * partition_count));
  const bool out = to_shards > from_shards;
  Duration lead = LeadTimeOfMoves(policy, experience, partition_count, moved, out);
  if (out) {
    const int actions = (to_shards - from_shards + policy.max_step_out - 1) / policy.max_step_out;
    lead += Bounded(experience.provisioning.value_or(policy.provisioning_time)) *
            std::min(actions - 1, 1000);
  }
  return lead;
}

Duration CoveredWindow(const Policy& policy, Duration lead_time) {
  return lead_time + std::max({lead_time, policy.consolidation_window, policy.step});
}

Policy Sane(Policy policy) {
  const auto share = [](double value, double low, double high, double otherwise) {
    return std::isfinite(value) ? std::clamp(value, low, high) : otherwise;
  };
  const Policy defaults;
  policy.min_shards = std::clamp(policy.min_shards, 1, 1'000'000);
  policy.max_shards = std::clamp(policy.max_shards, policy.min_shards, 1'000'000);
  policy.hard_max_shards = std::clamp(policy.hard_max_shards, policy.max_shards, 1'000'000);
  policy.replicas_per_shard = std::clamp(policy.replicas_per_shard, 0, 100);
  policy.max_step_out = std::clamp(policy.max_step_out, 1, 1'000'000);
  policy.max_step_in = std::clamp(policy.max_step_in, 1, 1'000'000);
  policy.target_utilisation =
      share(policy.target_utilisation, 0.01, 1, defaults.target_utilisation);
  policy.risk_quantile = share(policy.risk_quantile, 0.01, 1, defaults.risk_quantile);
  policy.reactive_utilisation =
      std::max(policy.target_utilisation,
               share(policy.reactive_utilisation, 0.01, 10, defaults.reactive_utilisation));
  policy.emergency_utilisation =
      share(policy.emergency_utilisation, 0.01, 10, defaults.emergency_utilisation);
  policy.hit_ratio = share(policy.hit_ratio, 0, 1, defaults.hit_ratio);
  policy.scale_in_slack = share(policy.scale_in_slack, -1, 0.9, defaults.scale_in_slack);
  policy.unserved_penalty = share(policy.unserved_penalty, 0, 1e6, defaults.unserved_penalty);
  policy.violation_penalty = share(policy.violation_penalty, 0, 1e6, defaults.violation_penalty);
  policy.episode_penalty = share(policy.episode_penalty, 0, 1e6, defaults.episode_penalty);
  policy.tail_doubt = share(policy.tail_doubt, 0, 2, defaults.tail_doubt);
  policy.shock_share = share(policy.shock_share, 0, 10, defaults.shock_share);
  policy.demand_margin = share(policy.demand_margin, 0, 10, defaults.demand_margin);
  policy.move_cost = share(policy.move_cost, 0, 1e6, defaults.move_cost);
  policy.billing.committed = std::clamp(policy.billing.committed, 0, 1'000'000);
  policy.migration_streams = std::clamp(policy.migration_streams, 1, 1 << 20);
  policy.min_fresh_share = share(policy.min_fresh_share, 0, 1, defaults.min_fresh_share);
  policy.min_fresh_partition_share =
      share(policy.min_fresh_partition_share, 0, 1, defaults.min_fresh_partition_share);
  for (Duration* d :
       {&policy.provisioning_time, &policy.full_migration_time, &policy.consolidation_window,
        &policy.scale_in_window, &policy.scale_out_cooldown, &policy.scale_in_cooldown,
        &policy.rebalance_cooldown, &policy.recommendation_ttl, &policy.horizon,
        &policy.settling_time, &policy.hit_ratio_patience, &policy.max_forecast_age,
        &policy.billing.granularity, &policy.billing.minimum}) {
    *d = Bounded(*d);
  }
  policy.step = policy.step > Duration(0) ? Bounded(policy.step) : defaults.step;
  return policy;
}

}  // namespace tidewright::planner
