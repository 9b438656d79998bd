// What somebody else did to the cluster, and the way back.
#include "planner/foreign_change.h"

#include <boost/test/unit_test.hpp>

#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;

namespace {

int Moved(const std::vector<PartitionMove>& moves) {
  int count = 0;
  for (const PartitionMove& move : moves) count += Count(move.partitions);
  return count;
}

/// Partitions of the first shard that the second one owns now.
void Hand(Topology& topology, int partitions) {
  auto first = Expand(topology.shards[0].partitions);
  auto second = Expand(topology.shards[1].partitions);
  second.insert(second.end(), first.end() - partitions, first.end());
  first.resize(first.size() - static_cast<std::size_t>(partitions));
  topology.shards[0].partitions = ToPartitionSet(std::move(first));
  topology.shards[1].partitions = ToPartitionSet(std::move(second));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(foreign_change)

BOOST_AUTO_TEST_CASE(partitions_that_went_elsewhere_are_told_and_go_back) {
  World w;
  w.Flat(1000);
  const Topology meant = w.topology;
  const auto before = KnownShards(meant);
  BOOST_TEST(CompareShards(before, w.topology).None());
  Hand(w.topology, 500);
  const ForeignChange change = CompareShards(before, w.topology);
  BOOST_TEST(Moved(change.moves) == 500);
  BOOST_TEST(change.joined.empty());
  BOOST_TEST(change.left.empty());
  BOOST_TEST(Describe(change, w.topology) == "500 partitions went from " +
                                                 meant.shards[0].master.Address() + " to " +
                                                 meant.shards[1].master.Address());

  // Nothing begins by itself meanwhile, but a person need not wait.
  w.state.continuity = {.fingerprint = w.topology.Fingerprint(),
                        .looked = w.now,
                        .in_flight = false,
                        .foreign_change = w.now,
                        .clock_jump = {}};
  const Plan plan = PlanRevert({w.topology, w.load, w.demand, w.policy, w.state, w.now}, change);
  BOOST_TEST((plan.kind == PlanKind::kRebalance), Text(plan));
  BOOST_TEST(Moved(plan.moves) == 500);
  BOOST_TEST(Has(plan.reasons, ReasonCode::kForeignChange));
  const Topology after = Apply(w.topology, plan);
  for (std::size_t i = 0; i < meant.shards.size(); ++i) {
    BOOST_TEST((after.shards[i].partitions == meant.shards[i].partitions));
  }
}

BOOST_AUTO_TEST_CASE(what_came_from_a_shard_that_is_gone_has_no_way_back) {
  World w;
  w.Flat(1000);
  const auto before = KnownShards(w.topology);
  const std::string gone = w.topology.shards[2].master.Address();
  auto all = Expand(w.topology.shards[1].partitions);
  const auto lost = Expand(w.topology.shards[2].partitions);
  all.insert(all.end(), lost.begin(), lost.end());
  w.topology.shards[1].partitions = ToPartitionSet(all);
  w.topology.shards.pop_back();
  const ForeignChange change = CompareShards(before, w.topology);
  BOOST_TEST(change.moves.empty());
  BOOST_TEST(change.orphans == static_cast<int>(lost.size()));
  BOOST_TEST(change.left == std::vector<std::string>{gone}, boost::test_tools::per_element());
  BOOST_TEST(Describe(change, w.topology) == gone + " serves no more");
  const Plan plan = PlanRevert({w.topology, w.load, w.demand, w.policy, w.state, w.now}, change);
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(!plan.reasons.empty());
}

BOOST_AUTO_TEST_CASE(a_failover_is_no_change_and_a_new_shard_is_one) {
  World w;
  Node replica = w.topology.shards[0].master;
  replica.id = "replica";
  replica.port += 1000;
  w.topology.shards[0].replicas = {replica};
  const auto before = KnownShards(w.topology);
  Topology now = w.topology;
  std::swap(now.shards[0].master, now.shards[0].replicas[0]);
  now.shards[0].id = "replica";
  BOOST_TEST(CompareShards(before, now).None());

  Shard fresh = now.shards[1];
  fresh.id = fresh.master.id = "fresh";
  fresh.master.port += 2000;
  fresh.replicas.clear();
  const int last = now.shards[1].partitions.back().last--;
  fresh.partitions = {{last, last}};
  now.shards.push_back(fresh);
  const ForeignChange change = CompareShards(before, now);
  BOOST_TEST(Moved(change.moves) == 1);
  BOOST_TEST(change.joined == std::vector<std::string>{fresh.master.Address()},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_read_back_and_nothing_else_is) {
  const auto shards = KnownShards(World().topology);
  const auto read = DecodeShards(EncodeShards(shards));
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST((*read == shards));
  for (const char* bad : {"", "{}", "[1]", R"({"version":2,"shards":[]})",
                          R"({"version":1,"shards":[{"nodes":["a"],"address":"b"}]})"}) {
    BOOST_TEST((DecodeShards(bad).status().code() == StatusCode::kDataLoss), bad);
  }
}

BOOST_AUTO_TEST_SUITE_END()
