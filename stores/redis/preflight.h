// Whether a cluster is well, and as a plan expects it.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "stores/redis/cluster_link.h"
#include "stores/redis/step_args.h"

namespace tidewright::redis {

/// Every node online and answering, one slot map, no slot open or without owner, nobody loading,
/// saving or synchronising; the slots owned as `shards` say. kFailedPrecondition: it is not the
/// cluster that the plan was made for, a node has failed, or slots are open; kUnavailable: what may
/// pass.
/// kPermissionDenied: the account lacks a right that a move needs, at one of the nodes, or a master
/// is where no key may be sent to.
[[nodiscard]] Status CheckBefore(ClusterLink& link, const std::vector<ExpectedShard>& shards);

/// Whether our account may run all that a plan may need on these servers, found by commands that can
/// change nothing. kPermissionDenied names every command that is missing, where, and what mends it.
[[nodiscard]] Status CheckRights(ClusterLink& link, const std::vector<Server>& servers);

/// All nodes agree on the slots of `shards` (ids by now, not names; whichever of a shard's nodes is
/// its master) and on epochs, no two masters share an epoch, no slot is open, every node says
/// cluster_state:ok and none lists one of `retired`. Nodes that have failed and own no slot are not
/// asked.
[[nodiscard]] Status CheckAfter(ClusterLink& link, const std::vector<ExpectedShard>& shards,
                                const std::vector<std::string>& retired);

}  // namespace tidewright::redis
