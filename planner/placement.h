// Which partitions go where. Deterministic. Internal to the planner.
//
// A placement in runs comes first (partition_runs.h), or for a rebalance the one that moves the
// least bytes, if it is better. Where that leaves a shard more than kTolerance above even, the
// placement engine (placing/) searches on: the fullest shard in its worst resource counts most,
// then the bytes that move, their number and how many ranges the slot map gets. A rebalance is a
// scale-out by no shard.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "collector/load_snapshot.h"
#include "core/reason.h"
#include "core/resource.h"
#include "core/topology.h"
#include "planner/plan.h"
#include "planner/sizing/sizing.h"

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
/// `remembered`, which may be null, counts for resources of which `load` tells nothing.
[[nodiscard]] PartitionWeights WeighPartitions(
    const Topology& topology, const LoadSnapshot& load,
    const PerResource<std::vector<double>>* remembered = nullptr);
void SetUrgency(const Capacity& capacity, const Demand& demand, PartitionWeights& weights);
/// As the partitions lie now, over the shards that serve.
[[nodiscard]] LoadShape ShapeOf(const Topology& topology, const PartitionWeights& weights);

/// A partition that alone weighs more than an even share: it cannot be split, so its shard is
/// emptied of everything else as far as that helps.
struct HotPartition {
  int partition = 0;
  Resource resource = Resource::kRequests;
  double share = 0;    ///< of the whole demand in that resource
  std::string shard;   ///< where it ends up
  int neighbours = 0;  ///< other partitions there
};
/// With what can be done about it; `shards`: how many serve once the placement is done.
[[nodiscard]] Reason Explain(const HotPartition& hot, int shards);

struct Placement {
  std::vector<PartitionMove> moves;  ///< by source, then target; each partition at most once
  std::vector<std::string> retire;
  int moved = 0;  ///< partitions
  PerResource<double> imbalance{
      {1, 1, 1, 1}};              ///< afterwards: share of the most loaded shard × shards
  std::vector<HotPartition> hot;  ///< in falling order of share
};

/// New shards are named new-1 … new-`add`. Empty masters of the topology take no part.
[[nodiscard]] Placement PlaceScaleOut(const Topology& topology, const PartitionWeights& weights,
                                      int add);
/// Over the shards that serve: no moves when they are within kTolerance of even already.
[[nodiscard]] Placement PlaceRebalance(const Topology& topology, const PartitionWeights& weights);
/// What those moves come to: of partitions that their sources own, between shards that there are.
[[nodiscard]] Placement PlaceMoves(const Topology& topology, const PartitionWeights& weights,
                                   const std::vector<PartitionMove>& moves);
/// Retires the `remove` shards with the least memory to move (the fewest partitions while memory is
/// not known), but none whose leaving gives a zone, or a host, a majority of masters while another
/// choice does not. `remove` is less than the number of serving shards. Of what `survive` names,
/// those with the most masters are left first, so that the loss of one takes the least; before what
/// is cheap to drain comes what is paid for the shortest time (`paid`, by shard, once it has left).
using PaidFor = std::map<std::string, Duration>;
[[nodiscard]] Placement PlaceScaleIn(const Topology& topology, const PartitionWeights& weights,
                                     int remove, SurviveLoss survive = SurviveLoss::kNone,
                                     const PaidFor& paid = {});

}  // namespace tidewright::planner
