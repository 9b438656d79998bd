// A policy in shadow is the same policy in the same simulated store as in a replay, one step at a
// time, with restarts and gaps.
#include "planner/shadow.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "core/random.h"
#include "planner/baselines/baselines.h"
#include "replay/trial.h"

namespace tidewright::replay {
namespace {

namespace tt = boost::test_tools;

constexpr int kDay = 288;

// In shards' worth, from about 2 to 9, with noise that makes policies move often.
Series Trace(std::uint64_t seed, int days) {
  Random random(seed);
  Series trace{.start = WallTime(std::chrono::days(20'000)),
               .step = std::chrono::minutes(5),
               .values = {},
               .flags = {}};
  for (int t = 0; t < kDay * days; ++t) {
    const double shape = 5.5 + 3.5 * std::sin(2 * M_PI * t / kDay);
    trace.values.push_back(std::max(0.1, shape * (1 + 0.08 * random.Normal())));
  }
  return trace;
}

Series Prefix(const Series& series, std::size_t count) {
  return {.start = series.start,
          .step = series.step,
          .values = {series.values.begin(), series.values.begin() + static_cast<long>(count)},
          .flags = {}};
}

struct Live {
  const Series& trace;
  std::size_t first;
  std::string name;
  ScalingTerms terms;
  int restart_every = 0;  ///< steps; 0: never
  std::vector<CapacityPoint> told{};

  [[nodiscard]] std::unique_ptr<ScalingPolicy> Made() const {
    auto policy = baselines::Make(name, terms);
    policy->Learn(Prefix(trace, first));
    return policy;
  }

  ShadowState Run(int shards) {
    auto policy = Made();
    ShadowState state = BeginShadow(name, trace.TimeOf(first), shards, terms);
    Ask(state, *policy, Prefix(trace, first), terms);
    for (std::size_t t = first; t < trace.size(); ++t) {
      if (restart_every > 0 && t % static_cast<std::size_t>(restart_every) == 0) {
        state = DecodeShadow(EncodeShadow(state)).value();
        policy = Made();
        Remind(*policy, state, Prefix(trace, t));
      }
      const std::vector<double> minutes(5, trace.values[t]);
      const auto point = Serve(
          state,
          {.minutes = minutes, .nodes_per_shard = 2, .price_per_node_hour = Money::FromUnits(0.5)},
          terms);
      if (point) told.push_back(*point);
      Ask(state, *policy, Prefix(trace, t + 1), terms);
    }
    return state;
  }
};

StoreModel StoreFor(const Series& trace) {
  auto store = ModelFor(trace, {.node_capacity = 1, .min_nodes = 1, .max_nodes = 12});
  BOOST_REQUIRE_MESSAGE(store.ok(), store.status());
  return *store;
}

BOOST_AUTO_TEST_SUITE(shadow)

BOOST_AUTO_TEST_CASE(a_policy_in_shadow_comes_to_what_it_comes_to_in_a_replay) {
  const Series trace = Trace(3, 14);
  const StoreModel store = StoreFor(trace);
  RealClock clock;
  for (const auto& kind : baselines::Kinds()) {
    const std::string name = kind.name;
    const Contestant contestant{.name = name, .make = [&](const ScalingTerms& terms, const auto&) {
                                  return baselines::Make(name, terms);
                                }};
    const Outcome replayed = RunTrial(trace, store, contestant, {}, clock).outcome;
    Live live{trace, static_cast<std::size_t>(store.first), name, TermsOf(store)};
    const ShadowState state = live.Run(store.start_nodes);
    BOOST_TEST_CONTEXT(name) {
      const double hours = 5.0 / 60;
      BOOST_TEST(state.tally.node_hours == 2 * replayed.node_hours, tt::tolerance(1e-9));
      BOOST_TEST(state.tally.unserved == replayed.unserved_hours, tt::tolerance(1e-9));
      BOOST_TEST(state.tally.demand == replayed.demand_hours, tt::tolerance(1e-9));
      BOOST_TEST(Seconds(state.tally.short_for) / 3600 == replayed.violating * hours,
                 tt::tolerance(1e-9));
      BOOST_TEST(state.tally.episodes == replayed.episodes);
      // One that is decided at the end of the last step counts here and not there.
      const int moves = static_cast<int>(replayed.moves.size());
      BOOST_TEST((state.tally.moves == moves || state.tally.moves == moves + 1));
      BOOST_TEST(Seconds(state.tally.judged) / 3600 == replayed.steps * hours, tt::tolerance(1e-9));
      BOOST_TEST((state.tally.dark == Duration(0)));
      BOOST_TEST((state.told.at <= state.until && !live.told.empty()));
    }
  }
}

BOOST_AUTO_TEST_CASE(restarts_change_nothing_of_what_it_comes_to) {
  const Series trace = Trace(4, 14);
  const StoreModel store = StoreFor(trace);
  for (const std::string name : {"reactive", "dynamodb", "hpa", "crane", "static-trailing"}) {
    Live once{trace, static_cast<std::size_t>(store.first), name, TermsOf(store)};
    Live often = once;
    often.restart_every = 7;
    const ShadowState a = once.Run(store.start_nodes);
    const ShadowState b = often.Run(store.start_nodes);
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(EncodeShadow(a) == EncodeShadow(b));
      BOOST_TEST((once.told == often.told));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_points_that_the_account_is_told_give_the_same_node_hours) {
  const Series trace = Trace(5, 14);
  const StoreModel store = StoreFor(trace);
  Live live{trace, static_cast<std::size_t>(store.first), "reactive", TermsOf(store)};
  const ShadowState state = live.Run(store.start_nodes);
  const std::vector<CapacityRecord> real = {
      {.at = state.since, .nodes = 8, .shards = 4, .static_peak_nodes = 8}};
  const Savings savings = ComputeSavings(
      real, {{.name = "reactive", .estimated = true, .capacity = live.told}}, {}, state.until);
  BOOST_TEST((savings.against[0].compared == state.tally.judged));
  BOOST_TEST(savings.against[0].otherwise.node_hours == state.tally.node_hours,
             tt::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(what_is_dark_is_not_judged_and_time_goes_on) {
  ScalingTerms terms;
  terms.most = 10;
  terms.moves = {.provisioning = 2, .full_migration = 6};
  auto policy = baselines::Make("reactive", terms);
  Series demand{.start = WallTime{}, .step = terms.step, .values = {5}, .flags = {}};
  ShadowState state = BeginShadow("reactive", demand.end(), 4, terms);
  Ask(state, *policy, demand, terms);
  BOOST_REQUIRE(state.moving);  // 5 of 4 is too much
  const int target = state.moves.back().to;
  const double dark = std::nan("");
  const auto serve = [&](std::vector<double> minutes) {
    const double known = std::isnan(minutes.back()) ? dark : minutes.back();
    const auto point = Serve(
        state, {.minutes = minutes, .nodes_per_shard = 1, .price_per_node_hour = Money{}}, terms);
    demand.values.push_back(known);
    Ask(state, *policy, demand, terms);
    return point;
  };
  BOOST_TEST(serve({5, 5, 5, 5, 5}).has_value());
  BOOST_TEST((state.tally.short_for == std::chrono::minutes(5)));
  BOOST_TEST(state.tally.episodes == 1);
  const auto gone = serve({dark, dark, dark, dark, dark});
  BOOST_REQUIRE(gone.has_value());
  BOOST_TEST(!gone->known);
  const double before = state.tally.node_hours;
  for (int i = 0; i < 10; ++i) BOOST_TEST(!serve({dark, dark, dark, dark, dark}).has_value());
  BOOST_TEST(state.tally.node_hours == before);
  BOOST_TEST((state.tally.dark == std::chrono::minutes(55)));
  BOOST_TEST(!state.moving);  // the move went on in the dark
  BOOST_TEST(state.shards == target);
  const auto back = serve({dark, 5, 5, dark, 5});
  BOOST_REQUIRE(back.has_value());
  BOOST_TEST(back->known);
  BOOST_TEST((state.tally.dark == std::chrono::minutes(57)));
  BOOST_TEST((state.tally.judged == std::chrono::minutes(8)));
  BOOST_TEST(state.tally.episodes == 1);
}

BOOST_AUTO_TEST_CASE(another_step_of_the_policy_ends_the_move_under_way_and_keeps_the_tally) {
  ScalingTerms terms;
  ShadowState state = BeginShadow("reactive", WallTime{}, 4, terms);
  state.moves = {{.decided = WallTime{}, .from = 4, .to = 6, .model = terms.moves}};
  state.moving = true;
  state.tally.episodes = 3;
  terms.step = std::chrono::minutes(10);
  const std::vector<double> minutes(10, 1.0);
  (void)Serve(state, {.minutes = minutes}, terms);
  BOOST_TEST(state.shards == 6);
  BOOST_TEST((!state.moving && state.moves.empty() && state.tally.episodes == 3));
  BOOST_TEST((state.until == WallTime(std::chrono::minutes(10))));
}

BOOST_AUTO_TEST_CASE(what_is_no_kept_shadow_is_refused) {
  const ShadowState state = BeginShadow("hpa", WallTime{}, 4, {});
  const std::string good = EncodeShadow(state);
  BOOST_TEST(DecodeShadow(good).ok());
  std::string other = good;
  other.replace(other.find("\"version\":1"), 11, "\"version\":2");
  std::string nothing = good;
  nothing.replace(nothing.find("\"shards\":4"), 10, "\"shards\":0");
  for (const auto& text : {std::string(), std::string("[]"), std::string("{}"), other, nothing}) {
    BOOST_TEST(!DecodeShadow(text).ok(), text);
  }
  Tally tally;
  tally.Add({.from = WallTime{}, .length = std::chrono::minutes(1), .demand = 2, .capacity = 1});
  BOOST_TEST((DecodeTally(EncodeTally(tally)).value() == tally));
  BOOST_TEST(!DecodeTally("{}").ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::replay
