#include "journal/journal.h"

#include <mutex>
#include <type_traits>

#include "io/sqlite.h"
#include "journal/action_table.h"
#include "journal/audit_table.h"
#include "journal/file_lock.h"
#include "journal/recommendation_table.h"

namespace tidewright {
namespace {

constexpr std::int32_t kApplicationId = 0x54774a6f;  // "TwJo"

constexpr const char* kVersion1 = R"sql(
CREATE TABLE recommendation(
  number INTEGER PRIMARY KEY, hash TEXT NOT NULL, cluster TEXT NOT NULL, state TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, plan TEXT NOT NULL,
  decided_by TEXT NOT NULL, comment TEXT NOT NULL, decided INTEGER NOT NULL);
CREATE INDEX recommendation_by_hash ON recommendation(hash);
CREATE INDEX recommendation_by_state ON recommendation(state, expires);
CREATE TABLE action(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, cluster TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'running', open INTEGER NOT NULL DEFAULT 1, plan_hash TEXT NOT NULL,
  plan TEXT NOT NULL, actor TEXT NOT NULL, error TEXT NOT NULL DEFAULT '',
  created INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0,
  partitions_moved INTEGER NOT NULL DEFAULT 0, keys_moved REAL NOT NULL DEFAULT 0,
  bytes_moved REAL NOT NULL DEFAULT 0);
CREATE TABLE step(
  action TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, args TEXT NOT NULL,
  title TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '', PRIMARY KEY(action, position)) WITHOUT ROWID;
CREATE TABLE note(
  number INTEGER PRIMARY KEY, action TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  UNIQUE(action, key));
CREATE TABLE audit(
  sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, what TEXT NOT NULL,
  detail TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE audit_head(
  one INTEGER PRIMARY KEY CHECK(one=1), sequence INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE TABLE fact(key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
)sql";

io::SqliteSchema JournalSchema() {
  return {.application_id = kApplicationId, .what = "journal", .versions = {kVersion1}};
}

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
  Status VerifyAudit() const override {
    const std::lock_guard lock(mutex_);
    return database_->Snapshot([&] { return VerifyAuditRows(*database_); });
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
