// What followed past times that were like now.
#include "planner/sizing/analogues.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "core/random.h"

namespace tidewright::planner {
namespace {

constexpr int kDay = 288;

// A hill of six hours each day, from 2 up to 6 and back.
std::vector<float> Days(int steps) {
  std::vector<float> demand;
  for (int t = 0; t < steps; ++t) {
    const double phase = (t % kDay - 96) / 72.0;
    demand.push_back(
        static_cast<float>(2 + (phase > 0 && phase < 1 ? 4 * std::sin(3.14159 * phase) : 0)));
  }
  return demand;
}

BOOST_AUTO_TEST_SUITE(analogues)

BOOST_AUTO_TEST_CASE(a_rise_is_followed_by_what_such_rises_came_to) {
  const std::vector<float> demand = Days(7 * kDay + 108);  // an hour into the hill
  const Analogues found = FindAnalogues(demand, 60, {.most = 5});
  BOOST_REQUIRE_EQUAL(found.count, 5);
  for (int k = 0; k < found.count; ++k) BOOST_CHECK_CLOSE(found.At(23)[k], 6.0F, 5);
}

BOOST_AUTO_TEST_CASE(the_time_of_day_tells_the_night_before_the_hill_from_the_one_after) {
  const std::vector<float> demand = Days(8 * kDay + 90);  // flat, half an hour before the hill
  const auto rising = [&](const AnalogueOptions& options) {
    const Analogues found = FindAnalogues(demand, 60, options);
    return std::count_if(found.At(40), found.At(40) + found.count, [](float v) { return v > 4; });
  };
  BOOST_CHECK_LT(rising({}), 25);
  BOOST_CHECK_GT(rising({.look_back = 14 * kDay, .day = kDay}), 25);
}

BOOST_AUTO_TEST_CASE(scenarios_begin_at_the_level_of_now) {
  Random random(3);
  std::vector<float> demand;
  for (int t = 0; t < 2000; ++t) {
    demand.push_back(static_cast<float>(5 + std::sin(t / 30.0) + 0.2 * random.Uniform()));
  }
  const Analogues found = FindAnalogues(demand, 12);
  BOOST_REQUIRE_EQUAL(found.count, 50);
  const float level = (demand[1997] + demand[1998] + demand[1999]) / 3;
  for (int k = 0; k < found.count; ++k) BOOST_CHECK_SMALL(found.At(0)[k] - level, 0.5F);
}

BOOST_AUTO_TEST_CASE(gaps_are_not_zeros_and_too_little_is_nothing) {
  std::vector<float> demand = Days(5 * kDay);
  for (std::size_t t = 300; t < 900; ++t) demand[t] = std::nanf("");
  const Analogues found = FindAnalogues(demand, 288);
  BOOST_REQUIRE_GT(found.count, 0);
  for (const float v : found.values) BOOST_CHECK(v >= 0 && std::isfinite(v));
  demand.back() = std::nanf("");
  BOOST_CHECK_EQUAL(FindAnalogues(demand, 288).count, 0);
  BOOST_CHECK_EQUAL(FindAnalogues(std::vector<float>(300, 1.0F), 288).count, 0);
  BOOST_CHECK_EQUAL(FindAnalogues({}, 288).count, 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::planner
