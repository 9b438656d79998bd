#include "cli/ordered_work.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <latch>

using tidewright::cli::WorkInOrder;

BOOST_AUTO_TEST_SUITE(ordered_work)

BOOST_AUTO_TEST_CASE(results_come_in_order_whatever_the_number_of_threads) {
  for (const int jobs : {1, 2, 7}) {
    for (const std::size_t count : {0u, 1u, 5u, 1000u}) {
      std::size_t expected = 0;
      WorkInOrder<std::size_t>(
          count, jobs, [](std::size_t i) { return i * i; },
          [&](std::size_t i, std::size_t result) {
            BOOST_TEST(i == expected);
            BOOST_TEST(result == i * i);
            ++expected;
            return true;
          });
      BOOST_TEST(expected == count);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_result_that_is_early_waits_for_those_before_it) {
  std::latch last_made(1);
  std::vector<std::size_t> order;
  WorkInOrder<std::size_t>(
      8, 2,
      [&](std::size_t i) {
        if (i == 0) last_made.wait();
        if (i == 7) last_made.count_down();
        return 10 * i;
      },
      [&](std::size_t, std::size_t result) {
        order.push_back(result);
        return true;
      });
  BOOST_TEST(order == (std::vector<std::size_t>{0, 10, 20, 30, 40, 50, 60, 70}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(work_ends_early_when_its_results_are_of_no_use) {
  std::atomic<std::size_t> made{0};
  std::size_t used = 0;
  WorkInOrder<int>(
      100000, 3,
      [&](std::size_t) {
        ++made;
        return 0;
      },
      [&](std::size_t, int) { return ++used < 10; });
  BOOST_TEST(used == 10u);
  BOOST_TEST(made < 1000u);  // a few a thread at most
}

BOOST_AUTO_TEST_SUITE_END()
