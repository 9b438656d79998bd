// What the Redis actuator may do, how much of it at once, and how long it waits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/networks.h"
#include "core/status.h"
#include "core/time.h"
#include "stores/redis/connection.h"
#include "stores/redis/move_limits.h"

namespace tidewright::redis {

/// How slots move.
enum class MoveBy {
  kAuto,        ///< as a whole where both ends can, else and after failures slot by slot
  kAtomic,      ///< as a whole or not at all
  kSlotBySlot,  ///< key by key, as all servers can
};

/// "auto", "atomic", "slot-by-slot"; absent for another word.
[[nodiscard]] std::optional<MoveBy> FindMoveBy(std::string_view name);

struct RedisActuatorOptions {
  std::vector<std::pair<std::string, int>> seeds;  ///< host and port of some nodes
  Credentials migrate_credentials;  ///< what a source shows to its target (AUTH, AUTH2)

  /// Asked before each command that changes anything, empty: never thrown. Once it says true, only
  /// what brings open slots to their end is sent.
  std::function<bool()> kill_switch;
  /// Asked before each such command too, also of those that end open slots: kCancelled once this
  /// controller may no longer be the only one. Empty: it always is.
  std::function<Status()> fence;
  /// Asked before slots are opened: kCancelled while there is still time to end those that are
  /// open.
  std::function<Status()> fence_before_opening;
  Networks allowed_targets;  ///< that keys may be sent to; empty: any

  MoveLimits limits;
  /// How pairs and groups go at once: runs all, also within one of them, and returns when all have
  /// ended. Empty: on threads. A simulated world lets them take turns.
  std::function<void(std::vector<std::function<void()>>)> at_once;

  MoveBy move_by = MoveBy::kAuto;
  /// In the slots of one job of the servers, which goes as fast as they can.
  std::int64_t atomic_keys = 500'000;
  int atomic_slots = 1024;  ///< of one job, and of one step where servers have such jobs
  int atomic_tries = 5;  ///< that may fail in a row, each of half as many slots as the one before
  Duration atomic_backoff = std::chrono::seconds(1);  ///< before the second one; then doubled
  /// That a job may be in one state, the sending of the snapshot left out.
  Duration atomic_patience = std::chrono::seconds(30);

  int slots_per_batch = 256;          ///< of one step
  int open_slots = 64;                ///< of one group: opened and closed together
  int open_keys = 2000;               ///< in the slots of a group; a larger slot is opened alone
  std::int64_t open_bytes = 8 << 20;  ///< likewise
  int keys_per_migrate = 100;         ///< in one MIGRATE
  std::int64_t bytes_per_migrate = 512 << 10;
  std::int64_t big_key_bytes = 10 << 20;   ///< a slot with a larger key is refused
  std::int64_t max_slot_keys = 1'000'000;  ///< listed by one command: a fuller slot is refused
  bool allow_unprotected_targets = false;  ///< targets that have neither a replica nor an AOF

  Duration command_timeout = std::chrono::seconds(5);
  /// Of each read and write within MIGRATE, which blocks the source. Shortened so that a target
  /// that hangs blocks it for less than half of cluster-node-timeout, where that can be read.
  Duration migrate_timeout = std::chrono::seconds(5);
  Duration catch_up_timeout = std::chrono::seconds(10);  ///< of the target's replicas
  Duration open_patience = std::chrono::seconds(30);     ///< for trying again while a slot is open
  Duration provision_timeout = std::chrono::seconds(60);
  Duration join_timeout = std::chrono::seconds(60);
  Duration sync_timeout = std::chrono::seconds(120);
  Duration settle_timeout = std::chrono::seconds(30);  ///< until gossip has told everybody
};

/// Keys of one MIGRATE are a share of those that are set already.
inline void SetPreset(RedisActuatorOptions& options, const MovePreset& preset) {
  options.limits = preset.limits;
  options.open_keys = preset.open_keys;
  options.atomic_keys = preset.atomic_keys;
  const double keys = preset.migrate_share * options.keys_per_migrate;
  options.keys_per_migrate = std::max(1, static_cast<int>(keys));
}

}  // namespace tidewright::redis
