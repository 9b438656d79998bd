#include "replay/predictive.h"

#include <algorithm>

#include "planner/planner.h"
#include "replay/trace_forecast.h"

namespace tidewright::replay {
namespace {

constexpr Resource kUnit = Resource::kRequests;  // what a trace is taken for
constexpr int kPartitions = 16384;

// The cluster that the simulated store stands for: shards alike, partitions and load even. It has
// neither hosts nor zones; for a policy that wants to survive the loss of one, each shard is on a
// host of its own, and they take turns in three zones.
class EvenCluster {
 public:
  explicit EvenCluster(SurviveLoss survive) : survive_(survive) {}

  /// Of shard i, from 0; those of the highest numbers leave first.
  [[nodiscard]] static std::string Id(int i) { return fmt::format("shard-{}", i + 1); }

  [[nodiscard]] const Topology& With(int shards) {
    if (topology_.ServingShards() == shards) return topology_;
    topology_ = Topology{};
    topology_.cluster = "replay";
    topology_.partition_count = kPartitions;
    topology_.agreed = true;
    for (int i = 0; i < shards; ++i) {
      Shard shard;
      shard.id = Id(i);
      shard.master = {shard.id, "127.0.0.1", i + 1, NodeRole::kMaster, NodeHealth::kOnline, ""};
      if (survive_ != SurviveLoss::kNone) {
        shard.master.host = shard.id;
        shard.master.zone = fmt::format("zone-{}", i % 3 + 1);
      }
      shard.partitions = {{kPartitions * i / shards, kPartitions * (i + 1) / shards - 1}};
      topology_.shards.push_back(std::move(shard));
    }
    return topology_;
  }

  [[nodiscard]] LoadSnapshot Bearing(double demand, WallTime now) const {
    LoadSnapshot load;
    load.at = now;
    load.fresh_share = 1;
    load.total[kUnit] = {demand, Quality::kFresh};
    for (const Shard& shard : topology_.shards) {
      NodeLoad node;
      node.node_id = shard.master.id;
      node.shard_id = shard.id;
      node.sampled = now;
      node.usage[kUnit] = {demand / static_cast<double>(topology_.shards.size()), Quality::kFresh};
      load.nodes.push_back(std::move(node));
    }
    return load;
  }

 private:
  SurviveLoss survive_;
  Topology topology_;
};

Policy Within(Policy policy, const ScalingTerms& terms) {
  policy.min_shards = std::max(policy.min_shards, terms.fewest);
  policy.max_shards = std::min(policy.max_shards, terms.most);
  policy.min_shards = std::min(policy.min_shards, policy.max_shards);
  for (Resource r : kAllResources) policy.shard_capacity[r].reset();
  policy.shard_capacity[kUnit] = terms.shard_capacity;
  policy.step = terms.step;
  policy.provisioning_time = terms.step * terms.moves.provisioning;
  policy.full_migration_time = FromSeconds(Seconds(terms.step) * terms.moves.full_migration);
  policy.migration_streams = terms.moves.streams;
  return policy;
}

class Predictive : public ScalingPolicy {
 public:
  Predictive(const Policy& policy, const ScalingTerms& terms, ForecastFaults faults)
      : policy_(Within(policy, terms)),
        forecast_(terms.step, policy.horizon, std::move(faults)),
        cluster_(policy.survive_loss) {}

  [[nodiscard]] std::string Name() const override { return "tidewright"; }

  [[nodiscard]] int Shards(const ScalingQuestion& question) override {
    const WallTime now = question.demand.end();
    if (asked_ && *asked_ != question.shards) state_.last_action_ended = now;
    FollowNodes(asked_.value_or(question.shards), question.shards);
    asked_ = question.shards;
    asked_at_ = now;
    demand_[kUnit] = forecast_.Look(question.demand);
    recent_[kUnit] = forecast_.recent();
    const double observed = question.demand.empty() ? Series::kGap : question.demand.values.back();
    const Topology& topology = cluster_.With(question.shards);
    LoadSnapshot load;
    load.at = now;
    if (!Series::IsGap(observed)) load = cluster_.Bearing(observed, now);
    Decision decision = Decide({topology, load, demand_, policy_, state_, now, &recent_});
    state_.gate = std::move(decision.gate);
    state_.continuity.nodes = std::move(decision.continuity.nodes);
    retire_ = std::move(decision.plan.retire);
    return decision.plan.to_shards;
  }

 private:
  // Since when each shard is there: those that came, since their move began; those that stay move
  // up to the numbers of those that left.
  void FollowNodes(int before, int now) {
    auto& nodes = state_.continuity.nodes;
    if (nodes.empty()) return;
    std::vector<std::optional<WallTime>> since;
    for (int i = 0; i < before; ++i) {
      const std::string id = EvenCluster::Id(i);
      const bool left =
          now < before && std::find(retire_.begin(), retire_.end(), id) != retire_.end();
      if (!left) since.push_back(nodes[id]);
    }
    since.resize(static_cast<std::size_t>(now), asked_at_);
    nodes.clear();
    for (int i = 0; i < now; ++i) nodes[EvenCluster::Id(i)] = since[static_cast<std::size_t>(i)];
  }

  Policy policy_;
  TraceForecast forecast_;
  PerResource<std::optional<Forecast>> demand_;
  RecentDemand recent_;
  PlannerState state_;
  EvenCluster cluster_;
  std::optional<int> asked_;
  WallTime asked_at_;
  std::vector<std::string> retire_;  ///< of the plan that was made last
};

}  // namespace

std::unique_ptr<ScalingPolicy> MakePredictive(const Policy& policy, const ScalingTerms& terms,
                                              ForecastFaults faults) {
  return std::make_unique<Predictive>(policy, terms, std::move(faults));
}

}  // namespace tidewright::replay
