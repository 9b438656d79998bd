#include <boost/test/unit_test.hpp>

#include "forecast/combination.h"
#include "forecast/direct_ridge.h"
#include "forecast/lag_ridge.h"
#include "forecast/naive.h"
#include "forecast/ridge_solver.h"
#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using testing::kDay;

Prepared Ready(std::vector<double> values) {
  auto p = Prepare(testing::Regular(std::move(values)), std::chrono::minutes(5));
  BOOST_REQUIRE(p.ok());
  return *std::move(p);
}

std::vector<double> FromTheEnd(Member& member, const Prepared& p, int horizon) {
  member.Fit(p, {p.size()}, horizon);
  std::vector<double> out(static_cast<std::size_t>(horizon));
  BOOST_REQUIRE(member.Predict(p.size(), out));
  for (double& v : out) v *= p.scale;
  return out;
}

BOOST_AUTO_TEST_SUITE(members)

BOOST_AUTO_TEST_CASE(ridge_recovers_a_plane_without_noise) {
  Random random(1);
  Eigen::MatrixXd rows(200, 4);
  for (int i = 0; i < 200; ++i) {
    const double a = random.Normal();
    const double b = 5 + 3 * random.Normal();
    rows.row(i) << 1, a, b, 7 + 2 * a - 0.5 * b;
  }
  Moments moments(2);
  moments.Add(rows);
  const std::vector<double> c = SolveRidge(moments);
  BOOST_REQUIRE_EQUAL(c.size(), 3u);
  BOOST_TEST(c[0] == 7.0, boost::test_tools::tolerance(1e-4));
  BOOST_TEST(c[1] == 2.0, boost::test_tools::tolerance(1e-4));
  BOOST_TEST(c[2] == -0.5, boost::test_tools::tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(ridge_gives_nothing_to_a_feature_that_does_not_vary) {
  Random random(2);
  Eigen::MatrixXd rows(100, 4);
  for (int i = 0; i < 100; ++i) {
    const double a = random.Normal();
    rows.row(i) << 1, a, 3, a;
  }
  Moments moments(2);
  moments.Add(rows);
  const std::vector<double> c = SolveRidge(moments);
  BOOST_REQUIRE_EQUAL(c.size(), 3u);
  BOOST_TEST(c[2] == 0.0);
}

BOOST_AUTO_TEST_CASE(ridge_shrinks_pure_noise_to_the_mean) {
  Random random(3);
  Eigen::MatrixXd rows(60, 12);
  for (int i = 0; i < 60; ++i) {
    rows(i, 0) = 1;
    for (int j = 1; j < 12; ++j) rows(i, j) = random.Normal();
  }
  Moments moments(10);
  moments.Add(rows);
  const std::vector<double> c = SolveRidge(moments);
  BOOST_REQUIRE_EQUAL(c.size(), 11u);
  for (std::size_t j = 1; j < c.size(); ++j) BOOST_TEST(std::abs(c[j]) < 0.2);
}

BOOST_AUTO_TEST_CASE(every_seasonal_member_continues_a_nearly_clean_day) {
  const Prepared p = Ready(testing::DailyLoad(10, 0.01, 1));
  BOOST_REQUIRE_EQUAL(p.season, kDay);
  SeasonalNaive naive(kDay, "season");
  SeasonalRatio ratio(kDay, 7, "ratio");
  LagRidge level(LagRidge::Domain::kLevel);
  LagRidge log(LagRidge::Domain::kLog);
  DirectRidge direct(DirectRidge::Domain::kLevel);
  DirectRidge direct_log(DirectRidge::Domain::kLog);
  for (Member* member :
       std::initializer_list<Member*>{&naive, &ratio, &level, &log, &direct, &direct_log}) {
    const std::vector<double> out = FromTheEnd(*member, p, kDay);
    double worst = 0;
    for (int h = 0; h < kDay; ++h) {
      worst = std::max(worst, std::abs(out[h] / testing::DailyShape(10 * kDay + h) - 1));
    }
    BOOST_TEST(worst < 0.06, member->Name() << " is off by " << worst);
  }
}

BOOST_AUTO_TEST_CASE(recent_level_is_the_middle_not_the_mean) {
  const Prepared p = Ready({10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 100});
  RecentLevel level(12, "last hour");
  BOOST_TEST(FromTheEnd(level, p, 1)[0] == 10.0, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(season_at_recent_ratio_follows_a_doubled_day) {
  std::vector<double> values = testing::DailyLoad(10, 0.0, 1);
  for (int i = 9 * kDay + kDay / 2; i < 10 * kDay; ++i) values[i] *= 2;
  const Prepared p = Ready(values);
  SeasonalRatio ratio(kDay, 1, "ratio");
  const double forecast = FromTheEnd(ratio, p, 12)[6];
  BOOST_TEST(forecast == 2 * testing::DailyShape(10 * kDay + 6),
             boost::test_tools::tolerance(0.05));
}

BOOST_AUTO_TEST_CASE(a_member_learns_nothing_from_what_lies_after_its_cutoff) {
  std::vector<double> values = testing::DailyLoad(10, 0.1, 6);
  const Prepared before = Ready(values);
  for (int i = 8 * kDay; i < 10 * kDay; ++i) values[i] *= 0.9;
  Prepared after = before;
  for (int i = 8 * kDay; i < 10 * kDay; ++i) {
    after.values[i] *= 0.9;
    after.logs[i] = std::log(after.values[i] + Prepared::kLogShift);
  }
  for (const auto domain : {LagRidge::Domain::kLevel, LagRidge::Domain::kLog}) {
    LagRidge a(domain);
    LagRidge b(domain);
    a.Fit(before, {8 * kDay, 10 * kDay}, 24);
    b.Fit(after, {8 * kDay, 10 * kDay}, 24);
    std::vector<double> from_a(24);
    std::vector<double> from_b(24);
    BOOST_REQUIRE(a.Predict(8 * kDay, from_a));
    BOOST_REQUIRE(b.Predict(8 * kDay, from_b));
    BOOST_TEST(from_a == from_b);
  }
}

BOOST_AUTO_TEST_CASE(the_combination_leans_on_the_members_that_were_right) {
  const Prepared p = Ready(testing::DailyLoad(14, 0.05, 8));
  const auto members = MakeMembers(p);
  const Combined combined = Combine(p, members, kDay);
  double last_value = 1;
  double best = 0;
  double sum = 0;
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (std::string(members[k]->Name()) == "last value") last_value = combined.weights[k];
    best = std::max(best, combined.weights[k]);
    sum += combined.weights[k];
  }
  BOOST_TEST(sum == 1.0, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(last_value < 0.1 * best);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
