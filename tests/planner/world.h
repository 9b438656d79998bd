// A small made-up cluster with its load and forecast, for the planner's tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/random.h"
#include "planner/planner.h"

namespace tidewright::test {

inline constexpr int kSlots = 16384;

inline std::string ShardId(int i) {
  return "shard-" + std::string(1, static_cast<char>('a' + i % 26)) + std::to_string(i);
}

/// Equal contiguous ranges, one replica each.
inline Topology EvenTopology(int shards, int partitions = kSlots) {
  Topology topology;
  topology.cluster = "cache";
  topology.partition_count = partitions;
  topology.agreed = true;
  for (int i = 0; i < shards; ++i) {
    Shard shard;
    shard.id = ShardId(i);
    shard.master = {shard.id, "10.0.0.1", 7000 + i, NodeRole::kMaster, NodeHealth::kOnline, ""};
    shard.replicas = {
        {shard.id + "-r", "10.0.0.2", 7000 + i, NodeRole::kReplica, NodeHealth::kOnline, ""}};
    const auto from = static_cast<int>(static_cast<std::int64_t>(partitions) * i / shards);
    const auto to = static_cast<int>(static_cast<std::int64_t>(partitions) * (i + 1) / shards);
    if (to > from) shard.partitions = {{from, to - 1}};
    topology.shards.push_back(shard);
  }
  return topology;
}

/// Everything that MakePlan is given, owned; change what a test is about.
struct World {
  Topology topology = EvenTopology(3);
  LoadSnapshot load;
  PerResource<std::optional<Forecast>> demand;
  Policy policy;
  PlannerState state;
  WallTime now{std::chrono::seconds(1'700'000'000)};

  World() { policy.shard_capacity[Resource::kRequests] = 1000; }

  /// Every master reports an equal, fresh part of `total`.
  void Observe(Resource r, double total) {
    load.at = now;
    load.fresh_share = 1;
    const double shards = std::max(1, topology.ServingShards());
    for (const Shard& shard : topology.shards) {
      if (shard.partitions.empty()) continue;
      auto it = std::find_if(load.nodes.begin(), load.nodes.end(),
                             [&](const NodeLoad& n) { return n.node_id == shard.master.id; });
      if (it == load.nodes.end()) {
        load.nodes.emplace_back();
        it = load.nodes.end() - 1;
        it->node_id = shard.master.id;
        it->shard_id = shard.id;
        it->sampled = now;
      }
      it->usage[r] = {total / shards, Quality::kFresh};
    }
    load.total[r] = {total, Quality::kFresh};
  }

  /// 100 paths of level(step) times a noise of ±`noise`, five-minute steps from now, 24 h.
  void Predict(Resource r, const std::function<double(int)>& level, double noise = 0.0,
               Trust trust = Trust::kGood, std::uint64_t seed = 1) {
    Forecast f;
    f.start = now;
    f.step = std::chrono::minutes(5);
    f.horizon = 288;
    f.trust = trust;
    f.paths.paths = 100;
    f.paths.steps = f.horizon;
    Random random(seed);
    for (int path = 0; path < f.paths.paths; ++path) {
      for (int step = 0; step < f.horizon; ++step) {
        const double v = level(step) * (1 + noise * (2 * random.Uniform() - 1));
        f.paths.values.push_back(static_cast<float>(v));
      }
    }
    demand[r] = std::move(f);
  }

  void Flat(double level, double noise = 0.0) {
    Predict(
        Resource::kRequests, [=](int) { return level; }, noise);
    Observe(Resource::kRequests, level);
  }

  [[nodiscard]] Plan Decide() const {
    return MakePlan({topology, load, demand, policy, state, now});
  }
};

inline bool Has(const std::vector<Reason>& reasons, ReasonCode code) {
  return std::any_of(reasons.begin(), reasons.end(),
                     [&](const Reason& r) { return r.code == code; });
}

inline std::string Text(const Plan& plan) {
  std::string text = std::string(PlanKindName(plan.kind)) + " " + std::to_string(plan.from_shards) +
                     "→" + std::to_string(plan.to_shards);
  for (const Reason& r : plan.reasons)
    text += "\n  " + std::string(ReasonName(r.code)) + ": " + r.text;
  for (const Reason& r : plan.rejections)
    text += "\n  not: " + std::string(ReasonName(r.code)) + ": " + r.text;
  return text;
}

/// The topology once the plan is done. Fails the caller by returning an empty cluster name when the
/// plan moves a partition from somebody who does not own it, or twice, or to nobody.
inline Topology Apply(const Topology& topology, const Plan& plan) {
  Topology after = topology;
  std::vector<std::string> owner(static_cast<std::size_t>(topology.partition_count));
  for (const Shard& shard : topology.shards) {
    for (int p : Expand(shard.partitions)) owner[static_cast<std::size_t>(p)] = shard.id;
  }
  std::set<int> moved;
  std::set<std::string> known;
  for (const Shard& shard : topology.shards) known.insert(shard.id);
  for (int i = 1; i <= plan.to_shards - plan.from_shards; ++i) {
    known.insert("new-" + std::to_string(i));
  }
  for (const PartitionMove& move : plan.moves) {
    for (int p : Expand(move.partitions)) {
      auto& o = owner[static_cast<std::size_t>(p)];
      if (o != move.from || move.from == move.to || !moved.insert(p).second ||
          !known.contains(move.to)) {
        after.cluster.clear();
        return after;
      }
    }
  }
  for (const PartitionMove& move : plan.moves) {
    for (int p : Expand(move.partitions)) owner[static_cast<std::size_t>(p)] = move.to;
  }
  for (const std::string& id : known) {
    if (topology.FindShard(id) != nullptr) continue;
    Shard shard;
    shard.id = topology.Fingerprint().substr(0, 6) + id;  // identities are never used again
    shard.master = {shard.id, "10.0.0.3", 7100, NodeRole::kMaster, NodeHealth::kOnline, ""};
    after.shards.push_back(shard);
    for (auto& o : owner) {
      if (o == id) o = shard.id;
    }
  }
  for (Shard& shard : after.shards) {
    std::vector<int> mine;
    for (int p = 0; p < topology.partition_count; ++p) {
      if (owner[static_cast<std::size_t>(p)] == shard.id) mine.push_back(p);
    }
    shard.partitions = ToPartitionSet(std::move(mine));
  }
  std::erase_if(after.shards, [&](const Shard& s) {
    return std::find(plan.retire.begin(), plan.retire.end(), s.id) != plan.retire.end() &&
           s.partitions.empty();
  });
  return after;
}

}  // namespace tidewright::test
