// The moves of one step: slots between several pairs of shards at once. No shard is in two pairs,
// so that none is pressed harder than by one.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stores/redis/cluster_link.h"
#include "stores/redis/move_speed.h"
#include "stores/redis/slot_migration.h"
#include "stores/redis/step_args.h"

namespace tidewright::redis {

/// How fast moves go, by source and target: learned by one step, used by the next.
using PairSpeeds = std::map<std::pair<std::string, std::string>, MoveSpeed>;

/// What a step asks of its action, for all pairs: once one of them has failed the others are asked
/// to stop, as the action itself is, so that they end what is open and open nothing further.
class PairContext : public StepContext {
 public:
  explicit PairContext(StepContext& action) : action_(action) {}
  [[nodiscard]] bool StopRequested() const override { return halted_ || action_.StopRequested(); }
  [[nodiscard]] Status SaveNote(const std::string& key, const std::string& value) override {
    return action_.SaveNote(key, value);
  }
  [[nodiscard]] std::optional<std::string> Note(const std::string& key) const override {
    return action_.Note(key);
  }
  void Progress(int partitions_moved, double keys_moved, double bytes_moved) override {
    action_.Progress(partitions_moved, keys_moved, bytes_moved);
  }
  void Halt() { halted_ = true; }

 private:
  StepContext& action_;
  std::atomic<bool> halted_{false};
};

/// References must outlive it.
class PairMoves {
 public:
  /// `note_key` is the step's: each pair keeps its notes under it or below it.
  PairMoves(ClusterLink& link, Client& watching, StepContext& action, PairSpeeds& speeds,
            std::string note_key, std::vector<SlotMove> moves)
      : link_(link),
        watching_(watching),
        context_(action),
        speeds_(speeds),
        note_key_(std::move(note_key)),
        moves_(std::move(moves)) {}

  /// SlotMigration::Move of each pair: at once, or one after the other where only one thread may
  /// speak. The gravest of their errors. kFailedPrecondition when a shard has not been provisioned.
  Status Move();
  /// Whether all of them hold.
  StatusOr<bool> Moved();
  /// Takes back what was moved: open slots are finished forward, the one procedure that is safe
  /// under traffic, and then moved as any others.
  Status Undo();

 private:
  struct Pair;
  using Pairs = std::vector<std::unique_ptr<Pair>>;

  StatusOr<Pairs> Make(bool back);
  Status Run(Pairs& pairs);

  ClusterLink& link_;
  Client& watching_;
  PairContext context_;
  PairSpeeds& speeds_;
  const std::string note_key_;
  std::vector<SlotMove> moves_;
};

}  // namespace tidewright::redis
