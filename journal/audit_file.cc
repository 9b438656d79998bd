#include <mutex>

#include "io/sqlite.h"
#include "journal/audit.h"
#include "journal/audit_table.h"
#include "journal/journal_schema.h"

namespace tidewright {
namespace {

class SqliteAuditFile : public AuditFile {
 public:
  explicit SqliteAuditFile(std::unique_ptr<io::SqliteDatabase> database)
      : database_(std::move(database)) {}

  StatusOr<std::vector<AuditRecord>> Newest(WallTime from, int limit) const override {
    return Read<std::vector<AuditRecord>>([&] { return NewestAuditRows(*database_, from, limit); });
  }
  StatusOr<AuditSummary> Verify(const std::optional<AuditMark>& mark) const override {
    return Read<AuditSummary>([&] { return VerifyAuditRows(*database_, mark); });
  }

 private:
  template <typename Value, typename Body>
  StatusOr<Value> Read(const Body& body) const {
    const std::lock_guard lock(mutex_);
    StatusOr<Value> result = Error(StatusCode::kInternal, "nothing was read");
    TW_RETURN_IF_ERROR(database_->Snapshot([&]() -> Status {
      result = body();
      return result.status();
    }));
    return result;
  }

  mutable std::mutex mutex_;
  std::unique_ptr<io::SqliteDatabase> database_;
};

}  // namespace

StatusOr<std::unique_ptr<AuditFile>> AuditFile::Open(const std::string& journal_path) {
  TW_ASSIGN_OR_RETURN(auto database,
                      io::SqliteDatabase::OpenReadOnly(journal_path, JournalSchema()));
  return std::unique_ptr<AuditFile>(std::make_unique<SqliteAuditFile>(std::move(database)));
}

}  // namespace tidewright
