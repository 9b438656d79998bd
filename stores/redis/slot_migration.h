// Moves slots between two shards of a live cluster, a group at a time, from whatever state an
// earlier attempt left them in.
//
// Stops, cancellations and the kill switch. All three open no further group, and end the one that
// is open: its remaining keys are moved and the slots are given to the target everywhere. Forward
// is the one end that is safe under traffic, since a client that was sent to the target with ASK
// may write there at any moment: a slot that is taken back would lose what it wrote. What is open
// is small (RedisActuatorOptions: open_slots, open_keys, open_bytes; one larger slot goes alone),
// so this is a matter of some hundred milliseconds. Only where the source has not been told
// MIGRATING yet is the target's flag taken back. While the store does not let us end it (a server
// is down), we go on trying for open_patience, then leave the slots open, which clients can live
// with, and say so. A controller that is started while the kill switch is thrown sends nothing at
// all, also not for slots that were open when an earlier one died: a person has to decide.
//
// The kill switch is asked by ClusterLink before each command that changes anything; what the first
// paragraph allows passes it by ClusterLink::Ending.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actuator/store_actuator.h"
#include "core/status.h"
#include "stores/redis/atomic_mover.h"
#include "stores/redis/cluster_link.h"
#include "stores/redis/key_mover.h"
#include "stores/redis/move_speed.h"
#include "stores/redis/slot_group.h"
#include "stores/redis/slot_lanes.h"

namespace tidewright::redis {

/// A shard by the nodes that made it up when the action began: after a failover another of them is
/// its master.
struct ShardParty {
  std::string name;              ///< for messages
  std::vector<std::string> ids;  ///< the first was its master

  [[nodiscard]] bool Has(const std::string& id) const;
};

class SlotMigration {
 public:
  struct Task {
    ShardParty from;
    ShardParty to;
    std::set<int> slots;
    std::set<int> step_slots;  ///< these, and those that its step moves between other shards
    std::string note_key;      ///< of its BatchNote (LaneNote, if several groups go at once)
  };

  /// `watching` is the client of what looks at both ends meanwhile.
  SlotMigration(ClusterLink& link, Client& watching, StepContext& context, MoveSpeed& speed,
                Task task)
      : link_(link),
        watching_(watching),
        context_(context),
        speed_(speed),
        from_(std::move(task.from)),
        to_(std::move(task.to)),
        slots_(std::move(task.slots)),
        step_slots_(std::move(task.step_slots)),
        note_key_(std::move(task.note_key)) {}

  /// Moves those slots that `to` does not own yet; those found open first. Asks for a stop before
  /// it opens further ones (kCancelled). While slots are open, errors that may pass are tried again
  /// for a while before they are told. kFailedPrecondition: slots belong to others or are opened by
  /// others, a key is too big, the target is unprotected; then no slot is left open.
  Status Move();
  /// Only finishes what is open. Nothing is when `to` has given all back.
  Status FinishOpen();
  /// Whether every node says that `to` owns all the slots and none is open.
  StatusOr<bool> Moved();
  /// Whether slots of this step are open in its direction.
  [[nodiscard]] bool HasOpen(const ClusterView& view) const;

 private:
  enum class Where { kMoved, kOpen, kClosing, kUntouched };
  struct Situation {
    ClusterView view;
    MoveParties parties;
    bool has_source = false;  ///< a drained source has become a replica
    std::vector<int> open;
    std::vector<int> closing;
    std::vector<int> untouched;
    std::map<int, std::int64_t> source_keys;
    bool target_is_empty = false;  ///< owns no slot yet
    Duration node_timeout{0};
  };

  Status Persist(bool only_open);
  Status Attempt(bool only_open);
  /// Whether what is left is to be looked at afresh.
  StatusOr<bool> Pass(bool only_open);
  enum class Whole { kDone, kAgain, kNot };
  StatusOr<Whole> MoveAsAWhole(const LaneSurroundings& around, SlotQueue& queue,
                               const std::map<int, std::int64_t>& keys);
  [[nodiscard]] AtomicMover Atomic(const LaneSurroundings& around) const;
  StatusOr<Situation> Look();
  Status FindParties(Situation& now) const;
  Status Classify(Situation& now) const;
  StatusOr<Where> WhereIs(int slot, const Situation& now) const;
  [[nodiscard]] bool GaveAllBack(const ClusterView& view) const;
  [[nodiscard]] bool IsOfUs(const OpenSlot& open) const;
  Status CheckForeign(const Situation& now, bool own_slots_only) const;
  Status CountKeys(Situation& now);
  Status CheckKeyCounts(const Situation& now) const;
  Status CheckServers(Situation& now);
  [[nodiscard]] std::vector<std::string> Notes() const;
  Status FinishGroups(const LaneSurroundings& around, std::vector<int> slots);
  Status CancelOpen();

  ClusterLink& link_;
  Client& watching_;
  StepContext& context_;
  MoveSpeed& speed_;
  const ShardParty from_;
  const ShardParty to_;
  const std::set<int> slots_;
  const std::set<int> step_slots_;
  const std::string note_key_;
  bool open_ = false;  ///< slots may be open
};

}  // namespace tidewright::redis
