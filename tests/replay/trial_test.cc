// Policies in the simulated store: the bound holds for all of them, faults do what they say.
#include "replay/trial.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "core/random.h"
#include "planner/baselines/baselines.h"
#include "replay/trace_class.h"

namespace tidewright::replay {
namespace {

Series RandomTrace(std::uint64_t seed, int days) {
  Random random(seed);
  const double daily = random.Uniform();
  const double noise = 0.3 * random.Uniform();
  const double jump = 0.02 * random.Uniform();
  Series trace{.start = WallTime{}, .step = std::chrono::minutes(5), .values = {}, .flags = {}};
  double level = 100;
  for (int t = 0; t < 288 * days; ++t) {
    if (random.Uniform() < jump) level = 20 + 200 * random.Uniform();
    const double shape = 1 + daily * std::sin(2 * M_PI * t / 288.0);
    trace.values.push_back(std::max(0.0, level * shape * (1 + noise * random.Normal())));
  }
  return trace;
}

Contestant Baseline(const std::string& name) {
  return {.name = name,
          .make = [name](const ScalingTerms& terms,
                         const ForecastFaults&) { return baselines::Make(name, terms); },
          .hindsight = false};
}

StoreModel StoreFor(const Series& trace) {
  const auto store = ModelFor(trace, {});
  BOOST_REQUIRE_MESSAGE(store.ok(), store.status());
  return *store;
}

// Forecasts that repeat what is known, for garbage to be made of.
Forecast Simple() {
  Forecast forecast;
  forecast.step = std::chrono::minutes(5);
  forecast.horizon = 288;
  forecast.levels = {0.5, 0.95};
  forecast.paths = {.paths = 20, .steps = 288, .values = {}};
  for (int k = 0; k < 20; ++k) {
    for (int h = 0; h < 288; ++h) {
      forecast.paths.values.push_back(
          static_cast<float>(100 + k + 50 * std::sin(2 * M_PI * h / 288.0)));
    }
  }
  forecast.mean.assign(288, 100);
  forecast.quantiles.assign(2, std::vector<double>(288, 100));
  return forecast;
}

BOOST_AUTO_TEST_SUITE(trial)

BOOST_AUTO_TEST_CASE(no_baseline_beats_the_optimum) {
  RealClock clock;
  int compared = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Series trace = RandomTrace(seed, 3);
    const StoreModel store = StoreFor(trace);
    const double best = Optimum(trace, store).Cost(20);
    const Outcome safest = Optimum(trace, store, kZeroViolation);
    for (const baselines::Kind& kind : baselines::Kinds()) {
      const Trial trial = RunTrial(trace, store, Baseline(kind.name), {}, clock);
      BOOST_CHECK_MESSAGE(trial.outcome.Cost(20) >= best - 1e-6, kind.name << " seed " << seed);
      BOOST_CHECK_MESSAGE(trial.outcome.violating >= safest.violating,
                          kind.name << " seed " << seed);
      BOOST_TEST(trial.asked == static_cast<long>(trial.decisions.size()));
      ++compared;
    }
  }
  BOOST_TEST(compared >= 96);
}

BOOST_AUTO_TEST_CASE(fewer_nodes_than_the_floor_are_never_used) {
  RealClock clock;
  const Series trace = RandomTrace(3, 2);
  const auto store = ModelFor(trace, {.min_nodes = 5});
  BOOST_REQUIRE(store.ok());
  int fewest = 1000;
  const Outcome optimum = Optimum(trace, *store);
  for (const Move& move : optimum.moves) fewest = std::min({fewest, move.from, move.to});
  const Trial trial = RunTrial(trace, *store, Baseline("reactive"), {.keep_course = true}, clock);
  for (const ServedStep& step : trial.served) fewest = std::min(fewest, step.billed);
  BOOST_TEST(fewest >= 5);
  BOOST_TEST(trial.outcome.Cost(20) >= optimum.Cost(20) - 1e-6);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_faults) {
  RealClock clock;
  const Series trace = RandomTrace(5, 4);
  const StoreModel store = StoreFor(trace);
  TrialSettings settings;
  for (const char* fault :
       {"latency=10m", "moves=0.3", "metrics=0.1", "provisioning=40m", "forecast=random"}) {
    BOOST_REQUIRE(AddFault(fault, settings.faults).ok());
  }
  const auto run = [&](std::uint64_t seed) {
    settings.seed = seed;
    return RunTrial(trace, store, Baseline("reactive"), settings, clock).outcome;
  };
  const Outcome one = run(1), again = run(1), other = run(2);
  BOOST_TEST(one.node_hours == again.node_hours);
  BOOST_TEST(one.unserved_hours == again.unserved_hours);
  BOOST_TEST(one.unserved_hours != other.unserved_hours);
}

BOOST_AUTO_TEST_CASE(faults_make_it_no_better) {
  RealClock clock;
  const Series trace = RandomTrace(5, 4);
  const StoreModel store = StoreFor(trace);
  const auto unserved = [&](const char* fault) {
    TrialSettings settings;
    if (*fault != '\0') BOOST_REQUIRE(AddFault(fault, settings.faults).ok());
    return RunTrial(trace, store, Baseline("reactive"), settings, clock).outcome.unserved_hours;
  };
  const double none = unserved("");
  for (const char* fault : {"latency=1h", "moves=0.5", "provisioning=2h"}) {
    BOOST_CHECK_MESSAGE(unserved(fault) > none, fault);
  }
}

BOOST_AUTO_TEST_CASE(a_move_that_fails_goes_back_as_it_came) {
  StoreModel store;
  store.moves = {.provisioning = 1, .full_migration = 12};
  const SetOut set_out = FaultyMoves({.failing_moves = 1}, store, 4);
  MoveCourse course;
  set_out(0, 2, 3, course);
  BOOST_TEST(course.then == 2);
  BOOST_TEST(course.billed == 3);
  BOOST_REQUIRE(course.capacity.size() >= 2);
  BOOST_TEST(course.capacity.front() == 2);
  BOOST_TEST(course.capacity.back() == 2);
  BOOST_TEST(!FaultyMoves({}, store, 4));
}

BOOST_AUTO_TEST_CASE(a_late_move_costs_nothing_until_it_begins) {
  Series trace{.start = WallTime{}, .step = std::chrono::minutes(5), .values = {}, .flags = {}};
  trace.values.assign(20, 1.0);
  StoreModel store;
  store.max_nodes = 4;
  store.first = 4;
  store.start_nodes = 2;
  store.moves = {.provisioning = 1, .full_migration = 4};
  std::vector<int> billed;
  const auto run = [&](const SetOut& set_out) {
    billed.clear();
    (void)Run(
        trace, store, [](int, int) { return 4; }, {},
        [&](const ServedStep& step) { billed.push_back(step.billed); }, set_out);
  };
  run({});
  BOOST_TEST(billed.front() == 4);
  run(FaultyMoves({.latency = std::chrono::minutes(10)}, store, 1));
  BOOST_TEST((std::vector<int>(billed.begin(), billed.begin() + 3) == std::vector<int>{2, 2, 4}));
}

BOOST_AUTO_TEST_CASE(lost_metrics_are_gaps_of_about_that_share) {
  const Series trace = RandomTrace(9, 7);
  const Series seen = LoseMetrics(trace, {.lost_metrics = 0.2}, 1);
  const double lost = 1 - static_cast<double>(seen.Observed()) / static_cast<double>(trace.size());
  BOOST_TEST(std::abs(lost - 0.2) < 0.04);
}

BOOST_AUTO_TEST_CASE(garbage_forecasts_agree_with_their_paths) {
  for (const GarbageForecast kind :
       {GarbageForecast::kRandom, GarbageForecast::kConstant, GarbageForecast::kShift12h}) {
    Forecast forecast = Simple();
    MakeGarbage(kind, 1)(forecast);
    for (std::size_t h = 0; h < 288; ++h) {
      BOOST_REQUIRE(forecast.quantiles[0][h] <= forecast.quantiles[1][h] + 1e-6);
      float highest = 0;
      for (int k = 0; k < 20; ++k) {
        highest = std::max(highest, forecast.paths.At(k, static_cast<int>(h)));
      }
      BOOST_REQUIRE(forecast.quantiles[1][h] <= highest + 1e-3);
    }
  }
  Forecast shifted = Simple();
  MakeGarbage(GarbageForecast::kShift12h, 1)(shifted);
  BOOST_TEST(shifted.paths.At(0, 0) == Simple().paths.At(0, 144));
  BOOST_TEST(!MakeGarbage(GarbageForecast::kNone, 1));
}

BOOST_AUTO_TEST_CASE(faults_that_are_none_are_refused) {
  FaultSettings faults;
  for (const char* text : {"", "latency", "latency=", "latency=soon", "moves=1.5", "moves=-0.1",
                           "metrics=x", "forecast=good", "weather=bad", "provisioning=30"}) {
    const Status status = AddFault(text, faults);
    BOOST_CHECK_MESSAGE(status.code() == StatusCode::kInvalidArgument, text);
  }
}

BOOST_AUTO_TEST_CASE(loads_are_told_apart_by_their_season_and_spread) {
  Series daily{.start = WallTime{}, .step = std::chrono::minutes(5), .values = {}, .flags = {}};
  Series noise = daily, spiky = daily;
  Random random(1);
  for (int t = 0; t < 288 * 10; ++t) {
    daily.values.push_back(100 + 50 * std::sin(2 * M_PI * t / 288.0) + random.Normal());
    noise.values.push_back(100 * random.Uniform());
    spiky.values.push_back(t % 288 < 12 ? 100 : 1);
  }
  BOOST_TEST(Classify(daily).periodic());
  BOOST_TEST(Classify(daily).day > 0.95);
  BOOST_TEST(!Classify(noise).periodic());
  BOOST_TEST(Classify(spiky).day > 0.9);
  BOOST_TEST(!Classify(spiky).periodic());  // its spread is 100
}

BOOST_AUTO_TEST_CASE(pooled_ratios_are_geometric_and_a_long_trace_counts_no_more_than_a_short_one) {
  Pool pool;
  Trial one, two;
  one.outcome.steps = 100;
  one.outcome.violating = 10;
  one.outcome.node_hours = 5;
  two.outcome.steps = 300;
  two.outcome.node_hours = 7;
  pool.Add(one, {.cost_ratio = 1, .hours_ratio = 2});
  pool.Add(two, {.cost_ratio = 4, .hours_ratio = 2});
  BOOST_TEST(pool.CostRatio() == 2, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(pool.HoursRatio() == 2, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(pool.ViolatingShare() == 0.05, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(pool.node_hours() == 12);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::replay
