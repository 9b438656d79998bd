// What works on the daemon's folder without the daemon: the audit log and the kill switch.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/clock.h"
#include "io/sqlite.h"
#include "io/subprocess.h"
#include "tests/storage_support.h"

using namespace tidewright;

namespace {

struct DataFolder {
  DataFolder() {
    std::filesystem::copy_file(
        std::string(std::getenv("TIDEWRIGHT_SOURCE_DIR")) + "/tests/journal/golden/journal-v1.db",
        folder / "journal.db");
  }
  io::RunResult Tidectl(std::vector<std::string> words) {
    words.insert(words.begin(), std::string(std::getenv("TIDEWRIGHT_BIN_DIR")) + "/tidectl");
    words.insert(words.end(), {"--data-dir", folder.path()});
    auto result = io::Run(words, std::chrono::seconds(20), clock);
    return result.ok() ? *std::move(result) : io::RunResult{-1, Message(result.status())};
  }
  void Tamper(const std::string& sql) {
    auto database = io::SqliteDatabase::Open(
        folder / "journal.db", {.application_id = 0x54774a6f, .what = "journal", .versions = {""}});
    BOOST_REQUIRE_MESSAGE(database.ok(), database.status());
    BOOST_REQUIRE((*database)->Execute(sql).ok());
  }

  testing::TempFolder folder;
  RealClock clock;
};

bool Says(const io::RunResult& result, const std::string& words) {
  return result.output.find(words) != std::string::npos;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(safety_commands, DataFolder)

BOOST_AUTO_TEST_CASE(verify_says_how_many_entries_hold_or_names_the_first_that_does_not) {
  const auto intact = Tidectl({"audit", "verify"});
  BOOST_TEST(intact.exit_code == 0, intact.output);
  BOOST_TEST(Says(intact, "5 entries, chain intact"), intact.output);
  BOOST_TEST(Says(intact, "5:3338bf8b63"), intact.output);
  BOOST_TEST(Tidectl({"audit", "verify", "--expect", "5:3338bf8b63"}).exit_code == 0);
  BOOST_TEST(Tidectl({"audit", "verify", "--expect", "5:ffff"}).exit_code == 1);
  BOOST_TEST(Tidectl({"audit", "verify", "--expect", "five"}).exit_code == 2);
  const auto json = nlohmann::json::parse(Tidectl({"audit", "verify", "--output", "json"}).output);
  BOOST_TEST(json["entries"] == 5);
  Tamper("UPDATE audit SET actor='eve' WHERE sequence=2");
  const auto changed = Tidectl({"audit", "verify"});
  BOOST_TEST(changed.exit_code == 1);
  BOOST_TEST(Says(changed, "record 2 on: it was changed"), changed.output);
  Tamper("DELETE FROM audit WHERE sequence=1");
  const auto removed = Tidectl({"audit", "verify"});
  BOOST_TEST(removed.exit_code == 1);
  BOOST_TEST(Says(removed, "record 1 on: it was removed"), removed.output);
}

BOOST_AUTO_TEST_CASE(the_log_is_shown_as_a_table_and_as_json) {
  const auto table = Tidectl({"audit", "--since", "2026-03-01T12:02:00Z"});
  BOOST_TEST(table.exit_code == 0, table.output);
  BOOST_TEST(Says(table, "looks right"), table.output);
  BOOST_TEST(!Says(table, "12:01"), table.output);
  const auto json = nlohmann::json::parse(Tidectl({"audit", "--output", "json"}).output);
  BOOST_REQUIRE(json["entries"].size() == 5u);
  BOOST_TEST(json["entries"][1]["who"] == "ann");
  BOOST_TEST(json["entries"][1]["why"] == "looks right");
  BOOST_TEST(Tidectl({"audit", "--since", "yesterday"}).exit_code == 2);
}

BOOST_AUTO_TEST_CASE(the_switch_is_thrown_and_cleared_on_the_folder_alone) {
  BOOST_TEST(Tidectl({"stop"}).exit_code == 2);  // neither --all nor --clear
  const auto thrown = Tidectl({"stop", "--all", "--comment", "latency"});
  BOOST_TEST(thrown.exit_code == 0, thrown.output);
  BOOST_TEST(std::filesystem::exists(folder / "stop"));
  BOOST_TEST(Tidectl({"stop", "--all"}).exit_code == 0);
  BOOST_TEST(Tidectl({"stop", "--clear"}).exit_code == 0);
  BOOST_TEST(!std::filesystem::exists(folder / "stop"));
  BOOST_TEST(Tidectl({"stop", "--clear"}).exit_code == 4);  // it is not thrown
}

BOOST_AUTO_TEST_SUITE_END()
