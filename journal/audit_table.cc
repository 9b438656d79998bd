#include "journal/audit_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "journal/encoding.h"

namespace tidewright {
namespace {

/// However old they are: a clock that jumped ahead must not empty the log.
constexpr std::int64_t kAlwaysKept = 1000;

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

template <typename... Args>
StatusOr<std::vector<AuditRecord>> Select(io::SqliteDatabase& database, const std::string& rest,
                                          const Args&... args) {
  TW_ASSIGN_OR_RETURN(auto select, database.Prepare(kColumns + rest));
  std::vector<AuditRecord> records;
  TW_RETURN_IF_ERROR(select.ForEach(
      [&](const io::SqliteRow& row) {
        records.push_back(ToRecord(row));
        return OkStatus();
      },
      args...));
  return records;
}

/// A place in the chain: sequence 0 and no hash before the first record.
struct Link {
  std::int64_t sequence = 0;
  std::string hash;
};

StatusOr<Link> ReadLink(io::SqliteDatabase& database, const std::string& table) {
  // A file of version 1 has no anchor.
  TW_ASSIGN_OR_RETURN(const bool there, database.HasTable(table));
  if (!there) return Link{};
  TW_ASSIGN_OR_RETURN(auto select, database.Prepare("SELECT sequence, hash FROM " + table));
  Link link;
  TW_RETURN_IF_ERROR(select.ForEach([&](const io::SqliteRow& row) {
    link = {.sequence = row.Int(0), .hash = row.Text(1)};
    return OkStatus();
  }));
  return link;
}
StatusOr<Link> ReadHead(io::SqliteDatabase& database) { return ReadLink(database, "audit_head"); }
StatusOr<Link> ReadAnchor(io::SqliteDatabase& database) {
  return ReadLink(database, "audit_anchor");
}

Status SaveLink(io::SqliteDatabase& database, const std::string& table, const Link& link) {
  TW_ASSIGN_OR_RETURN(auto save, database.Prepare("INSERT OR REPLACE INTO " + table +
                                                  "(one, sequence, hash) VALUES(1, ?1, ?2)"));
  return save.Run(link.sequence, link.hash);
}

Status Misfit(std::int64_t sequence, const char* why) {
  return Error(StatusCode::kDataLoss,
               "the audit log does not hold from record {} on: {}. Somebody or something has "
               "changed it",
               sequence, why);
}

/// The hash that the record would have at another place of the chain.
std::string HashAs(AuditRecord record, std::int64_t sequence) {
  record.sequence = sequence;
  return AuditHash(record);
}

/// What was done where `record` does not follow `before`, which follows `earlier`.
Status CheckFollows(const Link& earlier, const Link& before, const AuditRecord& record) {
  const std::int64_t sequence = record.sequence;
  if (sequence != before.sequence + 1) {
    return Misfit(before.sequence + 1, "it was removed");
  }
  const bool follows = record.previous_hash == before.hash;
  if (record.hash == AuditHash(record)) {
    if (follows) return OkStatus();
    return before.sequence == 0 ? Misfit(sequence, "those before it were removed")
                                : Misfit(before.sequence, "it was changed, and its hash with it");
  }
  // Those behind an entry that was put in or taken out have been renumbered, and kept their hashes.
  if (record.previous_hash == earlier.hash && record.hash == HashAs(record, sequence - 1)) {
    return Misfit(before.sequence, "it was inserted");
  }
  if (!follows && record.hash == HashAs(record, sequence + 1)) {
    return Misfit(sequence, "it was removed, and those after it were renumbered");
  }
  return Misfit(sequence, "it was changed: its content does not give its hash");
}

/// Whether this is the entry that the chain has about the anchor.
bool Attests(const AuditRecord& record, const Link& anchor) {
  if (record.what != kAuditPrune) return false;
  const auto json = nlohmann::json::parse(record.detail, nullptr, false);
  return json.is_object() && json.value("through", std::int64_t{0}) == anchor.sequence &&
         json.value("hash", "") == anchor.hash;
}

/// One pass over the chain, from the anchor on.
class ChainWalk {
 public:
  ChainWalk(const Link& anchor, const std::optional<AuditMark>& mark)
      : anchor_(anchor), mark_(mark), attested_(anchor.sequence == 0), end_(anchor) {}

  Status Step(const AuditRecord& record) {
    TW_RETURN_IF_ERROR(CheckFollows(earlier_, end_, record));
    if (mark_ && mark_->sequence == record.sequence) {
      marked_ = true;
      if (!record.hash.starts_with(mark_->hash)) {
        return Misfit(record.sequence, "it had another hash when it was noted");
      }
    }
    attested_ = attested_ || Attests(record, anchor_);
    earlier_ = end_;
    end_ = {.sequence = record.sequence, .hash = record.hash};
    return OkStatus();
  }

  [[nodiscard]] Status Finish(const Link& head) const {
    if (head.sequence > end_.sequence) return Misfit(end_.sequence + 1, "it was removed");
    if (head.sequence == 0 && end_.sequence > 0) {
      return Misfit(end_.sequence, "the note about the last entry was removed");
    }
    if (head.sequence < end_.sequence) {
      return Misfit(head.sequence + 1, "it was inserted: it is not the last one written");
    }
    if (head.hash != end_.hash) return Misfit(end_.sequence, "it is not the last one written");
    if (!attested_) {
      return Misfit(1, "entries were removed, and no entry tells of a pruning up to there");
    }
    if (mark_ && !marked_ && mark_->sequence > anchor_.sequence) {
      return Misfit(end_.sequence + 1, "a later entry was noted, and it was removed");
    }
    return OkStatus();
  }

  [[nodiscard]] const Link& end() const { return end_; }

