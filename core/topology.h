// What a cluster is made of, as its own nodes describe it.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"

namespace tidewright {

enum class NodeRole { kMaster, kReplica };
enum class NodeHealth {
  kOnline,
  kSuspected,  ///< some peers cannot reach it
  kFailed,     ///< agreed to be down
  kJoining,    ///< handshake under way
};
[[nodiscard]] const char* NodeHealthName(NodeHealth health);

struct Node {
  std::string id;  ///< the store's own identity of the node
  std::string host;
  int port = 0;
  NodeRole role = NodeRole::kMaster;
  NodeHealth health = NodeHealth::kOnline;
  std::string zone = {};  ///< failure domain; empty when unknown

  [[nodiscard]] std::string Address() const { return host + ":" + std::to_string(port); }
  friend bool operator==(const Node&, const Node&) = default;
};

/// Partitions first…last, both included.
struct PartitionRange {
  int first = 0;
  int last = -1;

  [[nodiscard]] int size() const { return last - first + 1; }
  friend bool operator==(const PartitionRange&, const PartitionRange&) = default;
};

/// Disjoint, in rising order, no two adjacent.
using PartitionSet = std::vector<PartitionRange>;
[[nodiscard]] int Count(const PartitionSet& set);
[[nodiscard]] bool Contains(const PartitionSet& set, int partition);
[[nodiscard]] std::vector<int> Expand(const PartitionSet& set);
/// From partitions in any order; duplicates are folded.
[[nodiscard]] PartitionSet ToPartitionSet(std::vector<int> partitions);
/// "0-5460,5462".
[[nodiscard]] std::string ToString(const PartitionSet& set);
[[nodiscard]] StatusOr<PartitionSet> ParsePartitionSet(const std::string& text);

/// A master with its replicas. The shard's id is its master's node id.
struct Shard {
  std::string id;
  Node master;
  std::vector<Node> replicas;
  PartitionSet partitions;  ///< empty for a master that serves nothing (yet, or any more)

  friend bool operator==(const Shard&, const Shard&) = default;
};

/// A partition that is between two owners.
struct OpenPartition {
  int partition = 0;
  std::string from;  ///< node id, empty when unknown
  std::string to;

  friend bool operator==(const OpenPartition&, const OpenPartition&) = default;
};

struct Topology {
  std::string cluster;
  std::int64_t epoch = 0;  ///< the store's configuration epoch
  int partition_count = 0;
  std::vector<Shard> shards;  ///< in the order of their lowest partition, empty ones last, by id
  std::vector<OpenPartition> open;
  bool agreed = false;  ///< all reachable nodes tell the same slot map

  /// Shards that own at least one partition.
  [[nodiscard]] int ServingShards() const;
  /// Partitions nobody owns.
  [[nodiscard]] int Unowned() const;
  [[nodiscard]] std::vector<Node> Nodes() const;
  [[nodiscard]] const Shard* FindShard(const std::string& id) const;
  [[nodiscard]] const Shard* OwnerOf(int partition) const;
  /// Hash of who owns which partition and who is master: what a plan was made on.
  [[nodiscard]] std::string Fingerprint() const;

  friend bool operator==(const Topology&, const Topology&) = default;
};

}  // namespace tidewright
