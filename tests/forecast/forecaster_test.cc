#include <boost/test/unit_test.hpp>
#include <cstring>

#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using testing::DailyLoad;
using testing::kDay;
using testing::StateOf;

Forecast Made(const ForecastState& state, ForecastRequest request = {}) {
  auto f = MakeForecast(state, request);
  BOOST_REQUIRE_MESSAGE(f.ok(), Message(f.status()));
  return *std::move(f);
}

bool SameBytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

BOOST_AUTO_TEST_SUITE(forecaster)

BOOST_AUTO_TEST_CASE(a_noisy_day_is_forecast_to_within_the_noise) {
  const Forecast f = Made(StateOf(DailyLoad(14, 0.1, 1)));
  double error = 0;
  for (int h = 0; h < kDay; ++h) {
    error += std::abs(f.quantiles[0][h] / testing::DailyShape(14 * kDay + h) - 1) / kDay;
  }
  // Seasonal naive would be off by the noise of its last day: 0.08.
  BOOST_TEST(error < 0.04);
  BOOST_TEST((f.trust == Trust::kGood));
}

BOOST_AUTO_TEST_CASE(the_same_input_gives_the_same_bytes) {
  ForecastRequest request;
  request.keep_paths = true;
  const ForecastState state = StateOf(DailyLoad(7, 0.2, 2));
  const Forecast a = Made(state, request);
  const Forecast b = Made(state, request);
  BOOST_TEST(SameBytes(a.paths.values, b.paths.values));
  BOOST_TEST(a.mean == b.mean);
  BOOST_TEST(a.quantiles == b.quantiles);
  BOOST_TEST(a.notes == b.notes);
  request.seed = 2;
  BOOST_TEST(!SameBytes(a.paths.values, Made(state, request).paths.values));
}

BOOST_AUTO_TEST_CASE(a_path_is_the_same_scenario_for_every_series_of_a_cluster) {
  // Two resources driven by the same clients: the same noise, another unit, another load besides.
  const std::vector<double> requests = DailyLoad(7, 0.2, 3);
  std::vector<double> bytes = requests;
  for (double& v : bytes) v = 1e6 + 512 * v;
  ForecastRequest request;
  request.keep_paths = true;
  const Forecast a = Made(StateOf(requests), request);
  const Forecast b = Made(StateOf(bytes), request);
  for (const int h : {0, 11, 100, 250}) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int k = 0; k < request.paths; ++k) {
      const double x = a.paths.At(k, h) - a.mean[h];
      const double y = b.paths.At(k, h) - b.mean[h];
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    BOOST_TEST(ab / std::sqrt(aa * bb) > 0.9, "step " << h);
  }
}

BOOST_AUTO_TEST_CASE(the_forecast_begins_where_observation_ends) {
  std::vector<double> values(1000, 5.0);
  Series minutes = testing::Regular(values, std::chrono::minutes(1));
  minutes.start += std::chrono::minutes(3);
  const WallTime end = minutes.end();
  minutes.values.resize(1010, Series::kGap);
  const Forecast f = Made(StateOf(minutes));
  BOOST_TEST((f.start == end));
  BOOST_TEST((f.step == Duration(std::chrono::minutes(5))));
}

BOOST_AUTO_TEST_CASE(uncertainty_grows_with_the_horizon) {
  Random random(4);
  std::vector<double> walk;
  double level = 1000;
  for (int i = 0; i < 7 * kDay; ++i)
    walk.push_back(level = std::max(10.0, level + 3 * random.Normal()));
  const Forecast f = Made(StateOf(walk));
  const auto width = [&](int h) { return f.quantiles[3][h] - f.quantiles[0][h]; };
  BOOST_TEST(width(0) < 0.5 * width(48));
  BOOST_TEST(width(48) < width(280));
}

