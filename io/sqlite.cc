#include "io/sqlite.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace tidewright::io {
namespace {

bool IsDiskFull(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

Status FullError(const std::string& path) {
  return Error(
      StatusCode::kResourceExhausted,
      "{}: the disk or a quota is full; nothing of this change was written. Free space there",
      path);
}

/// What the system said of a failed call. SQLite forgets it where the error comes up in a commit;
/// then errno still has it, given that it was cleared before the call.
int SystemError(sqlite3* handle, int code, int errno_after) {
  if ((code & 0xff) != SQLITE_IOERR && (code & 0xff) != SQLITE_CANTOPEN) return 0;
  const int remembered = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  return remembered != 0 ? remembered : errno_after;
}

/// Turns the newest error of a connection into a Status. Clear errno before the call that may fail.
Status ToStatus(sqlite3* handle, int code, const std::string& path) {
  const int system_error = SystemError(handle, code, errno);
  const std::string text = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  const std::string cause =
      system_error != 0 ? fmt::format("{} ({})", text, std::strerror(system_error)) : text;
  switch (code & 0xff) {
    case SQLITE_FULL:
      return FullError(path);
    case SQLITE_IOERR:
      // The shared index of the WAL is written through a mapping: its lack of room has a code of
      // its own and no errno.
      if (code == SQLITE_IOERR_SHMSIZE || IsDiskFull(system_error)) return FullError(path);
      return Error(StatusCode::kInternal,
                   "{}: {}; look at the system's log for trouble with this disk", path, cause);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(StatusCode::kUnavailable, "{}: another process is writing to it; try again",
                   path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(StatusCode::kDataLoss,
                   "{}: {}; restore it from a backup, or move it away to begin a new one", path,
                   cause);
    case SQLITE_CANTOPEN:
      if (IsDiskFull(system_error)) return FullError(path);
      return Error(StatusCode::kFailedPrecondition,
                   "{}: {}; its folder must exist and be writable by this user", path, cause);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Error(StatusCode::kFailedPrecondition,
                   "{}: {}; the file and its folder must be writable by this user", path, cause);
    case SQLITE_NOMEM:
      return Error(StatusCode::kResourceExhausted, "{}: out of memory", path);
    case SQLITE_TOOBIG:
      return Error(StatusCode::kInvalidArgument, "{}: a value is too large to be stored", path);
    default:
      return Error(StatusCode::kInternal, "{}: {} (SQLite code {})", path, cause, code);
  }
}

/// SQLite's message for a folder that is not there does not name it.
Status CheckFolder(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return OkStatus();
  return Error(StatusCode::kFailedPrecondition, "{}: the folder {} does not exist; create it", path,
               folder.string());
}

}  // namespace

bool SqliteRow::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t SqliteRow::Int(int column) const { return sqlite3_column_int64(statement_, column); }
double SqliteRow::Real(int column) const { return sqlite3_column_double(statement_, column); }
std::string SqliteRow::Text(int column) const { return std::string(View(column)); }
std::string_view SqliteRow::View(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)),
      path_(std::move(other.path_)),
      bind_error_(other.bind_error_) {}

SqliteStatement& SqliteStatement::operator=(SqliteStatement&& other) noexcept {
  std::swap(statement_, other.statement_);
  std::swap(path_, other.path_);
  std::swap(bind_error_, other.bind_error_);
  return *this;
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

void SqliteStatement::Bind(int position, std::int64_t value) {
  if (int rc = sqlite3_bind_int64(statement_, position, value); rc != SQLITE_OK) bind_error_ = rc;
}

void SqliteStatement::Bind(int position, double value) {
  if (int rc = sqlite3_bind_double(statement_, position, value); rc != SQLITE_OK) bind_error_ = rc;
}

// The arguments of ForEach live until it returns, hence SQLITE_STATIC. A null pointer would bind
// NULL.
void SqliteStatement::Bind(int position, std::string_view text) {
  const char* data = text.data() != nullptr ? text.data() : "";
  if (int rc =
          sqlite3_bind_text64(statement_, position, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
      rc != SQLITE_OK) {
    bind_error_ = rc;
  }
}

void SqliteStatement::Bind(int position, SqliteBlob blob) {
  const char* data = blob.bytes.data() != nullptr ? blob.bytes.data() : "";
  if (int rc = sqlite3_bind_blob64(statement_, position, data, blob.bytes.size(), SQLITE_STATIC);
      rc != SQLITE_OK) {
    bind_error_ = rc;
  }
}

Status SqliteStatement::Walk(const OnRow& on_row) {
  sqlite3* handle = sqlite3_db_handle(statement_);
  Status status;
  if (bind_error_ != SQLITE_OK) {
    status = ToStatus(handle, bind_error_, path_);
  } else {
    int rc = SQLITE_ROW;
    errno = 0;
    while (status.ok() && (rc = sqlite3_step(statement_)) == SQLITE_ROW) {
      status = on_row(SqliteRow(statement_));
      errno = 0;
    }
    if (status.ok() && rc != SQLITE_DONE) status = ToStatus(handle, rc, path_);
  }
  // Reset always: a statement that stands on a row keeps its view of the data, and the WAL grows.
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  bind_error_ = SQLITE_OK;
  return status;
}

StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Connect(const std::string& path,
                                                                  const std::string& name,
                                                                  int flags,
                                                                  Duration busy_timeout) {
  sqlite3* handle = nullptr;
  errno = 0;
  // NOMUTEX: the owner of a connection serialises its use.
  const int rc = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (rc != SQLITE_OK) {
    const Status status = ToStatus(handle, rc, path);
    sqlite3_close(handle);
    return status;
  }
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(handle, path));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout / std::chrono::milliseconds(1)));
  return database;
}

StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& path,
                                                               const SqliteSchema& schema,
                                                               Duration busy_timeout) {
  TW_RETURN_IF_ERROR(CheckFolder(path));
  TW_ASSIGN_OR_RETURN(
      auto database, Connect(path, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, busy_timeout));
  // Before the first write, so that somebody else's database is left as it is.
  TW_RETURN_IF_ERROR(database->CheckKind(schema));
  TW_RETURN_IF_ERROR(database->Execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=16777216"));
  TW_RETURN_IF_ERROR(database->Migrate(schema));
  return database;
}

StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::OpenReadOnly(const std::string& path,
                                                                       const SqliteSchema& schema,
                                                                       Duration busy_timeout) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return Error(StatusCode::kNotFound, "{}: there is no such file{}", path,
                 error ? " that can be seen: " + error.message() : "");
  }
  // Without a log beside it nobody has it open and all of it is in the file: "immutable" then keeps
  // SQLite from making files of the reader's own, which the daemon could not write to.
  const bool in_use = std::filesystem::exists(path + "-wal", error);
  std::string name = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    name += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02x}", c) : std::string(1, c);
  }
  TW_ASSIGN_OR_RETURN(auto database,
                      Connect(path, name + (in_use ? "?mode=ro" : "?mode=ro&immutable=1"),
                              SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, busy_timeout));
  TW_ASSIGN_OR_RETURN(const std::int64_t version, database->QueryInt("PRAGMA user_version"));
  if (version == 0) {
    return Error(StatusCode::kFailedPrecondition, "{}: no {} of Tidewright's", path, schema.what);
  }
  TW_RETURN_IF_ERROR(database->CheckKind(schema));
  return database;
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close(handle_); }

Status SqliteDatabase::Execute(const std::string& sql) {
  errno = 0;
  const int rc = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return rc == SQLITE_OK ? OkStatus() : ToStatus(handle_, rc, path_);
}

StatusOr<SqliteStatement> SqliteDatabase::Prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  errno = 0;
  const int rc = sqlite3_prepare_v2(handle_, sql.c_str(), static_cast<int>(sql.size()) + 1,
                                    &statement, nullptr);
  if (rc != SQLITE_OK) return ToStatus(handle_, rc, path_);
  return SqliteStatement(statement, path_);
}

