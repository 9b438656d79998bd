// How many shards a demand needs, and how long it takes to get them. Internal to the planner.
#pragma once

#include <optional>
#include <vector>

#include "core/resource.h"
#include "core/time.h"
#include "planner/planner.h"
#include "planner/sizing/failure_domain.h"

namespace tidewright::planner {

/// Placement ends when the busiest shard is this close to an even share, and an imbalance within it
/// counts as even: samples cannot tell the two apart.
inline constexpr double kTolerance = 0.03;

/// How unevenly the partitions load the shards, for each resource; 1 and 0 while nothing is known.
struct LoadShape {
  PerResource<double> imbalance{{1, 1, 1, 1}};  ///< share of the most loaded shard × shards, now
  PerResource<double> hottest{};                ///< share of the heaviest partition
};

/// Demand in each resource that binds; absent where it is not known.
using Demand = PerResource<std::optional<double>>;

/// What shards can bear, by the policy's figures.
class Capacity {
 public:
  /// `cache`: memory is full by design and does not bind (cache_memory.h).
  Capacity(const Policy& policy, const LoadShape& shape, FailureDomains domains = {},
           bool cache = false)
      : policy_(policy),
        shape_(shape),
        domains_(std::move(domains)),
        binds_(Binding(policy, cache)) {}

  /// Resources with a usable figure in the policy.
  [[nodiscard]] const PerResource<bool>& binds() const { return binds_; }
  [[nodiscard]] bool known() const;
  [[nodiscard]] const LoadShape& shape() const { return shape_; }
  [[nodiscard]] const FailureDomains& domains() const { return domains_; }

  /// Share of the most loaded shard × shards that an even placement on `shards` would reach: a
  /// partition cannot be split.
  [[nodiscard]] double ReachableImbalance(Resource r, int shards) const;
  /// At full use, before it is divided by an imbalance.
  [[nodiscard]] double Full(Resource r, int shards) const;
  /// Target utilisation × Full ÷ imbalance; the first kTolerance of it costs nothing.
  [[nodiscard]] double Usable(Resource r, int shards, double imbalance) const;
  /// Of the shards, those that remain after the loss that the policy wants to survive; 1 where it
  /// asks for nothing.
  [[nodiscard]] double RemainingShare(int shards) const;
  /// What demand is held against: Usable × RemainingShare, Usable of memory, which replicas hold
  /// already.
  [[nodiscard]] double Dependable(Resource r, int shards, double imbalance) const {
    return Usable(r, shards, imbalance) * (r == Resource::kMemory ? 1.0 : RemainingShare(shards));
  }

  /// The resource in which `demand` fills capacity most, and to which share (1 = just full).
  /// Requests and 0 when no demand is known.
  struct Fill {
    Resource resource = Resource::kRequests;
    double share = 0;
  };
  /// Of the dependable capacity; infinite where nothing of that remains.
  [[nodiscard]] Fill FillOf(const Demand& demand, int shards,
                            const PerResource<double>& imbalance) const;
  /// Of the usable capacity, nothing being lost.
  [[nodiscard]] Fill FillWithoutLoss(const Demand& demand, int shards,
                                     const PerResource<double>& imbalance) const;
  /// Fewest shards that bear `demand` at target utilisation with an even placement:
  /// max over resources of ceil(demand ÷ (target_utilisation × shard capacity)), and those beyond
  /// them whose loss the policy wants to survive. A partition that alone asks for more than one
  /// shard bears limits it to the shards after which more are no help.
  [[nodiscard]] int ShardsFor(const Demand& demand) const;
  /// The heaviest partition alone asks for more of a resource than a shard may bear.
  [[nodiscard]] std::optional<Resource> PartitionTooHot(const Demand& demand) const;

  /// The imbalances of an even placement on `shards`.
  [[nodiscard]] PerResource<double> Reachable(int shards) const;

 private:
  static PerResource<bool> Binding(const Policy& policy, bool cache);
  template <typename CapacityOf>
  [[nodiscard]] Fill FillBy(const Demand& demand, int shards, CapacityOf capacity) const;

  const Policy& policy_;
  LoadShape shape_;
  FailureDomains domains_;
  PerResource<bool> binds_;
};

/// From the decision until the last partition has moved: provisioning (scale-out alone, once for
/// each action that the step limit makes of it) and the migration of the data that must move;
/// learned figures where there are some, else the policy's.
[[nodiscard]] Duration LeadTime(const Policy& policy, const MoveExperience& experience,
                                int partition_count, int from_shards, int to_shards);
/// Of a plan whose moves are known.
[[nodiscard]] Duration LeadTimeOfMoves(const Policy& policy, const MoveExperience& experience,
                                       int partition_count, int moved, bool provisions);
/// A scale-out sizes for this much time from now.
[[nodiscard]] Duration CoveredWindow(const Policy& policy, Duration lead_time);

/// The policy with every figure in a range in which arithmetic is safe; what config refuses anyway.
[[nodiscard]] Policy Sane(Policy policy);

}  // namespace tidewright::planner
