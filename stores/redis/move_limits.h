// How hard a move of slots may press, and what the store must not be made to feel.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/time.h"

namespace tidewright::redis {

inline constexpr int kMostGroupsAtOnce = 8;
inline constexpr int kMostPairsAtOnce = 64;

/// Whatever passes one of the limits from max_latency on halves the speed of a move; each look at
/// the store that finds all of them kept gives a tenth of it back (MoveSpeed).
struct MoveLimits {
  /// Pairs of shards between which slots move at once; no shard is in two of them. At most
  /// kMostPairsAtOnce.
  int pairs_at_once = 4;
  /// Groups of slots between the same two shards that are under way at once: while one is being
  /// opened, noted or closed the other moves keys. At most kMostGroupsAtOnce.
  int groups_at_once = 2;
  /// 0: as many as the store takes.
  int keys_per_second = 0;
  /// That one MIGRATE may take, which both servers spend on nothing else: those that follow a
  /// longer one carry half as much.
  Duration max_pause = std::chrono::milliseconds(10);
  /// That a group of slots should be open: groups hold what moves in that time.
  Duration max_open = std::chrono::milliseconds(250);

  /// Of a PING beside the move, at either end.
  Duration max_latency = std::chrono::milliseconds(50);
  /// That a replica of the target is behind.
  std::int64_t max_replication_lag_bytes = 32 << 20;
  /// ASK, which sends clients on to the target, and TRYAGAIN, which fails commands on several keys
  /// of a slot that is half moved: answers by both ends.
  double max_asks_per_second = 5000;
  double max_tryagains_per_second = 50;
  /// Use of the target's maxmemory above which no further slot is opened. Servers that evict keys
  /// live at their maxmemory and are left out.
  double max_target_memory_share = 0.95;
};

/// "gentle": one pair at a time, at most 4,000 keys a second, a fifth of the usual keys in a MIGRATE,
/// one group at a time. "normal": as fast as the store takes, within the limits. "fast": larger groups, more of
/// them at once, late brakes: for a cluster that serves nobody.
struct MovePreset {
  MoveLimits limits;
  double migrate_share = 1;  ///< of RedisActuatorOptions::keys_per_migrate
  int open_keys = 2000;
  std::int64_t atomic_keys = 500'000;  ///< in the slots that one job of the servers moves
};
/// Absent for another name.
[[nodiscard]] std::optional<MovePreset> FindMovePreset(std::string_view name);

}  // namespace tidewright::redis
