// What somebody else did to a cluster, told by two looks at it. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "core/topology.h"
#include "planner/plan.h"

namespace tidewright {

/// A serving shard as it was seen. After a failover it is known by its nodes.
struct KnownShard {
  std::vector<std::string> nodes;  ///< ids, the master's first
  std::string address;             ///< of the master
  PartitionSet partitions;

  friend bool operator==(const KnownShard&, const KnownShard&) = default;
};
[[nodiscard]] std::vector<KnownShard> KnownShards(const Topology& topology);

struct ForeignChange {
  std::vector<PartitionMove> moves;  ///< what went from where to where; ids of shards of now
  std::vector<std::string> joined;   ///< addresses of shards that serve now and did not
  std::vector<std::string> left;     ///< and the other way round
  int orphans = 0;                   ///< partitions of shards that are gone: they have no way back

  [[nodiscard]] bool None() const { return moves.empty() && joined.empty() && left.empty(); }
};

/// A failover is none: the same nodes own the same partitions.
[[nodiscard]] ForeignChange CompareShards(const std::vector<KnownShard>& before,
                                          const Topology& now);
/// For people: "12 partitions went from 10.0.0.7:6379 to 10.0.0.8:6379; 10.0.0.9:6379 joined".
[[nodiscard]] std::string Describe(const ForeignChange& change, const Topology& now);

/// Versioned text for keeping, and back. kDataLoss where it is no such thing.
[[nodiscard]] std::string EncodeShards(const std::vector<KnownShard>& shards);
[[nodiscard]] StatusOr<std::vector<KnownShard>> DecodeShards(const std::string& text);

}  // namespace tidewright
