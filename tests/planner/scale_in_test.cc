#include <boost/test/unit_test.hpp>

#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;
using namespace std::chrono_literals;

namespace {

// Six shards bear 4,200 RU/s at 70 %, five bear 3,500: 1,500 is low by any measure.
World LowLoad() {
  World w;
  w.topology = EvenTopology(6);
  w.Flat(1500);
  return w;
}

// Whether the world gives a decrease, and none once it is broken, for the stated reason.
bool OnlyBreakingPrevents(ReasonCode code, const std::function<void(World&)>& break_it) {
  World w = LowLoad();
  if (w.Decide().kind != PlanKind::kScaleIn) return false;
  break_it(w);
  const Plan plan = w.Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_TEST((plan.kind == PlanKind::kNone));
    BOOST_TEST(Has(plan.rejections, code));
    BOOST_TEST(!plan.reasons.empty());
  }
  return plan.kind == PlanKind::kNone && Has(plan.rejections, code);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scale_in)

BOOST_AUTO_TEST_CASE(lasting_low_load_removes_one_shard_at_a_time) {
  const World w = LowLoad();
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleIn), Text(plan));
  BOOST_TEST(plan.to_shards == 5);
  BOOST_TEST(plan.retire.size() == 1u);
  BOOST_TEST(Has(plan.reasons, ReasonCode::kForecastBelowCapacity));
  BOOST_TEST((plan.with.cost_per_hour == Money::FromUnits(1.0)));
  // A sixth of the data, nothing to provision.
  BOOST_TEST((plan.lead_time > 590s && plan.lead_time <= 10min + 1s));
  const Topology after = Apply(w.topology, plan);
  BOOST_TEST(after.ServingShards() == 5);
  BOOST_TEST(after.Unowned() == 0);
}

BOOST_AUTO_TEST_CASE(scale_down_is_refused_while_metrics_are_stale) {
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kDataMissing,
                                  [](World& w) { w.load.fresh_share = 5.0 / 6; }));
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kDataMissing,
                                  [](World& w) { w.load.fresh_share = std::nan(""); }));
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kDataMissing, [](World& w) { w.load.at -= 1h; }));
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kDataStale, [](World& w) {
    for (auto& node : w.load.nodes) node.usage[Resource::kRequests].quality = Quality::kStale;
    w.load.total[Resource::kRequests].quality = Quality::kStale;
  }));
  BOOST_TEST(
      OnlyBreakingPrevents(ReasonCode::kDataMissing, [](World& w) { w.load = LoadSnapshot{}; }));
}

BOOST_AUTO_TEST_CASE(a_silent_shard_counts_as_full_and_an_empty_answer_not_as_zero) {
  World w = LowLoad();
  w.policy.min_fresh_share = 0.5;
  w.load.fresh_share = 5.0 / 6;
  w.Flat(3000);
  BOOST_REQUIRE((w.Decide().kind == PlanKind::kScaleIn));
  // 2,500 of five shards and 1,000 for the silent one: more than five should bear.
  w.load.nodes[2].usage[Resource::kRequests].quality = Quality::kImplausible;
  w.load.total[Resource::kRequests].quality = Quality::kMissing;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kObservedLoadHigh));
}

BOOST_AUTO_TEST_CASE(scale_down_needs_observed_low_load_whatever_is_forecast) {
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kObservedLoadHigh, [](World& w) {
    for (auto& node : w.load.nodes) node.flags = kThrottled;
  }));
  World w = LowLoad();
  w.Observe(Resource::kRequests, 3400);
  BOOST_TEST((w.Decide().kind == PlanKind::kNone));
}

BOOST_AUTO_TEST_CASE(scale_down_needs_a_trusted_recent_and_long_forecast) {
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kForecastUntrusted, [](World& w) {
    w.demand[Resource::kRequests]->trust = Trust::kPoor;
  }));
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kForecastUntrusted,
                                  [](World& w) { w.demand[Resource::kRequests]->start -= 1h; }));
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kForecastUntrusted, [](World& w) {
    auto& f = *w.demand[Resource::kRequests];
    f.horizon = f.paths.steps = 12;
    f.paths.values.resize(100 * 12);
  }));
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kNoForecast,
                                  [](World& w) { w.demand[Resource::kRequests].reset(); }));
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kNoForecast, [](World& w) {
    w.policy.shard_capacity[Resource::kMemory] = 1 << 30;
    w.Observe(Resource::kMemory, 1000);
  }));
}

BOOST_AUTO_TEST_CASE(scale_down_is_refused_in_an_unwell_cluster) {
  const auto unwell = ReasonCode::kClusterUnhealthy;
  BOOST_TEST(OnlyBreakingPrevents(
      unwell, [](World& w) { w.topology.shards[5].replicas[0].health = NodeHealth::kSuspected; }));
  BOOST_TEST(OnlyBreakingPrevents(unwell, [](World& w) { w.load.nodes[0].blocking_work = true; }));
  BOOST_TEST(OnlyBreakingPrevents(unwell, [](World& w) { w.topology.agreed = false; }));
  BOOST_TEST(OnlyBreakingPrevents(unwell, [](World& w) { w.topology.open = {{1, "", ""}}; }));
}

BOOST_AUTO_TEST_CASE(scale_down_waits_for_its_cooldown_and_for_work_under_way) {
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kCooldown,
                                  [](World& w) { w.state.last_action_ended = w.now - 29min; }));
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kCooldown, [](World& w) {
    w.state.last_action_ended = w.now + 1h;  // the clock was set back
  }));
  BOOST_TEST(OnlyBreakingPrevents(ReasonCode::kActionInFlight,
                                  [](World& w) { w.state.action_in_flight = true; }));
  BOOST_TEST(
      OnlyBreakingPrevents(ReasonCode::kAtMinimum, [](World& w) { w.policy.min_shards = 6; }));
}

BOOST_AUTO_TEST_CASE(a_valley_shorter_than_the_window_and_the_way_back_removes_nothing) {
  const auto rise_at = [](int rise) {
    World w = LowLoad();
    w.Predict(Resource::kRequests, [=](int step) { return step < rise ? 1500.0 : 4000.0; });
    w.Observe(Resource::kRequests, 1500);
    return w.Decide();
  };
  // 2 h, 10 minutes to leave, 15 to come back: 29 steps.
  BOOST_TEST((rise_at(30).kind == PlanKind::kScaleIn));
  const Plan plan = rise_at(28);
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kForecastExceedsCapacity));
  BOOST_TEST(Text(plan).find("4,000 RU/s") != std::string::npos, Text(plan));
}

BOOST_AUTO_TEST_CASE(what_remains_keeps_slack) {
  World w;
  w.topology = EvenTopology(4);
  w.Flat(2099);  // three bear 2,100, but 5 % must stay free
  BOOST_TEST((w.Decide().kind == PlanKind::kNone));
  w.Flat(1990);
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleIn), Text(plan));
  BOOST_TEST((plan.with.usable_capacity >= 1990));
}

BOOST_AUTO_TEST_CASE(the_shard_with_the_least_memory_is_retired) {
  World w = LowLoad();
  w.load.partitions.assign(kSlots, {});
  for (int p = 0; p < kSlots; ++p) {
    auto& share = w.load.partitions[static_cast<std::size_t>(p)].share;
    share[Resource::kRequests] = 1.0 / kSlots;
    share[Resource::kMemory] = w.topology.OwnerOf(p)->id == ShardId(2) ? 0.5 : 1.0;
  }
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleIn), Text(plan));
  BOOST_TEST(plan.retire.at(0) == ShardId(2));
}

BOOST_AUTO_TEST_SUITE_END()
