// What came out of nothing lately: found, counted, and not invented.
#include "planner/sizing/shocks.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

namespace tidewright::planner {

BOOST_AUTO_TEST_SUITE(shocks)

BOOST_AUTO_TEST_CASE(the_largest_rises_above_the_half_hour_before_are_kept) {
  std::vector<float> demand(100, 2.0F);
  demand[30] = 5.0F;
  demand[31] = 4.0F;  // no rise above what was just before
  demand[60] = 3.0F;
  demand[90] = 2.5F;
  const Shocks found = FindShocks(demand, {.before = 6, .look_back = 1000, .most = 2});
  BOOST_TEST(found.rises == (std::vector<float>{3.0F, 1.0F}), boost::test_tools::per_element());
  BOOST_CHECK_CLOSE(found.each, 1.0 / 94, 1e-9);
}

BOOST_AUTO_TEST_CASE(what_is_old_or_beside_a_gap_does_not_count) {
  std::vector<float> demand(100, 2.0F);
  demand[10] = 9.0F;
  demand[79] = std::nanf("");
  demand[80] = 9.0F;
  BOOST_TEST(FindShocks(demand, {.before = 6, .look_back = 50, .most = 20}).rises.empty());
  BOOST_TEST(FindShocks({}, {}).rises.empty());
  BOOST_TEST(FindShocks({}, {}).each == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidewright::planner
