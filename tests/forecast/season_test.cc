#include "forecast/season.h"

#include <boost/test/unit_test.hpp>

#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using testing::kDay;
constexpr Duration kStep = std::chrono::minutes(5);

bool Has(const std::vector<Season>& seasons, int period) {
  for (const Season& s : seasons) {
    if (s.period == period) return true;
  }
  return false;
}

BOOST_AUTO_TEST_SUITE(season)

BOOST_AUTO_TEST_CASE(a_day_is_found_under_noise_and_from_three_days_on) {
  BOOST_TEST(Has(DetectSeasons(testing::DailyLoad(14, 0.3, 1), kStep), kDay));
  BOOST_TEST(Has(DetectSeasons(testing::DailyLoad(3, 0.1, 2), kStep), kDay));
}

BOOST_AUTO_TEST_CASE(a_day_is_found_across_missing_days) {
  std::vector<double> values = testing::DailyLoad(14, 0.1, 3);
  std::fill(values.begin() + 4 * kDay, values.begin() + 6 * kDay, Series::kGap);
  BOOST_TEST(Has(DetectSeasons(values, kStep), kDay));
}

BOOST_AUTO_TEST_CASE(a_week_is_found_where_days_differ) {
  Random random(4);
  std::vector<double> values;
  for (int i = 0; i < 28 * kDay; ++i) {
    const double weekend = (i / kDay) % 7 >= 5 ? 0.4 : 1.0;
    values.push_back(weekend * testing::DailyShape(i) * (1 + 0.1 * random.Normal()));
  }
  BOOST_TEST(Has(DetectSeasons(values, kStep), 7 * kDay));
}

BOOST_AUTO_TEST_CASE(two_clean_days_are_a_day) {
  BOOST_TEST(Has(DetectSeasons(testing::DailyLoad(2, 0.02, 7), kStep), kDay));
}

BOOST_AUTO_TEST_CASE(periods_that_no_calendar_knows_are_found) {
  for (const int period : {7, 22, 50, 130, 500}) {
    Random random(static_cast<std::uint64_t>(period));
    std::vector<double> values;
    for (int i = 0; i < 14 * kDay; ++i) {
      const double phase = 2 * std::numbers::pi * i / period;
      values.push_back(100 + 20 * std::cos(phase) + 10 * std::cos(2 * phase) +
                       10 * random.Normal());
    }
    const auto found = DetectSeasons(values, kStep);
    const bool has = std::any_of(found.begin(), found.end(), [&](const Season& s) {
      return std::abs(s.period - period) <= std::max(1, period / 100);
    });
    BOOST_TEST(has, "period " << period);
  }
}

BOOST_AUTO_TEST_CASE(an_hourly_job_is_found) {
  std::vector<double> values;
  Random random(5);
  for (int i = 0; i < 7 * kDay; ++i) {
    values.push_back((i % 12 == 0 ? 500 : 100) + 20 * random.Normal());
  }
  BOOST_TEST(Has(DetectSeasons(values, kStep), 12));
}

BOOST_AUTO_TEST_CASE(noise_and_random_walks_are_given_no_season) {
  int noise = 0;
  int walks = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    std::vector<double> white;
    std::vector<double> walk;
    double level = 0;
    for (int i = 0; i < 14 * kDay; ++i) {
      white.push_back(100 + 10 * random.Normal());
      level += random.Normal();
      walk.push_back(level);
    }
    noise += DetectSeasons(white, kStep).empty() ? 0 : 1;
    walks += DetectSeasons(walk, kStep).empty() ? 0 : 1;
  }
  BOOST_TEST(noise <= 1);
  BOOST_TEST(walks <= 1);
}

BOOST_AUTO_TEST_CASE(a_constant_series_has_no_season) {
  BOOST_TEST(DetectSeasons(std::vector<double>(14 * kDay, 5.0), kStep).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
