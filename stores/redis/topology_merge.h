// One topology out of what several nodes say. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "core/topology.h"
#include "stores/redis/cluster_nodes.h"

namespace tidewright::redis {

/// CLUSTER NODES as one node told it.
struct NodeView {
  std::string host;  ///< where it was asked
  int port = 0;
  ClusterNodes cluster;
};

/// Who owns a slot is what most masters say (the higher configuration epoch decides a draw). A node
/// is part of the cluster when another one knows it, or when there is no other. Views of empty
/// servers that are in no cluster are left out; kFailedPrecondition when the views come from two
/// clusters that both own slots. `views` must not be empty.
[[nodiscard]] StatusOr<Topology> MergeViews(const std::string& cluster,
                                            std::vector<NodeView> views);

}  // namespace tidewright::redis
