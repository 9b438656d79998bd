// The planner's product: what to do now, why, and what was not done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "core/reason.h"
#include "core/resource.h"
#include "core/status.h"
#include "core/time.h"
#include "core/topology.h"

namespace tidewright {

enum class PlanKind {
  kNone,
  kScaleOut,
  kScaleIn,
  kRebalance,  ///< moves partitions between the shards that there are
};
/// "none", "scale-out", "scale-in", "rebalance"
[[nodiscard]] const char* PlanKindName(PlanKind kind);

/// Partitions that change their owner. A shard that does not exist yet is named "new-1", "new-2", …
struct PartitionMove {
  PartitionSet partitions;
  std::string from;
  std::string to;

  friend bool operator==(const PartitionMove&, const PartitionMove&) = default;
};

/// Expected figures over the time that the plan must cover (scale-out and none: lead time and
/// consolidation window; scale-in: scale-in window and the way back), with the shards of the plan
/// or without them. All numbers are finite.
struct Outlook {
  double peak_demand = 0;      ///< binding resource, at the policy's risk quantile
  double usable_capacity = 0;  ///< target utilisation × shards × shard capacity ÷ imbalance
  double shortfall_probability = 0;  ///< share of sample paths that pass full capacity
  Money cost_per_hour;

  friend bool operator==(const Outlook&, const Outlook&) = default;
};

/// A value: two equal inputs give two equal plans, hash included.
struct Plan {
  std::string cluster;
  PlanKind kind = PlanKind::kNone;
  WallTime created;
  WallTime expires;
  std::string topology_fingerprint;  ///< the plan holds for this topology alone
  int from_shards = 0;
  int to_shards = 0;                ///< of a rebalance: from_shards
  int replicas_per_shard = 0;       ///< of the shards it adds
  std::vector<std::string> retire;  ///< shards that scale-in removes
  std::vector<PartitionMove> moves;
  Resource binding = Resource::kRequests;  ///< the resource that asked for the most shards
  bool emergency = false;
  std::vector<Reason> reasons;       ///< why this
  std::vector<Reason> rejections;    ///< what was considered and not done
  Duration lead_time{0};             ///< wall time until the plan would be complete
  std::optional<WallTime> crossing;  ///< when the risk quantile passes usable capacity
  Outlook without;
  Outlook with;

  friend bool operator==(const Plan&, const Plan&) = default;
};

/// One text for one value: keys sorted, times in microseconds, no white space. Journal and hash use
/// it.
[[nodiscard]] std::string CanonicalJson(const Plan& plan);
[[nodiscard]] StatusOr<Plan> ParsePlan(const std::string& canonical_json);
/// SHA-256 of what would be executed and on what: cluster, kind, fingerprint, shards, moves,
/// retire, replicas. Reasons and times of creation do not count, so that a plan that is found again
/// a minute later is the same recommendation.
[[nodiscard]] std::string PlanHash(const Plan& plan);
/// The first 10 characters: what people type.
[[nodiscard]] std::string ShortHash(const std::string& hash);

}  // namespace tidewright
