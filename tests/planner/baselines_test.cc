// Baselines answer as their sources say, by hand-made figures.
#include "planner/baselines/baselines.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <set>

#include "core/random.h"
#include "planner/baselines/crane.h"
#include "planner/baselines/dynamodb.h"
#include "planner/baselines/hpa.h"
#include "planner/baselines/pstore.h"
#include "planner/baselines/reactive.h"
#include "planner/baselines/spar.h"
#include "planner/baselines/static_size.h"

namespace tidewright::baselines {
namespace {

using std::chrono::minutes;

Series Demand(std::vector<double> values) {
  return {.start = WallTime{}, .step = minutes(5), .values = std::move(values), .flags = {}};
}

ScalingTerms Terms() { return {.shard_capacity = 10, .fewest = 1, .most = 20, .moves = {}}; }

int Ask(ScalingPolicy& policy, std::vector<double> values, int shards) {
  return policy.Shards({.demand = Demand(std::move(values)), .shards = shards});
}

double Daily(int t) { return 100 + 60 * std::sin(2 * M_PI * t / 288.0); }

BOOST_AUTO_TEST_SUITE(baselines_by_hand)

BOOST_AUTO_TEST_CASE(static_peak_is_a_fifth_above_the_past_and_never_moves) {
  const auto policy = Make("static-peak", Terms());
  policy->Learn(Demand({20, 55, 30}));
  BOOST_TEST(Ask(*policy, {20, 55, 30, 1}, 3) == 7);  // ⌈1.2 · 55 / 10⌉
  BOOST_TEST(Ask(*policy, {20, 55, 30, 1, 180}, 7) == 7);
}

BOOST_AUTO_TEST_CASE(static_trailing_is_looked_at_once_a_day) {
  const auto policy = MakeStaticTrailing(Terms());
  std::vector<double> values(288, 50);
  BOOST_TEST(Ask(*policy, values, 3) == 6);
  values.push_back(100);
  BOOST_TEST(Ask(*policy, values, 6) == 6);  // not yet
  values.resize(2 * 288, 50);
  BOOST_TEST(Ask(*policy, values, 6) == 12);
  values.resize(10 * 288, 50);
  BOOST_TEST(Ask(*policy, values, 12) == 6);  // the peak is older than a week
}

BOOST_AUTO_TEST_CASE(hpa_multiplies_by_the_ratio_outside_its_tolerance) {
  Hpa policy(Terms());
  BOOST_TEST(Ask(policy, {35}, 5) == 5);          // exactly 70 %
  BOOST_TEST(Ask(policy, {35, 38}, 5) == 5);      // 76 %: ratio 1.086, within 10 %
  BOOST_TEST(Ask(policy, {35, 38, 42}, 5) == 6);  // ratio 1.2
  BOOST_TEST(Ask(policy, {35, 38, 42, Series::kGap}, 6) == 6);
  BOOST_TEST(Ask(policy, {35, 38, 42, Series::kGap, 7}, 6) == 1);
}

BOOST_AUTO_TEST_CASE(hpa_scales_in_to_the_highest_desire_of_its_window) {
  Hpa policy(Terms(), {.stabilisation = minutes(10)});
  BOOST_TEST(Ask(policy, {70}, 10) == 10);
  BOOST_TEST(Ask(policy, {70, 35}, 10) == 10);
  BOOST_TEST(Ask(policy, {70, 35, 28}, 10) == 10);
  BOOST_TEST(Ask(policy, {70, 35, 28, 7}, 10) == 5);  // the desire of 10 has left the window
}

BOOST_AUTO_TEST_CASE(reactive_goes_up_at_once_and_down_to_the_maximum_of_its_window) {
  Reactive policy(Terms(), 20, {.target = 0.5, .window = 3});
  BOOST_TEST(Ask(policy, {20}, 4) == 4);
  BOOST_TEST(Ask(policy, {20, 41}, 4) == 9);
  BOOST_TEST(Ask(policy, {20, 41, 5}, 9) == 9);
  BOOST_TEST(Ask(policy, {20, 41, 5, 10}, 9) == 9);
  BOOST_TEST(Ask(policy, {20, 41, 5, 10, 5}, 9) == 2);
  BOOST_TEST(Ask(policy, {20, 41, 5, 10, 5, Series::kGap}, 9) == 9);
}

BOOST_AUTO_TEST_CASE(reactive_is_tuned_to_what_its_history_asks_for) {
  ScalingTerms terms = Terms();
  terms.moves = {.provisioning = 1, .full_migration = 12};
  // Flat load: nothing is ever unserved, so the fewest nodes win.
  const auto flat = TuneReactive(Demand(std::vector<double>(600, 45)), terms, 20);
  BOOST_TEST(flat.target == 0.9);
  // A short peak every two hours: a long window holds capacity through it.
  std::vector<double> spiky;
  for (int t = 0; t < 1200; ++t) spiky.push_back(t % 24 == 0 ? 80 : 30);
  BOOST_TEST(TuneReactive(Demand(spiky), terms, 1000).window >= 24);
}

BOOST_AUTO_TEST_CASE(dynamodb_decreases_four_times_then_once_an_hour) {
  const auto policy = MakeDynamoDb(Terms());
  std::vector<double> values;
  int shards = 20, decreases = 0;
  std::vector<int> at;
  // Demand falls so that there is something to take away at every step.
  for (int t = 0; t < 60; ++t) {
    values.push_back(90.0 * std::pow(0.95, t));
    const int next = Ask(*policy, values, shards);
    if (next < shards) {
      ++decreases;
      at.push_back(t);
    }
    shards = next;
  }
  BOOST_REQUIRE(decreases >= 5);
  BOOST_TEST(at[0] == 2);  // 15 minutes below
  BOOST_TEST(at[4] - at[3] >= 12);
}

BOOST_AUTO_TEST_CASE(dynamodb_increases_whatever_was_decreased) {
  const auto policy = MakeDynamoDb(Terms());
  BOOST_TEST(Ask(*policy, {36}, 5) == 6);
  BOOST_TEST(Ask(*policy, {36, 29}, 5) == 5);
}

BOOST_AUTO_TEST_CASE(spar_finds_the_coefficients_of_a_series_that_follows_it) {
  // y(t) = 0.5 y(t − T) + 0.5 y(t − 2T), which any periodic series does.
  Spar spar({.period = 24, .periods = 2, .recent = 2, .horizon = 12});
  std::vector<double> values;
  for (int t = 0; t < 240; ++t) values.push_back(10 + 4 * std::sin(2 * M_PI * t / 24.0));
  BOOST_REQUIRE(spar.Fit(values));
  const auto forecast = spar.Forecast(values);
  BOOST_REQUIRE(forecast.size() == 12);
  for (int h = 0; h < 12; ++h) {
    BOOST_TEST(
        forecast[static_cast<std::size_t>(h)] == 10 + 4 * std::sin(2 * M_PI * (240 + h) / 24.0),
        boost::test_tools::tolerance(1e-6));
  }
}

BOOST_AUTO_TEST_CASE(spar_carries_on_how_far_today_is_from_the_usual) {
  Spar spar({.period = 24, .periods = 2, .recent = 2, .horizon = 3});
  Random random(7);
  std::vector<double> values;
  double off = 0;
  for (int t = 0; t < 2400; ++t) {
    off = 0.98 * off + random.Normal();
    values.push_back(100 + 40 * std::sin(2 * M_PI * t / 24.0) + off);
  }
  BOOST_REQUIRE(spar.Fit(values));
  values.back() += 15;
  values[values.size() - 2] += 15;
  const auto raised = spar.Forecast(values);
  const double usual = 100 + 40 * std::sin(2 * M_PI * 2400 / 24.0);
  BOOST_TEST(raised.front() > usual + 5);
  BOOST_TEST(!Spar({.period = 24, .periods = 2, .recent = 2, .horizon = 3}).Fit({1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(p_store_waits_until_the_move_is_just_in_time) {
  ScalingTerms terms = Terms();
  terms.moves = {.provisioning = 1, .full_migration = 4};  // 2 → 4 takes 1 + 1 steps
  MoveTable table(terms);
  std::vector<double> load(20, 1.5);
  for (std::size_t t = 8; t < 20; ++t) load[t] = 3.5;
  BOOST_TEST(FirstFeasibleMove(load, 2, table).value() == 2);
  // Beginning at step 6 it is done when the load arrives; now it is due.
  load.erase(load.begin(), load.begin() + 6);
  BOOST_TEST(FirstFeasibleMove(load, 2, table).value() == 4);
  load.erase(load.begin());
  BOOST_TEST(!FirstFeasibleMove(load, 2, table).has_value());
}

BOOST_AUTO_TEST_CASE(p_store_takes_the_fewest_nodes_that_serve_the_end) {
  MoveTable table(Terms());
  BOOST_TEST(FirstFeasibleMove(std::vector<double>(96, 2.5), 6, table).value() < 6);
  BOOST_TEST(FirstFeasibleMove(std::vector<double>(96, 5.5), 6, table).value() == 6);
}

BOOST_AUTO_TEST_CASE(a_cycle_is_seen_where_there_is_one) {
  std::vector<double> daily, noise;
  Random random(3);
  for (int t = 0; t < 288 * 4; ++t) {
    daily.push_back(Daily(t) + random.Normal());
    noise.push_back(100 + random.Normal());
  }
  BOOST_TEST(IsCycle(daily, 288, 0.5));
  BOOST_TEST(!IsCycle(daily, 144, 0.5));
  BOOST_TEST(!IsCycle(noise, 288, 0.5));
  BOOST_TEST(!IsCycle({daily.begin(), daily.begin() + 500}, 288, 0.5));
}

BOOST_AUTO_TEST_CASE(crane_scales_before_a_peak_that_it_has_seen) {
  const auto policy = MakeCrane(Terms());
  std::vector<double> values;
  for (int t = 0; t < 288 * 7; ++t) values.push_back(Daily(t) > 150 ? 120 : 40);
  // The peak begins where the sine passes 150: 45 steps into the day. Half an hour before it:
  for (int t = 0; t < 40; ++t) values.push_back(40);
  BOOST_TEST(Ask(*policy, values, 6) >= 18);  // ⌈1.1 · 120 / 7⌉ = 19
}

BOOST_AUTO_TEST_CASE(every_baseline_stays_within_bounds_on_any_load) {
  for (const Kind& kind : Kinds()) {
    Random random(11);
    ScalingTerms terms = Terms();
    terms.fewest = 2;
    terms.most = 9;
    terms.moves = {.provisioning = 1, .full_migration = 48};
    const auto policy = Make(kind.name, terms);
    BOOST_REQUIRE(policy != nullptr);
    BOOST_TEST(policy->Name() == kind.name);
    std::vector<double> values;
    for (int t = 0; t < 700; ++t) {
      const double dice = random.Uniform();
      values.push_back(dice < 0.05 ? Series::kGap : dice < 0.1 ? 0 : 1e4 * dice * dice);
    }
    policy->Learn(Demand({values.begin(), values.begin() + 300}));
    int shards = 4;
    for (std::size_t n = 301; n <= values.size(); n += 1 + random.Below(3)) {
      shards =
          Ask(*policy, {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n)}, shards);
      BOOST_REQUIRE_MESSAGE(shards >= 2 && shards <= 9, kind.name << " at " << n);
    }
  }
  BOOST_TEST(Make("unheard-of", Terms()) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::baselines
