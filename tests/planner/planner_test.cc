#include "planner/planner.h"

#include <boost/test/unit_test.hpp>

#include "planner/situation.h"
#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;
using namespace std::chrono_literals;

// Three shards of 1,000 RU/s at 70 % bear 2,100 RU/s. Provisioning takes 5 minutes, moving
// everything an hour: a fourth shard has its quarter after 20 minutes.
BOOST_AUTO_TEST_SUITE(planner)

BOOST_AUTO_TEST_CASE(nothing_is_done_when_capacity_is_right) {
  World w;
  w.Flat(1800);
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Has(plan.reasons, ReasonCode::kCapacityIsRight));
  BOOST_TEST(plan.reasons.at(0).text.find("1,800 RU/s") != std::string::npos, Text(plan));
  BOOST_TEST(plan.reasons.at(0).text.find("2,100 RU/s") != std::string::npos, Text(plan));
  BOOST_TEST((plan.expires - plan.created == 15min));
  BOOST_TEST(!plan.crossing.has_value());
}

BOOST_AUTO_TEST_CASE(a_rise_is_met_before_it_comes_and_not_long_before) {
  const auto rise_at = [](int rise) {
    World w;
    w.Predict(Resource::kRequests, [=](int step) { return step < rise ? 1500.0 : 2400.0; });
    w.Observe(Resource::kRequests, 1500);
    return w.Decide();
  };
  // 20 minutes of lead time, of which the last five need not be over: most partitions have moved.
  const Plan late = rise_at(3);
  BOOST_TEST((late.kind == PlanKind::kScaleOut), Text(late));
  BOOST_TEST(late.to_shards == 4);
  BOOST_TEST((late.lead_time == 20min));
  BOOST_TEST((late.crossing == late.created + 15min));
  BOOST_TEST(!late.emergency);
  BOOST_TEST(Has(late.reasons, ReasonCode::kForecastExceedsCapacity));
  BOOST_TEST(late.without.shortfall_probability == 0);  // 2,400 is above 2,100, not above 3,000
  BOOST_TEST(late.without.usable_capacity == 2100, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(late.with.usable_capacity == 2800, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(late.with.peak_demand == 2400);
  BOOST_TEST((late.without.cost_per_hour == Money::FromUnits(0.6)));
  BOOST_TEST((late.with.cost_per_hour == Money::FromUnits(0.8)));
  const Plan early = rise_at(6);
  BOOST_TEST((early.kind == PlanKind::kNone), Text(early));
  BOOST_TEST(early.crossing.has_value());
}

BOOST_AUTO_TEST_CASE(a_steep_rise_is_met_by_several_shards_at_once) {
  World w;
  // From 3 shards' worth to 7 within a quarter of an hour, half an hour from now.
  w.Predict(Resource::kRequests,
            [](int step) { return 1900.0 + 1000 * std::clamp(step - 5, 0, 3); });
  w.Observe(Resource::kRequests, 1900);
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.to_shards >= 5, Text(plan));
}

BOOST_AUTO_TEST_CASE(the_quantile_of_the_maximum_counts_not_that_of_each_step) {
  World w;
  // Every path has one step of 2,500 among its first five: in each step alone a fifth of the paths.
  w.Flat(1500);
  for (int path = 0; path < 100; ++path) {
    w.demand[Resource::kRequests]->paths.values[static_cast<std::size_t>(path * 288 + path % 5)] =
        2500;
  }
  w.policy.risk_quantile = 0.7;
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleOut));
}

BOOST_AUTO_TEST_CASE(learned_times_replace_configured_ones) {
  World w;
  w.Predict(Resource::kRequests, [](int step) { return step < 5 ? 1500.0 : 2400.0; });
  w.Observe(Resource::kRequests, 1500);
  BOOST_TEST((w.Decide().kind == PlanKind::kNone));
  w.state.experience.provisioning = 10min;
  w.state.experience.per_partition = 366ms;  // 4,096 of them: 25 minutes
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST((plan.lead_time > 34min && plan.lead_time < 36min));
}

BOOST_AUTO_TEST_CASE(a_forecast_that_lies_is_left_for_what_similar_times_did) {
  // Three shards are right for 1,800 RU/s; the forecast asks for twice as many, step after step.
  World w;
  Series seen{.start = w.now - 10 * 24h, .step = 5min, .values = {}, .flags = {}};
  Random random(7);
  while (seen.end() < w.now) seen.values.push_back(1800 + 40 * random.Uniform());
  RecentDemand recent;
  PlanKind last = PlanKind::kNone;
  for (int step = 0; step < 24; ++step) {
    recent[Resource::kRequests] = seen;
    w.Predict(Resource::kRequests, [](int) { return 4200.0; });
    w.Observe(Resource::kRequests, seen.values.back());
    const Decision decision =
        Decide({w.topology, w.load, w.demand, w.policy, w.state, w.now, &recent});
    if (step == 0) BOOST_TEST((decision.plan.kind == PlanKind::kScaleOut), Text(decision.plan));
    last = decision.plan.kind;
    w.state.gate = decision.gate;
    w.now += 5min;
    seen.values.push_back(1800 + 40 * random.Uniform());
  }
  BOOST_TEST((last == PlanKind::kNone));
  BOOST_TEST(w.state.gate.Shares({true, true, true})[0] < 0.01);
}

