#include "controller/auto_lock.h"

#include <boost/test/unit_test.hpp>

#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const WallTime kNow = ParseTime("2026-03-09T00:00:00Z").value();

struct World {
  World() {
    policy.shard_capacity[Resource::kRequests] = 5000;
    demand[Resource::kRequests] = Forecast{};
    demand[Resource::kRequests]->trust = Trust::kFair;
    demand[Resource::kRequests]->realised = {{0.5, 1h, 0.2}, {0.95, 1h, 0.93}, {0.99, 1h, 0.97}};
  }
  void ObserveFor(Duration span) {
    Series series{.start = kNow - span, .step = 1min, .values = {}, .flags = {}};
    while (series.end() < kNow) series.values.push_back(100);
    BOOST_REQUIRE(
        history->Import({{{"c", Scope::kCluster, "", Resource::kRequests}, series}}).ok());
  }
  AutoLock Lock() { return AutoLock("c", policy, *history, *journal); }

  testing::TempFolder folder;
  std::unique_ptr<Journal> journal = Journal::Open(folder / "journal.db").value();
  std::unique_ptr<History> history = History::Open(folder / "history.db").value();
  Policy policy;
  PerResource<std::optional<Forecast>> demand;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(auto_lock, World)

BOOST_AUTO_TEST_CASE(a_cluster_that_was_not_observed_long_enough_stays_locked_and_says_so) {
  ObserveFor(3 * 24h);
  AutoLock lock = Lock();
  BOOST_REQUIRE(lock.Load(kNow).ok());
  BOOST_REQUIRE(lock.Look(demand, kNow).ok());
  BOOST_TEST(lock.locked());
  BOOST_REQUIRE(lock.Hold().has_value());
  BOOST_TEST(ReasonName(lock.Hold()->code) == "auto_locked");
  BOOST_TEST(lock.Hold()->text.find("of requests observed of the last 7d") != std::string::npos,
             lock.Hold()->text);
}

BOOST_AUTO_TEST_CASE(a_week_of_forecasts_that_held_unlocks_it_for_good_and_is_audited) {
  ObserveFor(8 * 24h);
  {
    AutoLock lock = Lock();
    BOOST_REQUIRE(lock.Load(kNow).ok());
    BOOST_REQUIRE(lock.Look(demand, kNow).ok());
    BOOST_TEST(!lock.locked());
    BOOST_TEST(!lock.Hold());
  }
  demand[Resource::kRequests]->trust = Trust::kPoor;
  AutoLock again = Lock();
  BOOST_REQUIRE(again.Load(kNow + 1h).ok());
  BOOST_TEST(!again.locked());
  const auto told = journal->AuditOf("unlock").value();
  BOOST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].actor == "tidewright");
}

BOOST_AUTO_TEST_CASE(trust_and_realised_coverage_of_every_binding_resource_count) {
  PerResource<double> observed;
  observed[Resource::kRequests] = 1;
  BOOST_TEST(NotYetTrusted(policy, observed, demand).empty());
  auto bad = demand;
  bad[Resource::kRequests]->realised = {{0.95, 1h, 0.89}};
  BOOST_TEST(NotYetTrusted(policy, observed, bad).size() == 1u);
  bad = demand;
  bad[Resource::kRequests]->realised.clear();
  BOOST_TEST(NotYetTrusted(policy, observed, bad).size() == 1u);
  bad = demand;
  bad[Resource::kRequests]->trust = Trust::kPoor;
  BOOST_TEST(NotYetTrusted(policy, observed, bad).size() == 1u);
  bad[Resource::kRequests].reset();
  BOOST_TEST(NotYetTrusted(policy, observed, bad).size() == 1u);
  policy.shard_capacity[Resource::kMemory] = 1e9;  // nothing is known of it
  BOOST_TEST(NotYetTrusted(policy, observed, demand).size() == 1u);
  BOOST_TEST(NotYetTrusted(Policy{}, observed, demand).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_person_unlocks_and_locks_and_has_the_last_word) {
  AutoLock lock = Lock();
  BOOST_REQUIRE(lock.Load(kNow).ok());
  BOOST_TEST(lock.locked());
  BOOST_REQUIRE(lock.Set(false, "ann", "replayed it", kNow).ok());
  BOOST_TEST(!lock.locked());
  BOOST_TEST((lock.Set(false, "ann", "again", kNow).code() == StatusCode::kFailedPrecondition));
  BOOST_REQUIRE(lock.Set(true, "bob", "release week", kNow).ok());
  ObserveFor(8 * 24h);
  AutoLock again = Lock();
  BOOST_REQUIRE(again.Load(kNow).ok());
  BOOST_REQUIRE(again.Look(demand, kNow).ok());
  BOOST_TEST(again.locked());  // it has earned it, but bob said no
  BOOST_TEST(again.Hold()->text.find("bob locked auto mode: release week") != std::string::npos);
  policy.auto_unlocked = "carl: new cluster";
  AutoLock configured = Lock();
  BOOST_REQUIRE(configured.Load(kNow).ok());
  BOOST_TEST(configured.locked());
}

BOOST_AUTO_TEST_CASE(the_configuration_unlocks_it_with_the_name_that_stands_there) {
  policy.auto_unlocked = "carl: load was replayed before";
  for (int starts = 0; starts < 2; ++starts) {
    AutoLock lock = Lock();
    BOOST_REQUIRE(lock.Load(kNow).ok());
    BOOST_TEST(!lock.locked());
  }
  const auto told = journal->AuditOf("unlock").value();
  BOOST_REQUIRE(told.size() == 1u);  // once, not at each start
  BOOST_TEST(ParseAuditDetail(told[0].detail).why == "carl: load was replayed before");
}

BOOST_AUTO_TEST_CASE(a_lock_of_an_unknown_version_is_not_taken_for_open) {
  BOOST_REQUIRE(journal->SaveFact("auto_lock", R"({"version":9,"locked":false})").ok());
  AutoLock lock = Lock();
  BOOST_TEST((lock.Load(kNow).code() == StatusCode::kDataLoss));
}

BOOST_AUTO_TEST_SUITE_END()
