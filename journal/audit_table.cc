#include "journal/audit_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/hash.h"
#include "journal/encoding.h"

namespace tidewright {
namespace {

constexpr const char* kColumns =
    "SELECT sequence, at, actor, what, detail, previous_hash, hash FROM audit ";

AuditRecord ToRecord(const io::SqliteRow& row) {
  return {.sequence = row.Int(0),
          .at = FromMicros(row.Int(1)),
          .actor = row.Text(2),
          .what = row.Text(3),
          .detail = row.Text(4),
          .previous_hash = row.Text(5),
          .hash = row.Text(6)};
}

/// The end of the chain: sequence 0 and no hash before the first record.
struct Head {
  std::int64_t sequence = 0;
  std::string hash;
};

StatusOr<Head> ReadHead(io::SqliteDatabase& database) {
  TW_ASSIGN_OR_RETURN(auto select, database.Prepare("SELECT sequence, hash FROM audit_head"));
  Head head;
  TW_RETURN_IF_ERROR(select.ForEach([&](const io::SqliteRow& row) {
    head = {.sequence = row.Int(0), .hash = row.Text(1)};
    return OkStatus();
  }));
  return head;
}

Status Misfit(std::int64_t sequence, const char* why) {
  return Error(StatusCode::kDataLoss,
               "the audit log does not hold from record {} on: {}. Somebody or something has "
               "changed it",
               sequence, why);
}

Status CheckFollows(const Head& before, const AuditRecord& record) {
  if (record.sequence != before.sequence + 1) {
    return Misfit(before.sequence + 1, "it is missing");
  }
  if (record.previous_hash != before.hash) {
    return Misfit(record.sequence, "it does not follow from the one before it");
  }
  if (record.hash != AuditHash(record)) {
    return Misfit(record.sequence, "its content does not give its hash");
  }
  return OkStatus();
}

}  // namespace

std::string AuditHash(const AuditRecord& record) {
  std::string text;
  for (const std::string& field :
       {std::to_string(record.sequence), std::to_string(ToMicros(record.at)), record.actor,
        record.what, record.detail, record.previous_hash}) {
    text += std::to_string(field.size()) + ":" + field + ",";
  }
  return Sha256Hex(text);
}

Status AppendAuditRow(io::SqliteDatabase& database, AuditRecord record) {
  if (!nlohmann::json::accept(record.detail)) {
    return Error(StatusCode::kInvalidArgument, "audit detail of '{}' is no JSON: {}", record.what,
                 record.detail);
  }
  TW_ASSIGN_OR_RETURN(const Head head, ReadHead(database));
  record.sequence = head.sequence + 1;
  record.previous_hash = head.hash;
  record.hash = AuditHash(record);
  TW_ASSIGN_OR_RETURN(auto insert,
                      database.Prepare("INSERT INTO audit(sequence, at, actor, what, detail, "
                                       "previous_hash, hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  TW_RETURN_IF_ERROR(insert.Run(record.sequence, ToMicros(record.at), record.actor, record.what,
                                record.detail, record.previous_hash, record.hash));
  TW_ASSIGN_OR_RETURN(auto advance,
                      database.Prepare("INSERT OR REPLACE INTO audit_head(one, sequence, hash) "
                                       "VALUES(1, ?1, ?2)"));
  return advance.Run(record.sequence, record.hash);
}

StatusOr<std::vector<AuditRecord>> AuditRows(io::SqliteDatabase& database, WallTime from,
                                             int limit) {
  TW_ASSIGN_OR_RETURN(auto select, database.Prepare(std::string(kColumns) +
                                                    "WHERE at>=?1 ORDER BY sequence LIMIT ?2"));
  std::vector<AuditRecord> records;
  TW_RETURN_IF_ERROR(select.ForEach(
      [&](const io::SqliteRow& row) {
        records.push_back(ToRecord(row));
        return OkStatus();
      },
      ToMicros(from), std::max(limit, 0)));
  return records;
}

Status VerifyAuditRows(io::SqliteDatabase& database) {
  TW_ASSIGN_OR_RETURN(auto select, database.Prepare(std::string(kColumns) + "ORDER BY sequence"));
  Head end;
  TW_RETURN_IF_ERROR(select.ForEach([&](const io::SqliteRow& row) -> Status {
    const AuditRecord record = ToRecord(row);
    TW_RETURN_IF_ERROR(CheckFollows(end, record));
    end = {.sequence = record.sequence, .hash = record.hash};
    return OkStatus();
  }));
  TW_ASSIGN_OR_RETURN(const Head head, ReadHead(database));
  if (head.sequence > end.sequence) return Misfit(end.sequence + 1, "it is missing");
  if (head.sequence != end.sequence || head.hash != end.hash)
    return Misfit(end.sequence, "it is not the last one written");
  return OkStatus();
}

}  // namespace tidewright
