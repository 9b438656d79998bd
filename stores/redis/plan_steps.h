// The steps of a plan on a Redis Cluster. Pure.
#pragma once

#include <string>
#include <vector>

#include "actuator/action.h"
#include "core/status.h"
#include "core/topology.h"
#include "planner/plan.h"

namespace tidewright::redis {

/// Scale-out: preflight, provision each new node, join them all, attach replicas, move slots,
/// verify. Scale-in: preflight, and for each retired shard: move its slots away, remove it, release
/// its nodes; verify. A step moves up to `slots_per_batch` slots of each of up to `pairs_at_once`
/// pairs of shards; no shard is in two of them. Sources take turns, so that the load falls evenly;
/// as many shards are drained together as there are pairs. kFailedPrecondition when the plan was
/// made on another topology, kInvalidArgument when it contradicts itself.
[[nodiscard]] StatusOr<std::vector<Step>> PlanSteps(const Plan& plan, const Topology& topology,
                                                    int slots_per_batch, int pairs_at_once);

}  // namespace tidewright::redis
