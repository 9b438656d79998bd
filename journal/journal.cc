#include "journal/journal.h"

#include <mutex>
#include <type_traits>

#include "io/sqlite.h"
#include "journal/action_table.h"
#include "journal/audit_table.h"
#include "journal/file_lock.h"
#include "journal/journal_schema.h"
#include "journal/recommendation_table.h"

namespace tidewright {
namespace {

class SqliteJournal : public Journal {
 public:
  SqliteJournal(FileLock lock, std::unique_ptr<io::SqliteDatabase> database)
      : lock_(std::move(lock)), database_(std::move(database)) {}

  Status SaveAction(const ActionRecord& record) override {
    return Write([&] { return SaveActionRow(*database_, record); });
  }
  Status SaveNote(const std::string& action_id, const std::string& key,
                  const std::string& value) override {
    return Write([&] { return SaveNoteRow(*database_, action_id, key, value); });
  }
  StatusOr<std::map<std::string, std::string>> Notes(const std::string& action_id) const override {
    return Read([&] { return NoteRows(*database_, action_id); });
  }

  Status SaveRecommendation(const Recommendation& recommendation) override {
    return Write([&] { return SaveRecommendationRow(*database_, recommendation); });
  }
  StatusOr<Recommendation> FindRecommendation(const std::string& hash_prefix) const override {
    return Read([&] { return FindRecommendationRow(*database_, hash_prefix); });
  }
  StatusOr<std::vector<Recommendation>> Recommendations(int limit) const override {
    return Read([&] { return RecommendationRows(*database_, limit); });
  }
  Status Decide(const std::string& hash, RecommendationState state, const std::string& who,
                const std::string& comment, WallTime now) override {
    const Decision decision{.state = state, .who = who, .comment = comment, .at = now};
    return Write([&] { return DecideRow(*database_, hash, decision); });
  }
  Status ExpireRecommendations(WallTime now) override {
    return Write([&] { return ExpireRows(*database_, now); });
  }

  StatusOr<std::string> NextActionId() override {
    std::string id;
    TW_RETURN_IF_ERROR(Write([&]() -> Status {
      TW_ASSIGN_OR_RETURN(id, TakeActionId(*database_));
      return OkStatus();
    }));
    return id;
  }
  StatusOr<std::vector<ActionRecord>> Actions(int limit) const override {
    return Read([&] { return ActionRows(*database_, limit); });
  }
  StatusOr<std::optional<ActionRecord>> OpenAction(const std::string& cluster) const override {
    return Read([&] { return OpenActionRow(*database_, cluster); });
  }

  Status Audit(WallTime at, const std::string& actor, const std::string& what,
               const std::string& detail_json) override {
    return Write([&] {
      return AppendAuditRow(*database_, {.sequence = 0,
                                         .at = at,
                                         .actor = actor,
                                         .what = what,
                                         .detail = detail_json,
                                         .previous_hash = {},
                                         .hash = {}});
    });
  }
  StatusOr<std::vector<AuditRecord>> AuditLog(WallTime from, int limit) const override {
    return Read([&] { return AuditRows(*database_, from, limit); });
  }
  StatusOr<std::vector<AuditRecord>> AuditOf(const std::string& what) const override {
    return Read([&] { return AuditRowsOf(*database_, what); });
  }
  StatusOr<std::vector<AuditRecord>> NewestAudit(WallTime from, int limit) const override {
    return Read([&] { return NewestAuditRows(*database_, from, limit); });
  }
  Status VerifyAudit() const override {
    return Read([&] { return VerifyAuditRows(*database_, std::nullopt); }).status();
  }
  StatusOr<std::int64_t> PrunableAudit(WallTime before, std::int64_t keep_newest) const override {
    return Read([&] { return PrunableAuditRows(*database_, before, keep_newest); });
  }
  Status PruneAudit(std::int64_t through, WallTime at, const std::string& carried_json) override {
    return Write([&] { return PruneAuditRows(*database_, through, at, carried_json); });
  }

  Status SaveFact(const std::string& key, const std::string& value) override {
    return Write([&]() -> Status {
      TW_ASSIGN_OR_RETURN(auto save, database_->Prepare("INSERT OR REPLACE INTO fact(key, value) "
                                                        "VALUES(?1, ?2)"));
      return save.Run(key, io::SqliteBlob{value});
    });
  }
  StatusOr<std::optional<std::string>> Fact(const std::string& key) const override {
    return Read([&]() -> StatusOr<std::optional<std::string>> {
      TW_ASSIGN_OR_RETURN(auto select, database_->Prepare("SELECT value FROM fact WHERE key=?1"));
      std::optional<std::string> value;
      TW_RETURN_IF_ERROR(select.ForEach(
          [&](const io::SqliteRow& row) {
            value = row.Text(0);
            return OkStatus();
          },
          key));
      return value;
    });
  }

 private:
  template <typename Body>
  Status Write(const Body& body) {
    const std::lock_guard lock(mutex_);
    return database_->Transact(body);
  }
  /// One connection does for all: what is asked here is short.
  template <typename Body>
  std::invoke_result_t<Body> Read(const Body& body) const {
    const std::lock_guard lock(mutex_);
    std::invoke_result_t<Body> result = Error(StatusCode::kInternal, "nothing was read");
    TW_RETURN_IF_ERROR(database_->Snapshot([&]() -> Status {
      result = body();
      return result.status();
    }));
    return result;
  }

  FileLock lock_;
  mutable std::mutex mutex_;
  std::unique_ptr<io::SqliteDatabase> database_;
};

}  // namespace

StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path) {
  TW_ASSIGN_OR_RETURN(FileLock lock, FileLock::Acquire(path + ".lock"));
  TW_ASSIGN_OR_RETURN(auto database, io::SqliteDatabase::Open(path, JournalSchema()));
  TW_RETURN_IF_ERROR(database->QuickCheck());
  return std::unique_ptr<Journal>(
      std::make_unique<SqliteJournal>(std::move(lock), std::move(database)));
}

}  // namespace tidewright
