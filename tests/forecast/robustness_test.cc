// Whatever is observed, a forecast is finite, never negative, and its quantiles never cross.
#include <boost/test/unit_test.hpp>
#include <limits>

#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using testing::kDay;
using testing::StateOf;

ForecastRequest SmallRequest() {
  ForecastRequest request;
  request.paths = 60;
  request.windows = {std::chrono::minutes(30), std::chrono::hours(2)};
  request.keep_paths = true;
  return request;
}

void CheckSane(const Forecast& f, const ForecastRequest& request, const std::string& world) {
  const auto sane = [](double v) { return std::isfinite(v) && v >= 0; };
  bool ok = std::all_of(f.mean.begin(), f.mean.end(), sane);
  for (const float v : f.paths.values) ok = ok && sane(v);
  ok = ok && sane(f.recent_error);
  for (std::size_t l = 0; l < f.levels.size(); ++l) {
    for (int h = 0; h < f.horizon; ++h) {
      ok = ok && sane(f.quantiles[l][h]) && (l == 0 || f.quantiles[l][h] >= f.quantiles[l - 1][h]);
    }
    for (const WindowMaximum& m : f.maxima) {
      ok = ok && sane(m.quantiles[l]) && (l == 0 || m.quantiles[l] >= m.quantiles[l - 1]);
      // The maximum's quantile cannot be below that of a step inside the window.
      ok = ok && m.quantiles[l] >= f.quantiles[l][0];
    }
  }
  BOOST_TEST(ok, world << ": something is not finite, negative, or crosses");
  BOOST_TEST(f.mean.size() == static_cast<std::size_t>(request.horizon), world);
  BOOST_TEST(f.maxima.size() == request.windows.size(), world);
  BOOST_TEST(!f.notes.empty(), world);
}

void CheckWorld(const ForecastState& state, const std::string& world, int horizon = 96) {
  ForecastRequest request = SmallRequest();
  request.horizon = horizon;
  const auto f = MakeForecast(state, request);
  BOOST_REQUIRE_MESSAGE(f.ok(), world << ": " << Message(f.status()));
  CheckSane(*f, request, world);
}

BOOST_AUTO_TEST_SUITE(robustness)

BOOST_AUTO_TEST_CASE(any_length_from_two_points_upwards_gives_a_sane_forecast) {
  const std::vector<double> load = testing::DailyLoad(3, 0.2, 1);
  for (const int n : {2, 3, 4, 5, 7, 12, 13, 25, 50, 100, 287, 288, 289, 400, 577, 864}) {
    CheckWorld(StateOf({load.begin(), load.begin() + n}), fmt::format("{} points", n));
  }
}

BOOST_AUTO_TEST_CASE(two_points_of_a_finer_step_are_enough) {
  CheckWorld(StateOf(testing::Regular({3, 5}, std::chrono::minutes(1))), "two minutes");
}

BOOST_AUTO_TEST_CASE(odd_series_give_a_sane_forecast) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::vector<double> load = testing::DailyLoad(6, 0.2, 2);
  CheckWorld(StateOf(std::vector<double>(6 * kDay, 42.0)), "constant");
  CheckWorld(StateOf(std::vector<double>(6 * kDay, 0.0)), "zero");
  auto changed = [&](auto change) {
    std::vector<double> values = load;
    for (int i = 0; i < static_cast<int>(values.size()); ++i) values[i] = change(i, values[i]);
    return StateOf(values);
  };
  CheckWorld(changed([](int, double v) { return v * 1e26; }), "huge");
  CheckWorld(changed([](int, double v) { return v * 1e-300; }), "tiny");
  CheckWorld(changed([](int i, double v) { return i % 3 ? Series::kGap : v; }), "mostly gaps");
  CheckWorld(changed([](int i, double v) { return i % 97 ? 0.0 : v; }), "intermittent");
  CheckWorld(changed([](int i, double v) { return i > 5 * kDay ? 9 * v : v; }), "shift up");
  CheckWorld(changed([](int i, double v) { return i > 5 * kDay ? 0 : v; }), "went to zero");
  CheckWorld(changed([&](int i, double v) { return i % 50 ? v : inf; }), "infinite values");
  CheckWorld(changed([](int i, double v) { return i % 50 ? v : -v; }), "negative values");
  CheckWorld(changed([](int i, double v) { return i % 900 ? v : 1e29; }), "a broken sensor");
  CheckWorld(changed([](int i, double) { return i % 2 ? 0.0 : 1e6; }), "alternating");
  CheckWorld(changed([](int i, double) { return std::exp(i * 0.03); }), "exponential");
  CheckWorld(
      changed([](int i, double v) { return i > 2 * kDay && i < 5 * kDay ? Series::kGap : v; }),
      "three days missing");
  CheckWorld(changed([](int i, double v) { return i < 1700 ? Series::kGap : v; }), "late start");
}

BOOST_AUTO_TEST_CASE(a_horizon_longer_than_the_history_gives_a_sane_forecast) {
  CheckWorld(StateOf(testing::DailyLoad(1, 0.2, 3)), "a day, four ahead", 4 * kDay);
}

BOOST_AUTO_TEST_CASE(a_horizon_of_one_step_and_one_path_give_a_sane_forecast) {
  ForecastRequest request = SmallRequest();
  request.horizon = 1;
  request.paths = 1;
  request.windows = {std::chrono::minutes(5)};
  const auto f = MakeForecast(StateOf(testing::DailyLoad(3, 0.2, 4)), request);
  BOOST_REQUIRE(f.ok());
  CheckSane(*f, request, "one step, one path");
}

BOOST_AUTO_TEST_CASE(everything_saturated_gives_a_sane_forecast) {
  ForecastState state = StateOf(testing::DailyLoad(3, 0.2, 5));
  state.observed.flags.assign(state.observed.size(), kSaturated | kThrottled);
  CheckWorld(state, "saturated");
}

BOOST_AUTO_TEST_CASE(fewer_than_two_points_are_refused) {
  for (const auto& values : {std::vector<double>{}, std::vector<double>{1},
                             std::vector<double>{Series::kGap, 1, Series::kGap}}) {
    const auto f = MakeForecast(StateOf(values), SmallRequest());
    BOOST_TEST((f.status().code() == StatusCode::kFailedPrecondition));
  }
}

BOOST_AUTO_TEST_CASE(impossible_requests_are_refused) {
  const ForecastState state = StateOf(testing::DailyLoad(1, 0.2, 6));
  const auto refused = [&](auto change) {
    ForecastRequest request;
    change(request);
    const auto f = MakeForecast(state, request);
    return f.status().code() == StatusCode::kInvalidArgument;
  };
  BOOST_TEST(refused([](auto& r) { r.horizon = 0; }));
  BOOST_TEST(refused([](auto& r) { r.horizon = 1'000'000; }));
  BOOST_TEST(refused([](auto& r) { r.paths = 0; }));
  BOOST_TEST(refused([](auto& r) { r.step = Duration(0); }));
  BOOST_TEST(refused([](auto& r) { r.step = std::chrono::minutes(1); }));
  BOOST_TEST(refused([](auto& r) { r.step = std::chrono::minutes(7); }));
  BOOST_TEST(refused([](auto& r) { r.levels = {0.9, 0.5}; }));
  BOOST_TEST(refused([](auto& r) { r.levels = {0.5, 1.0}; }));
  BOOST_TEST(refused([](auto& r) { r.levels = {std::nan("")}; }));
  BOOST_TEST(refused([](auto& r) { r.windows = {std::chrono::hours(25)}; }));
  BOOST_TEST(refused([](auto& r) { r.windows = {Duration(0)}; }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
