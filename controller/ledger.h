// Keeps the account of a cluster in the audit log, and the log within its bounds.
#pragma once

#include <optional>
#include <vector>

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
  CapacityLedger(Journal& journal, const Policy& policy) : journal_(journal), policy_(policy) {}

  /// Reads what the log tells, pruned or not.
  Status Load();
  /// Writes down how large the cluster is, when that has changed.
  Status Observe(const Topology& topology, const DemandMemory& memory, WallTime now);
  /// Prunes the log where it is older or longer than it is kept.
  Status Prune(const AuditRetention& retention, WallTime now);
  [[nodiscard]] Account Total(WallTime now) const;

 private:
  [[nodiscard]] int StaticPeakNodes(const DemandMemory& memory);

  Journal& journal_;
  const Policy& policy_;
  CarriedAccount carried_;
  std::vector<CapacityRecord> records_;  ///< since then
  int static_peak_shards_ = 0;
};

}  // namespace tidewright
