#include "forecast/evaluation.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Values = std::vector<double>;
const double kGap = Series::kGap;
constexpr double kExact = 1e-9;

BOOST_AUTO_TEST_SUITE(evaluation)

BOOST_AUTO_TEST_CASE(measures_of_the_point_forecast_are_those_computed_by_hand) {
  // (1 + 0 + 3) / 3; the gap does not count.
  BOOST_TEST(MeanAbsoluteError(Values{1, 2, kGap, 4}, Values{2, 2, 9, 1}) == 4.0 / 3,
             boost::test_tools::tolerance(kExact));
  // (200·10/210 + 0 + 200·100/200) / 3
  BOOST_TEST(
      SymmetricPercentageError(Values{100, 0, 50}, Values{110, 0, 150}) == (2000.0 / 210 + 100) / 3,
      boost::test_tools::tolerance(kExact));
  BOOST_TEST(SeasonalScale(Values{1, 2, 3, 5}, 2) == 2.5);        // (2 + 3) / 2
  BOOST_TEST(SeasonalScale(Values{1, 2, kGap, 5, 7}, 1) == 1.5);  // (1 + 2) / 2
  BOOST_TEST(std::isnan(MeanAbsoluteError(Values{kGap}, Values{1})));
  BOOST_TEST(std::isnan(SeasonalScale(Values{1, 2}, 2)));
}

BOOST_AUTO_TEST_CASE(measures_of_quantiles_are_those_computed_by_hand) {
  BOOST_TEST(PinballLoss(0.9, 10, 8) == 1.8, boost::test_tools::tolerance(kExact));
  BOOST_TEST(PinballLoss(0.9, 8, 10) == 0.2, boost::test_tools::tolerance(kExact));
  QuantileScore score;
  score.Add(Values{10, kGap, 20}, {0.5, 0.9}, {{8, 0, 22}, {12, 0, 19}});
  BOOST_TEST(score.steps == 2);
  BOOST_TEST(score.absolute == 30);
  BOOST_TEST(score.pinball[0] == 2.0, boost::test_tools::tolerance(kExact));  // 0.5·2 + 0.5·2
  BOOST_TEST(score.pinball[1] == 1.1, boost::test_tools::tolerance(kExact));  // 0.1·2 + 0.9·1
  BOOST_TEST(score.WeightedLoss() == 3.1 / 30, boost::test_tools::tolerance(kExact));
  BOOST_TEST(score.Coverage() == (Values{0.5, 0.5}), boost::test_tools::per_element());
  QuantileScore twice = score;
  twice.Add(score);
  BOOST_TEST(twice.WeightedLoss() == score.WeightedLoss(), boost::test_tools::tolerance(kExact));
  BOOST_TEST(std::isnan(QuantileScore{}.WeightedLoss()));
}

BOOST_AUTO_TEST_CASE(a_series_is_the_mean_of_its_origins) {
  const Values first = {2}, second = {4};
  const MethodScore score =
      Score({{.actual = first, .scale = 1, .point = {3}, .quantiles = {{3}}},
             {.actual = second, .scale = 0, .point = {1}, .quantiles = {{1}}}},
            {0.5});
  BOOST_TEST(score.mae == 2.0);
  BOOST_TEST(score.mase == 1.0);  // an origin without a scale has none
  BOOST_TEST(score.smape == (200.0 / 5 + 600.0 / 5) / 2, boost::test_tools::tolerance(kExact));
  BOOST_TEST(score.quantiles.WeightedLoss() == 2 * (0.5 + 1.5) / 6,
             boost::test_tools::tolerance(kExact));
}

BOOST_AUTO_TEST_CASE(seasonal_naive_repeats_and_reaches_back_through_gaps) {
  const auto plain = SeasonalNaive(Values{1, 2, 3, 4, 5, 6}, 3, 5, {0.5, 0.9});
  BOOST_TEST(plain.point == (Values{4, 5, 6, 4, 5}), boost::test_tools::per_element());
  BOOST_TEST(plain.quantiles[1] == (Values{7, 8, 9, 7, 8}), boost::test_tools::per_element());
  const auto gap = SeasonalNaive(Values{1, 2, 3, 4, kGap, 6, 7}, 3, 3, {});
  BOOST_TEST(gap.point == (Values{2, 6, 7}), boost::test_tools::per_element());
  const auto falling = SeasonalNaive(Values{9, 1}, 1, 1, {0.5});
  BOOST_TEST(falling.quantiles[0][0] == 0);  // demand is not below nothing
  BOOST_TEST(SeasonalNaive(Values{kGap, 5}, 4, 2, {}).point == (Values{5, 5}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_period_is_the_detected_day_or_the_calendars_or_one_step) {
  Series series{
      .start = {}, .step = minutes(5), .values = testing::DailyLoad(7, 0.1, 1), .flags = {}};
  BOOST_TEST(ChoosePeriod(series).steps == 288);
  BOOST_TEST(ChoosePeriod(series).reason == "detected");
  series.values.assign(3 * 288, 5.0);
  BOOST_TEST(ChoosePeriod(series).steps == 288);
  BOOST_TEST(ChoosePeriod(series).reason != "detected");
  series.values.resize(100);
  BOOST_TEST(ChoosePeriod(series).steps == 1);
  series.step = minutes(7);  // a day is no multiple of it
  series.values.assign(3000, 5.0);
  BOOST_TEST(ChoosePeriod(series).steps == 1);
}

BOOST_AUTO_TEST_CASE(origins_are_spread_from_the_middle_to_the_horizon) {
  const auto origins = ChooseOrigins(700, hours(1), 48, 8);
  BOOST_REQUIRE(origins.size() == 8u);
  BOOST_TEST(origins.front() == 350);
  BOOST_TEST(origins.back() == 652);
  BOOST_TEST(ChooseOrigins(700, hours(1), 48, 1) == std::vector<int>{652},
             boost::test_tools::per_element());
  BOOST_TEST(ChooseOrigins(300, hours(1), 24, 5).front() == 168);  // a week of history
  BOOST_TEST(ChooseOrigins(100, hours(1), 48, 8) == std::vector<int>{52},
             boost::test_tools::per_element());
  BOOST_TEST(ChooseOrigins(49, hours(1), 48, 8).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
