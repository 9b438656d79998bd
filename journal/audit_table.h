// The audit log in the journal's file. Each function is a part of a transaction of the caller.
//
// A hash chain shows every change but one: rows cut off at the end. Hence the head of the chain
// stands in a table of its own as well.
#pragma once

#include <vector>

#include "io/sqlite.h"
#include "journal/journal.h"

namespace tidewright {

/// Fills in sequence and hashes.
[[nodiscard]] Status AppendAuditRow(io::SqliteDatabase& database, AuditRecord record);
[[nodiscard]] StatusOr<std::vector<AuditRecord>> AuditRows(io::SqliteDatabase& database,
                                                           WallTime from, int limit);
[[nodiscard]] Status VerifyAuditRows(io::SqliteDatabase& database);

}  // namespace tidewright
