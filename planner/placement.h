// Which partitions go where. Deterministic. Internal to the planner.
//
// Scale-out takes what is too much from every owner down to a common level, in runs from the end of
// its ranges, and gives it to the new shards; where old shards lie far below that level they are
// filled as well. Scale-in spreads the partitions of the cheapest shards over the rest by filling
// them to a common level. Both then improve the worst shard by single moves until it is within
// kTolerance of even. O(partitions) but for that last part, which is bounded. A rebalance is a
// scale-out by no shard: what is too much goes to those that bear too little.
#pragma once

#include <string>
#include <vector>

#include "collector/load_snapshot.h"
#include "core/resource.h"
#include "core/topology.h"
#include "planner/plan.h"
#include "planner/sizing.h"

namespace tidewright::planner {

/// What each partition weighs in each resource.
struct PartitionWeights {
  /// [resource][partition], not negative, summing to 1; empty where it is unknown or all zero.
  PerResource<std::vector<double>> share;
  /// How much each resource matters, 0…1: the most urgent one is 1.
  PerResource<double> urgency;
};

/// All resources equally urgent, until SetUrgency has been told the demand that the shards are
/// sized for; memory always matters at least half.
[[nodiscard]] PartitionWeights WeighPartitions(const Topology& topology, const LoadSnapshot& load);
void SetUrgency(const Capacity& capacity, const Demand& demand, PartitionWeights& weights);
/// As the partitions lie now, over the shards that serve.
[[nodiscard]] LoadShape ShapeOf(const Topology& topology, const PartitionWeights& weights);

struct Placement {
  std::vector<PartitionMove> moves;  ///< by source, then target; each partition at most once
  std::vector<std::string> retire;
  int moved = 0;                  ///< partitions
  PerResource<double> imbalance;  ///< afterwards: share of the most loaded shard × shards
};

/// New shards are named new-1 … new-`add`. Empty masters of the topology take no part.
[[nodiscard]] Placement PlaceScaleOut(const Topology& topology, const PartitionWeights& weights,
                                      int add);
/// Over the shards that serve: no moves when they are within kTolerance of even already.
[[nodiscard]] Placement PlaceRebalance(const Topology& topology, const PartitionWeights& weights);
/// Retires the `remove` shards with the least memory to move (the fewest partitions while memory is
/// not known). `remove` is less than the number of serving shards.
[[nodiscard]] Placement PlaceScaleIn(const Topology& topology, const PartitionWeights& weights,
                                     int remove);

}  // namespace tidewright::planner
