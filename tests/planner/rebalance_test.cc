// A shard that bears more than its share: when partitions move, when shards are added, and when
// nothing is done. Three shards of 1,000 RU/s bear 2,100 RU/s at 70 % when they are loaded evenly.
#include <boost/test/unit_test.hpp>

#include "planner/situation.h"
#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;
using namespace std::chrono_literals;

namespace {

// Partitions weigh the same; the first shard owns so many of them, the other two the rest.
World Uneven(int first, double level) {
  World w;
  const int half = first + (kSlots - first) / 2;
  w.topology.shards[0].partitions = {{0, first - 1}};
  w.topology.shards[1].partitions = {{first, half - 1}};
  w.topology.shards[2].partitions = {{half, kSlots - 1}};
  w.load.partitions.assign(kSlots, {});
  for (auto& p : w.load.partitions) p.share[Resource::kRequests] = 1.0 / kSlots;
  w.load.partition_rounds = planner::kSettledRounds;
  w.Flat(level);
  return w;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rebalance)

BOOST_AUTO_TEST_CASE(imbalance_that_a_move_would_cure_does_not_buy_a_shard) {
  World w = Uneven(8192, 1600);  // the first shard bears 800 of its 700
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kRebalance), Text(plan));
  BOOST_TEST(plan.from_shards == 3);
  BOOST_TEST(plan.to_shards == 3);
  BOOST_TEST(plan.retire.empty());
  BOOST_TEST(Has(plan.reasons, ReasonCode::kUnevenLoad));
  BOOST_TEST(Text(plan).find("1.50 times its share") != std::string::npos, Text(plan));
  BOOST_TEST((plan.with.cost_per_hour == plan.without.cost_per_hour));
  BOOST_TEST(plan.without.usable_capacity == 2100 / (1.5 - planner::kTolerance),
             boost::test_tools::tolerance(1e-3));
  BOOST_TEST(plan.with.usable_capacity == 2100, boost::test_tools::tolerance(1e-3));
  // What is too much moves, and no more: 2,731 partitions without provisioning anything.
  int moved = 0;
  for (const PartitionMove& move : plan.moves) moved += Count(move.partitions);
  BOOST_TEST(moved < 2800);
  BOOST_TEST((plan.lead_time < 11min));

  w.topology = Apply(w.topology, plan);
  const Plan next = w.Decide();
  BOOST_TEST((next.kind == PlanKind::kNone), Text(next));
}

BOOST_AUTO_TEST_CASE(an_imbalance_seen_once_moves_and_buys_nothing) {
  for (int rounds = 0; rounds < planner::kSettledRounds; ++rounds) {
    World w = Uneven(8192, 1600);
    w.load.partition_rounds = rounds;
    const Plan plan = w.Decide();
    BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
    BOOST_TEST(Has(plan.rejections, ReasonCode::kUnevenLoad), Text(plan));
    BOOST_TEST(!plan.crossing.has_value());  // nor does it raise an alarm
    BOOST_TEST(plan.without.usable_capacity == 2100, boost::test_tools::tolerance(1e-3));
  }
}

BOOST_AUTO_TEST_CASE(a_shard_at_its_limit_is_relieved_at_once) {
  World w = Uneven(8192, 2000);
  w.load.partition_rounds = 1;
  w.state.last_action_ended = w.now - 1min;
  w.load.nodes[0].usage[Resource::kRequests].value = 990;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kRebalance), Text(plan));
  BOOST_TEST(plan.emergency);
}

BOOST_AUTO_TEST_CASE(unevenness_that_nobody_feels_is_left_alone) {
  const Plan plan = Uneven(8192, 1300).Decide();  // the first shard bears 650 of its 700
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(!Has(plan.rejections, ReasonCode::kUnevenLoad), Text(plan));
}

BOOST_AUTO_TEST_CASE(a_gain_that_does_not_pay_moves_nothing) {
  // 1.08 times its share: 738 of the 700, with 1,000 at full use.
  const Plan plan = Uneven(5898, 2050).Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Text(plan).find("too little to pay") != std::string::npos, Text(plan));
}

BOOST_AUTO_TEST_CASE(shards_are_added_for_the_size_and_not_for_the_layout) {
  // 2,500 need four shards when even. As they lie, even six would not do.
  const Plan plan = Uneven(8192, 2500).Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.to_shards == 4, Text(plan));
  BOOST_TEST(plan.with.usable_capacity == 2800, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(Text(plan).find("2,100 RU/s") != std::string::npos, Text(plan));
}

BOOST_AUTO_TEST_CASE(a_size_that_no_placement_can_even_out_is_judged_by_what_placement_reaches) {
  // Seven partitions that bear a tenth each: four shards bear 20 % more than their share on one.
  World w;
  w.load.partitions.assign(kSlots, {});
  for (auto& p : w.load.partitions) p.share[Resource::kRequests] = 0.3 / kSlots;
  for (std::size_t i = 0; i < 7; ++i) {
    w.load.partitions[i * 2340].share[Resource::kRequests] = 0.1;
  }
  w.load.partition_rounds = planner::kSettledRounds;
  w.Flat(2600);
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  const Topology after = Apply(w.topology, plan);
  const auto shape = planner::ShapeOf(after, planner::WeighPartitions(after, w.load));
  BOOST_TEST(2600 * shape.imbalance[Resource::kRequests] / plan.to_shards <= 700 * 1.03,
             Text(plan));
}

