// How long a change of size takes and what a cluster can serve meanwhile. Pure arithmetic.
//
// Source: Taft et al., P-Store: An Elastic Database System with Predictive Provisioning, SIGMOD'18
// (move time and effective capacity), for one migration stream a shard and data spread evenly.
#pragma once

#include <optional>

#include "core/time.h"

namespace tidewright {

struct Policy;

/// Times are in steps of the caller's grid. A move from B to A shards is `Provisioning` steps in
/// which B serve as before (scale-out alone), then `Migration` steps in which data moves, every
/// step a little more of it.
struct MoveModel {
  int provisioning = 1;        ///< steps until new shards can take data
  double full_migration = 48;  ///< D: steps in which one stream moves the whole data set
  int streams = 1 << 20;       ///< that move data at a time, at most one for each shard

  [[nodiscard]] int Provisioning(int from, int to) const { return to > from ? provisioning : 0; }
  /// max(1, ⌈(1 − s/l)·D / min(s, l−s, streams)⌉), s and l being the smaller and the larger size; 0
  /// for a move to where one is.
  [[nodiscard]] int Migration(int from, int to) const;
  [[nodiscard]] int Steps(int from, int to) const {
    return Provisioning(from, to) + Migration(from, to);
  }
  /// What is served in step j of the move, in shards' worth: the shard that holds the largest share
  /// of the data is full first. Scale-out counts what had moved before step j, scale-in what has
  /// moved after it.
  [[nodiscard]] double Capacity(int from, int to, int j) const;
};

/// What was learned from past actions, in wall time; absent until there was one.
struct MoveExperience {
  std::optional<Duration> provisioning;   ///< intent until the new shards had joined
  std::optional<Duration> per_partition;  ///< mean time to move one partition
};

/// On a grid of `step`: what was learned, and what the policy says until then.
[[nodiscard]] MoveModel LearnedMoves(const MoveExperience& experience, const Policy& policy,
                                     int partition_count, Duration step);

}  // namespace tidewright
