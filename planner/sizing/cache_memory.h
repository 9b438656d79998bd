// Memory of a cache: servers that evict any key when they are full live at their limit by design,
// so that their use says nothing of whether they are large enough; their hit ratio does. Pure.
// Internal to the planner.
//
// The model, where the curve of hits over memory is not known:
// - More memory helps where hits are too few *and* keys are being evicted: by how much nobody
// knows,
//   so it is added one shard at a time, with time between to see what it did.
// - Hits grow with memory, and ever more slowly: so they do under LRU where references are
//   independent (in the approximation of Che et al., IEEE JSAC 20(7), 2002, the slope is a mean
//   popularity of the keys that are about to go, which falls). Then with a share q of the memory at
//   least the share q of the hits is left: a bound, mostly far below what would really be left. It
//   does not hold for scans that go round in a loop. Where what is used would fit nothing is lost.
#pragma once

#include <optional>

#include "collector/load_snapshot.h"
#include "core/topology.h"

namespace tidewright::planner {

struct CacheMemory {
  /// Serving masters say that they evict any key, and none says that it does not. Where none says
  /// anything: whether the policy names a hit ratio.
  bool is_cache = false;
  /// Of all reads; absent unless every serving master tells it, or that nobody asks it anything.
  std::optional<double> hit_ratio;
  /// Likewise, with silent masters counted as hitting always; absent where none tells.
  std::optional<double> hit_ratio_at_most;
  double evictions_per_second = 0;  ///< that are told
  std::optional<double> use;        ///< of the memory limits, 0…1; absent unless all tell both

  /// Hits are too few, and more memory may help; nothing where that cannot be told.
  [[nodiscard]] std::optional<bool> WantsMore(double target) const;
  /// What is used now would fit the memory of `to` shards: none of it is evicted.
  [[nodiscard]] bool FitsInto(int from, int to) const;
  /// At least, after a change of size; absent where it is not known now.
  [[nodiscard]] std::optional<double> HitRatioAfter(int from, int to) const;
};

/// Of the masters that serve. `target`: of the policy, 0 for none.
[[nodiscard]] CacheMemory LookAtCache(const Topology& topology, const LoadSnapshot& load,
                                      double target);

}  // namespace tidewright::planner
