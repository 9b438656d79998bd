#include "planner/sizing/cache_memory.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner {
namespace {

constexpr double kFits = 0.9;  // of the limits: what is used above that may be held down by them

bool Says(const Reading& reading, double value) {
  return reading.fresh() && reading.value == value;
}

// Reads of all masters, weighed by how many commands each serves, since the mix is the same.
struct Hits {
  double weight = 0;
  double hits = 0;
  bool all = true;  // every master told
  bool any = false;

  void Add(const NodeLoad* node) {
    if (node == nullptr || !node->commands_per_second.fresh()) {
      all = false;
      return;
    }
    const double commands = std::max(0.0, node->commands_per_second.value);
    const bool told = node->hit_ratio.fresh() && std::isfinite(node->hit_ratio.value);
    if (!told && commands > 0) all = false;
    if (told) any = true;
    weight += commands;
    hits += commands * (told ? std::clamp(node->hit_ratio.value, 0.0, 1.0) : 1.0);
  }
};

}  // namespace

std::optional<bool> CacheMemory::WantsMore(double target) const {
  if (!hit_ratio_at_most) return std::nullopt;
  return *hit_ratio_at_most < target && evictions_per_second > 0;
}

bool CacheMemory::FitsInto(int from, int to) const {
  return use && from > 0 && *use <= kFits * to / from;
}

std::optional<double> CacheMemory::HitRatioAfter(int from, int to) const {
  if (!hit_ratio || from <= 0) return std::nullopt;
  if (to >= from || FitsInto(from, to)) return hit_ratio;
  return *hit_ratio * to / from;
}

CacheMemory LookAtCache(const Topology& topology, const LoadSnapshot& load, double target) {
  CacheMemory out;
  Hits reads;
  bool says_so = false;
  bool denies = false;
  double used = 0;
  double limits = 0;
  bool all_memory = true;
  for (const Shard& shard : topology.shards) {
    if (shard.partitions.empty()) continue;
    const auto found = std::find_if(load.nodes.begin(), load.nodes.end(), [&](const NodeLoad& one) {
      return one.node_id == shard.master.id;
    });
    const NodeLoad* node = found == load.nodes.end() ? nullptr : &*found;
    reads.Add(node);
    const bool memory = node != nullptr && node->usage[Resource::kMemory].fresh() &&
                        node->memory_limit_bytes.fresh();
    all_memory = all_memory && memory;
    if (node == nullptr) continue;
    says_so = says_so || Says(node->evicts_any_key, 1);
    denies = denies || Says(node->evicts_any_key, 0);
    if (memory) {
      used += node->usage[Resource::kMemory].value;
      limits += node->memory_limit_bytes.value;
    }
    if (node->evictions_per_second.fresh()) {
      out.evictions_per_second += std::max(0.0, node->evictions_per_second.value);
    }
  }
  out.is_cache = !denies && (says_so || target > 0);
  if (reads.any && reads.weight > 0) {
    out.hit_ratio_at_most = reads.hits / reads.weight;
    if (reads.all) out.hit_ratio = out.hit_ratio_at_most;
  }
  if (all_memory && limits > 0) out.use = used / limits;
  return out;
}

}  // namespace tidewright::planner
