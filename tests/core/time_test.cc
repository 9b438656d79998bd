#include "core/time.h"

#include <boost/test/unit_test.hpp>

#include "core/clock.h"

using namespace tidewright;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(time_text)

BOOST_AUTO_TEST_CASE(times_survive_a_round_trip_through_text) {
  const auto time = ParseTime("2026-02-28T23:59:30Z");
  BOOST_REQUIRE(time.ok());
  BOOST_TEST(FormatTime(*time) == "2026-02-28T23:59:30Z");
  BOOST_TEST((*ParseTime("1700000000") == WallTime(1700000000s)));
  BOOST_TEST(FormatTime(*ParseTime("2026-03-01")) == "2026-03-01T00:00:00Z");
  BOOST_TEST(FormatTime(*ParseTime("2026-03-01 04:05")) == "2026-03-01T04:05:00Z");
  BOOST_TEST(FormatTime(*ParseTime("2026-03-01 04:05Z")) == "2026-03-01T04:05:00Z");
}

BOOST_AUTO_TEST_CASE(what_is_no_time_is_refused) {
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-01-01T25:00", "nan",
                           "inf", "12:30", "2026-01", "1e300", "2026-01-01T10:00:00+02:00",
                           "2026-01-01 10:00 CET", "2026-01-01T10:00:00Zulu"}) {
    BOOST_TEST(!ParseTime(text).ok(), text);
  }
}

BOOST_AUTO_TEST_CASE(durations_need_a_unit) {
  BOOST_TEST((*ParseDuration("90s") == 90s));
  BOOST_TEST((*ParseDuration("1h30m") == 90min));
  BOOST_TEST((*ParseDuration("14d") == 336h));
  BOOST_TEST((*ParseDuration("250ms") == 250ms));
  for (const char* text : {"", "5", "m", "5 parsecs", "-5m", "1e300d", "5mm"}) {
    BOOST_TEST(!ParseDuration(text).ok(), text);
  }
  BOOST_TEST(FormatDuration(90min) == "1h 30m");
  BOOST_TEST(FormatDuration(2500ms) == "2.5s");
}

BOOST_AUTO_TEST_CASE(a_scaled_clock_keeps_monotonic_time_real) {
  RealClock real;
  const auto origin = real.Monotonic();
  ScaledClock scaled({WallTime(1'000'000s), origin - 10s, 144.0});
  BOOST_TEST((scaled.Wall() >= WallTime(1'000'000s) + 1440s));
  BOOST_TEST((scaled.Monotonic() - real.Monotonic() < 1h));
}

BOOST_AUTO_TEST_CASE(a_simulated_wall_clock_may_jump_alone) {
  SimulatedClock clock(WallTime(0s));
  const auto mono = clock.Monotonic();
  clock.JumpWall(-1h);
  BOOST_TEST((clock.Monotonic() == mono));
  clock.Advance(5s);
  BOOST_TEST((clock.Monotonic() - mono == 5s));
  BOOST_TEST((clock.WaitUntil(mono, {})));
}

BOOST_AUTO_TEST_SUITE_END()