StatusOr<std::int64_t> SqliteDatabase::QueryInt(const std::string& sql) {
  TW_ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  std::int64_t value = 0;
  TW_RETURN_IF_ERROR(statement.ForEach([&](const SqliteRow& row) {
    value = row.Int(0);
    return OkStatus();
  }));
  return value;
}

StatusOr<bool> SqliteDatabase::HasTable(const std::string& name) {
  TW_ASSIGN_OR_RETURN(SqliteStatement statement,
                      Prepare("SELECT count(*) FROM sqlite_master WHERE type='table' AND name=?1"));
  bool there = false;
  TW_RETURN_IF_ERROR(statement.ForEach(
      [&](const SqliteRow& row) {
        there = row.Int(0) > 0;
        return OkStatus();
      },
      name));
  return there;
}

Status SqliteDatabase::Within(const char* begin, const std::function<Status()>& body) {
  TW_RETURN_IF_ERROR(Execute(begin));
  Status status = body();
  if (status.ok()) status = Execute("COMMIT");
  // After some errors SQLite has rolled back by itself.
  if (!status.ok() && sqlite3_get_autocommit(handle_) == 0) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return status;
}

// IMMEDIATE: waiting for another writer happens here, where nothing has been read yet.
Status SqliteDatabase::Transact(const std::function<Status()>& body) {
  return Within("BEGIN IMMEDIATE", body);
}

Status SqliteDatabase::Snapshot(const std::function<Status()>& body) {
  return Within("BEGIN DEFERRED", body);
}

Status SqliteDatabase::QuickCheck() {
  TW_ASSIGN_OR_RETURN(SqliteStatement statement, Prepare("PRAGMA quick_check(1)"));
  std::string verdict;
  TW_RETURN_IF_ERROR(statement.ForEach([&](const SqliteRow& row) {
    verdict = row.Text(0);
    return OkStatus();
  }));
  if (verdict == "ok") return OkStatus();
  return Error(StatusCode::kDataLoss,
               "{}: damaged ({}); restore it from a backup, or move it away to begin a new one",
               path_, verdict);
}

Status SqliteDatabase::CheckKind(const SqliteSchema& schema) {
  TW_ASSIGN_OR_RETURN(const std::int64_t tables, QueryInt("SELECT count(*) FROM sqlite_master"));
  TW_ASSIGN_OR_RETURN(const std::int64_t version, QueryInt("PRAGMA user_version"));
  TW_ASSIGN_OR_RETURN(const std::int64_t kind, QueryInt("PRAGMA application_id"));
  if (tables == 0 && version == 0) return OkStatus();
  if (kind != schema.application_id) {
    return Error(StatusCode::kFailedPrecondition,
                 "{}: a database, but not Tidewright's {}; name another file", path_, schema.what);
  }
  if (version > static_cast<std::int64_t>(schema.versions.size())) {
    return Error(StatusCode::kFailedPrecondition,
                 "{}: {} of version {}, written by a newer Tidewright; this one reads up to {}. "
                 "Upgrade, or name another file",
                 path_, schema.what, version, schema.versions.size());
  }
  return OkStatus();
}

Status SqliteDatabase::Migrate(const SqliteSchema& schema) {
  TW_ASSIGN_OR_RETURN(const std::int64_t found, QueryInt("PRAGMA user_version"));
  if (found == static_cast<std::int64_t>(schema.versions.size())) return OkStatus();
  return Transact([&]() -> Status {
    TW_RETURN_IF_ERROR(CheckKind(schema));  // again: another process may have been first
    TW_ASSIGN_OR_RETURN(std::int64_t version, QueryInt("PRAGMA user_version"));
    for (; version < static_cast<std::int64_t>(schema.versions.size()); ++version) {
      TW_RETURN_IF_ERROR(Execute(schema.versions[static_cast<std::size_t>(version)]));
    }
    return Execute(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}",
                               schema.application_id, schema.versions.size()));
  });
}

}  // namespace tidewright::io
