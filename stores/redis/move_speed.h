// How fast a move goes: halved by what hurts, raised step by step while nothing does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>

#include "core/status.h"
#include "core/time.h"
#include "stores/redis/move_limits.h"

namespace tidewright::redis {

/// What the two ends of a move say about themselves; counters since their start.
struct MoveFeeling {
  Duration latency{0};                     ///< of the slower end's answer to PING
  std::int64_t replication_lag_bytes = 0;  ///< of the target's replica that is furthest behind
  std::int64_t used_memory_bytes = 0;      ///< of the target
  std::int64_t max_memory_bytes = 0;       ///< 0: no limit, or it evicts
  double asks = 0;                         ///< both ends together
  double tryagains = 0;
};

/// Which limit is passed, in words; empty: none. `before` was felt `between` ago.
[[nodiscard]] std::string PassedLimit(const MoveFeeling& now, const MoveFeeling& before,
                                      Duration between, const MoveLimits& limits);
/// kFailedPrecondition when the target has no room for further slots.
[[nodiscard]] Status CheckRoom(const MoveFeeling& now, const MoveLimits& limits,
                               const std::string& target);

/// Of the moves between two shards, for all of their groups. Thread-safe.
class MoveSpeed {
 public:
  /// Of `most` keys or bytes, how many one MIGRATE may carry now.
  [[nodiscard]] std::int64_t Size(std::int64_t most) const;
  /// A MIGRATE of so many keys took so long. Returns how long to wait before the next one.
  Duration Took(int keys, Duration elapsed, const MoveLimits& limits, MonoTime now);

  /// A look at the store found a limit passed, or none.
  void Felt(bool hurts);
  /// How long to wait, with nothing open, after a group that was under way for so long and moved so
  /// many keys.
  Duration Rest(Duration group, std::int64_t keys);
  /// Keys that a group may hold so that it is open for no longer than `open`, by what the newest
  /// ones took; at most `most`.
  [[nodiscard]] std::int64_t GroupKeys(Duration open, std::int64_t most) const;
  /// Share of full speed.
  [[nodiscard]] double speed() const;

 private:
  static constexpr double kStep = 0.1;
  static constexpr double kLeast = 1.0 / 64;

  mutable std::mutex mutex_;
  double size_ = 1;             // of a MIGRATE, as a share of the most
  double speed_ = 1;            // share of the time that groups are under way
  double keys_per_second_ = 0;  // of a group; 0: not known yet
  MonoTime next_{};             // the rate limit lets a MIGRATE go then
};

}  // namespace tidewright::redis
