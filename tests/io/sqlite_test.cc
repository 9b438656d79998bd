#include "io/sqlite.h"

#include <boost/test/unit_test.hpp>

#include "tests/storage_support.h"

using namespace tidewright;
using io::SqliteDatabase;
using tidewright::testing::Child;
using tidewright::testing::TempFolder;

namespace {

const io::SqliteSchema kSchema = {
    .application_id = 42, .what = "test", .versions = {"CREATE TABLE t(k INTEGER, v TEXT)"}};

std::int64_t Rows(SqliteDatabase& database) {
  return database.QueryInt("SELECT count(*) FROM t").value();
}

bool Says(const Status& status, const std::string& words) {
  return Message(status).find(words) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_come_back_as_they_were_bound) {
  const TempFolder folder;
  auto database = SqliteDatabase::Open(folder / "a.db", kSchema).value();
  const std::string bytes("a\0b\xff", 4);
  BOOST_TEST(database->Execute("CREATE TABLE all_types(i, r, t, b)").ok());
  auto insert = database->Prepare("INSERT INTO all_types VALUES(?1, ?2, ?3, ?4)").value();
  BOOST_TEST(insert.Run(std::int64_t{1} << 62, 0.1, "text", io::SqliteBlob{bytes}).ok());
  auto select = database->Prepare("SELECT i, r, t, b, NULL FROM all_types").value();
  int rows = 0;
  BOOST_TEST(select
                 .ForEach([&](const io::SqliteRow& row) {
                   ++rows;
                   BOOST_TEST(row.Int(0) == std::int64_t{1} << 62);
                   BOOST_TEST(row.Real(1) == 0.1);
                   BOOST_TEST(row.Text(2) == "text");
                   BOOST_TEST(row.Text(3) == bytes);
                   BOOST_TEST(row.IsNull(4));
                   return OkStatus();
                 })
                 .ok());
  BOOST_TEST(rows == 1);
}

BOOST_AUTO_TEST_CASE(a_failed_transaction_leaves_nothing) {
  const TempFolder folder;
  auto database = SqliteDatabase::Open(folder / "a.db", kSchema).value();
  const Status failed = database->Transact([&]() -> Status {
    TW_RETURN_IF_ERROR(database->Execute("INSERT INTO t VALUES(1, 'a')"));
    return Error(StatusCode::kAborted, "on purpose");
  });
  BOOST_TEST((failed.code() == StatusCode::kAborted));
  BOOST_TEST(Rows(*database) == 0);
  BOOST_TEST(
      database->Transact([&] { return database->Execute("INSERT INTO t VALUES(1, 'a')"); }).ok());
  BOOST_TEST(Rows(*database) == 1);
}

BOOST_AUTO_TEST_CASE(a_full_database_is_resource_exhausted_and_stays_usable) {
  const TempFolder folder;
  auto database = SqliteDatabase::Open(folder / "a.db", kSchema).value();
  BOOST_TEST(database->Execute("INSERT INTO t VALUES(1, 'kept'); PRAGMA max_page_count=4").ok());
  const Status full = database->Execute("INSERT INTO t VALUES(2, hex(zeroblob(100000)))");
  BOOST_TEST((full.code() == StatusCode::kResourceExhausted), Message(full));
  BOOST_TEST(Says(full, folder / "a.db"));
  BOOST_TEST(Rows(*database) == 1);
  BOOST_TEST(
      database->Execute("PRAGMA max_page_count=1000; INSERT INTO t VALUES(3, 'later')").ok());
  BOOST_TEST(Rows(*database) == 2);
}

BOOST_AUTO_TEST_CASE(a_writer_that_is_kept_waiting_too_long_is_told_so) {
  const TempFolder folder;
  auto one = SqliteDatabase::Open(folder / "a.db", kSchema).value();
  auto other = SqliteDatabase::Open(folder / "a.db", kSchema, std::chrono::milliseconds(5)).value();
  const Status held = one->Transact([&] {
    const Status busy = other->Transact([] { return OkStatus(); });
    BOOST_TEST((busy.code() == StatusCode::kUnavailable), Message(busy));
    BOOST_TEST(Rows(*other) == 0);  // readers are not kept waiting
    return OkStatus();
  });
  BOOST_TEST(held.ok());
}

BOOST_AUTO_TEST_CASE(a_snapshot_does_not_see_what_is_written_meanwhile) {
  const TempFolder folder;
  auto writer = SqliteDatabase::Open(folder / "a.db", kSchema).value();
  auto reader = SqliteDatabase::Open(folder / "a.db", kSchema).value();
  const Status status = reader->Snapshot([&] {
    BOOST_TEST(Rows(*reader) == 0);
    BOOST_TEST(writer->Execute("INSERT INTO t VALUES(1, 'a')").ok());
    BOOST_TEST(Rows(*reader) == 0);
    return OkStatus();
  });
  BOOST_TEST(status.ok());
  BOOST_TEST(Rows(*reader) == 1);
}

BOOST_AUTO_TEST_CASE(schemas_are_brought_up_to_date_and_newer_ones_refused) {
  const TempFolder folder;
  auto newer = kSchema;
  newer.versions.push_back("ALTER TABLE t ADD COLUMN w REAL DEFAULT 1.5");
  {
    auto old = SqliteDatabase::Open(folder / "a.db", kSchema).value();
    BOOST_TEST(old->Execute("INSERT INTO t VALUES(1, 'a')").ok());
  }
  {
    auto database = SqliteDatabase::Open(folder / "a.db", newer).value();
    BOOST_TEST(database->QueryInt("SELECT count(*) FROM t WHERE w=1.5").value() == 1);
  }
  const auto refused = SqliteDatabase::Open(folder / "a.db", kSchema);
  BOOST_TEST((refused.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Says(refused.status(), "version 2"), Message(refused.status()));
}

BOOST_AUTO_TEST_CASE(somebody_elses_database_is_refused_and_untouched) {
  const TempFolder folder;
  auto other = kSchema;
  other.application_id = 43;
  other.what = "other";
  BOOST_TEST(SqliteDatabase::Open(folder / "a.db", kSchema).ok());
  const auto refused = SqliteDatabase::Open(folder / "a.db", other);
  BOOST_TEST((refused.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Says(refused.status(), "not Tidewright's other"), Message(refused.status()));
  BOOST_TEST(SqliteDatabase::Open(folder / "a.db", kSchema).ok());
}

BOOST_AUTO_TEST_CASE(what_is_no_database_is_data_loss_that_names_the_file) {
  const TempFolder folder;
  std::ofstream(folder / "a.db") << std::string(5000, 'x');
  const auto refused = SqliteDatabase::Open(folder / "a.db", kSchema);
  BOOST_TEST((refused.status().code() == StatusCode::kDataLoss));
  BOOST_TEST(Says(refused.status(), folder / "a.db"), Message(refused.status()));
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_missing_or_read_only_is_named_with_the_remedy) {
  const TempFolder folder;
  const auto missing = SqliteDatabase::Open(folder / "none/a.db", kSchema);
  BOOST_TEST((missing.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Says(missing.status(), "create it"), Message(missing.status()));

  BOOST_TEST(SqliteDatabase::Open(folder / "a.db", kSchema).ok());
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  Child child([&](const Child::Say& say) {
    if (!tidewright::testing::BecomeNobody()) _exit(2);
    for (const char* name : {"a.db", "b.db"}) {
      const auto refused = SqliteDatabase::Open(folder / name, kSchema);
      say(CodeName(refused.status().code()) + ": " + Message(refused.status()));
    }
  });
  for (int i = 0; i < 2; ++i) {
    const std::string line = child.Line();
    BOOST_TEST(line.find("failed precondition: ") == 0u, line);
    BOOST_TEST(line.find("writable by this user") != std::string::npos, line);
  }
  BOOST_TEST(child.Wait() == 0);
}

namespace {

/// Writes until it is refused, in a child whose room `limit` has bounded; then all that was
/// committed must be there and sound.
void WriteUntilFull(const TempFolder& folder, const std::function<void()>& limit) {
  Child child([&](const Child::Say& say) {
    limit();
    auto database = SqliteDatabase::Open(folder / "a.db", kSchema);
    if (!database.ok()) _exit(2);
    Status status;
    std::int64_t committed = 0;
    while (status.ok() && committed < 1000) {
      status = (*database)->Execute("INSERT INTO t VALUES(1, hex(randomblob(2000)))");
      if (status.ok()) ++committed;
    }
    say(CodeName(status.code()));
    say(Rows(**database) == committed && committed > 10 ? "all there" : "lost");
    say((*database)->QuickCheck().ok() ? "sound" : "damaged");
  });
  for (const char* wanted : {"resource exhausted", "all there", "sound"}) {
    BOOST_TEST(child.Line() == wanted);
  }
  BOOST_TEST(child.Wait() == 0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_disk_that_fills_up_is_an_error_and_what_was_committed_stays) {
  const TempFolder folder;
  WriteUntilFull(folder, [&] { tidewright::testing::LimitDisk(folder.path(), 400'000); });
}

BOOST_AUTO_TEST_CASE(a_quota_that_is_used_up_is_the_same) {
  const TempFolder folder;
  WriteUntilFull(folder, [] { tidewright::testing::LimitFileSize(400'000); });
}

BOOST_AUTO_TEST_CASE(a_damaged_page_is_found_by_the_check) {
  const TempFolder folder;
  {
    auto database = SqliteDatabase::Open(folder / "a.db", kSchema).value();
    for (int i = 0; i < 100; ++i) {
      BOOST_TEST(database->Execute("INSERT INTO t VALUES(1, hex(randomblob(500)))").ok());
    }
    BOOST_TEST(database->QuickCheck().ok());
  }
  tidewright::testing::Overwrite(folder / "a.db", 5 * 4096, std::string(2048, '\x7f'));
  auto database = SqliteDatabase::Open(folder / "a.db", kSchema).value();
  const Status damaged = database->QuickCheck();
  BOOST_TEST((damaged.code() == StatusCode::kDataLoss), Message(damaged));
}
