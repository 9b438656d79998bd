// Keeps the account of a cluster in the audit log, and the log within its bounds.
#pragma once

#include <optional>
#include <string>

#include "controller/account.h"
#include "controller/memory.h"
#include "core/topology.h"
#include "journal/journal.h"
#include "planner/policy.h"

namespace tidewright {

/// How much of the audit log is kept. What it told of the account goes on counting.
struct AuditRetention {
  Duration keep = std::chrono::days(400);
  std::int64_t entries = 100'000;
};

/// Not thread-safe: belongs to the control cycle.
class CapacityLedger {
 public:
  /// A size holds for so long after it was looked at last; what lies beyond is a gap of the
  /// account.
  static constexpr Duration kHoldsUnseen = std::chrono::hours(1);

  CapacityLedger(Journal& journal, const Policy& policy) : journal_(journal), policy_(policy) {}

  /// Reads what the log tells, pruned or not.
  Status Load();
  /// Writes down how large the cluster is, when that has changed or nobody knew for a while.
  Status Observe(const Topology& topology, const DemandMemory& memory, WallTime now);
  /// Writes down, once and for all, what there was when the first action began.
  Status NoteFirstAction(WallTime began);
  /// Writes down what a policy in shadow would have.
  Status NoteShadow(const std::string& policy, const CapacityPoint& point, WallTime now);
  /// Prunes the log where it is older or longer than it is kept.
  Status Prune(const AuditRetention& retention, WallTime now);

  [[nodiscard]] Account Total(WallTime now) const;
  /// Of the day and the month, for the budget: see SpentSince. Absent while nothing was recorded.
  [[nodiscard]] std::optional<SpentSoFar> SpentBy(WallTime now) const;
  /// Policies that ran in shadow, as far as the log remembers.
  [[nodiscard]] const ToldSizes& sizes() const { return sizes_; }

 private:
  [[nodiscard]] int StaticPeakNodes(const DemandMemory& memory);
  /// Durable about as often as the policy's step.
  Status Seen(WallTime now);

  Journal& journal_;
  const Policy& policy_;
  CarriedAccount carried_;
  ToldSizes sizes_;  ///< since then
  std::optional<WallTime> seen_;
  std::optional<WallTime> seen_kept_;
  int static_peak_shards_ = 0;
};

}  // namespace tidewright
