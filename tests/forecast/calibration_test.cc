#include "forecast/calibration.h"

#include <boost/test/unit_test.hpp>

#include "forecast/forecaster.h"
#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using testing::DailyLoad;
using testing::kDay;
using testing::StateOf;
constexpr Duration kStep = std::chrono::minutes(5);

// A forecast that is the same at every step, its quantiles at `bounds`, with an hour's maximum.
Forecast Flat(WallTime start, double median, const std::array<double, 4>& bounds) {
  Forecast f;
  f.start = start;
  f.step = kStep;
  f.horizon = 12;
  f.levels = {0.5, 0.8, 0.9, 0.95, 0.99};
  f.quantiles.push_back(std::vector<double>(12, median));
  for (const double bound : bounds) f.quantiles.push_back(std::vector<double>(12, bound));
  return f;
}

// How many of 600 hours' steps lay at or below the published quantiles when demand is 100 + 10·|z|,
// while the forecaster believes in `width`·|z|. Of the last two thirds.
std::array<double, 4> Followed(double width, Calibration& c) {
  // Quantiles of |z|.
  const std::array<double, 4> quantiles = {1.2816, 1.6449, 1.9600, 2.5758};
  Random random(1);
  std::array<double, 4> held{};
  double count = 0;
  for (int hour = 0; hour < 600; ++hour) {
    const WallTime now = testing::Regular({0}).start + std::chrono::hours(hour);
    std::array<double, 4> bounds{};
    for (std::size_t l = 0; l < 4; ++l) bounds[l] = 100 + width * quantiles[l] * c.Scale(l, 0.5);
    NotePromises(Flat(now, 100, bounds), c);
    Series news{.start = now, .step = kStep, .values = {}, .flags = {}};
    for (int i = 0; i < 12; ++i) {
      news.values.push_back(100 + 10 * std::abs(random.Normal()));
      if (hour < 200) continue;
      for (std::size_t l = 0; l < 4; ++l) held[l] += news.values.back() <= bounds[l] ? 1 : 0;
      ++count;
    }
    SettlePromises(news, c);
  }
  for (double& h : held) h /= count;
  return held;
}

BOOST_AUTO_TEST_SUITE(calibration)