BOOST_AUTO_TEST_CASE(quantiles_hold_what_they_promise) {
  // Persistent noise, so that errors hang together over the horizon.
  Random random(5);
  std::vector<double> values;
  double drift = 0;
  for (int i = 0; i < 14 * kDay; ++i) {
    drift = 0.98 * drift + 0.02 * random.Normal();
    values.push_back(testing::DailyShape(i) * std::exp(drift) * (1 + 0.03 * random.Normal()));
  }
  ForecastRequest request;
  request.horizon = 48;
  request.windows = {std::chrono::hours(1)};
  double held = 0;
  double maxima_held = 0;
  int steps = 0;
  int origins = 0;
  for (int origin = 6 * kDay; origin + 48 < 14 * kDay; origin += 83) {
    const Forecast f =
        Made(StateOf({values.begin() + origin - 6 * kDay, values.begin() + origin}), request);
    double highest = 0;
    for (int h = 0; h < 48; ++h) {
      held += values[origin + h] <= f.quantiles[2][h] ? 1 : 0;
      if (h < 12) highest = std::max(highest, values[origin + h]);
      ++steps;
    }
    maxima_held += highest <= f.maxima[0].quantiles[2] ? 1 : 0;
    ++origins;
  }
  // 27 origins whose errors are correlated: wide bounds around 0.9.
  BOOST_TEST(held / steps > 0.82);
  BOOST_TEST(held / steps < 0.97);
  BOOST_TEST(maxima_held / origins > 0.77);
}

BOOST_AUTO_TEST_CASE(a_lasting_level_shift_is_followed_within_hours) {
  std::vector<double> values = DailyLoad(14, 0.05, 6);
  const int shift = 13 * kDay;
  for (int i = shift; i < 14 * kDay; ++i) values[i] *= 1.4;
  const int origin = shift + 5 * 12;
  const Forecast f = Made(StateOf({values.begin(), values.begin() + origin}));
  double bias = 0;
  for (int h = 12; h < 12 * 12; ++h) {
    bias += f.quantiles[0][h] / (1.4 * testing::DailyShape(origin + h)) - 1;
  }
  BOOST_TEST(std::abs(bias / (11 * 12)) < 0.12);
}

BOOST_AUTO_TEST_CASE(a_one_off_spike_does_not_come_back_tomorrow_but_a_daily_one_does) {
  const std::vector<double> clean = DailyLoad(10, 0.02, 7);
  const int place = 6 * 12;
  std::vector<double> once = clean;
  once[9 * kDay + place] *= 10;
  std::vector<double> daily = clean;
  for (int day = 0; day < 10; ++day) daily[day * kDay + place] *= 10;
  const double usual = testing::DailyShape(place);
  BOOST_TEST(Made(StateOf(once)).quantiles[0][place] < 1.15 * usual);
  BOOST_TEST(Made(StateOf(daily)).quantiles[0][place] > 5 * usual);
}

BOOST_AUTO_TEST_CASE(saturated_hours_do_not_lower_the_forecast) {
  const std::vector<double> demand = DailyLoad(10, 0.02, 8);
  Series seen = testing::Regular(demand);
  seen.flags.assign(seen.size(), 0);
  for (int i = 8 * kDay; i < 10 * kDay; ++i) {
    if (demand[i] <= 1000) continue;
    seen.values[i] = 1000;
    seen.flags[i] = kSaturated;
  }
  Series blind = seen;
  blind.flags.clear();
  const int peak = 14 * 12;
  const double knowing = Made(StateOf(seen)).quantiles[0][peak];
  BOOST_TEST(knowing > 0.95 * testing::DailyShape(peak));
  BOOST_TEST(knowing > 1.1 * Made(StateOf(blind)).quantiles[0][peak]);
}

BOOST_AUTO_TEST_CASE(trust_needs_a_day_a_season_and_a_recent_hour) {
  BOOST_TEST((Made(StateOf(std::vector<double>{1, 2, 3})).trust == Trust::kPoor));
  std::vector<double> gappy = DailyLoad(14, 0.05, 9);
  for (int i = 14 * kDay - 10; i < 14 * kDay - 1; ++i) gappy[i] = Series::kGap;
  BOOST_TEST((Made(StateOf(gappy)).trust == Trust::kPoor));
  Random random(10);
  std::vector<double> flat;
  for (int i = 0; i < 7 * kDay; ++i) flat.push_back(100 + 20 * random.Uniform());
  BOOST_TEST((Made(StateOf(flat)).trust == Trust::kFair));
}

BOOST_AUTO_TEST_CASE(recent_error_is_relative_to_demand) {
  const Forecast f = Made(StateOf(DailyLoad(14, 0.1, 11)));
  BOOST_TEST(f.recent_error > 0.04);  // |N(0, 0.1)| has the mean 0.08
  BOOST_TEST(f.recent_error < 0.12);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
