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
        .application_id = 0x54774a6f, .what = "journal", .versions = {"", "", ""}};
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
      // Put in, with those behind it renumbered; taken out likewise.
      {"UPDATE audit SET sequence=-sequence-1 WHERE sequence>=3; UPDATE audit SET "
       "sequence=-sequence WHERE sequence<0; UPDATE audit_head SET sequence=6; INSERT INTO audit "
       "SELECT 3, at, 'eve', what, detail, previous_hash, hash FROM audit WHERE sequence=2",
       "record 3"},
      {"DELETE FROM audit WHERE sequence=2; UPDATE audit SET sequence=sequence-1 WHERE sequence>2; "
       "UPDATE audit_head SET sequence=4",
       "record 2"},
      // An anchor that nothing in the chain tells of.
      {"INSERT INTO audit_anchor SELECT 1, sequence, hash FROM audit WHERE sequence=2; DELETE FROM "
       "audit WHERE sequence<=2",
       "record 1"},
  };
  for (const Case& c : cases) {
    BOOST_TEST_CONTEXT(c.sql) {
      AuditWorld world;
      world.Tamper(c.sql);
      const Status verdict = world.journal->VerifyAudit();
      BOOST_TEST((verdict.code() == StatusCode::kDataLoss));
      BOOST_TEST(Says(verdict, c.record + " on"), Message(verdict));
      // The same without the daemon.
      world.journal.reset();
      const Status alone = AuditFile::Open(world.path).value()->Verify(std::nullopt).status();
      BOOST_TEST(Message(alone) == Message(verdict));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_verdict_says_what_was_done_to_the_entry) {
  AuditWorld changed;
  changed.Tamper("UPDATE audit SET detail='{}' WHERE sequence=3");
  BOOST_TEST(Says(changed.journal->VerifyAudit(), "it was changed"));
  AuditWorld removed;
  removed.Tamper("DELETE FROM audit WHERE sequence=2");
  BOOST_TEST(Says(removed.journal->VerifyAudit(), "it was removed"));
  // Sequence 6 at the end, which the head does not know of.
  AuditWorld inserted;
  auto all = inserted.journal->AuditLog(WallTime{}, 10).value();
  AuditRecord more = {.sequence = 6,
                      .at = kNow,
                      .actor = "eve",
                      .what = "x",
                      .detail = "{}",
                      .previous_hash = all.back().hash,
                      .hash = {}};
  more.hash = AuditHash(more);
  inserted.Tamper("INSERT INTO audit VALUES(6, " + std::to_string(kNow.time_since_epoch().count()) +
                  ", 'eve', 'x', '{}', '" + more.previous_hash + "', '" + more.hash + "')");
  BOOST_TEST(Says(inserted.journal->VerifyAudit(), "record 6 on: it was inserted"));
}

BOOST_AUTO_TEST_CASE(the_log_is_read_and_verified_beside_the_daemon_and_after_it) {
  AuditWorld world;
  for (const bool beside : {true, false}) {
    if (!beside) world.journal.reset();
    const auto file = AuditFile::Open(world.path);
    BOOST_REQUIRE_MESSAGE(file.ok(), file.status());
    const auto summary = (*file)->Verify(std::nullopt);
    BOOST_REQUIRE_MESSAGE(summary.ok(), summary.status());
    BOOST_TEST(summary->entries == 5);
    BOOST_TEST(summary->first == 1);
    BOOST_TEST(summary->last_hash.size() == 64u);
    const auto newest = (*file)->Newest(WallTime{}, 2).value();
    BOOST_REQUIRE(newest.size() == 2u);
    BOOST_TEST(newest[0].sequence == 4);
    BOOST_TEST((*file)->Newest(kNow + minutes(5), 10).value().size() == 1u);
  }
  // Nothing was left beside the file that the daemon could stumble over.
  BOOST_TEST(!std::filesystem::exists(world.path + "-wal"));
  BOOST_TEST(!std::filesystem::exists(world.path + "-shm"));
  BOOST_TEST((AuditFile::Open(world.path + "-no").status().code() == StatusCode::kNotFound));
}

BOOST_AUTO_TEST_CASE(a_mark_noted_elsewhere_shows_a_chain_that_was_computed_anew) {
  AuditWorld world;
  const auto all = world.journal->AuditLog(WallTime{}, 10).value();
  const auto verify = [&](const AuditMark& mark) {
    return AuditFile::Open(world.path).value()->Verify(mark).status();
  };
  BOOST_TEST(verify({3, all[2].hash}).ok());
  BOOST_TEST(verify({3, all[2].hash.substr(0, 10)}).ok());
  BOOST_TEST(Says(verify({3, all[1].hash}), "record 3 on"));
  BOOST_TEST(Says(verify({9, all[1].hash}), "record 6 on"));
}

BOOST_AUTO_TEST_CASE(a_pruned_log_still_verifies_and_still_finds_changes) {
  AuditWorld world;
  BOOST_REQUIRE(world.journal->PruneAudit(3, kNow + minutes(9), R"({"node_hours":1.5})").ok());
  world.Reopen();
  BOOST_TEST(world.journal->VerifyAudit().ok());
  const auto summary = AuditFile::Open(world.path).value()->Verify(std::nullopt).value();
  BOOST_TEST(summary.first == 4);
  BOOST_TEST(summary.entries == 3);
  const auto told = world.journal->AuditOf("prune").value();
  BOOST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].detail.find("\"node_hours\":1.5") != std::string::npos);
  BOOST_REQUIRE(world.journal->PruneAudit(4, kNow + minutes(10), "{}").ok());
  BOOST_TEST(world.journal->VerifyAudit().ok());
  BOOST_TEST((world.journal->PruneAudit(2, kNow, "{}").code() == StatusCode::kInvalidArgument));
  for (const std::string sql :
       {"UPDATE audit SET detail='{}' WHERE sequence=5", "DELETE FROM audit WHERE sequence=5",
        "DELETE FROM audit_anchor", "UPDATE audit_anchor SET hash='00'",
        "DELETE FROM audit WHERE sequence=7"}) {
    AuditWorld other;
    BOOST_REQUIRE(other.journal->PruneAudit(3, kNow, "{}").ok());
    BOOST_REQUIRE(other.journal->PruneAudit(4, kNow, "{}").ok());
    other.Tamper(sql);
    BOOST_TEST((other.journal->VerifyAudit().code() == StatusCode::kDataLoss), sql);
  }
}

