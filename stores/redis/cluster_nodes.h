// CLUSTER NODES, one node's view of its cluster, as a value.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/topology.h"

namespace tidewright::redis {

inline constexpr int kSlotCount = 16384;

struct NodeLine {
  std::string id;
  std::string host;  ///< empty where the teller does not know its own address yet
  int port = 0;
  bool myself = false;
  bool master = false;
  std::string master_id;  ///< of a replica
  NodeHealth health = NodeHealth::kOnline;
  bool no_address = false;
  std::int64_t config_epoch = 0;
  bool connected = false;
  PartitionSet slots;
  std::map<int, std::string> migrating;  ///< slot → node id of its target; on the teller's own line alone
  std::map<int, std::string> importing;  ///< slot → node id of its source; likewise
};

struct ClusterNodes {
  std::vector<NodeLine> nodes;

  [[nodiscard]] const NodeLine* Find(const std::string& id) const;
  [[nodiscard]] const NodeLine* Myself() const;
  /// Id of the slot's owner, empty when it has none.
  [[nodiscard]] std::string Owner(int slot) const;
};

/// kInternal with the line that cannot be read.
[[nodiscard]] StatusOr<ClusterNodes> ParseClusterNodes(const std::string& text);

}  // namespace tidewright::redis
