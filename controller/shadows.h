// Policies in shadow on live data, and the real one judged by the same arithmetic. Nothing here can
// act on the store; a cycle walks a bounded number of steps.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/ledger.h"
#include "controller/memory.h"
#include "core/topology.h"
#include "journal/journal.h"
#include "planner/planner.h"
#include "planner/shadow.h"

namespace tidewright {

/// What one control cycle saw.
struct ShadowLook {
  const Topology* topology = nullptr;  ///< null: the cluster does not answer
  const DemandMemory& memory;
  MoveExperience experience;
  std::string newest_action;  ///< its id; empty: there was none
  bool in_flight = false;     ///< it is open
  WallTime now;
};

/// Not thread-safe: belongs to the control cycle.
class Shadows {
 public:
  /// Steps walked in one cycle at most; the rest waits for the next.
  static constexpr int kStepsACycle = 288;

  /// Names as in planner/baselines/baselines.h.
  Shadows(std::vector<std::string> names, const Policy& policy, Journal& journal);

  /// Reads what was kept. What cannot be read begins anew.
  Status Load();
  /// Notes what serves now, walks the steps of the policy that have ended since the last call, and
  /// keeps what they came to.
  Status Observe(const ShadowLook& look, CapacityLedger& ledger);
  /// The real policy first; empty until the first look at a cluster of known capacity.
  [[nodiscard]] std::vector<PolicyTally> Tallies() const;

 private:
  struct Runner {
    ShadowState state;
    std::unique_ptr<ScalingPolicy> policy;
    WallTime tuned;  ///< on what was observed before then
  };
  /// What there was, as it was seen.
  struct Seen {
    WallTime at;
    double capacity = 0;  ///< shards' worth
    int nodes = 0;
  };

  /// Of each minute of the step, in shards' worth of the scarcest resource; NaN where one of those
  /// that bind is not known.
  [[nodiscard]] std::vector<double> Minutes(const DemandMemory& memory, WallTime step) const;
  void Remember(const DemandMemory& memory);
  void Begin(const ShadowLook& look);
  void See(const ShadowLook& look);
  Status Walk(const ShadowLook& look, CapacityLedger& ledger);
  Status SkipTo(WallTime at, CapacityLedger& ledger, WallTime now);
  void JudgeReal(const std::vector<double>& minutes);
  /// A policy made anew each day, tuned on what was observed before it.
  void Tune(Runner& runner, const ScalingTerms& terms, bool was_asked);
  void Extend(const std::vector<double>& minutes);
  /// Tells the account that no more is known of policies that do not run, or were forgotten.
  Status EndThoseThatAreNoMore(CapacityLedger& ledger, WallTime now);
  Status Keep();

  std::vector<std::string> names_;
  const Policy& policy_;
  Journal& journal_;
  std::vector<Runner> runners_;
  Tally real_;
  std::string real_action_;  ///< the newest that was counted
  int real_shards_ = 0;
  std::optional<WallTime> since_;
  WallTime walked_;
  Series demand_;  ///< in shards' worth at the policy's step, up to walked_
  std::deque<Seen> seen_;
  int partition_count_ = 0;
};

}  // namespace tidewright
