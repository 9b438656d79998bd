#include "controller/kept_shards.h"

#include <boost/test/unit_test.hpp>

#include "tests/planner/world.h"
#include "tests/storage_support.h"

using namespace tidewright;

namespace {

struct World {
  testing::TempFolder folder;
  std::unique_ptr<Journal> journal = Journal::Open(folder / "journal.db").value();
  Topology meant = test::EvenTopology(3);
  Topology changed = [this] {
    Topology now = meant;
    now.shards[0].partitions.back().last -= 10;
    now.shards[1].partitions.front().first -= 10;
    return now;
  }();

  KeptShards Restarted() {
    KeptShards shards(*journal);
    BOOST_REQUIRE(shards.Load().ok());
    return shards;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(kept_shards, World)

BOOST_AUTO_TEST_CASE(the_way_back_survives_restarts_and_further_changes) {
  KeptShards shards = Restarted();
  BOOST_TEST(shards.Look(meant, false, false).ok());
  BOOST_TEST(shards.Change(meant).None());
  KeptShards later = Restarted();  // somebody changed it while nobody looked
  BOOST_TEST(later.Look(changed, true, false).ok());
  BOOST_TEST(Count(later.Change(changed).moves.at(0).partitions) == 10);
  Topology more = changed;
  more.shards[1].partitions.back().last -= 5;
  more.shards[2].partitions.front().first -= 5;
  BOOST_TEST(later.Look(more, true, false).ok());
  BOOST_TEST(Restarted().Change(more).moves.size() == 2u);
  BOOST_TEST(Restarted().Change(meant).None());
}

BOOST_AUTO_TEST_CASE(after_an_action_of_ours_there_is_no_way_back) {
  KeptShards shards = Restarted();
  BOOST_TEST(shards.Look(meant, false, false).ok());
  BOOST_TEST(shards.Look(changed, true, false).ok());
  BOOST_TEST(!shards.Change(changed).None());
  BOOST_TEST(shards.Look(changed, false, true).ok());
  BOOST_TEST(shards.Change(changed).None());
  BOOST_TEST(Restarted().Change(changed).None());
}

BOOST_AUTO_TEST_SUITE_END()
