#include "collector/rates.h"

#include <boost/test/unit_test.hpp>

#include "tests/collector/samples.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const RateOptions kOptions{.span = 10s, .max_gap = 60s};

std::optional<Rate> RateAfter(const std::vector<NodeSample>& samples,
                              Metric metric = Metric::kCommands) {
  SampleWindow window;
  for (const auto& sample : samples) Append(window, sample, kOptions);
  return RateOf(window, metric, kOptions);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(rates)

BOOST_AUTO_TEST_CASE(one_sample_makes_no_rate) {
  BOOST_TEST(!RateAfter({}).has_value());
  BOOST_TEST(!RateAfter({MakeSample("a", 0, 1000)}).has_value());
}

BOOST_AUTO_TEST_CASE(two_samples_make_a_rate_by_monotonic_time) {
  const auto rate = RateAfter({MakeSample("a", 0, 1000), MakeSample("a", 10, 1500)});
  BOOST_REQUIRE(rate.has_value());
  BOOST_TEST(rate->per_second == 50, boost::test_tools::tolerance(1e-9));
  BOOST_TEST((rate->since == At(0)));
}

BOOST_AUTO_TEST_CASE(a_counter_that_stands_still_is_a_rate_of_zero) {
  const auto rate = RateAfter({MakeSample("a", 0, 1000), MakeSample("a", 10, 1000)});
  BOOST_REQUIRE(rate.has_value());
  BOOST_TEST(rate->per_second == 0);
}

BOOST_AUTO_TEST_CASE(samples_in_quick_succession_are_smoothed_over_the_span) {
  std::vector<NodeSample> samples;
  for (int i = 0; i <= 100; ++i) {  // every 0.4 s; bursts in every other sample, 50 a second in all
    samples.push_back(MakeSample("a", 0.4 * i, 40.0 * (i / 2)));
  }
  const auto rate = RateAfter(samples);
  BOOST_REQUIRE(rate.has_value());
  BOOST_TEST(rate->per_second == 50, boost::test_tools::tolerance(0.1));
  BOOST_TEST(Seconds(samples.back().at - rate->since) >= 8);
  BOOST_TEST(Seconds(samples.back().at - rate->since) <= 10);
}

BOOST_AUTO_TEST_CASE(the_window_is_bounded) {
  SampleWindow window;
  for (int i = 0; i < 1000; ++i) Append(window, MakeSample("a", i, i), kOptions);
  BOOST_TEST(window.size() <= 22u);
}

BOOST_AUTO_TEST_CASE(no_rate_spans_a_restart_of_the_process) {
  // The new process already counts more than the old one: only the incarnation tells.
  BOOST_TEST(
      !RateAfter({MakeSample("a", 0, 1000), MakeSample("a", 10, 9000, "run-2")}).has_value());
  const auto rate = RateAfter({MakeSample("a", 0, 1000), MakeSample("a", 10, 9000, "run-2"),
                               MakeSample("a", 20, 9100, "run-2")});
  BOOST_REQUIRE(rate.has_value());
  BOOST_TEST(rate->per_second == 10, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(no_rate_spans_a_counter_that_was_reset_and_none_is_negative) {
  BOOST_TEST(!RateAfter({MakeSample("a", 0, 1000), MakeSample("a", 10, 20)}).has_value());
  const auto rate =
      RateAfter({MakeSample("a", 0, 1000), MakeSample("a", 3, 20), MakeSample("a", 6, 50)});
  BOOST_REQUIRE(rate.has_value());
  BOOST_TEST(rate->per_second == 10, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(samples_too_far_apart_make_no_rate) {
  BOOST_TEST(!RateAfter({MakeSample("a", 0, 1000), MakeSample("a", 61, 1500)}).has_value());
}

BOOST_AUTO_TEST_CASE(a_sample_that_was_overtaken_is_dropped) {
  const auto rate =
      RateAfter({MakeSample("a", 0, 1000), MakeSample("a", 10, 1100), MakeSample("a", 5, 1050)});
  BOOST_REQUIRE(rate.has_value());
  BOOST_TEST(rate->per_second == 10, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_counter_that_is_not_told_has_no_rate) {
  auto last = MakeSample("a", 10, 1100);
  last[Metric::kCommands].reset();
  BOOST_TEST(!RateAfter({MakeSample("a", 0, 1000), last}).has_value());
  BOOST_TEST(RateAfter({MakeSample("a", 0, 1000), last}, Metric::kHits).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
