// What the steps of a Redis action are told, as text in the journal, and what they note there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actuator/store_actuator.h"
#include "core/status.h"
#include "core/topology.h"
#include "stores/redis/cluster_link.h"

namespace tidewright::redis {

inline constexpr char kPreflight[] = "preflight";  ///< shards, retired
inline constexpr char kProvision[] = "provision";  ///< names (one), token, cluster
inline constexpr char kJoin[] = "join";            ///< names
inline constexpr char kReplicate[] = "replicate";  ///< names: master first, then its replicas
inline constexpr char kMove[] = "move";            ///< moves
inline constexpr char kRemove[] = "remove";        ///< members
inline constexpr char kRelease[] = "release";      ///< members
inline constexpr char kVerify[] = "verify";        ///< shards, retired

/// A shard as it is or as it shall be. `name` is a node id, or "new-1" for one to come.
struct ExpectedShard {
  std::string name;
  PartitionSet slots;
  std::vector<std::string> replicas;  ///< node ids

  friend bool operator==(const ExpectedShard&, const ExpectedShard&) = default;
};

/// Slots that go from one shard to another. Both by name: a node id, or "new-1".
struct SlotMove {
  std::string from;
  std::string to;
  PartitionSet slots;
};

/// Which fields a step uses is said at its kind.
struct StepArgs {
  std::string cluster;
  std::string token;
  std::vector<std::string> names;
  std::vector<SlotMove> moves;  ///< no shard is in two of them: they go on at once
  std::vector<ExpectedShard> shards;
  std::vector<std::string> retired;  ///< node ids
  std::vector<Server> members;
};

[[nodiscard]] std::string Encode(const StepArgs& args);
/// Also reads the steps of older journals, whose moves are one. kInternal when the text is not what
/// Encode makes.
[[nodiscard]] StatusOr<StepArgs> ParseStepArgs(const std::string& text);

/// Names of new nodes: "new-1" is a master, "new-1.1" its first replica.
[[nodiscard]] bool IsNewName(const std::string& name);
[[nodiscard]] bool IsNewReplica(const std::string& name);
[[nodiscard]] std::string NewReplicaName(const std::string& shard, int replica);

// Notes of the action.
[[nodiscard]] Status SaveNode(StepContext& context, const std::string& name, const Server& server);
[[nodiscard]] std::optional<Server> NotedNode(const StepContext& context, const std::string& name);
/// The ids of the nodes that made up a shard when the action began, its master first: whoever of
/// them is master after a failover speaks for the shard.
[[nodiscard]] Status SaveShardNodes(StepContext& context, const std::string& master,
                                    const std::vector<std::string>& replicas);
[[nodiscard]] std::vector<std::string> ShardNodes(const StepContext& context,
                                                  const std::string& name);

}  // namespace tidewright::redis
