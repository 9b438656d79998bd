// Who is listened to: those whose promises held.
#include "planner/sizing/forecast_gate.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

namespace tidewright {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kStart{std::chrono::seconds(1'700'000'100)};
constexpr std::array<bool, kOpinions> kAll = {true, true, true};

// Demand of 10 for `steps` steps; each opinion always says its own value.
ForecastGate After(int steps, std::array<float, kOpinions> say) {
  ForecastGate gate;
  for (int i = 0; i < steps; ++i) {
    const WallTime now = kStart + i * 5min;
    Settle(gate, now, 10);
    ForecastGate::Promise promise{.due = now + 5min, .weight = 1, .said = {}};
    for (std::size_t k = 0; k < kOpinions; ++k) promise.said[k] = {say[k], say[k]};
    Note(gate, now, {promise});
  }
  return gate;
}

BOOST_AUTO_TEST_SUITE(forecast_gate)

BOOST_AUTO_TEST_CASE(nobody_is_believed_alone_before_anything_came_due) {
  const auto shares = ForecastGate{}.Shares(kAll);
  BOOST_CHECK_CLOSE(shares[0] + shares[1] + shares[2], 1.0, 1e-9);
  for (const double share : shares) BOOST_CHECK_GT(share, 0.1);
  BOOST_CHECK_GT(shares[0], shares[1]);
}

BOOST_AUTO_TEST_CASE(a_forecast_that_is_wrong_is_left_within_an_hour) {
  const auto shares = After(12, {20, 10.5F, 10.4F}).Shares(kAll);
  BOOST_CHECK_LT(shares[0], 1e-6);
  BOOST_CHECK_GT(shares[2], shares[1]);
}

BOOST_AUTO_TEST_CASE(a_forecast_that_is_right_is_planned_for) {
  BOOST_CHECK_GT(After(12, {10.1F, 12, 13}).Shares(kAll)[0], 0.99);
}

BOOST_AUTO_TEST_CASE(who_was_wrong_long_ago_is_forgiven) {
  ForecastGate gate = After(100, {20, 11, 11});
  for (int i = 0; i < 10 * 288; ++i) {
    const WallTime now = gate.settled + 5min;
    Settle(gate, now, 10);
    Note(gate, now, {{.due = now + 5min, .weight = 1, .said = {{{10, 10}, {11, 11}, {11, 11}}}}});
  }
  BOOST_CHECK_GT(gate.Shares(kAll)[0], 0.9);
}

BOOST_AUTO_TEST_CASE(a_gap_and_silence_settle_nothing_for_anybody) {
  ForecastGate gate = After(12, {20, 11, 11});
  const auto before = gate.loss;
  Settle(gate, gate.settled + 5min, std::nan(""));
  for (std::size_t k = 0; k < kOpinions; ++k) BOOST_CHECK_LE(gate.loss[k], before[k]);
  BOOST_CHECK_EQUAL(gate.Shares({false, false, true})[2], 1.0);
  BOOST_CHECK_EQUAL(gate.Shares({false, false, false})[0], 0.0);
  // Silence is no way to a good name.
  const auto quiet = After(12, {std::nanf(""), 11, 20}).Shares(kAll);
  BOOST_CHECK_LT(quiet[0], quiet[1]);
}

BOOST_AUTO_TEST_CASE(a_clock_that_jumps_back_makes_no_promise_twice) {
  ForecastGate gate = After(3, {10, 10, 10});
  const std::size_t open = gate.open.size();
  Note(gate, kStart, {{.due = kStart + 5min}});
  BOOST_CHECK_EQUAL(gate.open.size(), open);
}

BOOST_AUTO_TEST_CASE(it_survives_being_written_down) {
  const ForecastGate gate = After(20, {std::nanf(""), 11, 12});
  const auto read = DecodeGate(EncodeGate(gate));
  BOOST_REQUIRE(read.ok());
  BOOST_CHECK_EQUAL(EncodeGate(*read), EncodeGate(gate));
  BOOST_CHECK(!DecodeGate("").ok());
  BOOST_CHECK(!DecodeGate("gate1 0 0 0 0 0").ok());
  BOOST_CHECK(!DecodeGate("gate2 0 -1 0 0 0 0").ok());
  BOOST_CHECK(!DecodeGate("gate2 0 0 0 0 0 3\n1 1 1 1").ok());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