BOOST_AUTO_TEST_CASE(at_the_maximum_the_shards_that_there_are_share_the_load) {
  World w = Uneven(8192, 2500);
  w.policy.max_shards = 3;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kRebalance), Text(plan));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kAtMaximum), Text(plan));
}

BOOST_AUTO_TEST_CASE(where_nothing_would_move_nothing_is_said_of_moving) {
  for (const double level : {2500.0, 2900.0}) {  // more than three evenly loaded shards may bear
    World w = Uneven(kSlots / 3, level);
    w.policy.max_shards = 3;
    const Plan plan = w.Decide();
    BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
    BOOST_TEST(Has(plan.reasons, ReasonCode::kAtMaximum), Text(plan));
    BOOST_TEST(!Has(plan.rejections, ReasonCode::kUnevenLoad), Text(plan));
  }
}

BOOST_AUTO_TEST_CASE(a_rebalance_keeps_to_its_guards) {
  const auto refused = [](ReasonCode code, const std::function<void(World&)>& break_it) {
    World w = Uneven(8192, 1600);
    break_it(w);
    const Plan plan = w.Decide();
    return plan.kind == PlanKind::kNone && Has(plan.rejections, code);
  };
  BOOST_TEST(
      refused(ReasonCode::kCooldown, [](World& w) { w.state.last_action_ended = w.now - 10min; }));
  BOOST_TEST(
      refused(ReasonCode::kActionInFlight, [](World& w) { w.state.action_in_flight = true; }));
  BOOST_TEST(refused(ReasonCode::kDataMissing, [](World& w) { w.load.fresh_share = 0.6; }));
  BOOST_TEST(refused(ReasonCode::kClusterUnhealthy, [](World& w) { w.topology.agreed = false; }));
  BOOST_TEST(refused(ReasonCode::kClusterUnhealthy,
                     [](World& w) { w.load.nodes[0].blocking_work = true; }));
}

// Shares that jump by a tenth from look to look, as those that are measured do.
BOOST_AUTO_TEST_CASE(noise_of_a_tenth_in_the_shares_buys_no_shard) {
  World w;
  w.topology = EvenTopology(6);
  Random random(5);
  for (int cycle = 0; cycle < 96; ++cycle) {
    w.now += 5min;
    w.load.partitions.assign(kSlots, {});
    for (const Shard& shard : w.topology.shards) {
      const double factor = 0.9 + 0.2 * random.Uniform();
      for (int p : Expand(shard.partitions)) {
        w.load.partitions[static_cast<std::size_t>(p)].share[Resource::kRequests] = factor;
      }
    }
    w.load.partition_rounds = cycle;
    w.load.nodes.clear();
    w.Flat(4150);  // of 4,200
    const Plan plan = w.Decide();
    BOOST_TEST_REQUIRE((plan.kind == PlanKind::kNone || plan.kind == PlanKind::kRebalance),
                       Text(plan));
  }
}

BOOST_AUTO_TEST_CASE(a_person_gets_an_even_spread_that_the_load_does_not_need) {
  World w = Uneven(8192, 300);  // far below what any shard may bear
  BOOST_TEST((w.Decide().kind != PlanKind::kRebalance), Text(w.Decide()));
  w.state.last_action_ended = w.now - 1min;  // and without a rest
  const auto ask = [&] {
    return PlanEvenSpread({w.topology, w.load, w.demand, w.policy, w.state, w.now});
  };
  const Plan plan = ask();
  BOOST_TEST((plan.kind == PlanKind::kRebalance), Text(plan));
  BOOST_TEST(plan.to_shards == 3);
  BOOST_TEST(!plan.emergency);
  BOOST_TEST(plan.retire.empty());
  BOOST_TEST(Has(plan.reasons, ReasonCode::kUnevenLoad));
  BOOST_TEST(Text(plan).find("1.50 times its share of requests") != std::string::npos, Text(plan));
  int moved = 0;
  for (const auto& move : plan.moves) moved += Count(move.partitions);
  BOOST_TEST(moved >= 2500);
  BOOST_TEST(moved <= 2731);  // what is too much, and no more

  w.topology.open.push_back({});
  BOOST_TEST((ask().kind == PlanKind::kNone));
  BOOST_TEST(Has(ask().reasons, ReasonCode::kClusterUnhealthy), Text(ask()));
}

BOOST_AUTO_TEST_CASE(an_even_spread_is_left_alone_and_says_so) {
  World w = Uneven(5462, 1600);
  const Plan plan = PlanEvenSpread({w.topology, w.load, w.demand, w.policy, w.state, w.now});
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Has(plan.reasons, ReasonCode::kCapacityIsRight), Text(plan));
}

BOOST_AUTO_TEST_SUITE_END()