BOOST_AUTO_TEST_CASE(the_scarcest_resource_decides) {
  World w;
  w.Flat(1500);
  w.policy.shard_capacity[Resource::kMemory] = 1 << 30;
  w.Predict(Resource::kMemory, [](int) { return 3.0 * (1 << 30); });
  w.Observe(Resource::kMemory, 2.0 * (1 << 30));
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.to_shards == 5);  // 3 ÷ 0.7
  BOOST_TEST((plan.binding == Resource::kMemory));
  BOOST_TEST(plan.reasons.at(0).text.find("3.0 GiB") != std::string::npos, Text(plan));
}

BOOST_AUTO_TEST_CASE(observed_demand_counts_when_the_forecast_says_less) {
  World w;
  w.Predict(Resource::kRequests, [](int) { return 1500.0; });
  w.Observe(Resource::kRequests, 2600);
  Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.to_shards == 4);
  BOOST_TEST(Has(plan.reasons, ReasonCode::kDemandExceedsCapacity));
  BOOST_TEST(!plan.emergency);
  BOOST_TEST((plan.crossing == w.now));
  w.Observe(Resource::kRequests, 3300);
  plan = w.Decide();
  BOOST_TEST(plan.to_shards == 5);
  BOOST_TEST(plan.emergency);
  BOOST_TEST(plan.without.shortfall_probability == 1);
}

BOOST_AUTO_TEST_CASE(noise_above_target_is_left_to_a_trusted_forecast) {
  World w;
  w.Predict(Resource::kRequests, [](int) { return 2050.0; });
  w.Observe(Resource::kRequests, 2300);  // 77 % of full use, below reactive_utilisation
  BOOST_TEST((w.Decide().kind == PlanKind::kNone));
  w.demand[Resource::kRequests].reset();
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleOut));
}

BOOST_AUTO_TEST_CASE(without_a_forecast_shards_are_added_and_never_removed) {
  World w;
  w.Observe(Resource::kRequests, 2900);
  Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.to_shards == 5);
  w.topology = EvenTopology(6);
  w.load.nodes.clear();
  w.Observe(Resource::kRequests, 100);
  plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kNoForecast));
}

BOOST_AUTO_TEST_CASE(a_saturated_shard_above_target_is_an_emergency) {
  World w;
  w.Predict(Resource::kRequests, [](int) { return 1500.0; });
  w.Observe(Resource::kRequests, 2200);
  BOOST_TEST((w.Decide().kind == PlanKind::kNone));
  w.load.nodes[1].flags = kSaturated;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.emergency);
}

BOOST_AUTO_TEST_CASE(an_untrusted_forecast_may_ask_for_one_shard_and_only_beside_observations) {
  World w;
  w.Predict(
      Resource::kRequests, [](int) { return 9000.0; }, 0, Trust::kPoor);
  w.Observe(Resource::kRequests, 1500);
  Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.to_shards == 4);
  BOOST_TEST(Has(plan.rejections, ReasonCode::kForecastUntrusted));
  w.load = LoadSnapshot{};
  plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  w.Predict(
      Resource::kRequests, [](int) { return 9000.0; }, 0, Trust::kNone);
  w.Observe(Resource::kRequests, 1500);
  BOOST_TEST((w.Decide().kind == PlanKind::kNone));
}

BOOST_AUTO_TEST_CASE(what_a_trusted_forecast_asks_for_goes_ahead_when_metrics_go_dark) {
  World w;
  w.Predict(Resource::kRequests, [](int) { return 3000.0; });
  w.load.at = w.now - 1h;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.to_shards == 5);
}

BOOST_AUTO_TEST_CASE(too_few_shards_are_brought_to_the_minimum) {
  World w;
  w.topology = EvenTopology(2);
  w.policy.shard_capacity = {};
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.to_shards == 3);
  BOOST_TEST(Has(plan.reasons, ReasonCode::kBelowMinimum));
}

BOOST_AUTO_TEST_CASE(a_policy_without_capacity_decides_nothing) {
  World w;
  w.Flat(100'000);
  w.policy.shard_capacity = {};
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone));
  BOOST_TEST(Has(plan.reasons, ReasonCode::kCapacityUnknown));
}

BOOST_AUTO_TEST_CASE(the_maximum_and_the_step_limit_hold) {
  World w;
  w.Flat(50'000);
  Plan plan = w.Decide();
  BOOST_TEST(plan.to_shards == 7, Text(plan));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kStepLimit));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kAtMaximum));
  w.policy.max_shards = 3;
  plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Has(plan.reasons, ReasonCode::kAtMaximum));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kDemandExceedsCapacity));
  BOOST_TEST(plan.without.shortfall_probability == 1);
}

