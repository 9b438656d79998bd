#include "bench/loadgen/histogram.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using loadgen::Histogram;

BOOST_AUTO_TEST_SUITE(histogram)

BOOST_AUTO_TEST_CASE(quantiles_are_right_to_a_sixteenth) {
  Histogram h;
  for (int i = 1; i <= 100000; ++i) h.Add(Duration(i));
  for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = q * 100000;
    const auto told = static_cast<double>(h.Quantile(q).count());
    BOOST_TEST(told >= exact, "q" << q << " told " << told);
    BOOST_TEST(told <= exact * (1 + 1.0 / 16) + 1, "q" << q << " told " << told);
  }
}

BOOST_AUTO_TEST_CASE(small_and_huge_values_are_kept) {
  Histogram h;
  BOOST_TEST(h.Quantile(0.5).count() == 0);
  h.Add(Duration(-5));
  h.Add(Duration(0));
  BOOST_TEST(h.Quantile(1.0).count() == 1);
  h.Add(std::chrono::hours(24 * 365));
  BOOST_TEST(h.Quantile(1.0) >= std::chrono::hours(1));
  BOOST_TEST(h.count() == 3);
}

BOOST_AUTO_TEST_CASE(since_tells_what_came_later) {
  Histogram h;
  h.Add(Duration(10));
  const Histogram before = h;
  h.Add(Duration(1000));
  const Histogram later = h.Since(before);
  BOOST_TEST(later.count() == 1);
  BOOST_TEST(later.Quantile(0.5).count() >= 1000);
  Histogram sum = before;
  sum.Merge(later);
  BOOST_TEST(sum.count() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
