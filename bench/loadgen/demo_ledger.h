// Keeps the account of the replayed day and draws its sum. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/loadgen/load_generator.h"
#include "core/time.h"

namespace tidewright::demo {

/// What was so from `at` until the next look.
struct Look {
  WallTime at;
  double demand = 0;    ///< RU/s that clients want, served or not
  int shards = 0;       ///< that serve slots
  double capacity = 0;  ///< RU/s that they bear as the slots lie: the fullest shard limits all
  int nodes = 0;        ///< processes, replicas included
};

struct ActionSummary {
  std::string id;
  std::string kind;   ///< "scale-out" or "scale-in"
  std::string state;  ///< "done", …
  int from_shards = 0;
  int to_shards = 0;
  WallTime created;
  std::optional<WallTime> ended;
  bool emergency = false;
  double slots = 0;
  double keys = 0;
  double bytes = 0;
};

/// How a finished scale-out stood to the demand that asked for it.
struct Foresight {
  ActionSummary action;
  /// When demand first reached what the old shards could bear, after the action began and before
  /// the cluster shrank below again.
  std::optional<WallTime> reached;
  double highest = 0;  ///< demand in that span, as a share of the old capacity

  /// Positive: so long before; negative: so long too late. Only with `reached`.
  [[nodiscard]] Duration Lead() const { return *reached - *action.ended; }
};

struct DaySummary {
  int peak_shards = 0;
  double node_hours = 0;
  double static_node_hours = 0;
  int static_shards = 0;
  Duration observed{0};
  Duration under_provisioned{0};  ///< demand above what the shards could bear
  Duration above_target{0};       ///< demand above the share of it that the policy plans with
  double slots_moved = 0;
  double keys_moved = 0;
  double bytes_moved = 0;
  std::vector<Foresight> scale_outs;
  int scale_ins = 0;
  int unfinished = 0;  ///< actions that are not done
};

class Ledger {
 public:
  /// What one shard can bear in RU/s, the share of it that is planned with, nodes of one shard, and
  /// the shards that a static cluster needs for the peak that history shows.
  Ledger(double shard_capacity, double target, int nodes_per_shard, int static_shards)
      : shard_capacity_(shard_capacity),
        target_(target),
        nodes_per_shard_(nodes_per_shard),
        static_shards_(static_shards) {}

  /// Looks come in the order of their times.
  void Add(const Look& look) { looks_.push_back(look); }
  [[nodiscard]] const std::vector<Look>& looks() const { return looks_; }
  [[nodiscard]] double shard_capacity() const { return shard_capacity_; }
  [[nodiscard]] double target() const { return target_; }
  [[nodiscard]] DaySummary Sum(std::vector<ActionSummary> actions) const;

 private:
  [[nodiscard]] Foresight Judge(const ActionSummary& action,
                                const std::vector<ActionSummary>& all) const;

  double shard_capacity_;
  double target_;
  int nodes_per_shard_;
  int static_shards_;
  std::vector<Look> looks_;
};

/// The summary as the demo prints it; its last line is "lost L, undone U".
[[nodiscard]] std::string SummaryText(const DaySummary& day, const loadgen::Verification& verified,
                                      const loadgen::LoadCounters& counters, double speed);

}  // namespace tidewright::demo
