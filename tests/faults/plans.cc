#include "tests/faults/plans.h"

#include <algorithm>
#include <utility>

namespace tidewright::faults {

Topology TopologyOf(const redis::ClusterNodes& nodes, const std::string& cluster) {
  Topology topology;
  topology.cluster = cluster;
  topology.partition_count = redis::kSlotCount;
  topology.agreed = true;
  const auto node_of = [](const redis::NodeLine& line) {
    return Node{line.id,     line.host,
                line.port,   line.master ? NodeRole::kMaster : NodeRole::kReplica,
                line.health, ""};
  };
  for (const auto& line : nodes.nodes) {
    if (!line.master || line.slots.empty()) continue;
    Shard shard{line.id, node_of(line), {}, line.slots};
    for (const auto& other : nodes.nodes) {
      if (other.master_id == line.id) shard.replicas.push_back(node_of(other));
    }
    topology.shards.push_back(std::move(shard));
  }
  return topology;
}

Plan PlanOf(const Topology& topology, int goal, int replicas, int slots, int pairs) {
  Plan plan;
  plan.cluster = topology.cluster;
  plan.topology_fingerprint = topology.Fingerprint();
  plan.from_shards = static_cast<int>(topology.shards.size());
  plan.to_shards = goal;
  plan.replicas_per_shard = replicas;
  const auto part = [](const std::vector<int>& all, std::size_t i, std::size_t n) {
    const auto at = [&](std::size_t k) {
      return all.begin() + static_cast<std::ptrdiff_t>(all.size() * k / n);
    };
    return ToPartitionSet({at(i), at(i + 1)});
  };
  if (goal > plan.from_shards) {
    plan.kind = PlanKind::kScaleOut;
    for (const auto& shard : topology.shards) {
      auto owned = Expand(shard.partitions);
      owned.resize(std::min(owned.size(), static_cast<std::size_t>(slots / plan.from_shards)));
      plan.moves.push_back({ToPartitionSet(std::move(owned)), shard.id, "new-1"});
    }
    if (pairs < 2) return plan;
    // Beside those that go to the new shard, so that two pairs are under way at once.
    const auto by_size = [](const Shard& a, const Shard& b) {
      return Count(a.partitions) < Count(b.partitions);
    };
    const auto [least, most] =
        std::minmax_element(topology.shards.begin(), topology.shards.end(), by_size);
    const auto owned = Expand(most->partitions);
    const auto some =
        std::min<std::ptrdiff_t>(slots / 6, static_cast<std::ptrdiff_t>(owned.size()) / 2);
    plan.moves.push_back({ToPartitionSet({owned.end() - some, owned.end()}), most->id, least->id});
    return plan;
  }
  plan.kind = PlanKind::kScaleIn;
  const auto smallest = std::min_element(
      topology.shards.begin(), topology.shards.end(),
      [](const Shard& a, const Shard& b) { return Count(a.partitions) < Count(b.partitions); });
  plan.retire = {smallest->id};
  const auto owned = Expand(smallest->partitions);
  std::size_t taker = 0;
  for (const auto& shard : topology.shards) {
    if (shard.id == smallest->id) continue;
    plan.moves.push_back({part(owned, taker, topology.shards.size() - 1), smallest->id, shard.id});
    ++taker;
  }
  return plan;
}

ActionRecord RecordOf(std::string id, Plan plan, const std::vector<Step>& steps) {
  ActionRecord record;
  record.id = std::move(id);
  record.plan = std::move(plan);
  record.plan_hash = PlanHash(record.plan);
  record.actor = "faults";
  for (const auto& step : steps) record.steps.push_back({.step = step, .error = {}});
  return record;
}

}  // namespace tidewright::faults
