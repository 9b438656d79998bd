#include "forecast/usual_hours.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using testing::DailyLoad;
constexpr float kLarge = 0.06F;
constexpr float kSome = 0.03F;

Prepared Ready(const std::vector<double>& load) {
  return Prepare(testing::Regular(load), std::chrono::minutes(5)).value();
}

BOOST_AUTO_TEST_SUITE(usual_hours)

BOOST_AUTO_TEST_CASE(an_hour_differs_from_the_median_of_the_same_hours_of_the_days_before) {
  const Prepared p = Ready(DailyLoad(12, 0.1, 1));
  UsualHours hours(p, kLarge, kSome);
  BOOST_TEST_REQUIRE(hours.Period() == 24);
  const auto log_of = [&](int hour) {
    const int begin = hours.Step(hour, p.hour);
    return std::log(p.level.Mean(begin, begin + p.hour) + Prepared::kLogShift);
  };
  for (const int at : {75, 100, 130, 250}) {
    for (const int left_out : {0, 1}) {
      std::vector<double> before;
      for (int i = at - 24 * (left_out + 1); i >= 0 && before.size() < 7; i -= 24) {
        before.push_back(log_of(i));
      }
      const auto found = hours.Differences(at, at + 1, at - 24 * left_out);
      BOOST_TEST_REQUIRE(found.size() == (before.size() >= 3 ? 1u : 0u));
      if (found.empty()) continue;
      std::sort(before.begin(), before.end());
      const std::size_t middle = before.size() / 2;
      const double median =
          before.size() % 2 == 1 ? before[middle] : (before[middle - 1] + before[middle]) / 2;
      BOOST_TEST(std::abs(found[0] - (log_of(at) - median)) < 1e-5);
    }
  }
}

BOOST_AUTO_TEST_CASE(counts_are_those_of_the_differences) {
  UsualHours hours(Ready(DailyLoad(12, 0.1, 2)), kLarge, kSome);
  hours.Raise(200, 0.1F);
  for (int begin = 0; begin < hours.size(); begin += 7) {
    for (const int width : {6, 48}) {
      const auto counts = hours.Count(begin, begin + width, begin - 6);
      const auto differences = hours.Differences(begin, begin + width, begin - 6);
      const auto count = [&](auto is) {
        return std::count_if(differences.begin(), differences.end(), is);
      };
      BOOST_TEST(counts.known == static_cast<int>(differences.size()));
      BOOST_TEST(counts.up == count([](float d) { return d >= kLarge; }));
      BOOST_TEST(counts.down == count([](float d) { return d <= -kLarge; }));
      BOOST_TEST(counts.some_up == count([](float d) { return d >= kSome; }));
      BOOST_TEST(counts.some_down == count([](float d) { return d <= -kSome; }));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