BOOST_AUTO_TEST_CASE(moves_that_the_cluster_cannot_bear_are_not_planned) {
  const auto refused = [](const std::function<void(World&)>& break_it) {
    World w;
    w.Flat(2500);
    break_it(w);
    const Plan plan = w.Decide();
    return plan.kind == PlanKind::kNone && Has(plan.reasons, ReasonCode::kClusterUnhealthy) &&
           Has(plan.rejections, ReasonCode::kForecastExceedsCapacity);
  };
  BOOST_TEST(refused([](World& w) { w.topology.agreed = false; }));
  BOOST_TEST(refused([](World& w) { w.topology.open = {{7, ShardId(0), ShardId(1)}}; }));
  BOOST_TEST(refused([](World& w) { w.topology.shards[0].partitions[0].last -= 1; }));
  BOOST_TEST(refused([](World& w) { w.topology.shards[0].master.health = NodeHealth::kFailed; }));
  // A lost replica hinders no scale-out.
  BOOST_TEST(
      !refused([](World& w) { w.topology.shards[0].replicas[0].health = NodeHealth::kFailed; }));
  World w;
  w.Flat(2500);
  w.state.action_in_flight = true;
  w.state.action_target_shards = 4;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone));
  BOOST_TEST(Has(plan.reasons, ReasonCode::kActionInFlight));
}

BOOST_AUTO_TEST_CASE(a_cooldown_of_decreases_never_holds_back_an_increase) {
  World w;
  w.Flat(2500);
  w.state.last_action_ended = w.now - 1min;
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleOut));
  w.policy.scale_out_cooldown = 10min;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone));
  BOOST_TEST(Has(plan.reasons, ReasonCode::kCooldown));
  w.state.last_action_ended = w.now + 1h;  // the clock was set back
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleOut));
}

BOOST_AUTO_TEST_CASE(an_empty_master_is_mentioned_and_left_alone) {
  World w;
  w.Flat(2500);
  Shard empty;
  empty.id = "left-over";
  empty.master = {"left-over", "10.0.0.9", 7999, NodeRole::kMaster, NodeHealth::kOnline, ""};
  w.topology.shards.push_back(empty);
  const Plan plan = w.Decide();
  BOOST_TEST(plan.from_shards == 3);
  BOOST_TEST(plan.to_shards == 4);
  for (const PartitionMove& move : plan.moves) BOOST_TEST(move.to == "new-1");
  BOOST_TEST(Has(plan.rejections, ReasonCode::kClusterUnhealthy));
  BOOST_TEST(Text(plan).find("10.0.0.9:7999") != std::string::npos);
}

/// One partition bears that share of 1,800 requests a second, all others the rest alike.
void HeatPartition(World& w, int hot, double share) {
  w.load.partitions.assign(kSlots, {});
  for (auto& p : w.load.partitions) p.share[Resource::kRequests] = (1 - share) / kSlots;
  w.load.partitions[static_cast<std::size_t>(hot)].share[Resource::kRequests] = share;
  w.Flat(1800);
  w.load.partition_rounds = ::tidewright::planner::kSettledRounds;
}

BOOST_AUTO_TEST_CASE(a_partition_that_fills_its_shard_alone_is_named_and_adds_no_shards) {
  World w;
  HeatPartition(w, 812, 0.6);
  // First its neighbours are moved away …
  Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kRebalance), Text(plan));
  w.topology = Apply(w.topology, plan);
  // … then nothing more is done.
  plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(plan.from_shards == 3);
  BOOST_TEST(Has(plan.rejections, ReasonCode::kNotPlaceable));
  BOOST_TEST(Text(plan).find("partition 812") != std::string::npos, Text(plan));
}

BOOST_AUTO_TEST_CASE(a_partition_that_fills_its_shard_is_no_scale_out_at_the_maximum_either) {
  World w;
  w.policy.max_shards = 3;
  HeatPartition(w, 812, 0.6);
  Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kRebalance), Text(plan));
  w.topology = Apply(w.topology, plan);
  plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(plan.to_shards == 3);
  BOOST_TEST(Has(plan.rejections, ReasonCode::kNotPlaceable), Text(plan));
}

BOOST_AUTO_TEST_CASE(quantiles_serve_where_there_are_no_paths) {
  World w;
  Forecast f;
  f.start = w.now;
  f.step = 5min;
  f.horizon = 288;
  f.trust = Trust::kGood;
  f.levels = {0.5, 0.9, 0.99};
  f.quantiles = {std::vector<double>(288, 1500), std::vector<double>(288, 1800),
                 std::vector<double>(288, 1900)};
  w.demand[Resource::kRequests] = f;
  w.Observe(Resource::kRequests, 1500);
  BOOST_TEST((w.Decide().kind == PlanKind::kNone));
  f.quantiles[1].assign(288, 2300);
  f.quantiles[2].assign(288, 2500);
  w.demand[Resource::kRequests] = f;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  f.quantiles[1][3] = std::nan("");
  w.demand[Resource::kRequests] = f;
  BOOST_TEST(Has(w.Decide().reasons, ReasonCode::kNoForecast));
}

BOOST_AUTO_TEST_SUITE_END()
