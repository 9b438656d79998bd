// What a plan says that it rests on.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;
using namespace std::chrono_literals;

namespace {

const SizeOption& Option(const Plan& plan, int shards) {
  const SizeOption* option = plan.basis->Option(shards);
  BOOST_REQUIRE(option != nullptr);
  return *option;
}

// Three shards bear 2,100 RU/s at 70 %; demand passes that in two hours and stays.
World Rising() {
  World w;
  w.Predict(
      Resource::kRequests, [](int step) { return step < 24 ? 1500.0 : 2500.0; }, 0.05);
  w.Observe(Resource::kRequests, 1500);
  return w;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_basis)

BOOST_AUTO_TEST_CASE(the_size_that_was_chosen_is_the_cheapest_of_those_listed) {
  World w = Rising();
  w.Flat(2500, 0.05);
  const Plan plan = w.Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_REQUIRE((plan.kind == PlanKind::kScaleOut));
    BOOST_REQUIRE(plan.basis.has_value());
    BOOST_TEST(plan.basis->cheapest == plan.to_shards);
    for (const SizeOption& option : plan.basis->options) {
      BOOST_TEST(option.Cost() >= Option(plan, plan.to_shards).Cost() - 1e-9);
    }
    // A day of n shards and more is billed: the unit is shard-hours.
    BOOST_TEST(Option(plan, 3).billed >= 3 * 24 - 1e-3);
    BOOST_TEST(Option(plan, 3).unserved + Option(plan, 3).violation > 0);
    BOOST_TEST((plan.basis->horizon == 24h));
    BOOST_REQUIRE(!plan.basis->moves.empty());
    BOOST_TEST((plan.basis->moves.front().at == w.now));
    BOOST_TEST(plan.basis->moves.front().to == plan.to_shards);
  }
}

BOOST_AUTO_TEST_CASE(a_plan_that_waits_says_when_it_will_act_and_what_would_make_it_act_now) {
  const World w = Rising();
  const Plan plan = w.Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_REQUIRE((plan.kind == PlanKind::kNone));
    BOOST_REQUIRE(plan.basis.has_value());
    BOOST_TEST(plan.basis->wanted == 3);
    BOOST_REQUIRE(!plan.basis->moves.empty());
    const LaterMove& next = plan.basis->moves.front();
    BOOST_TEST((next.at > w.now && next.at <= w.now + 2h));
    BOOST_TEST(next.from == 3);
    BOOST_TEST(next.to == 4);
    BOOST_TEST(Option(plan, 4).Cost() > Option(plan, 3).Cost());
    // 85 % of 3,000 in full use.
    BOOST_TEST(plan.basis->observed.value_or(0) == 1500, boost::test_tools::tolerance(1e-9));
    BOOST_TEST(plan.basis->reactive_at.value_or(0) == 2550, boost::test_tools::tolerance(0.05));
  }
}

// Asked for its reasons, it looks for the demand that turns it; the decision is the same.
BOOST_AUTO_TEST_CASE(it_says_at_which_demand_it_would_decide_otherwise) {
  World w;
  w.topology = EvenTopology(6);
  w.Flat(3600, 0.1);
  BOOST_TEST(!w.Decide().basis->more.has_value());
  const Plan plan =
      MakePlan({w.topology, w.load, w.demand, w.policy, w.state, w.now, nullptr, true});
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_TEST(PlanHash(plan) == PlanHash(w.Decide()));
    BOOST_REQUIRE((plan.kind == PlanKind::kNone));
    BOOST_REQUIRE(plan.basis->more.has_value());
    BOOST_REQUIRE(plan.basis->less.has_value());
    const TurningPoint more = *plan.basis->more;
    const TurningPoint less = *plan.basis->less;
    BOOST_TEST(more.factor > 1);
    BOOST_TEST(more.shards > 6);
    BOOST_TEST(less.factor < 1);
    BOOST_TEST(less.shards < 6);
    for (const bool beyond : {false, true}) {
      World higher = w;
      higher.Flat(3600 * more.factor * (beyond ? 1.06 : 0.94), 0.1);
      BOOST_TEST((higher.Decide().basis->cheapest > 6) == beyond);
      World lower = w;
      lower.Flat(3600 * less.factor * (beyond ? 0.94 : 1.06), 0.1);
      BOOST_TEST((lower.Decide().basis->cheapest < 6) == beyond);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_veto_leaves_what_was_wanted_to_be_seen) {
  World w;
  w.topology = EvenTopology(6);
  w.Flat(1500);
  w.state.last_action_ended = w.now - 1min;
  const Plan plan = w.Decide();
  BOOST_TEST_CONTEXT(Text(plan)) {
    BOOST_REQUIRE((plan.kind == PlanKind::kNone));
    BOOST_TEST(Has(plan.rejections, ReasonCode::kCooldown));
    BOOST_TEST(plan.basis->wanted < 6);
  }
}

BOOST_AUTO_TEST_CASE(the_forecast_is_told_with_what_its_promises_came_to) {
  World w = Rising();
  w.demand[Resource::kRequests]->recent_error = 0.04;
  w.demand[Resource::kRequests]->realised = {{0.95, 1h, 0.93}};
  w.demand[Resource::kRequests]->notes = {"repeats every 1d"};
  const Plan plan = w.Decide();
  BOOST_REQUIRE(plan.basis->forecasts.size() == 1u);
  const ForecastBasis& forecast = plan.basis->forecasts.front();
  BOOST_TEST(forecast.trust == "good");
  BOOST_TEST(forecast.recent_error == 0.04);
  BOOST_TEST(forecast.held.at(0).share == 0.93);
  BOOST_TEST(forecast.notes.at(0) == "repeats every 1d");
  w.demand[Resource::kRequests].reset();
  const Plan blind = w.Decide();
  BOOST_TEST(blind.basis->forecasts.empty());
  BOOST_TEST(blind.basis->options.empty());  // neither a forecast nor recent demand
}

BOOST_AUTO_TEST_SUITE_END()
