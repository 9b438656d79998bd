// Who is heard, and how much each counts.
#include "planner/sizing/opinions.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>

#include "core/random.h"

namespace tidewright::planner {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kStart{std::chrono::seconds(1'700'006'400)};
constexpr int kDay = 96;  // steps
constexpr int kSteps = 48;

constexpr int kScenarios = 11;

// Demand between 9.5 and 10.5 without any order, at a quarter of an hour a step.
Series Recent(int steps) {
  Series recent{.start = kStart, .step = 15min, .values = {}, .flags = {}};
  Random random(5);
  for (int i = 0; i < steps; ++i) recent.values.push_back(9.5 + random.Uniform());
  return recent;
}

// As wide as demand is, of each step the same.
std::vector<float> Around(float value) {
  std::vector<float> scenarios;
  for (int i = 0; i < kSteps * kScenarios; ++i) {
    scenarios.push_back(value - 0.5F + 0.1F * static_cast<float>(i % kScenarios));
  }
  return scenarios;
}

Opinions Hear(const std::vector<float>& ahead, const Series& recent, WallTime now,
              ForecastGate* gate) {
  return {{.values = ahead, .count = kScenarios, .from = recent.end()}, recent, now, kSteps, gate};
}

double Sum(const Opinions& heard) {
  return std::accumulate(heard.shares().begin(), heard.shares().end(), 0.0);
}

BOOST_AUTO_TEST_SUITE(opinions)

BOOST_AUTO_TEST_CASE(whose_promises_did_not_come_true_is_heard_no_more) {
  const std::vector<float> far = Around(40);
  const std::vector<float> near = Around(10);
  ForecastGate wrong;
  ForecastGate right;
  for (int steps = 8 * kDay; steps < 8 * kDay + 24; ++steps) {
    const Series recent = Recent(steps);
    Hear(far, recent, recent.end(), &wrong);
    Hear(near, recent, recent.end(), &right);
  }
  const Series recent = Recent(8 * kDay + 24);
  const Opinions doubted = Hear(far, recent, recent.end(), &wrong);
  const Opinions believed = Hear(near, recent, recent.end(), &right);
  const Opinions unknown = Hear(far, recent, recent.end(), nullptr);
  BOOST_CHECK_LT(doubted.shares()[0], 1e-6);
  BOOST_CHECK_EQUAL(doubted.At(0, kSteps - 1)[0], 39.5F);  // said all the same
  BOOST_CHECK_GT(believed.shares()[0], 0.5);
  BOOST_CHECK_GT(unknown.shares()[0], 0.1);  // without a record nobody has a name yet
  for (const Opinions* heard : {&doubted, &believed, &unknown}) {
    BOOST_CHECK_CLOSE(Sum(*heard), 1.0, 1e-9);
  }
  BOOST_CHECK(wrong.settled == recent.end());
  BOOST_CHECK(wrong.noted == recent.end());
}

BOOST_AUTO_TEST_CASE(similar_times_are_silent_where_too_little_or_nothing_new_is_known) {
  const std::vector<float> near = Around(10);
  const Series week = Recent(8 * kDay);
  const Opinions current = Hear(near, week, week.end(), nullptr);
  BOOST_CHECK_GT(current.Count(1), 0);
  BOOST_CHECK_GT(current.Count(2), 0);
  const Series days = Recent(6 * kDay);
  const Opinions young = Hear(near, days, days.end(), nullptr);
  BOOST_CHECK_GT(young.Count(1), 0);
  BOOST_CHECK_EQUAL(young.Count(2), 0);

  ForecastGate gate;
  const Opinions stale = Hear(near, week, week.end() + 30min, &gate);
  BOOST_CHECK_EQUAL(stale.Count(1) + stale.Count(2), 0);
  BOOST_CHECK_EQUAL(stale.shares()[0], 1.0);
  BOOST_CHECK(gate.settled == week.end());  // what came is known all the same
  BOOST_CHECK(gate.open.empty());           // one alone is measured against nobody

  const Opinions nobody({}, Recent(0), kStart, kSteps, &gate);
  BOOST_CHECK(!nobody.Any());
  BOOST_CHECK_EQUAL(Sum(nobody), 0.0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::planner
