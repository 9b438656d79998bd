// Remedies for the shards and partitions of a cluster, as the planner sees them. Internal to the
// planner.
#pragma once

#include <vector>

#include "planner/quotas/partition_remedy.h"
#include "planner/situation.h"

namespace tidewright::planner {

/// For the demand expected within `window`, of the resource that is short most; empty while the
/// load of partitions is not known, or no more than noise. A slot cannot be split; the share of its
/// hottest key is not known.
[[nodiscard]] std::vector<PartitionRemedy> ClusterRemedies(const Situation& situation,
                                                           Duration window);
/// "remedy advise-key: …", for a plan that does not carry it out.
[[nodiscard]] Reason AsAdvice(const PartitionRemedy& remedy);

}  // namespace tidewright::planner
