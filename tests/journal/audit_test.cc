#include <boost/test/unit_test.hpp>

#include "io/sqlite.h"
#include "tests/journal/journal_support.h"

using namespace tidewright;
using namespace tidewright::testing;
using std::chrono::minutes;

namespace {

struct AuditWorld : JournalWorld {
  AuditWorld() {
    for (int i = 1; i <= 5; ++i) {
      BOOST_REQUIRE(journal
                        ->Audit(kNow + minutes(i), "ann", "approve",
                                "{\"hash\":\"" + std::to_string(i) + "\"}")
                        .ok());
    }
  }
  /// What one with write access to the file could do.
  void Tamper(const std::string& sql) {
    journal.reset();
    const io::SqliteSchema schema = {
        .application_id = 0x54774a6f, .what = "journal", .versions = {""}};
    auto database = io::SqliteDatabase::Open(path, schema).value();
    const Status status = database->Execute(sql);
    BOOST_REQUIRE_MESSAGE(status.ok(), Message(status));
    database.reset();
    journal = Journal::Open(path).value();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_log_is_read_in_order_from_a_time_on) {
  AuditWorld world;
  const auto all = world.journal->AuditLog(WallTime{}, 100).value();
  BOOST_REQUIRE(all.size() == 5u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    BOOST_TEST(all[i].sequence == static_cast<std::int64_t>(i) + 1);
    BOOST_TEST(all[i].hash == AuditHash(all[i]));
    BOOST_TEST(all[i].previous_hash == (i == 0 ? "" : all[i - 1].hash));
  }
  BOOST_TEST(all[1].actor == "ann");
  BOOST_TEST(all[1].what == "approve");
  BOOST_TEST(all[1].detail == "{\"hash\":\"2\"}");
  BOOST_TEST((all[1].at == kNow + minutes(2)));
  const auto some = world.journal->AuditLog(kNow + minutes(3), 2).value();
  BOOST_REQUIRE(some.size() == 2u);
  BOOST_TEST(some[0].sequence == 3);
  BOOST_TEST(world.journal->AuditLog(WallTime{}, 0).value().empty());
}

BOOST_AUTO_TEST_CASE(the_hash_is_what_the_header_says) {
  const AuditRecord record = {.sequence = 2,
                              .at = WallTime(std::chrono::seconds(1)),
                              .actor = "ann",
                              .what = "approve",
                              .detail = "{}",
                              .previous_hash = "ab",
                              .hash = ""};
  // printf '1:2,7:1000000,3:ann,7:approve,2:{},2:ab,' | sha256sum
  BOOST_TEST(AuditHash(record) ==
             "f0f116e8d099df488e17e42efafedab868bb892d919a97110876c595b05ccee6");
}

BOOST_AUTO_TEST_CASE(an_untouched_log_holds_also_after_a_restart) {
  JournalWorld empty;
  BOOST_TEST(empty.journal->VerifyAudit().ok());
  AuditWorld world;
  BOOST_TEST(world.journal->VerifyAudit().ok());
  world.Reopen();
  BOOST_TEST(world.journal->Audit(kNow, "auto", "action", "[1]").ok());
  BOOST_TEST(world.journal->VerifyAudit().ok());
}

BOOST_AUTO_TEST_CASE(whatever_is_changed_is_found_with_its_number) {
  struct Case {
    std::string sql, record;
  };
  const std::vector<Case> cases = {
      {"UPDATE audit SET detail='{}' WHERE sequence=3", "record 3"},
      {"UPDATE audit SET actor='bob' WHERE sequence=1", "record 1"},
      {"UPDATE audit SET at=at+1 WHERE sequence=5", "record 5"},
      {"UPDATE audit SET actor='an', what='napprove' WHERE sequence=2", "record 2"},
      {"UPDATE audit SET hash='0' WHERE sequence=4", "record 4"},
      {"DELETE FROM audit WHERE sequence=2", "record 2"},
      {"DELETE FROM audit WHERE sequence=1", "record 1"},
      {"DELETE FROM audit WHERE sequence>=4", "record 4"},
      {"DELETE FROM audit", "record 1"},
      {"UPDATE audit SET detail='{}' WHERE sequence=2; DELETE FROM audit WHERE sequence=5",
       "record 2"},
      {"UPDATE audit_head SET sequence=4", "record 5"},
      {"DELETE FROM audit_head", "record 5"},
  };
  for (const Case& c : cases) {
    BOOST_TEST_CONTEXT(c.sql) {
      AuditWorld world;
      world.Tamper(c.sql);
      const Status verdict = world.journal->VerifyAudit();
      BOOST_TEST((verdict.code() == StatusCode::kDataLoss));
      BOOST_TEST(Says(verdict, c.record + " on"), Message(verdict));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_missing_stays_visible_after_more_was_written) {
  AuditWorld world;
  world.Tamper("DELETE FROM audit WHERE sequence=5");
  BOOST_TEST(world.journal->Audit(kNow, "auto", "action", "{}").ok());
  BOOST_TEST(Says(world.journal->VerifyAudit(), "record 5 on"));
}

BOOST_AUTO_TEST_CASE(detail_must_be_json) {
  JournalWorld world;
  BOOST_TEST(
      (world.journal->Audit(kNow, "a", "b", "{oops").code() == StatusCode::kInvalidArgument));
  BOOST_TEST(world.journal->AuditLog(WallTime{}, 10).value().empty());
}
