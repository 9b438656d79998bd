// Groups of slots on their way between two shards, several at once: while one group is opened,
// noted or closed, which is waiting for disks and answers, another moves keys.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "actuator/store_actuator.h"
#include "core/status.h"
#include "stores/redis/cluster_link.h"
#include "stores/redis/key_mover.h"
#include "stores/redis/move_speed.h"
#include "stores/redis/slot_group.h"

namespace tidewright::redis {

/// The slots that are still to be opened, in their order. Thread-safe.
class SlotQueue {
 public:
  /// `keys` of each slot, as they were counted. `one_first`: the slot with the fewest keys goes
  /// alone, before all others: a master without slots is not failed over, so the target should own
  /// one soon.
  SlotQueue(std::vector<int> slots, std::map<int, std::int64_t> keys, bool one_first)
      : slots_(std::move(slots)), keys_(std::move(keys)), one_first_(one_first) {}

  /// The next ones with at most so many keys, or a single slot that has more; empty when none is
  /// left, or after Close.
  std::vector<int> Take(int slots, std::int64_t keys);
  void PutBack(const std::vector<int>& slots);
  /// No more are taken.
  void Close();
  [[nodiscard]] int left() const;

 private:
  mutable std::mutex mutex_;
  std::vector<int> slots_;
  const std::map<int, std::int64_t> keys_;
  bool one_first_;
  bool closed_ = false;
};

/// What the lanes between two shards share.
struct LaneSurroundings {
  ClusterLink& link;  ///< a lane speaks by a link of its own: the kill switch passes for it alone
  StepContext& context;
  MoveSpeed& speed;
  const MoveParties& parties;
  Duration node_timeout{0};          ///< zero: not known
  std::function<Status()> may_open;  ///< asked before a group is opened
};

/// Moves one group at a time. Not thread-safe.
class SlotLane {
 public:
  SlotLane(const LaneSurroundings& around, std::string note_key);

  /// Groups from the queue until it is empty, or closed by what befell another lane. Closes it when
  /// it fails. kCancelled when a stop is requested.
  Status Run(SlotQueue& queue);
  /// Slots that were found open, by the note under this lane's key.
  Status Finish(const std::vector<int>& slots);
  /// Slots may have been left open.
  [[nodiscard]] bool open() const { return open_; }

 private:
  Status MoveNext(SlotQueue& queue, std::vector<int> slots);
  Status Open(SlotGroup& group);
  Status Close(SlotGroup& group, std::size_t slots);
  [[nodiscard]] std::vector<int> Take(SlotQueue& queue) const;
  Status CheckSizes(const std::vector<SlotKey>& keys) const;
  void Trim(SlotQueue& queue, std::vector<int>& slots, std::vector<SlotKey>& keys) const;
  KeyMover Mover();

  const LaneSurroundings& around_;
  ClusterLink link_;
  const std::string note_key_;
  bool open_ = false;
};

/// Of several ends the one that must be told: data loss, then what cannot pass, then what may, then
/// a stop. OK where all are.
[[nodiscard]] Status Gravest(const std::vector<Status>& ends);

/// Name of a lane's note.
[[nodiscard]] std::string LaneNote(const std::string& step_note, int lane);

/// Runs all at once and returns when all have ended: on threads, or one after the other where only
/// one thread may speak (ClusterLink::Concurrent).
void AtOnce(ClusterLink& link, std::vector<std::function<void()>> jobs);

/// Runs lanes over the queue until all have ended. The gravest of their errors; `open` tells
/// whether slots may have been left open.
Status RunLanes(const LaneSurroundings& around, const std::string& step_note, SlotQueue& queue,
                bool& open);

}  // namespace tidewright::redis
