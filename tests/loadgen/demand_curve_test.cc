#include "bench/loadgen/demand_curve.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

using namespace tidewright;
using namespace std::chrono_literals;
using loadgen::DemandCurve;

namespace {

const WallTime kMonday = *ParseTime("2026-03-02");

double MaximumOf(const DemandCurve& curve, WallTime from, Duration length) {
  double highest = 0;
  for (WallTime t = from; t < from + length; t += 1min)
    highest = std::max(highest, curve.Smooth(t));
  return highest;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(demand_curve)

BOOST_AUTO_TEST_CASE(the_same_seed_and_minute_give_the_same_demand) {
  const DemandCurve a, b;
  DemandCurve other;
  other.seed = 2;
  BOOST_TEST(a.At(kMonday + 90min) == b.At(kMonday + 90min + 59s));
  BOOST_TEST(a.At(kMonday + 90min) != other.At(kMonday + 90min));
}

BOOST_AUTO_TEST_CASE(a_day_has_a_deep_night_and_an_evening_peak) {
  DemandCurve curve;
  curve.day_spread = 0;
  BOOST_TEST(MaximumOf(curve, kMonday, 24h) == curve.peak, boost::test_tools::tolerance(0.1));
  BOOST_TEST(curve.Smooth(kMonday + 3h) < 0.4 * curve.peak);
  BOOST_TEST(curve.Smooth(kMonday + 19h) > curve.Smooth(kMonday + 10h + 30min));
}

BOOST_AUTO_TEST_CASE(weekends_are_quieter_and_growth_adds_up) {
  DemandCurve curve;
  curve.day_spread = 0;
  const auto noon = 12h;
  BOOST_TEST(curve.Smooth(kMonday + 5 * 24h + noon) < curve.Smooth(kMonday + noon));
  curve.drift_origin = kMonday;
  const double first = curve.Smooth(kMonday + noon);
  curve.drift_per_day = 0.01;
  BOOST_TEST(curve.Smooth(kMonday + 7 * 24h + noon) / first == 1.075,
             boost::test_tools::tolerance(0.001));
}

BOOST_AUTO_TEST_CASE(noise_has_the_spread_it_is_given_and_never_makes_demand_negative) {
  DemandCurve curve;
  curve.noise = 0.05;
  double squares = 0;
  for (int i = 0; i < 1440; ++i) {
    const WallTime at = kMonday + i * 1min + 30s;
    squares += std::pow(curve.At(at) / curve.Smooth(at) - 1, 2);
  }
  BOOST_TEST(std::sqrt(squares / 1440) == 0.05, boost::test_tools::tolerance(0.1));
  curve.noise = 10;
  for (int i = 0; i < 1440; ++i) BOOST_TEST(curve.At(kMonday + i * 1min) >= 0);
}

BOOST_AUTO_TEST_CASE(a_burst_stands_where_it_was_put_and_nowhere_else) {
  DemandCurve calm, burst;
  burst.burst = loadgen::Burst{kMonday + 14h, 40min, 0.5};
  for (const auto minute : {0, 13 * 60 + 59, 14 * 60 + 41, 23 * 60}) {
    BOOST_TEST(burst.Smooth(kMonday + minute * 1min) == calm.Smooth(kMonday + minute * 1min));
  }
  BOOST_TEST(
      burst.Smooth(kMonday + 14h + 15min) - calm.Smooth(kMonday + 14h + 15min) == 0.5 * calm.peak,
      boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_SUITE_END()