 private:
  const Link anchor_;
  const std::optional<AuditMark> mark_;
  bool attested_;
  bool marked_ = false;
  Link earlier_;
  Link end_;
};

}  // namespace

Status AppendAuditRow(io::SqliteDatabase& database, AuditRecord record) {
  if (!nlohmann::json::accept(record.detail)) {
    return Error(StatusCode::kInvalidArgument, "audit detail of '{}' is no JSON: {}", record.what,
                 record.detail);
  }
  TW_ASSIGN_OR_RETURN(const Link head, ReadHead(database));
  record.sequence = head.sequence + 1;
  record.previous_hash = head.hash;
  record.hash = AuditHash(record);
  TW_ASSIGN_OR_RETURN(auto insert,
                      database.Prepare("INSERT INTO audit(sequence, at, actor, what, detail, "
                                       "previous_hash, hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  TW_RETURN_IF_ERROR(insert.Run(record.sequence, ToMicros(record.at), record.actor, record.what,
                                record.detail, record.previous_hash, record.hash));
  return SaveLink(database, "audit_head", {record.sequence, record.hash});
}

StatusOr<std::vector<AuditRecord>> AuditRows(io::SqliteDatabase& database, WallTime from,
                                             int limit) {
  return Select(database, "WHERE at>=?1 ORDER BY sequence LIMIT ?2", ToMicros(from),
                std::max(limit, 0));
}

StatusOr<std::vector<AuditRecord>> AuditRowsOf(io::SqliteDatabase& database,
                                               const std::string& what) {
  return Select(database, "WHERE what=?1 ORDER BY sequence", what);
}

StatusOr<std::vector<AuditRecord>> NewestAuditRows(io::SqliteDatabase& database, WallTime from,
                                                   int limit) {
  TW_ASSIGN_OR_RETURN(auto records, Select(database, "WHERE at>=?1 ORDER BY sequence DESC LIMIT ?2",
                                           ToMicros(from), std::max(limit, 0)));
  std::reverse(records.begin(), records.end());
  return records;
}

StatusOr<AuditSummary> VerifyAuditRows(io::SqliteDatabase& database,
                                       const std::optional<AuditMark>& mark) {
  TW_ASSIGN_OR_RETURN(const Link anchor, ReadAnchor(database));
  ChainWalk walk(anchor, mark);
  TW_ASSIGN_OR_RETURN(auto select, database.Prepare(std::string(kColumns) + "ORDER BY sequence"));
  TW_RETURN_IF_ERROR(
      select.ForEach([&](const io::SqliteRow& row) { return walk.Step(ToRecord(row)); }));
  TW_ASSIGN_OR_RETURN(const Link head, ReadHead(database));
  TW_RETURN_IF_ERROR(walk.Finish(head));
  return AuditSummary{.entries = walk.end().sequence - anchor.sequence,
                      .first = anchor.sequence + 1,
                      .last = walk.end().sequence,
                      .last_hash = walk.end().hash};
}

StatusOr<std::int64_t> PrunableAuditRows(io::SqliteDatabase& database, WallTime before,
                                         std::int64_t keep_newest) {
  TW_ASSIGN_OR_RETURN(const Link head, ReadHead(database));
  TW_ASSIGN_OR_RETURN(const Link anchor, ReadAnchor(database));
  const std::int64_t entries = head.sequence - anchor.sequence;
  // A tenth more is waited for, so that not every entry costs another one about its pruning.
  std::int64_t through =
      entries > keep_newest + keep_newest / 10 ? head.sequence - keep_newest : anchor.sequence;
  TW_ASSIGN_OR_RETURN(
      auto select, database.Prepare("SELECT coalesce(min(sequence), 0) FROM audit WHERE at>=?1"));
  std::int64_t first_to_stay = 0;
  TW_RETURN_IF_ERROR(select.ForEach(
      [&](const io::SqliteRow& row) {
        first_to_stay = row.Int(0);
        return OkStatus();
      },
      ToMicros(before)));
  const std::int64_t old = first_to_stay == 0 ? head.sequence : first_to_stay - 1;
  through = std::max(through, std::min(old, head.sequence - kAlwaysKept));
  return through > anchor.sequence ? through : 0;
}

Status PruneAuditRows(io::SqliteDatabase& database, std::int64_t through, WallTime at,
                      const std::string& carried_json) {
  TW_ASSIGN_OR_RETURN(const auto last, Select(database, "WHERE sequence=?1", through));
  const auto carried = nlohmann::json::parse(carried_json, nullptr, false);
  if (last.empty() || carried.is_discarded()) {
    return Error(StatusCode::kInvalidArgument, "audit entries up to {} cannot be pruned: {}",
                 through, last.empty() ? "there is no such entry" : "what they leave is no JSON");
  }
  TW_ASSIGN_OR_RETURN(const Link anchor, ReadAnchor(database));
  const nlohmann::json detail = {{"through", through},
                                 {"hash", last.front().hash},
                                 {"entries", through - anchor.sequence},
                                 {"why", "older than the log is kept for"},
                                 {"carried", carried}};
  TW_RETURN_IF_ERROR(AppendAuditRow(database, {.sequence = 0,
                                               .at = at,
                                               .actor = "tidewright",
                                               .what = kAuditPrune,
                                               .detail = detail.dump(),
                                               .previous_hash = {},
                                               .hash = {}}));
  TW_ASSIGN_OR_RETURN(auto remove, database.Prepare("DELETE FROM audit WHERE sequence<=?1"));
  TW_RETURN_IF_ERROR(remove.Run(through));
  return SaveLink(database, "audit_anchor", {through, last.front().hash});
}

}  // namespace tidewright
