// A quota replayed: what the store allows, what is best within it, and who comes near.
#include "replay/quota_trial.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "core/random.h"
#include "planner/baselines/baselines.h"
#include "replay/trial.h"

namespace tidewright::replay {
namespace {

using namespace std::chrono_literals;

const WallTime kMidnight{std::chrono::days(20'000)};

Series RandomTrace(Random& random, int steps) {
  Series trace{.start = kMidnight, .step = 5min, .values = {}, .flags = {}};
  double level = 20;
  for (int t = 0; t < steps; ++t) {
    level = std::max(1.0, level + 2 * random.Normal());
    trace.values.push_back(level * (1.3 + std::sin(t / 40.0)));
  }
  return trace;
}

StoreModel StoreFor(const Series& trace, const QuotaPolicy& policy) {
  const auto store = ModelFor(trace, {});
  BOOST_REQUIRE(store.ok());
  return QuotaStoreFor(trace, *store, policy, 1);
}

// Small dips all day long, and a deep one from 15:00 on, with 15 minutes a step.
Series DipsAndNights(int days) {
  Series trace{.start = kMidnight, .step = 15min, .values = {}, .flags = {}};
  Random random(7);
  for (int t = 0; t < days * 96; ++t) {
    const int of_day = t % 96;
    const double dips = (of_day / 6) % 2 == 0 ? 900 : 780;
    const double level = of_day >= 60 && of_day < 92 ? 150 : dips;
    trace.values.push_back(level * (1 + 0.02 * random.Normal()));
  }
  return trace;
}

BOOST_AUTO_TEST_SUITE(quota_trial)

BOOST_AUTO_TEST_CASE(the_store_refuses_decreases_and_never_an_increase) {
  Random random(1);
  const Series trace = RandomTrace(random, 600);
  const StoreModel store = StoreFor(trace, {});
  const QuotaRules rules{.decreases = {.per_day = 2, .extra_after = 1h, .per_hour = 1}};
  std::vector<int> asked(trace.size());
  int lowered_today = 0;
  int refused = 0;
  std::vector<int> held(trace.size());
  const Outcome outcome = RunQuota(
      trace, store, rules,
      [&](int t, int quota) {
        const int wanted = static_cast<int>(random.Below(80)) + 1;
        asked[static_cast<std::size_t>(t + 1)] = wanted;
        held[static_cast<std::size_t>(t + 1)] = quota;
        return wanted;
      },
      [&](const ServedStep& step) {
        const auto i = static_cast<std::size_t>(step.index);
        const int wanted = std::clamp(asked[i], store.min_nodes, store.max_nodes);
        if (wanted >= held[i]) BOOST_TEST(step.billed == wanted);
        refused += step.billed != wanted ? 1 : 0;
        lowered_today += step.billed < held[i] ? 1 : 0;
      });
  BOOST_TEST(refused > 100);
  BOOST_TEST(lowered_today > 10);
  BOOST_TEST(lowered_today <= 2 * 27);  // 300 steps are 25 hours
  BOOST_TEST(outcome.moves.size() > 0U);
}

BOOST_AUTO_TEST_CASE(no_policy_does_better_than_the_optimum_within_the_same_limits) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Random random(seed);
    const Series trace = RandomTrace(random, 800);
    QuotaPolicy policy;
    policy.floor = 1 + static_cast<double>(random.Below(10));
    const StoreModel store = StoreFor(trace, policy);
    QuotaRules rules;
    rules.decreases.per_day = static_cast<int>(random.Below(5));
    rules.decreases.extra_after = 30min * static_cast<int>(random.Below(4));
    rules.decreases.per_hour = static_cast<int>(random.Below(3));
    const double best = QuotaOptimum(trace, store, rules, {}).Cost(20);
    const auto check = [&](const char* name, const Decide& decide) {
      const double cost = RunQuota(trace, store, rules, decide).Cost(20);
      BOOST_TEST(best <= cost * (1 + 1e-9), name << ", seed " << seed);
    };
    check("random", [&](int, int) { return static_cast<int>(random.Below(90)); });
    check("static", [&](int, int) { return 45; });
    // It knows the next step, and takes every decrease.
    check("greedy", [&](int t, int) {
      return static_cast<int>(std::ceil(trace.values[static_cast<std::size_t>(t + 1)]));
    });
    for (const char* name : {"dynamodb", "static-peak", "hpa"}) {
      const auto baseline = baselines::Make(name, TermsOf(store));
      Series seen = trace;
      check(name, [&](int t, int quota) {
        seen.values.assign(trace.values.begin(), trace.values.begin() + t + 1);
        return baseline->Shards({.demand = seen, .shards = quota});
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(the_highest_quota_of_an_hour_is_billed_for_all_of_it) {
  Series trace{
      .start = kMidnight, .step = 15min, .values = std::vector<double>(16, 5.0), .flags = {}};
  StoreModel store = StoreFor(trace, {});
  store.start_nodes = 10;
  // Judged from the middle: 02:00. Falls to 6 at 02:30.
  const auto decide = [](int t, int) { return t + 1 < 10 ? 10 : 6; };
  QuotaRules rules;
  BOOST_CHECK_CLOSE(RunQuota(trace, store, rules, decide).node_hours, 10 * 0.5 + 6 * 1.5, 1e-9);
  rules.billing_period = 1h;
  BOOST_CHECK_CLOSE(RunQuota(trace, store, rules, decide).node_hours, 10 + 6, 1e-9);
  BOOST_CHECK_CLOSE(QuotaOptimum(trace, store, rules, {}).node_hours, 5 + 5, 1e-9);
}

BOOST_AUTO_TEST_CASE(decreases_that_are_kept_beat_target_tracking_and_greed) {
  const Series trace = DipsAndNights(14);
  QuotaPolicy policy;
  policy.violation_penalty = 0;
  policy.target_utilisation = 0.95;
  policy.reactive_utilisation = 2;
  const StoreModel store = StoreFor(trace, policy);
  const QuotaRules rules{.decreases = {.per_day = 2, .extra_after = 0s, .per_hour = 0}};
  RealClock clock;
  const auto cost = [&](const char* name, bool ours, bool greedy) {
    const Contestant contestant{.name = name,
                                .make =
                                    [&](const ScalingTerms& terms, ForecastFaults) {
                                      return ours
                                                 ? MakeQuotaPredictive(policy, rules, terms, greedy)
                                                 : baselines::Make(name, terms);
                                    },
                                .hindsight = false};
    const Trial trial = RunTrial(trace, store, contestant, {.quota = rules}, clock);
    BOOST_TEST_MESSAGE(name << ": " << trial.outcome.node_hours << " unit-hours, "
                            << trial.outcome.unserved_hours << " unserved, J "
                            << trial.outcome.Cost(20) << ", changes "
                            << trial.outcome.moves.size());
    return trial.outcome.Cost(20);
  };
  const double kept = cost("tidewright", true, false);
  const double greedy = cost("greedy-decreases", true, true);
  const double tracking = cost("dynamodb", false, false);
  const double best = QuotaOptimum(trace, store, rules, {}).Cost(20);
  BOOST_TEST_MESSAGE("optimum: J " << best);
  BOOST_TEST(kept < 0.9 * greedy);
  BOOST_TEST(kept < 0.9 * tracking);
  BOOST_TEST(kept < 1.25 * best);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::replay
