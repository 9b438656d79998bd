// Moves slots as a whole, by jobs that the servers carry out themselves (Valkey 9: CLUSTER
// MIGRATESLOTS). The source sends a snapshot of the slots and then what is written meanwhile, stops
// its clients' writes for the moment of the change, and the target takes the slots: clients see no
// ASK and no TRYAGAIN, and until that moment nothing has happened. So what fails or is called back
// leaves everything as it was.
//
// What is durable is which slots are about to be moved; how far a job is, its servers tell, and
// once they have forgotten it the owner of its slots does. A job goes on while its controller is
// dead; the next one finds it by its slots and waits for it.
//
// A job cannot be slowed down. What hurts makes the next ones smaller, with rests between them, and
// so do failures: after options().atomic_tries in a row the rest goes slot by slot, which gets
// through where clients write so much that no job comes to its end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actuator/store_actuator.h"
#include "core/status.h"
#include "stores/redis/atomic_jobs.h"
#include "stores/redis/cluster_link.h"
#include "stores/redis/move_speed.h"
#include "stores/redis/slot_group.h"
#include "stores/redis/slot_lanes.h"

namespace tidewright::redis {

/// What is durable about the jobs between two shards, before each of them is begun.
struct AtomicNote {
  std::string step;     ///< whose slots: its note's name
  PartitionSet slots;   ///< of the newest job
  int tries = 0;        ///< that have failed in a row before it
  int most = 0;         ///< slots of a job, since larger ones failed; 0: nothing is known of that
  std::string gave_up;  ///< why the rest of the action goes slot by slot; empty: it does not

  [[nodiscard]] std::string Encode() const;
  [[nodiscard]] static StatusOr<AtomicNote> Parse(const std::string& text);
};

/// For slots of one step. One operation at a time.
class AtomicMover {
 public:
  /// `note_key` is where the notes of jobs between these two shards are, `step` this step's word in
  /// them.
  AtomicMover(const LaneSurroundings& around, std::string note_key, std::string step)
      : around_(around),
        link_(around.link),
        note_key_(std::move(note_key)),
        step_(std::move(step)) {}

  /// Brings a job of ours that is under way to its end: waits for it, or calls it back first.
  /// Whether there was one. kFailedPrecondition when somebody else's is in the way; kUnavailable
  /// while the target is still getting rid of what a dead source sent. `slots` of the step.
  StatusOr<bool> Settle(const std::set<int>& slots, bool call_back);
  /// OK when both ends have it and let our account use it. Else why not: kPermissionDenied, or
  /// kUnimplemented, also after too many tries.
  Status May();
  /// Jobs until the queue is empty (true), or one has failed and what is left is to be looked at
  /// afresh. `keys` of each slot. kCancelled after a stop: the job has been called back or has come
  /// to its end. kDataLoss when slots changed hands and writes that the source acknowledged after
  /// that may be lost.
  StatusOr<bool> Run(SlotQueue& queue, const std::map<int, std::int64_t>& keys);

 private:
  enum class End { kMoved, kFailed, kCalledBack };
  struct Ended {
    End end = End::kMoved;
    std::string why;
    bool hopeless = false;  ///< another try would meet the same
  };
  using Jobs = std::vector<AtomicJob>;

  StatusOr<bool> KnownTo(const Server& server);
  StatusOr<Jobs> JobsOf(const Server& server);
  Status CheckImports(const Jobs& at_source);
  [[nodiscard]] bool IsOfUs(const AtomicJob& job, const std::set<int>& slots) const;
  [[nodiscard]] AtomicNote Note() const;
  Status Save(const AtomicNote& note);

  [[nodiscard]] std::vector<int> Take(SlotQueue& queue, const AtomicNote& note) const;
  StatusOr<Ended> Move(const PartitionSet& slots);
  StatusOr<Ended> Await(const std::string& name, bool call_back);
  StatusOr<Ended> EndOf(const AtomicJob& job, const std::string& called_back);
  /// Whether it was: else it is over, or about to be. kFailedPrecondition when somebody else's job
  /// would be cancelled with it.
  StatusOr<bool> CallBack(const AtomicJob& job);
  Status Confirm(const std::vector<int>& slots);
  Status Failed(AtomicNote note, const Ended& ended);
  Status Rest(Duration took, std::int64_t keys);
  StatusOr<std::int64_t> BytesSent();

  const LaneSurroundings& around_;
  ClusterLink& link_;
  const std::string note_key_;
  const std::string step_;
};

}  // namespace tidewright::redis
