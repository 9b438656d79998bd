// Placements made of runs: what the search for a better one starts from. Runs keep the slot map
// short and make few, long moves. Internal to the planner.
#pragma once

#include <vector>

namespace tidewright::planner {

/// The index of the shard that owns each partition, −1 for none.
using Owners = std::vector<int>;

/// Takes what is too much from every one of the first `old_shards` down to a common level, in runs
/// from the end of its ranges, and gives it to the rest, which own nothing yet. Where old shards
/// lie more than `tolerance` below that level they are filled as well. `weight`: of each partition,
/// summing to 1 over those that are owned. O(partitions × shards).
void SpreadInRuns(Owners& owner, const std::vector<double>& weight, int old_shards, int shards,
                  double tolerance);

/// Spreads what the retired shards own over the others by filling them to a common level.
void FillInRuns(Owners& owner, const std::vector<double>& weight, const std::vector<bool>& retired);

}  // namespace tidewright::planner
