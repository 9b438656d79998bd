// The audit log in the journal's file. Each function is a part of a transaction of the caller.
//
// A hash chain shows every change but one: rows cut off at the end. Hence the head of the chain
// stands in a table of its own as well. Rows that were pruned at the beginning leave an anchor: the
// number and hash of the last of them, which the "prune" record repeats within the chain.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "io/sqlite.h"
#include "journal/audit.h"

namespace tidewright {

/// Fills in sequence and hashes.
[[nodiscard]] Status AppendAuditRow(io::SqliteDatabase& database, AuditRecord record);
/// The oldest ones not before `from`, in their order.
[[nodiscard]] StatusOr<std::vector<AuditRecord>> AuditRows(io::SqliteDatabase& database,
                                                           WallTime from, int limit);
/// All of one kind, in their order.
[[nodiscard]] StatusOr<std::vector<AuditRecord>> AuditRowsOf(io::SqliteDatabase& database,
                                                             const std::string& what);
/// The newest ones not before `from`, in their order.
[[nodiscard]] StatusOr<std::vector<AuditRecord>> NewestAuditRows(io::SqliteDatabase& database,
                                                                 WallTime from, int limit);
[[nodiscard]] StatusOr<AuditSummary> VerifyAuditRows(io::SqliteDatabase& database,
                                                     const std::optional<AuditMark>& mark);

/// As Journal::PrunableAudit and PruneAudit.
[[nodiscard]] StatusOr<std::int64_t> PrunableAuditRows(io::SqliteDatabase& database,
                                                       WallTime before, std::int64_t keep_newest);
[[nodiscard]] Status PruneAuditRows(io::SqliteDatabase& database, std::int64_t through, WallTime at,
                                    const std::string& carried_json);

}  // namespace tidewright
