#include "planner/sizing/move_model.h"

#include <algorithm>
#include <cmath>

#include "planner/policy.h"

namespace tidewright {

int MoveModel::Migration(int from, int to) const {
  if (from == to) return 0;
  const double small = std::min(from, to);
  const double large = std::max(from, to);
  const double streams_used = std::clamp<double>(streams, 1, std::min(small, large - small));
  const double steps = (1 - small / large) * full_migration / streams_used;
  // What is a whole number but for rounding stays one.
  return std::max(1, static_cast<int>(std::ceil(steps - 1e-9)));
}

double MoveModel::Capacity(int from, int to, int j) const {
  const int waiting = Provisioning(from, to);
  if (j < waiting) return from;
  const int migration = Migration(from, to);
  if (j >= waiting + migration) return to;
  const double before = 1.0 / from;  // each shard's share of the data
  const double after = 1.0 / to;
  const int moving = j - waiting;
  if (to > from) {
    const double moved = static_cast<double>(moving) / migration;
    return 1 / (before - moved * (before - after));
  }
  const double moved = static_cast<double>(moving + 1) / migration;
  return 1 / (before + moved * (after - before));
}

MoveModel LearnedMoves(const MoveExperience& experience, const Policy& policy, int partition_count,
                       Duration step) {
  const Duration provisioning = experience.provisioning.value_or(policy.provisioning_time);
  const Duration whole = experience.per_partition ? *experience.per_partition * partition_count
                                                  : policy.full_migration_time;
  MoveModel moves;
  moves.provisioning = static_cast<int>((provisioning + step - Duration(1)) / step);
  moves.full_migration = Seconds(whole) / Seconds(step);
  moves.streams = policy.migration_streams;
  return moves;
}

}  // namespace tidewright
