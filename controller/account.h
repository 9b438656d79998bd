// What the cluster cost, and what a static one of peak size would have cost. Pure: everything
// follows from the "capacity" records of the audit log, so that anyone can compute it again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "core/status.h"
#include "core/time.h"
#include "journal/journal.h"
#include "planner/savings.h"

namespace tidewright {

struct Account {
  double node_hours = 0;
  double static_peak_node_hours = 0;
  Money cost;
  Money static_peak_cost;
};

[[nodiscard]] Account operator+(const Account& a, const Account& b);

/// What pruned records leave behind: their sum up to the beginning of the one that is in force, and
/// that one.
struct CarriedAccount {
  Account account;
  std::optional<CapacityRecord> in_force;
};

/// Up to `now`, as planner/savings.h: records in the order in which they were written, no moment
/// twice.
[[nodiscard]] Account Sum(const std::vector<CapacityRecord>& records, WallTime now);

/// What a "prune" audit record carries.
[[nodiscard]] std::string ToJson(const CarriedAccount& carried);
[[nodiscard]] StatusOr<CarriedAccount> ParseCarried(const AuditRecord& audit);

/// The detail of a "capacity" audit record.
[[nodiscard]] std::string ToJson(const CapacityRecord& record);
[[nodiscard]] StatusOr<CapacityRecord> ParseCapacity(const AuditRecord& audit);

}  // namespace tidewright
