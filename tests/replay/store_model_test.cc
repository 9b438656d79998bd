// Replay model 1 by hand-made figures.
#include "replay/store_model.h"

#include <boost/test/unit_test.hpp>

namespace tidewright::replay {
namespace {

Series Trace(std::vector<double> values) {
  return {.start = WallTime{},
          .step = std::chrono::minutes(5),
          .values = std::move(values),
          .flags = {}};
}

StoreModel Store(int first, int start_nodes) {
  StoreModel store;
  store.max_nodes = 8;
  store.first = first;
  store.start_nodes = start_nodes;
  return store;
}

BOOST_AUTO_TEST_SUITE(store_model)

BOOST_AUTO_TEST_CASE(a_node_bears_a_twelfth_of_the_percentile) {
  std::vector<double> values(288 * 14, 6.0);
  values[288 * 7 - 1] = 4.0;
  values.back() = 100;  // beyond the 99.5th percentile
  const auto store = ModelFor(Trace(values), {});
  BOOST_REQUIRE(store.ok());
  BOOST_CHECK_CLOSE(store->node_capacity, 0.5, 1e-9);
  BOOST_CHECK_EQUAL(store->max_nodes, 64);
  BOOST_CHECK_EQUAL(store->first, 288 * 7);
  BOOST_CHECK_EQUAL(store->start_nodes, 10);  // 4 ÷ (0.8 × 0.5)
  BOOST_CHECK_EQUAL(store->moves.provisioning, 1);
  BOOST_CHECK_EQUAL(store->moves.full_migration, 48);
}

BOOST_AUTO_TEST_CASE(a_trace_that_cannot_be_judged_is_refused) {
  BOOST_CHECK(!ModelFor(Trace({1, 2}), {}).ok());
  BOOST_CHECK(!ModelFor(Trace({0, 0, 0, 0, 0}), {}).ok());
  BOOST_CHECK(!ModelFor(Trace({1, 2, Series::kGap, 1, 1}), {}).ok());
  BOOST_CHECK(!ModelFor(Trace({1, 2, -1, 1, 1}), {}).ok());
}

BOOST_AUTO_TEST_CASE(what_is_not_served_is_counted_in_hours_steps_and_episodes) {
  // Two steps too high, 30 minutes of rest, one more (the same episode), 35 of rest, one more.
  std::vector<double> values(24, 1.0);
  for (int t : {2, 3, 9, 16}) values[static_cast<std::size_t>(t)] = 3;
  const Outcome out = Run(Trace(values), Store(1, 2), [](int, int nodes) { return nodes; });
  BOOST_CHECK_EQUAL(out.steps, 23);
  BOOST_CHECK_EQUAL(out.violating, 4);
  BOOST_CHECK_EQUAL(out.episodes, 2);
  BOOST_CHECK_CLOSE(out.node_hours, 46.0 / 12, 1e-9);
  BOOST_CHECK_CLOSE(out.unserved_hours, 4.0 / 12, 1e-9);
  BOOST_CHECK_CLOSE(out.Cost(20), 126.0 / 12, 1e-9);
  BOOST_CHECK(out.moves.empty());
}

BOOST_AUTO_TEST_CASE(a_move_takes_its_time_and_bills_the_larger_size) {
  std::vector<double> values(40, 1.0);
  std::vector<int> asked;
  std::vector<ServedStep> served;
  const StoreModel store = Store(2, 3);
  const Outcome out = Run(
      Trace(values), store,
      [&](int t, int) {
        asked.push_back(t);
        return 5;
      },
      {}, [&](const ServedStep& step) { served.push_back(step); });
  BOOST_REQUIRE_EQUAL(out.moves.size(), 1U);
  BOOST_CHECK_EQUAL(asked[0], 1);
  BOOST_CHECK_EQUAL(asked[1], 1 + 11);  // nobody is asked while it lasts
  BOOST_CHECK_EQUAL(served[0].billed, 5);
  BOOST_CHECK_EQUAL(served[0].capacity, 3);
  BOOST_CHECK_EQUAL(served[11].capacity, 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::replay
