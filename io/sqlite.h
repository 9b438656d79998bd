// A thin handle on one SQLite database file: statements, transactions, schema versions, and errors
// as Status that name the file and say what to do. No business.
//
// Errors: kResourceExhausted the disk (or a quota) is full; kUnavailable another process holds the
// file for longer than the busy timeout; kDataLoss the file is damaged or no database;
// kFailedPrecondition it cannot be opened or written (folder, permissions, version); kInternal an
// input/output error or a mistake of ours.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "core/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tidewright::io {

/// Bytes that are no text.
struct SqliteBlob {
  std::string_view bytes;
};

/// The row a statement stands on; columns count from 0. Valid inside the callback only.
class SqliteRow {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  [[nodiscard]] bool IsNull(int column) const;
  [[nodiscard]] std::int64_t Int(int column) const;
  [[nodiscard]] double Real(int column) const;
  /// Text or blob, copied.
  [[nodiscard]] std::string Text(int column) const;
  /// Text or blob; gone with the row.
  [[nodiscard]] std::string_view View(int column) const;

 private:
  sqlite3_stmt* statement_;
};

/// Movable. Must not outlive its database; used by one thread at a time, as the database is.
class SqliteStatement {
 public:
  using OnRow = std::function<Status(const SqliteRow&)>;

  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&& other) noexcept;
  ~SqliteStatement();

  /// Binds `args` to ?1, ?2, … and runs to the end; rows are dropped.
  template <typename... Args>
  Status Run(const Args&... args) {
    return ForEach([](const SqliteRow&) { return OkStatus(); }, args...);
  }
  /// The same, with a call for each row; its error ends the walk and is returned.
  template <typename... Args>
  Status ForEach(const OnRow& on_row, const Args&... args) {
    int position = 0;
    (Bind(++position, args), ...);
    return Walk(on_row);
  }

 private:
  friend class SqliteDatabase;
  SqliteStatement(sqlite3_stmt* statement, const std::string& path)
      : statement_(statement), path_(path) {}

  void Bind(int position, std::int64_t value);
  void Bind(int position, int value) { Bind(position, static_cast<std::int64_t>(value)); }
  void Bind(int position, double value);
  void Bind(int position, std::string_view text);
  void Bind(int position, const std::string& text) { Bind(position, std::string_view(text)); }
  void Bind(int position, const char* text) { Bind(position, std::string_view(text)); }
  void Bind(int position, SqliteBlob blob);
  Status Walk(const OnRow& on_row);

  sqlite3_stmt* statement_;
  std::string path_;
  int bind_error_ = 0;
};

/// What a file of ours must look like. versions[i] is the SQL that leads from version i to i + 1.
struct SqliteSchema {
  std::int32_t application_id = 0;  ///< tells our kinds of files apart
  std::string what;                 ///< "history", in messages
  std::vector<std::string> versions;
};

/// One connection. Not thread-safe; several connections (also of other processes) to one file are.
class SqliteDatabase {
 public:
  /// Opens or creates the file in WAL mode with synchronous=FULL (a committed transaction survives
  /// a power cut) and brings it to the newest version of `schema`. kFailedPrecondition when it was
  /// written by a newer version or is somebody else's.
  static StatusOr<std::unique_ptr<SqliteDatabase>> Open(
      const std::string& path, const SqliteSchema& schema,
      Duration busy_timeout = std::chrono::seconds(10));
  /// Opens an existing file of version 1 or above for reading alone, also while another process
  /// writes to it; nothing is changed and no file is left beside it. Its version is as it was
  /// found: ask HasTable() before reading what came later. kNotFound when there is none.
  static StatusOr<std::unique_ptr<SqliteDatabase>> OpenReadOnly(
      const std::string& path, const SqliteSchema& schema,
      Duration busy_timeout = std::chrono::seconds(10));
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  /// Statements without parameters, separated by semicolons.
  Status Execute(const std::string& sql);
  StatusOr<SqliteStatement> Prepare(const std::string& sql);
  /// One whole number, such as that of a PRAGMA; 0 when there is no row.
  StatusOr<std::int64_t> QueryInt(const std::string& sql);

  StatusOr<bool> HasTable(const std::string& name);

  /// Runs `body` in a transaction that may write. Commits when it returns OK, else rolls back and
  /// returns its error. Must not be nested.
  Status Transact(const std::function<Status()>& body);
  /// Runs `body` on one unchanging view of the data.
  Status Snapshot(const std::function<Status()>& body);

  /// Looks at every page. kDataLoss with the first thing that is wrong.
  Status QuickCheck();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  SqliteDatabase(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  static StatusOr<std::unique_ptr<SqliteDatabase>> Connect(const std::string& path,
                                                           const std::string& name, int flags,
                                                           Duration busy_timeout);
  Status Migrate(const SqliteSchema& schema);
  Status CheckKind(const SqliteSchema& schema);
  Status Within(const char* begin, const std::function<Status()>& body);

  sqlite3* handle_;
  std::string path_;
};

}  // namespace tidewright::io
