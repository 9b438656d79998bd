// No policy does better than the optimum.
#include "replay/optimum.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "core/random.h"

namespace tidewright::replay {
namespace {

Series RandomTrace(Random& random, int steps) {
  Series trace{.start = WallTime{}, .step = std::chrono::minutes(5), .values = {}, .flags = {}};
  double level = 3;
  for (int t = 0; t < steps; ++t) {
    level = std::max(0.1, level + random.Normal() * 0.3);
    trace.values.push_back(level * (1.5 + std::sin(t / 20.0)));
  }
  return trace;
}

// The least cost from step t on, by trying everything; the oracle of the oracle.
double Cheapest(const Series& trace, const StoreModel& store, double penalty, int t, int from) {
  const auto end = static_cast<int>(trace.size());
  if (t >= end) return 0;
  double best = 1e300;
  for (int to = 1; to <= store.max_nodes; ++to) {
    const int steps = std::max(1, store.moves.Steps(from, to));
    double cost = 0;
    for (int j = 0; j < steps && t + j < end; ++j) {
      const double capacity = from == to ? from : store.moves.Capacity(from, to, j);
      const double demand = trace.values[static_cast<std::size_t>(t + j)] / store.node_capacity;
      cost += (std::max(from, to) + penalty * std::max(0.0, demand - capacity)) * store.StepHours();
    }
    best = std::min(best, cost + Cheapest(trace, store, penalty, t + steps, to));
  }
  return best;
}

BOOST_AUTO_TEST_SUITE(optimum)

BOOST_AUTO_TEST_CASE(it_is_what_trying_everything_finds) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    const Series trace = RandomTrace(random, 12);
    StoreModel store;
    store.node_capacity = 2;
    store.max_nodes = 3;
    store.first = 3;
    store.start_nodes = 1 + static_cast<int>(random.Below(3));
    store.moves = {.provisioning = 1, .full_migration = 3};
    const double best = Cheapest(trace, store, 20, store.first, store.start_nodes);
    BOOST_CHECK_SMALL(Optimum(trace, store).Cost(20) - best, 1e-6);
  }
}

BOOST_AUTO_TEST_CASE(no_random_policy_beats_it) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    const Series trace = RandomTrace(random, 600);
    const auto store = ModelFor(trace, {});
    BOOST_REQUIRE(store.ok());
    const double best = Optimum(trace, *store).Cost(20);
    for (int k = 0; k < 10; ++k) {
      const Outcome other = Run(trace, *store, [&](int t, int nodes) {
        if (random.Uniform() < 0.8) return nodes;
        const double d = trace.values[static_cast<std::size_t>(t)] / store->node_capacity;
        return static_cast<int>(std::ceil(d * (0.8 + 0.8 * random.Uniform())));
      });
      BOOST_CHECK_MESSAGE(other.Cost(20) >= best - 1e-6, "seed " << seed);
    }
  }
}

BOOST_AUTO_TEST_CASE(violations_are_avoided_where_that_is_asked) {
  Random random(5);
  const Series trace = RandomTrace(random, 400);
  const auto store = ModelFor(trace, {});
  BOOST_REQUIRE(store.ok());
  const Outcome cheapest = Optimum(trace, *store);
  const Outcome safest = Optimum(trace, *store, kZeroViolation);
  BOOST_CHECK_LE(safest.violating, cheapest.violating);
  BOOST_CHECK_GE(safest.Cost(20), cheapest.Cost(20) - 1e-9);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::replay
