#include "controller/stop_watch.h"

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const WallTime kNow = ParseTime("2026-03-01T12:00:00Z").value();

struct World {
  testing::TempFolder folder;
  std::string path = StopFileOf(folder.path());
  std::unique_ptr<Journal> journal = Journal::Open(folder / "journal.db").value();
  StopSwitch stop{{path}};
  StopWatch watch{stop, *journal};

  bool Look() {
    Status audited;
    const bool thrown = watch.Look(kNow, audited).has_value();
    BOOST_TEST(audited.ok(), audited);
    return thrown;
  }
  /// "who what why" of each entry.
  std::vector<std::string> Told() {
    std::vector<std::string> told;
    const auto log = journal->AuditLog(WallTime{}, 100).value();
    for (const auto& record : log) {
      told.push_back(record.actor + " " + record.what + " " + ParseAuditDetail(record.detail).why);
    }
    return told;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(stop_watch, World)

BOOST_AUTO_TEST_CASE(who_threw_and_who_cleared_the_switch_is_audited_once) {
  BOOST_REQUIRE(watch.Load().ok());
  BOOST_TEST(!Look());
  BOOST_REQUIRE(ThrowStop(path, "ann", "latency", kNow).ok());
  BOOST_TEST(Look());
  BOOST_TEST(Look());
  BOOST_REQUIRE(ClearStop(path, "bob", "fixed", kNow + 1h).ok());
  BOOST_TEST(!Look());
  BOOST_TEST(!Look());
  BOOST_TEST(Told() == (std::vector<std::string>{"ann stop latency", "bob clear-stop fixed"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_happened_while_the_controller_was_down_is_audited_at_its_start) {
  BOOST_REQUIRE(ThrowStop(path, "ann", "latency", kNow).ok());
  BOOST_TEST(Look());
  BOOST_REQUIRE(ClearStop(path, "bob", "fixed", kNow + 1h).ok());
  StopWatch restarted(stop, *journal);
  BOOST_REQUIRE(restarted.Load().ok());
  Status audited;
  BOOST_TEST(!restarted.Look(kNow, audited));
  BOOST_TEST(Told().back() == "bob clear-stop fixed");
}

BOOST_AUTO_TEST_CASE(a_file_made_or_removed_by_hand_is_told_without_a_name) {
  std::ofstream(path) << "maintenance\n";
  BOOST_TEST(Look());
  std::filesystem::remove(path);
  BOOST_TEST(!Look());
  // An earlier clearing is not taken for this one.
  BOOST_REQUIRE(ThrowStop(path, "ann", "a", kNow).ok());
  Look();
  BOOST_REQUIRE(ClearStop(path, "bob", "b", kNow + 1h).ok());
  Look();
  BOOST_REQUIRE(ThrowStop(path, "ann", "c", kNow + 2h).ok());
  Look();
  std::filesystem::remove(path);
  Look();
  BOOST_TEST(
      Told() == (std::vector<std::string>{"somebody stop maintenance",
                                          "somebody clear-stop the file was removed by hand",
                                          "ann stop a", "bob clear-stop b", "ann stop c",
                                          "somebody clear-stop the file was removed by hand"}),
      boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
