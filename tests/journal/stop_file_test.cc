#include "journal/stop_file.h"

#include <sys/stat.h>

#include <boost/test/unit_test.hpp>

#include "tests/storage_support.h"

using namespace tidewright;
using tidewright::testing::Child;
using tidewright::testing::TempFolder;

namespace {

const WallTime kAt = ParseTime("2026-03-01T12:00:00Z").value();

}  // namespace

BOOST_AUTO_TEST_CASE(a_switch_stays_thrown_until_somebody_clears_it_and_tells_who_did_either) {
  const TempFolder folder;
  const std::string path = StopFileOf(folder.path());
  const StopSwitch stop({path});
  BOOST_TEST(!stop.Thrown());
  BOOST_TEST(!stop.Notice());
  BOOST_REQUIRE(ThrowStop(path, "ann", "latency \"doubled\"", kAt).ok());
  BOOST_TEST(stop.Thrown());
  const auto notice = stop.Notice();
  BOOST_REQUIRE(notice.has_value());
  BOOST_TEST(notice->by == "ann");
  BOOST_TEST(notice->why == "latency \"doubled\"");
  BOOST_TEST((notice->at == kAt));
  BOOST_TEST(notice->path == path);
  // A second throw takes nothing of the first away.
  BOOST_TEST(ThrowStop(path, "bob", "me too", kAt).value().by == "ann");
  BOOST_REQUIRE(ClearStop(path, "bob", "all is well", kAt + std::chrono::hours(1)).ok());
  BOOST_TEST(!stop.Thrown());
  BOOST_TEST(LastCleared(path)->by == "bob");
  BOOST_TEST(LastCleared(path)->why == "all is well");
  BOOST_TEST((ClearStop(path, "bob", "", kAt).code() == StatusCode::kNotFound));
}

BOOST_AUTO_TEST_CASE(a_file_made_by_hand_is_a_stop_whatever_stands_in_it) {
  const TempFolder folder;
  const std::string path = folder / "stop";
  for (const std::string text : {"", "maintenance until Tuesday\nsecond line", "{\"by\": 3}", "[",
                                 "{\"at\": \"never\", \"by\": \"ann\"}"}) {
    std::ofstream(path) << text;
    const StopSwitch stop({path});
    BOOST_TEST(stop.Thrown());
    BOOST_REQUIRE(stop.Notice().has_value());
    BOOST_TEST(stop.Notice()->path == path);
  }
  std::ofstream(path) << "maintenance until Tuesday\nsecond line";
  BOOST_TEST(StopSwitch({path}).Notice()->why == "maintenance until Tuesday");
  // Even a folder or a dangling link of that name.
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  BOOST_TEST(StopSwitch({path}).Thrown());
  std::filesystem::remove(path);
  std::filesystem::create_symlink("/nonexistent", path);
  BOOST_TEST(StopSwitch({path}).Thrown());
}

BOOST_AUTO_TEST_CASE(any_of_several_files_is_a_stop) {
  const TempFolder folder;
  const StopSwitch stop({folder / "stop", folder / "all"});
  BOOST_TEST(!stop.Thrown());
  std::ofstream(folder / "all") << "";
  BOOST_TEST(stop.Thrown());
  BOOST_TEST(stop.Notice()->path == folder / "all");
}

BOOST_AUTO_TEST_CASE(a_folder_that_cannot_be_looked_into_counts_as_a_stop) {
  const TempFolder folder;
  const StopSwitch gone({folder / "unmounted/stop"});
  BOOST_TEST(gone.Thrown());
  BOOST_TEST(gone.Notice()->why.find("cannot be seen") != std::string::npos);
  const std::string locked = folder / "locked";
  std::filesystem::create_directory(locked);
  chmod(folder.path().c_str(), 0755);
  chmod(locked.c_str(), 0);
  Child child([&](const Child::Say& say) {
    if (!testing::BecomeNobody()) say("cannot become nobody");
    say(StopSwitch({locked + "/stop"}).Thrown() ? "thrown" : "not thrown");
  });
  BOOST_TEST(child.Line() == "thrown");
  BOOST_TEST(child.Wait() == 0);
  chmod(locked.c_str(), 0755);
}

BOOST_AUTO_TEST_CASE(a_switch_that_cannot_be_thrown_says_so) {
  const TempFolder folder;
  const auto thrown = ThrowStop(folder / "no/stop", "ann", "", kAt);
  BOOST_TEST((thrown.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Message(thrown.status()).find("no/stop") != std::string::npos, thrown.status());
}