BOOST_AUTO_TEST_CASE(quantiles_that_are_too_narrow_or_too_wide_come_to_hold_what_they_promise) {
  for (const double width : {5.0, 10.0, 18.0}) {
    Calibration c;
    const auto held = Followed(width, c);
    for (std::size_t l = 0; l < held.size(); ++l) {
      BOOST_TEST(std::abs(held[l] - kTrackedLevels[l]) < 0.015,
                 "width " << width << ", level " << kTrackedLevels[l] << ": " << held[l]);
      BOOST_TEST(std::abs(c.coverage[0][l] - kTrackedLevels[l]) < 0.03);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_was_not_observed_settles_nothing) {
  const WallTime now = testing::Regular({0}).start;
  for (const unsigned flag : {0u, static_cast<unsigned>(kSaturated)}) {
    Calibration c;
    NotePromises(Flat(now, 100, {110, 120, 130, 140}), c);
    BOOST_REQUIRE(!c.open.empty());
    // A gap; or a saturated server, whose demand may have been anything above what it served.
    Series news{.start = now,
                .step = kStep,
                .values = std::vector<double>(12, flag == 0 ? Series::kGap : 100.0),
                .flags = std::vector<unsigned>(12, flag)};
    SettlePromises(news, c);
    BOOST_TEST(c.open.empty());
    BOOST_TEST(c.Trivial());
    BOOST_TEST(c.settled[0] == 0.0F);
  }
}

BOOST_AUTO_TEST_CASE(a_saturated_step_above_the_bound_is_a_miss) {
  const WallTime now = testing::Regular({0}).start;
  Calibration c;
  NotePromises(Flat(now, 100, {110, 120, 130, 140}), c);
  SettlePromises({.start = now,
                  .step = kStep,
                  .values = std::vector<double>(12, 150.0),
                  .flags = std::vector<unsigned>(12, kSaturated)},
                 c);
  for (const float s : c.log_scale[0]) BOOST_TEST(s > 0.0F);
}

BOOST_AUTO_TEST_CASE(promises_are_noted_once_an_hour_and_wait_until_they_are_due) {
  const WallTime now = testing::Regular({0}).start;
  Calibration c;
  NotePromises(Flat(now, 100, {110, 120, 130, 140}), c);
  const std::size_t noted = c.open.size();
  NotePromises(Flat(now + kStep, 100, {110, 120, 130, 140}), c);
  BOOST_TEST(c.open.size() == noted);
  SettlePromises({.start = now, .step = kStep, .values = {100, 100}, .flags = {}}, c);
  BOOST_TEST(c.open.size() == noted - 2);
}

BOOST_AUTO_TEST_CASE(the_forecast_is_as_wide_as_the_calibration_says) {
  ForecastState state = StateOf(DailyLoad(14, 0.1, 1));
  const Forecast before = MakeForecast(state, {}).value();
  for (auto& scales : state.calibration.log_scale) scales.fill(std::log(2.0F));
  const Forecast after = MakeForecast(state, {}).value();
  for (const int h : {0, 11, 100, 287}) {
    BOOST_TEST(after.quantiles[0][h] == before.quantiles[0][h], boost::test_tools::tolerance(1e-6));
    const double was = before.quantiles[3][h] - before.quantiles[0][h];
    const double is = after.quantiles[3][h] - after.quantiles[0][h];
    BOOST_TEST(is == 2 * was, boost::test_tools::tolerance(0.01));
  }
}

BOOST_AUTO_TEST_CASE(fitted_members_give_the_forecast_that_fitting_on_the_way_gives) {
  const ForecastState state = StateOf(DailyLoad(14, 0.1, 2));
  const ForecastState fitted = Refit(state, {}).value();
  BOOST_TEST(NeedsRefit(state, {}));
  BOOST_TEST(!NeedsRefit(fitted, {}));
  BOOST_TEST((MakeForecast(fitted, {})->quantiles == MakeForecast(state, {})->quantiles));
}

BOOST_AUTO_TEST_CASE(fitted_members_serve_until_they_are_old) {
  const std::vector<double> load = DailyLoad(15, 0.05, 3);
  const int now = 14 * kDay;
  ForecastState state = Refit(StateOf({load.begin(), load.begin() + now}), {}).value();
  const auto grow = [&](int from, int steps) {
    Series news = testing::Regular({load.begin() + from, load.begin() + from + steps});
    news.start += kStep * from;
    state = Update(std::move(state), news).value();
  };
  grow(now, 36);
  BOOST_TEST(!NeedsRefit(state, {}));
  ForecastState unfitted = state;
  unfitted.fitted.reset();
  const Forecast a = MakeForecast(state, {}).value();
  const Forecast b = MakeForecast(unfitted, {}).value();
  double apart = 0;
  for (int h = 0; h < kDay; ++h) {
    apart += std::abs(a.quantiles[0][h] / b.quantiles[0][h] - 1) / kDay;
  }
  BOOST_TEST(apart < 0.02);
  grow(now + 36, 36);
  BOOST_TEST(NeedsRefit(state, {}));
}

BOOST_AUTO_TEST_CASE(a_calibration_survives_being_kept) {
  Calibration c;
  (void)Followed(5, c);
  Forecast far = MakeForecast(StateOf(DailyLoad(3, 0.1, 4)), {}).value();
  NotePromises(far, c);
  const std::string bytes = EncodeCalibration(c);
  BOOST_TEST(bytes.size() < 1500u);  // of one resource; four make less than 6 KB
  const auto back = DecodeCalibration(bytes);
  BOOST_REQUIRE(back.ok());
  BOOST_TEST(EncodeCalibration(*back) == bytes);
  BOOST_TEST((back->log_scale == c.log_scale));
  BOOST_TEST(back->open.size() == c.open.size());
  for (std::size_t cut = 0; cut < bytes.size(); cut += 7) {
    const auto broken = DecodeCalibration(bytes.substr(0, cut));
    BOOST_TEST((broken.status().code() == StatusCode::kDataLoss));
  }
}

BOOST_AUTO_TEST_CASE(a_calibration_of_a_day_of_promises_is_small) {
  Calibration c;
  const ForecastState state = StateOf(DailyLoad(3, 0.1, 4));
  ForecastRequest request;
  request.windows = {std::chrono::hours(1), std::chrono::hours(4)};
  Forecast f = MakeForecast(state, request).value();
  for (int hour = 0; hour < 48; ++hour) {
    NotePromises(f, c);
    f.start += std::chrono::hours(1);
    SettlePromises({.start = f.start - std::chrono::hours(24),
                    .step = kStep,
                    .values = std::vector<double>(kDay, 1000.0),
                    .flags = {}},
                   c);
  }
  BOOST_TEST(c.open.size() > 20u);
  BOOST_TEST(EncodeCalibration(c).size() <= 1500u);
}

BOOST_AUTO_TEST_CASE(a_calibration_of_the_first_version_is_still_read) {
  // As version 1 was written: a scale, a coverage and a count each, one promise.
  std::string bytes(1, 1);
  const auto put = [&](const auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (int i = 0; i < 12; ++i) put(0.5F);
  for (int i = 0; i < 12; ++i) put(0.9F);
  for (int i = 0; i < 3; ++i) put(40.0F);
  const WallTime now = testing::Regular({0}).start;
  put(std::int64_t{now.time_since_epoch().count()});
  put(std::int64_t{kStep.count()});
  put(std::uint32_t{1});
  put(std::int64_t{now.time_since_epoch().count()});
  put(std::int64_t{(now + kStep).time_since_epoch().count()});
  put(std::uint8_t{0});
  for (const float v : {0.25F, 1.0F, 2.0F, 3.0F, 4.0F}) put(v);
  const auto read = DecodeCalibration(bytes);
  BOOST_REQUIRE(read.ok());
  BOOST_TEST(read->log_scale[2][3] == 0.5F);
  BOOST_TEST(read->coverage[0][0] == 0.9F);
  BOOST_REQUIRE(read->open.size() == 1u);
  BOOST_TEST(read->open[0].bounds[3] == 4.0F);
  BOOST_TEST((read->open[0].end == now + kStep));
}

BOOST_AUTO_TEST_CASE(promises_that_did_not_know_of_a_shift_count_as_coverage_alone) {
  const WallTime now = testing::Regular({0}).start;
  Calibration c;
  NotePromises(Flat(now, 100, {110, 120, 130, 140}), c);
  ForgetSince(now - std::chrono::hours(1), 1.5, c);
  const auto kept = DecodeCalibration(EncodeCalibration(c));
  BOOST_REQUIRE(kept.ok());
  c = *kept;
  SettlePromises(
      {.start = now, .step = kStep, .values = std::vector<double>(12, 150.0), .flags = {}}, c);
  for (const float s : c.log_scale[0]) BOOST_TEST(s == 0.0F);
  BOOST_TEST(c.settled[0] > 0.9F);
  BOOST_TEST(c.coverage[0][0] < 0.1F);
}

BOOST_AUTO_TEST_CASE(what_a_shift_did_to_the_scale_before_it_was_found_is_taken_back) {
  WallTime now = testing::Regular({0}).start;
  Calibration c;
  const auto an_hour_of = [&](double demand) {
    NotePromises(Flat(now, 100, {110, 120, 130, 140}), c);
    SettlePromises(
        {.start = now, .step = kStep, .values = std::vector<double>(12, demand), .flags = {}}, c);
    now += std::chrono::hours(1);
  };
  for (int hour = 0; hour < 48; ++hour) an_hour_of(hour % 4 == 0 ? 115 : 105);
  const auto before = c.log_scale;
  const WallTime shift = now;
  for (int hour = 0; hour < 7; ++hour) an_hour_of(150);
  BOOST_TEST(c.log_scale[0][3] > before[0][3] + 1);
  c = DecodeCalibration(EncodeCalibration(c)).value();
  const float usual = c.usual;
  ForgetSince(shift, 1.5, c);
  for (std::size_t l = 0; l < kTrackedLevels.size(); ++l) {
    BOOST_TEST(std::abs(c.log_scale[0][l] - before[0][l]) < 0.5);
  }
  BOOST_TEST(c.usual == 1.5F * usual);
}

BOOST_AUTO_TEST_CASE(far_ahead_a_shock_is_forgotten_sooner_than_it_was_learned_of) {
  WallTime now = testing::Regular({0}).start;
  Calibration c;
  const auto hours_of = [&](int hours, double demand) {
    for (int hour = 0; hour < hours; ++hour, now += std::chrono::hours(1)) {
      Forecast f = Flat(now, 100, {110, 120, 130, 140});
      f.horizon = kDay;
      for (auto& line : f.quantiles) line.resize(kDay, line.front());
      NotePromises(f, c);
      SettlePromises(
          {.start = now, .step = kStep, .values = std::vector<double>(12, demand), .flags = {}}, c);
    }
  };
  hours_of(30, 105);
  const float before = c.log_scale[2][0];
  hours_of(18, 150);
  const float widened = c.log_scale[2][0] - before;
  BOOST_TEST(widened > 0.3);
  hours_of(24, 105);
  // One by one, 24 hours of promises that hold take back 0.13.
  BOOST_TEST(c.log_scale[2][0] - before < widened - 0.25);
  BOOST_TEST(c.log_scale[2][0] - before > -0.15);
}

BOOST_AUTO_TEST_CASE(a_calibration_of_the_second_version_is_still_read) {
  // As version 2 was written: the first, a height, and promises in steps.
  std::string bytes(1, 2);
  const auto put = [&](const auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (int i = 0; i < 12; ++i) put(0.5F);
  for (int i = 0; i < 12; ++i) put(0.9F);
  for (int i = 0; i < 3; ++i) put(40.0F);
  put(100.0F);
  put(10.0F);
  const WallTime now = testing::Regular({0}).start;
  put(std::int64_t{now.time_since_epoch().count()});
  put(std::int64_t{kStep.count()});
  put(std::uint32_t{1});
  put(std::int16_t{2});
  put(std::uint16_t{1});
  for (const std::uint8_t v : {1, 0, 255}) put(v);
  for (const float v : {1.0F, 2.0F, 3.0F, 4.0F}) put(v);
  const auto read = DecodeCalibration(bytes);
  BOOST_REQUIRE(read.ok());
  BOOST_TEST(read->spread == 10.0F);
  BOOST_TEST(read->earlier.empty());
  BOOST_REQUIRE(read->open.size() == 1u);
  BOOST_TEST(read->open[0].band == 1);
  BOOST_TEST(read->open[0].bounds[3] == 4.0F);
}

BOOST_AUTO_TEST_CASE(where_the_median_is_too_high_a_quantile_comes_to_lie_below_it) {
  // Demand is 100 give or take 4, the forecaster believes in 110 and a spread of 20 above it.
  Calibration c;
  Random random(3);
  double held = 0;
  double count = 0;
  for (int hour = 0; hour < 400; ++hour) {
    const WallTime now = testing::Regular({0}).start + std::chrono::hours(hour);
    std::array<double, 4> bounds{};
    for (std::size_t l = 0; l < 4; ++l) bounds[l] = 110 + 20 * c.Scale(l, 0.5);
    NotePromises(Flat(now, 110, bounds), c);
    Series news{.start = now, .step = kStep, .values = {}, .flags = {}};
    for (int i = 0; i < 12; ++i) {
      news.values.push_back(100 + 4 * random.Normal());
      if (hour < 200) continue;
      held += news.values.back() <= bounds[0] ? 1 : 0;
      ++count;
    }
    SettlePromises(news, c);
  }
  BOOST_TEST(c.Scale(0, 0.5) < 0);
  BOOST_TEST(std::abs(held / count - 0.8) < 0.02);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
