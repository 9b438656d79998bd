// What the audit log tells of the sizes of a cluster and of those that it is compared with, as text
// and as the account that follows from it. Pure: anyone can compute it again from the log.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "core/status.h"
#include "core/time.h"
#include "journal/journal.h"
#include "planner/savings.h"

namespace tidewright {

/// Kinds of audit entries.
inline constexpr char kAuditCapacity[] = "capacity";
inline constexpr char kAuditShadow[] = "shadow";
inline constexpr char kAuditAsProvisioned[] = "as_provisioned";

/// In the order in which it was told.
struct ToldSizes {
  std::vector<CapacityRecord> records;
  std::map<std::string, std::vector<CapacityPoint>> shadows;  ///< by policy
  /// What there was when the first action began; absent while none has.
  std::optional<CapacityPoint> before_first_action;

  /// `unknown_since`: nobody looked from then until the record.
  void Add(CapacityRecord record, std::optional<WallTime> unknown_since);
  void Add(const std::string& policy, CapacityPoint point);
};

/// Up to `now`, as planner/savings.h: no moment twice. Against what was provisioned, static peak
/// and each policy in shadow, which alone is estimated.
[[nodiscard]] Account Sum(const ToldSizes& sizes, WallTime now);
/// What is in force at `from`, as if it were told then, and what is told of later.
[[nodiscard]] ToldSizes From(const ToldSizes& sizes, WallTime from);

/// What pruned entries leave behind.
struct CarriedAccount {
  Account account;                  ///< up to `until`
  std::optional<WallTime> until;    ///< absent: nothing was pruned
  ToldSizes sizes;                  ///< from then on, as far as they told of it
  std::map<WallTime, Money> spent;  ///< SpentSince: since midnight and since the month began
};
/// What nodes cost since `from`, as SpentSince, with what was pruned.
[[nodiscard]] Money Spent(const CarriedAccount& carried, const ToldSizes& sizes, WallTime from,
                          WallTime now);

/// Beginnings of the day and of the month, UTC.
[[nodiscard]] WallTime DayOf(WallTime at);
[[nodiscard]] WallTime MonthOf(WallTime at);

/// What a "prune" audit record carries. Those of before there were policies in shadow can be read.
[[nodiscard]] std::string ToJson(const CarriedAccount& carried);
[[nodiscard]] StatusOr<CarriedAccount> ParseCarried(const AuditRecord& audit);

/// The details of audit records, and what they add to what was told. Errors name the record.
[[nodiscard]] std::string ToJson(const CapacityRecord& record,
                                 std::optional<WallTime> unknown_since = {});
[[nodiscard]] std::string ToJson(const std::string& policy, const CapacityPoint& point);
[[nodiscard]] std::string ToJson(const CapacityPoint& before_first_action);
[[nodiscard]] Status Tell(const AuditRecord& audit, ToldSizes& sizes);

}  // namespace tidewright
