#include "planner/placement.h"

#include <boost/test/unit_test.hpp>
#include <map>

#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::planner;
using namespace tidewright::test;

namespace {

Plan AsPlan(const Placement& placement, int from, int to) {
  Plan plan;
  plan.from_shards = from;
  plan.to_shards = to;
  plan.moves = placement.moves;
  plan.retire = placement.retire;
  return plan;
}

std::pair<int, int> FewestAndMost(const Topology& topology) {
  int fewest = topology.partition_count;
  int most = 0;
  for (const Shard& shard : topology.shards) {
    fewest = std::min(fewest, Count(shard.partitions));
    most = std::max(most, Count(shard.partitions));
  }
  return {fewest, most};
}

int Ranges(const Topology& topology) {
  int ranges = 0;
  for (const Shard& shard : topology.shards) ranges += static_cast<int>(shard.partitions.size());
  return ranges;
}

// Partitions whose load has a heavy tail, and memory that has little to do with it.
LoadSnapshot Skewed(std::uint64_t seed, int partitions = kSlots) {
  Random random(seed);
  LoadSnapshot load;
  load.partitions.resize(static_cast<std::size_t>(partitions));
  for (auto& p : load.partitions) {
    p.share[Resource::kRequests] = std::exp(1.5 * random.Normal());
    p.share[Resource::kMemory] = 0.5 + random.Uniform();
  }
  return load;
}

double Hottest(const PartitionWeights& weights, Resource r) {
  return *std::max_element(weights.share[r].begin(), weights.share[r].end());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(placement)

BOOST_AUTO_TEST_CASE(without_loads_partitions_are_balanced_by_count_with_the_fewest_moves) {
  for (const auto& [from, to] : std::vector<std::pair<int, int>>{
           {1, 2}, {3, 4}, {3, 5}, {4, 8}, {5, 7}, {12, 13}, {63, 64}, {16, 64}}) {
    BOOST_TEST_CONTEXT(from << " to " << to) {
      const Topology before = EvenTopology(from);
      const auto weights = WeighPartitions(before, {});
      const Placement out = PlaceScaleOut(before, weights, to - from);
      const Topology after = Apply(before, AsPlan(out, from, to));
      BOOST_TEST(after.ServingShards() == to);
      BOOST_TEST(after.Unowned() == 0);
      const auto [fewest, most] = FewestAndMost(after);
      BOOST_TEST(most - fewest <= 2);
      BOOST_TEST(out.moved <= kSlots * (to - from) / to + from);
      // Runs, not crumbs: a new shard gets at most about a run from each owner.
      BOOST_TEST(Ranges(after) <= 2 * (from + to));

      const Placement in = PlaceScaleIn(after, weights, to - from);
      const Topology back = Apply(after, AsPlan(in, to, from));
      BOOST_TEST(back.ServingShards() == from);
      BOOST_TEST(back.Unowned() == 0);
      const auto [least, largest] = FewestAndMost(back);
      BOOST_TEST(largest - least <= 3);
      BOOST_TEST(in.moved <= kSlots * (to - from) / to + to);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_heaviest_owner_gives_most) {
  Topology topology = EvenTopology(3);
  topology.shards[0].partitions = {{0, 9999}};
  topology.shards[1].partitions = {{10000, 13191}};
  topology.shards[2].partitions = {{13192, 16383}};
  const Placement out = PlaceScaleOut(topology, WeighPartitions(topology, {}), 1);
  std::map<std::string, int> given;
  for (const auto& move : out.moves) given[move.from] += Count(move.partitions);
  BOOST_TEST(given.size() == 1u);
  BOOST_TEST(given[ShardId(0)] > 5000);
  const auto [fewest, most] = FewestAndMost(Apply(topology, AsPlan(out, 3, 4)));
  BOOST_TEST(most - fewest <= 4096 * 2 * kTolerance);
}

BOOST_AUTO_TEST_CASE(skewed_loads_end_even_in_requests_and_memory) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const int from = 2 + static_cast<int>(seed % 6);
    const int to = from + 1 + static_cast<int>(seed % 3);
    BOOST_TEST_CONTEXT("seed " << seed << ": " << from << " to " << to) {
      const Topology before = EvenTopology(from);
      const auto weights = WeighPartitions(before, Skewed(seed));
      const Placement out = PlaceScaleOut(before, weights, to - from);
      const Topology after = Apply(before, AsPlan(out, from, to));
      BOOST_TEST(after.Unowned() == 0);
      for (Resource r : {Resource::kRequests, Resource::kMemory}) {
        BOOST_TEST(out.imbalance[r] <= 1.05 + to * Hottest(weights, r), ResourceName(r));
        BOOST_TEST(ShapeOf(after, weights).imbalance[r] == out.imbalance[r],
                   boost::test_tools::tolerance(1e-6));
      }
      const Placement in = PlaceScaleIn(after, weights, 1);
      BOOST_TEST(in.retire.size() == 1u);
      for (const auto& move : in.moves) BOOST_TEST(move.from == in.retire[0]);
      BOOST_TEST(in.imbalance[Resource::kRequests] <=
                 1.1 + to * Hottest(weights, Resource::kRequests));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_resource_that_does_not_press_is_not_balanced_at_the_cost_of_one_that_does) {
  const Topology topology = EvenTopology(3);
  LoadSnapshot load = Skewed(3);
  for (int p = 0; p < kSlots; ++p) {  // network lies wholly on the first shard
    load.partitions[static_cast<std::size_t>(p)].share[Resource::kNetwork] = p < 5461 ? 1 : 0;
  }
  Policy policy;
  policy.shard_capacity[Resource::kRequests] = 1000;
  policy.shard_capacity[Resource::kNetwork] = 1e9;
  auto weights = WeighPartitions(topology, load);
  const Capacity capacity(policy, ShapeOf(topology, weights));
  Demand demand;
  demand[Resource::kRequests] = 2500;
  demand[Resource::kNetwork] = 1e6;
  SetUrgency(capacity, demand, weights);
  const Placement out = PlaceScaleOut(topology, weights, 1);
  BOOST_TEST(out.imbalance[Resource::kRequests] < 1.06);
  BOOST_TEST(out.moved < kSlots / 4 + 200);
}

BOOST_AUTO_TEST_CASE(the_same_input_gives_the_same_placement) {
  const Topology topology = EvenTopology(7);
  const auto weights = WeighPartitions(topology, Skewed(5));
  BOOST_TEST(
      (PlaceScaleOut(topology, weights, 2).moves == PlaceScaleOut(topology, weights, 2).moves));
  BOOST_TEST(
      (PlaceScaleIn(topology, weights, 2).moves == PlaceScaleIn(topology, weights, 2).moves));
}

BOOST_AUTO_TEST_CASE(an_impossible_share_counts_as_none) {
  const Topology topology = EvenTopology(3);
  LoadSnapshot load = Skewed(1);
  load.partitions[5].share[Resource::kRequests] = std::nan("");
  load.partitions[6].share[Resource::kRequests] = -3;
  load.partitions[7].share[Resource::kRequests] = INFINITY;
  const auto weights = WeighPartitions(topology, load);
  BOOST_TEST(weights.share[Resource::kRequests][5] == 0);
  BOOST_TEST(weights.share[Resource::kRequests][6] == 0);
  BOOST_TEST(weights.share[Resource::kRequests][7] == 0);
  const Placement out = PlaceScaleOut(topology, weights, 1);
  BOOST_TEST(out.imbalance[Resource::kRequests] < 1.2);
  load.partitions.resize(100);  // of another store, it seems
  BOOST_TEST(WeighPartitions(topology, load).share[Resource::kRequests].empty());
}

BOOST_AUTO_TEST_CASE(what_is_remembered_of_partitions_counts_while_the_load_does_not_tell) {
  Topology topology;
  topology.partition_count = 4;
  PerResource<std::vector<double>> remembered;
  remembered[Resource::kRequests] = {0.1, 0.2, 0.3, 0.4};
  remembered[Resource::kCpu] = {0.5, 0.5};  // of another cluster
  LoadSnapshot load;
  auto weights = WeighPartitions(topology, load, &remembered);
  BOOST_REQUIRE(weights.share[Resource::kRequests].size() == 4u);
  BOOST_TEST(weights.share[Resource::kRequests][3] == 0.4);
  BOOST_TEST(weights.share[Resource::kCpu].empty());
  load.partitions.resize(4);
  load.partitions[0].share[Resource::kRequests] = 1;
  weights = WeighPartitions(topology, load, &remembered);
  BOOST_TEST(weights.share[Resource::kRequests][0] == 1);
}

BOOST_AUTO_TEST_CASE(a_rebalance_moves_little_and_ends_even_in_every_resource) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      const Topology topology = EvenTopology(4 + static_cast<int>(seed));
      LoadSnapshot load = Skewed(seed);
      for (int p = 0; p < kSlots; ++p) {  // the first shard is twice as hot as the others
        auto& share = load.partitions[static_cast<std::size_t>(p)].share;
        if (p < Count(topology.shards[0].partitions)) share[Resource::kRequests] *= 2;
        share[Resource::kNetwork] = share[Resource::kRequests] * (p % 3 == 0 ? 2 : 1);
      }
      const auto weights = WeighPartitions(topology, load);
      const auto before = ShapeOf(topology, weights).imbalance;
      const Placement placement = PlaceRebalance(topology, weights);
      BOOST_TEST(before[Resource::kRequests] > 1.5);
      for (Resource r : {Resource::kRequests, Resource::kMemory, Resource::kNetwork}) {
        BOOST_TEST(placement.imbalance[r] <= 1 + kTolerance + 1e-9, ResourceName(r));
      }
      // What is too much lies on few heavy partitions: less than its share of them moves.
      BOOST_TEST(placement.moved < kSlots / topology.ServingShards() / 2);
      BOOST_TEST(placement.hot.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_partition_that_is_more_than_an_even_share_gets_a_shard_to_itself) {
  const Topology topology = EvenTopology(4);
  LoadSnapshot load = Skewed(2);
  double total = 0;
  for (const auto& p : load.partitions) total += p.share[Resource::kRequests];
  load.partitions[5000].share[Resource::kRequests] = total * 0.6;  // 37.5 % of all
  const auto weights = WeighPartitions(topology, load);
  for (int add = 0; add <= 2; ++add) {
    const Placement placement = PlaceScaleOut(topology, weights, add);
    BOOST_REQUIRE(placement.hot.size() == 1u);
    const HotPartition& hot = placement.hot.front();
    BOOST_TEST(hot.partition == 5000);
    BOOST_TEST(hot.share == 0.375, boost::test_tools::tolerance(0.01));
    // Nothing else that bears requests is left there to speak of.
    BOOST_TEST(placement.imbalance[Resource::kRequests] <= 1.03 * (4 + add) * hot.share);
    const Reason reason = Explain(hot, 4 + add);
    BOOST_TEST((reason.code == ReasonCode::kHotPartition));
    BOOST_TEST(reason.text.find("partition 5000 alone draws 38% of requests") != std::string::npos,
               reason.text);
    BOOST_TEST(reason.text.find("spread that key") != std::string::npos, reason.text);
  }
}

BOOST_AUTO_TEST_CASE(no_zone_is_left_with_a_majority_of_masters_when_another_choice_is_there) {
  Topology topology = EvenTopology(6);
  for (std::size_t i = 0; i < 6; ++i) {
    topology.shards[i].master.zone = i < 3 ? "a" : "b";
    topology.shards[i].master.host = "10.0.0." + std::to_string(i);
  }
  LoadSnapshot load = Skewed(4);
  for (int p = 0; p < kSlots; ++p) {  // zone b is the cheaper one to drain
    const int shard = p * 6 / kSlots;
    load.partitions[static_cast<std::size_t>(p)].share[Resource::kMemory] = shard < 3 ? 1.0 : 0.5;
  }
  const auto weights = WeighPartitions(topology, load);
  const Placement in = PlaceScaleIn(topology, weights, 2);
  std::map<std::string, int> left;
  for (const std::string& id : in.retire) ++left[topology.FindShard(id)->master.zone];
  BOOST_TEST(left["a"] == 1);
  BOOST_TEST(left["b"] == 1);
}

BOOST_AUTO_TEST_CASE(partitions_stay_in_their_zone_where_that_is_as_even) {
  Topology topology = EvenTopology(4);
  for (std::size_t i = 0; i < 4; ++i) topology.shards[i].master.zone = i < 2 ? "a" : "b";
  LoadSnapshot load = Skewed(6);
  for (int p = 0; p < kSlots; ++p) {  // in either zone one shard is too hot
    const int shard = p * 4 / kSlots;
    if (shard % 2 == 0)
      load.partitions[static_cast<std::size_t>(p)].share[Resource::kRequests] *= 2;
  }
  const auto weights = WeighPartitions(topology, load);
  const Placement placement = PlaceRebalance(topology, weights);
  int crossing = 0;
  for (const PartitionMove& move : placement.moves) {
    const auto zone = [&](const std::string& id) { return topology.FindShard(id)->master.zone; };
    if (zone(move.from) != zone(move.to)) crossing += Count(move.partitions);
  }
  BOOST_TEST(placement.moved > 100);
  BOOST_TEST(crossing * 4 < placement.moved);
}

BOOST_AUTO_TEST_SUITE_END()