BOOST_AUTO_TEST_CASE(what_may_be_pruned_is_old_or_too_much_and_never_the_newest_thousand) {
  JournalWorld world;
  for (int i = 1; i <= 1200; ++i) {
    BOOST_REQUIRE(world.journal->Audit(kNow + minutes(i), "a", "b", "{}").ok());
  }
  const auto prunable = [&](WallTime before, std::int64_t keep) {
    return world.journal->PrunableAudit(before, keep).value();
  };
  BOOST_TEST(prunable(kNow, 100'000) == 0);
  BOOST_TEST(prunable(kNow + minutes(100), 100'000) == 99);
  BOOST_TEST(prunable(kNow + minutes(5000), 100'000) == 200);  // a clock that jumped
  BOOST_TEST(prunable(kNow, 1150) == 0);                       // a tenth more is waited for
  BOOST_TEST(prunable(kNow, 1050) == 150);
}

BOOST_AUTO_TEST_CASE(a_journal_of_version_1_is_verified_as_it_is_and_read_after_its_migration) {
  const TempFolder folder;
  const std::string path = folder / "journal.db";
  std::filesystem::copy_file(
      std::string(std::getenv("TIDEWRIGHT_SOURCE_DIR")) + "/tests/journal/golden/journal-v1.db",
      path);
  const std::string head = "3338bf8b630495c756f06673144c706f73f377eaa9c56062102c06cc60689059";
  BOOST_TEST(AuditFile::Open(path).value()->Verify(std::nullopt).value().last_hash == head);
  auto journal = Journal::Open(path);
  BOOST_REQUIRE_MESSAGE(journal.ok(), journal.status());
  BOOST_TEST((*journal)->VerifyAudit().ok());
  const auto log = (*journal)->AuditLog(WallTime{}, 10).value();
  BOOST_REQUIRE(log.size() == 5u);
  BOOST_TEST(ParseAuditDetail(log[1].detail).why == "looks right");
  BOOST_TEST(log[4].hash == head);
  const auto actions = (*journal)->Actions(10).value();
  BOOST_REQUIRE(actions.size() == 1u);
  BOOST_TEST(actions[0].steps.size() == 2u);
  BOOST_TEST((*journal)->NextActionId().value() == "a-0002");
}

BOOST_AUTO_TEST_CASE(a_change_says_why_and_from_what_to_what) {
  const std::string detail = AuditDetail({.about = {{"action", "a-0007"}},
                                          .why = "too \"risky\"",
                                          .before = "running",
                                          .after = "paused"});
  BOOST_TEST(detail ==
             R"({"action":"a-0007","after":"paused","before":"running","why":"too \"risky\""})");
  const AuditChange back = ParseAuditDetail(detail);
  BOOST_TEST(back.about.at("action") == "a-0007");
  BOOST_TEST(back.why == "too \"risky\"");
  BOOST_TEST(back.before == "running");
  BOOST_TEST(AuditDetail({}) == "{}");
  BOOST_TEST(AuditDetail({.about = {}, .why = "\xff", .before = {}, .after = {}}) !=
             "");  // no UTF-8
  BOOST_TEST(ParseAuditDetail("[1]").about.at("detail") == "[1]");
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
