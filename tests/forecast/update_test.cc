#include <boost/test/unit_test.hpp>

#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using testing::Regular;
using testing::StateOf;

BOOST_AUTO_TEST_SUITE(update)

BOOST_AUTO_TEST_CASE(an_empty_state_takes_the_samples_as_they_are) {
  const auto state = Update(ForecastState{}, Regular({1, 2}));
  BOOST_REQUIRE(state.ok());
  BOOST_TEST(state->observed.values == std::vector<double>({1, 2}));
}

BOOST_AUTO_TEST_CASE(a_hole_between_state_and_samples_becomes_a_gap) {
  Series later = Regular({5, 6});
  later.start += later.step * 4;
  const auto state = Update(StateOf({1, 2}), later);
  BOOST_REQUIRE(state.ok());
  const Series& held = state->observed;
  BOOST_REQUIRE_EQUAL(held.size(), 6u);
  BOOST_TEST(Series::IsGap(held.values[2]));
  BOOST_TEST(Series::IsGap(held.values[3]));
  BOOST_TEST(held.values[4] == 5);
  BOOST_TEST(held.values[5] == 6);
}

BOOST_AUTO_TEST_CASE(what_the_state_already_holds_is_not_taken_again) {
  Series overlapping = Regular({20, 30, 40});
  overlapping.start += overlapping.step;
  const auto state = Update(StateOf({1, 2}), overlapping);
  BOOST_REQUIRE(state.ok());
  BOOST_TEST(state->observed.values == std::vector<double>({1, 2, 30, 40}));
  const auto again = Update(*state, overlapping);
  BOOST_REQUIRE(again.ok());
  BOOST_TEST(again->observed.values == state->observed.values);
}

BOOST_AUTO_TEST_CASE(flags_stay_beside_their_values) {
  Series flagged = Regular({3, 4});
  flagged.start += flagged.step * 3;
  flagged.flags = {0, kSaturated};
  const auto state = Update(StateOf({1, 2}), flagged);
  BOOST_REQUIRE(state.ok());
  BOOST_TEST(state->observed.flags == std::vector<unsigned>({0, 0, 0, 0, kSaturated}));
}

BOOST_AUTO_TEST_CASE(no_more_than_the_history_is_kept) {
  ForecastState state;
  for (int day = 0; day < 30; ++day) {
    Series samples = Regular(std::vector<double>(testing::kDay, day));
    samples.start += std::chrono::hours(24 * day);
    auto next = Update(std::move(state), samples);
    BOOST_REQUIRE(next.ok());
    state = *std::move(next);
  }
  BOOST_TEST(state.observed.size() == 28u * testing::kDay);
  BOOST_TEST(state.observed.values.front() == 2);
  BOOST_TEST(state.observed.values.back() == 29);
}

BOOST_AUTO_TEST_CASE(after_a_hole_longer_than_the_history_nothing_old_is_left) {
  Series later = Regular({7, 8});
  later.start += ForecastState::kHistory * 100;
  const auto state = Update(StateOf({1, 2}), later);
  BOOST_REQUIRE(state.ok());
  BOOST_TEST(state->observed.values == std::vector<double>({7, 8}));
}

BOOST_AUTO_TEST_CASE(samples_of_another_step_or_out_of_step_are_refused) {
  const ForecastState state = StateOf({1, 2});
  const auto other = Update(state, Regular({1, 2}, std::chrono::minutes(1)));
  BOOST_TEST((other.status().code() == StatusCode::kInvalidArgument));
  Series shifted = Regular({1, 2, 3});
  shifted.start += std::chrono::seconds(7);
  BOOST_TEST((Update(state, shifted).status().code() == StatusCode::kInvalidArgument));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
