#include "stores/redis/plan_steps.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <set>

#include "stores/redis/step_args.h"
#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;

namespace {

Topology ThreeShards() {
  Topology topology;
  topology.cluster = "test";
  topology.partition_count = 16384;
  topology.agreed = true;
  const PartitionRange ranges[] = {{0, 5460}, {5461, 10922}, {10923, 16383}};
  for (int i = 0; i < 3; ++i) {
    const std::string id(1, static_cast<char>('a' + i));
    Shard shard;
    shard.id = shard.master.id = id;
    Node replica;
    replica.id = id + "r";
    shard.replicas = {replica};
    shard.partitions = {ranges[i]};
    topology.shards.push_back(std::move(shard));
  }
  return topology;
}

std::vector<std::string> Kinds(const std::vector<Step>& steps) {
  std::vector<std::string> kinds;
  for (const auto& step : steps) {
    if (kinds.empty() || kinds.back() != step.kind) kinds.push_back(step.kind);
  }
  return kinds;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_steps)

BOOST_AUTO_TEST_CASE(scale_out_moves_every_slot_once_and_sources_take_turns) {
  const Topology topology = ThreeShards();
  const Plan plan = ScaleOutPlan(topology, 2, 1);
  const auto steps = redis::PlanSteps(plan, topology, 64, 1);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  const std::vector<std::string> expected = {"preflight", "provision", "join",
                                             "replicate", "move",      "verify"};
  BOOST_TEST(Kinds(*steps) == expected, boost::test_tools::per_element());
  std::vector<int> moved;
  std::vector<std::string> first_sources;
  for (const auto& step : *steps) {
    if (step.kind != redis::kMove) continue;
    const auto args = redis::ParseStepArgs(step.args);
    BOOST_REQUIRE_MESSAGE(args.ok(), args.status());
    BOOST_TEST(Count(args->moves.front().slots) <= 64);
    const auto slots = Expand(args->moves.front().slots);
    moved.insert(moved.end(), slots.begin(), slots.end());
    if (first_sources.size() < 6) first_sources.push_back(args->moves.front().from);
  }
  const std::vector<std::string> turns = {"a", "b", "c", "a", "b", "c"};
  BOOST_TEST(first_sources == turns, boost::test_tools::per_element());
  std::vector<int> planned;
  for (const auto& move : plan.moves) {
    const auto slots = Expand(move.partitions);
    planned.insert(planned.end(), slots.begin(), slots.end());
  }
  std::sort(moved.begin(), moved.end());
  std::sort(planned.begin(), planned.end());
  BOOST_TEST(moved == planned, boost::test_tools::per_element());
  for (std::size_t i = 0; i < steps->size(); ++i) {
    BOOST_TEST((*steps)[i].index == static_cast<int>(i));
  }
}

BOOST_AUTO_TEST_CASE(pairs_that_share_no_shard_move_at_once) {
  const Topology topology = ThreeShards();
  const Plan plan = ScaleOutPlan(topology, 2, 0);
  const auto steps = redis::PlanSteps(plan, topology, 64, 4);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  std::map<std::string, int> moved;
  int planned = 0;
  std::size_t rounds = 0;
  std::size_t together = 0;
  for (const auto& step : *steps) {
    if (step.kind != redis::kMove) continue;
    const auto args = redis::ParseStepArgs(step.args);
    BOOST_REQUIRE_MESSAGE(args.ok(), args.status());
    std::set<std::string> shards;
    for (const auto& move : args->moves) {
      BOOST_TEST(Count(move.slots) <= 64);
      shards.insert({move.from, move.to});
      moved[move.from + move.to] += Count(move.slots);
    }
    BOOST_TEST(shards.size() == 2 * args->moves.size());
    ++rounds;
    together += args->moves.size() == 2 ? 1 : 0;
  }
  for (const auto& move : plan.moves) {
    planned += Count(move.partitions);
    BOOST_TEST(moved[move.from + move.to] == Count(move.partitions));
  }
  BOOST_TEST(planned > 0);
  BOOST_TEST(together + 1 >= rounds);  // two new shards take slots all the time
}

BOOST_AUTO_TEST_CASE(as_many_shards_are_drained_together_as_pairs_may_move) {
  const Topology topology = ThreeShards();
  for (const int pairs : {1, 2}) {
    const auto steps = redis::PlanSteps(ScaleInPlan(topology, {"b", "c"}), topology, 16384, pairs);
    BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
    std::string kinds;
    for (const Step& step : *steps) kinds += step.kind + " ";
    BOOST_TEST(kinds == (pairs == 1 ? "preflight move remove release move remove release verify "
                                    : "preflight move move remove release remove release verify "));
  }
}

BOOST_AUTO_TEST_CASE(scale_in_removes_a_shard_only_after_its_slots_and_its_replicas_first) {
  const Topology topology = ThreeShards();
  const auto steps = redis::PlanSteps(ScaleInPlan(topology, {"b"}), topology, 64, 1);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  const std::vector<std::string> expected = {"preflight", "move", "remove", "release", "verify"};
  BOOST_TEST(Kinds(*steps) == expected, boost::test_tools::per_element());
  const auto args = redis::ParseStepArgs((*steps)[steps->size() - 3].args);
  BOOST_REQUIRE(args.ok() && args->members.size() == 2u);
  BOOST_TEST(args->members.front().id == "br");
  BOOST_TEST(args->members.back().id == "b");
}

BOOST_AUTO_TEST_CASE(a_rebalance_moves_slots_and_adds_and_removes_nobody) {
  const Topology topology = ThreeShards();
  Plan plan;
  plan.cluster = topology.cluster;
  plan.kind = PlanKind::kRebalance;
  plan.topology_fingerprint = topology.Fingerprint();
  plan.from_shards = plan.to_shards = 3;
  plan.moves = {{{{0, 99}}, "a", "b"}, {{{100, 129}}, "a", "c"}};
  const auto steps = redis::PlanSteps(plan, topology, 64, 1);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  std::string kinds;
  for (const Step& step : *steps) kinds += step.kind + " ";
  BOOST_TEST(kinds == "preflight move move move verify ");
}

BOOST_AUTO_TEST_CASE(plans_that_contradict_themselves_or_the_cluster_are_refused) {
  const Topology topology = ThreeShards();
  const auto code = [&](const Plan& plan, const Topology& now) {
    return redis::PlanSteps(plan, now, 64, 1).status().code();
  };
  const Plan good = ScaleInPlan(topology, {"b"});
  BOOST_TEST((code(good, topology) == StatusCode::kOk));

  Topology other = topology;
  std::swap(other.shards[0].partitions, other.shards[1].partitions);
  BOOST_TEST((code(good, other) == StatusCode::kFailedPrecondition));
  other = topology;
  other.open = {{5, "a", "b"}};
  BOOST_TEST((code(good, other) == StatusCode::kFailedPrecondition));
  other = topology;
  other.agreed = false;
  BOOST_TEST((code(good, other) == StatusCode::kFailedPrecondition));

  Plan bad = good;
  bad.moves.pop_back();  // the retired shard keeps slots
  BOOST_TEST((code(bad, topology) == StatusCode::kInvalidArgument));
  bad = good;
  bad.moves.push_back(bad.moves.front());  // twice
  BOOST_TEST((code(bad, topology) == StatusCode::kInvalidArgument));
  bad = good;
  bad.moves.push_back({{{0, 0}}, "a", "b"});  // to a retired one
  BOOST_TEST((code(bad, topology) == StatusCode::kInvalidArgument));
  bad = good;
  bad.moves.push_back({{{16000, 16000}}, "a", "c"});  // not the owner
  BOOST_TEST((code(bad, topology) == StatusCode::kInvalidArgument));
  bad = good;
  bad.moves.push_back({{{0, 0}}, "a", "new-1"});  // scale-in has no new shards
  BOOST_TEST((code(bad, topology) == StatusCode::kInvalidArgument));
  bad = good;
  bad.kind = PlanKind::kNone;
  BOOST_TEST((code(bad, topology) == StatusCode::kInvalidArgument));
}

BOOST_AUTO_TEST_SUITE_END()
