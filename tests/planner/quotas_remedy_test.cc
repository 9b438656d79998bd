// One hot partition and a shortage of everything are told apart.
#include <boost/test/unit_test.hpp>

#include "planner/quotas/partition_remedy.h"
#include "world.h"

namespace tidewright {
namespace {

// DynamoDB's: partitions that split, placed by the store.
RemedyQuestion Table(std::vector<double> demand, double quota) {
  RemedyQuestion q;
  q.partition_limit = 1000;
  q.can_split = true;
  q.quota = quota;
  for (std::size_t i = 0; i < demand.size(); ++i) {
    q.partitions.push_back(
        {.partition = static_cast<int>(i), .demand = demand[i], .shard = -1, .hottest_key = {}});
  }
  return q;
}

// Slots on shards that may bear 1000 each; [shard][slot].
RemedyQuestion Cluster(const std::vector<std::vector<double>>& demand) {
  RemedyQuestion q;
  q.partition_limit = 1000;
  q.shard_capacity = 1000;
  int partition = 0;
  for (std::size_t s = 0; s < demand.size(); ++s) {
    q.shards.push_back("shard-" + std::to_string(s));
    for (const double d : demand[s]) {
      q.partitions.push_back(
          {.partition = partition++, .demand = d, .shard = static_cast<int>(s), .hottest_key = {}});
    }
  }
  return q;
}

void Expect(const RemedyQuestion& question, Remedy remedy, ReasonCode code) {
  const auto found = FindRemedies(question);
  BOOST_REQUIRE_EQUAL(found.size(), 1U);
  BOOST_TEST(std::string(RemedyName(found.front().remedy)) == RemedyName(remedy));
  BOOST_TEST(ReasonName(found.front().reason.code) == ReasonName(code));
}

BOOST_AUTO_TEST_SUITE(quotas_remedy)

BOOST_AUTO_TEST_CASE(nothing_is_said_where_nothing_is_short) {
  BOOST_TEST(FindRemedies(Table({900, 800, 100}, 2000)).empty());
  BOOST_TEST(FindRemedies(Cluster({{500, 400}, {100, 900}})).empty());
  BOOST_TEST(FindRemedies({}).empty());
}

BOOST_AUTO_TEST_CASE(a_quota_is_raised_where_all_partitions_bear_it) {
  const auto question = Table({900, 800, 700}, 2000);
  Expect(question, Remedy::kRaiseQuota, ReasonCode::kQuotaTooSmall);
  BOOST_TEST(FindRemedies(question).front().amount == 2400);
}

BOOST_AUTO_TEST_CASE(a_partition_that_outgrows_its_limit_is_split) {
  auto question = Table({2500, 300, 200}, 5000);
  Expect(question, Remedy::kSplit, ReasonCode::kPartitionTooBig);
  BOOST_TEST(FindRemedies(question).front().amount == 3);
  // Also with a key that is warm, but that one part bears.
  question.partitions[0].hottest_key = 0.3;
  Expect(question, Remedy::kSplit, ReasonCode::kPartitionTooBig);
}

BOOST_AUTO_TEST_CASE(no_split_and_no_quota_help_against_one_hot_key) {
  auto question = Table({2500, 300, 200}, 5000);
  question.partitions[0].hottest_key = 0.9;
  Expect(question, Remedy::kAdviseKey, ReasonCode::kHotKey);
  // Nor does it where partitions can be moved.
  auto cluster = Cluster({{1500}, {100}, {100}});
  cluster.partitions[0].hottest_key = 0.95;
  Expect(cluster, Remedy::kAdviseKey, ReasonCode::kHotKey);
}

BOOST_AUTO_TEST_CASE(a_slot_that_nobody_can_split_asks_for_other_hash_tags) {
  Expect(Cluster({{1500}, {100}, {100}}), Remedy::kAdviseKey, ReasonCode::kHotPartition);
}

BOOST_AUTO_TEST_CASE(a_hot_partition_among_others_is_isolated) {
  const auto question = Cluster({{900, 150, 50}, {300}, {200}});
  Expect(question, Remedy::kIsolate, ReasonCode::kHotPartition);
  BOOST_TEST(FindRemedies(question).front().partition == 0);
  BOOST_TEST(FindRemedies(question).front().amount == 100);
}

BOOST_AUTO_TEST_CASE(an_uneven_shard_without_a_hot_partition_gives_some_away) {
  const auto question = Cluster({{300, 300, 300, 300}, {200, 200}});
  Expect(question, Remedy::kMove, ReasonCode::kUnevenLoad);
  BOOST_TEST(FindRemedies(question).front().amount == 200);
}

BOOST_AUTO_TEST_CASE(a_shortage_everywhere_asks_for_shards_not_for_moves) {
  const auto question = Cluster({{700, 600}, {600, 700}});
  Expect(question, Remedy::kAddShards, ReasonCode::kDemandExceedsCapacity);
  BOOST_TEST(FindRemedies(question).front().amount == 1);
}

BOOST_AUTO_TEST_CASE(a_hot_partition_is_no_shortage) {
  // 3,400 asked of 3,000: but 1,900 of it no other shard could serve.
  const auto found = FindRemedies(Cluster({{2900}, {300}, {200}}));
  BOOST_REQUIRE_EQUAL(found.size(), 1U);
  BOOST_TEST(static_cast<int>(found.front().remedy) == static_cast<int>(Remedy::kAdviseKey));
}

// Slot 0 asks for 1,200 and has a shard of 1,000 to itself already; the others have room.
BOOST_AUTO_TEST_CASE(the_plan_of_a_cluster_tells_what_helps_a_hot_slot) {
  test::World world;
  world.topology = test::EvenTopology(3, 64);
  world.topology.shards[0].partitions = {{0, 0}};
  world.topology.shards[1].partitions = {{1, 31}};
  world.topology.shards[2].partitions = {{32, 63}};
  world.Flat(2000);
  world.load.partitions.resize(64);
  for (auto& p : world.load.partitions) p.share[Resource::kRequests] = 0.4 / 63;
  world.load.partitions[0].share[Resource::kRequests] = 0.6;
  world.load.partition_rounds = 10;
  const Plan plan = world.Decide();
  const bool told =
      std::any_of(plan.rejections.begin(), plan.rejections.end(), [](const Reason& r) {
        return r.code == ReasonCode::kHotPartition &&
               r.text.find("advise-key") != std::string::npos;
      });
  BOOST_TEST(told, test::Text(plan));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
