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

BOOST_AUTO_TEST_SUITE_END()
