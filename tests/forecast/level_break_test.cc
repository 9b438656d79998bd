#include "forecast/level_break.h"

#include <boost/test/unit_test.hpp>

#include "forecast/forecaster.h"
#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using testing::DailyLoad;
using testing::kDay;
constexpr Duration kStep = std::chrono::minutes(5);
constexpr int kHour = 12;

std::vector<LevelBreak> Found(const std::vector<double>& load) {
  return FindLevelBreaks(Prepare(testing::Regular(load), kStep).value());
}

// `load` with everything from `at` on multiplied.
std::vector<double> Shifted(std::vector<double> load, int at, double factor) {
  for (std::size_t i = at; i < load.size(); ++i) load[i] *= factor;
  return load;
}

BOOST_AUTO_TEST_SUITE(level_break)

BOOST_AUTO_TEST_CASE(a_shift_is_found_within_hours_and_never_lost) {
  const int at = 14 * kDay + 5 * kHour;
  for (const double factor : {1.5, 2.0, 0.6}) {
    const auto all = Shifted(DailyLoad(22, 0.05, 1), at, factor);
    const int soonest = (factor > 1 ? 7 : 31) * kHour;
    for (const int after : {soonest, 2 * kDay, 4 * kDay, 7 * kDay}) {
      const auto found = Found({all.begin(), all.begin() + at + after});
      BOOST_REQUIRE_MESSAGE(found.size() == 1u, factor << " after " << after
                                                       << " steps: " << found.size() << " breaks");
      BOOST_TEST(std::abs(found[0].factor / factor - 1) < 0.05);
      const Duration off = found[0].at - (testing::Regular({0}).start + kStep * at);
      BOOST_TEST(std::abs(Seconds(off)) <= 3600);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_recurs_or_passes_is_no_break) {
  BOOST_TEST(Found(DailyLoad(21, 0.2, 2)).empty());
  std::vector<double> weekends = DailyLoad(28, 0.05, 3);
  for (int i = 0; i < 28 * kDay; ++i) weekends[i] *= i / kDay % 7 >= 5 ? 0.5 : 1.0;
  for (int days = 21; days <= 28; ++days) {
    BOOST_TEST(Found({weekends.begin(), weekends.begin() + days * kDay}).empty(), days << " days");
  }
  std::vector<double> holiday = DailyLoad(21, 0.05, 4);
  for (int i = 20 * kDay; i < 21 * kDay; ++i) holiday[i] *= 0.5;
  BOOST_TEST(Found(holiday).empty());
}

BOOST_AUTO_TEST_CASE(history_before_a_break_is_brought_to_the_level_after_it) {
  const Series series = testing::Regular({1, 1, 1, 1});
  const Series raised = AtPresentLevel(
      series, {{.at = series.TimeOf(1), .factor = 2}, {.at = series.TimeOf(3), .factor = 3}});
  BOOST_TEST(raised.values == std::vector<double>({6, 3, 3, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(two_days_after_a_shift_the_forecast_is_as_good_as_if_there_never_was_one) {
  const int at = 14 * kDay;
  const int now = at + 2 * kDay;
  const auto calm = DailyLoad(17, 0.05, 5);
  const auto shifted = Shifted(calm, at, 1.5);
  const auto error = [&](const std::vector<double>& load) {
    const Forecast f =
        MakeForecast(testing::StateOf({load.begin(), load.begin() + now}), {}).value();
    double width = 0;
    double off = 0;
    for (int h = 0; h < kDay; ++h) {
      off += std::abs(f.quantiles[0][h] - load[now + h]) / load[now + h] / kDay;
      width += (f.quantiles[4][h] / f.quantiles[0][h] - 1) / kDay;
    }
    return std::pair(off, width);
  };
  const auto [off, width] = error(shifted);
  const auto [usual_off, usual_width] = error(calm);
  BOOST_TEST(off < 1.1 * usual_off);
  BOOST_TEST(width < 1.3 * usual_width);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
