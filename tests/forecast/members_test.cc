#include <boost/test/unit_test.hpp>

#include "forecast/combination.h"
#include "forecast/damped_trend.h"
#include "forecast/direct_ridge.h"
#include "forecast/intermittent.h"
#include "forecast/lag_ridge.h"
#include "forecast/naive.h"
#include "forecast/ridge_solver.h"
#include "forecast/shape_level.h"
#include "forecast/weighted_median.h"
#include "tests/forecast/worlds.h"

namespace tidewright {
namespace {

using testing::kDay;

Prepared Ready(std::vector<double> values) {
  auto p = Prepare(testing::Regular(std::move(values)), std::chrono::minutes(5));
  BOOST_REQUIRE(p.ok());
  return *std::move(p);
}

// Of rows (x_1 … x_p, y).
std::vector<float> Solved(const std::vector<std::vector<float>>& rows) {
  const std::size_t width = rows.front().size();
  std::vector<std::vector<float>> columns(width);
  for (const auto& row : rows) {
    for (std::size_t j = 0; j < width; ++j) columns[j].push_back(row[j]);
  }
  // In two parts, as they come.
  Moments moments(static_cast<int>(width) - 1);
  const int first = static_cast<int>(rows.size()) / 3;
  std::vector<const float*> at;
  for (const auto& column : columns) at.push_back(column.data());
  moments.Add(at, first);
  for (const float*& column : at) column += first;
  moments.Add(at, static_cast<int>(rows.size()) - first);
  return moments.Solve().coefficients;
}

std::vector<double> FromTheEnd(Member& member, const Prepared& p, int horizon) {
  member.Fit(p, {p.size()}, horizon);
  std::vector<float> line(static_cast<std::size_t>(horizon));
  BOOST_REQUIRE(member.Predict(p, p.size(), line));
  std::vector<double> out(line.begin(), line.end());
  for (double& v : out) v *= p.scale;
  return out;
}

BOOST_AUTO_TEST_SUITE(members)

BOOST_AUTO_TEST_CASE(ridge_recovers_a_plane_without_noise) {
  Random random(1);
  std::vector<std::vector<float>> rows;
  for (int i = 0; i < 200; ++i) {
    const double a = random.Normal();
    const double b = 5 + 3 * random.Normal();
    rows.push_back({static_cast<float>(a), static_cast<float>(b),
                    static_cast<float>(7 + 2 * a - 0.5 * b)});
  }
  const std::vector<float> c = Solved(rows);
  BOOST_REQUIRE_EQUAL(c.size(), 3u);
  BOOST_TEST(c[0] == 7.0F, boost::test_tools::tolerance(1e-4F));
  BOOST_TEST(c[1] == 2.0F, boost::test_tools::tolerance(1e-4F));
  BOOST_TEST(c[2] == -0.5F, boost::test_tools::tolerance(1e-4F));
}

BOOST_AUTO_TEST_CASE(ridge_learns_nothing_from_rows_that_were_not_seen) {
  Random random(4);
  std::vector<std::vector<float>> columns(2);
  std::vector<float> seen;
  for (int i = 0; i < 101; ++i) {
    const auto x = static_cast<float>(random.Normal());
    seen.push_back(i % 3 == 0 ? 0.0F : 1.0F);
    columns[0].push_back(x);
    columns[1].push_back(seen.back() > 0 ? 1 + 3 * x : 1000.0F);
  }
  const float* at[] = {columns[0].data(), columns[1].data()};
  Moments moments(1);
  moments.Add(at, 101, seen.data());
  const std::vector<float> c = moments.Solve().coefficients;
  BOOST_REQUIRE_EQUAL(c.size(), 2u);
  BOOST_TEST(c[0] == 1.0F, boost::test_tools::tolerance(1e-3F));
  BOOST_TEST(c[1] == 3.0F, boost::test_tools::tolerance(1e-3F));
}

BOOST_AUTO_TEST_CASE(ridge_gives_nothing_to_a_feature_that_does_not_vary) {
  Random random(2);
  std::vector<std::vector<float>> rows;
  for (int i = 0; i < 100; ++i) {
    const auto a = static_cast<float>(random.Normal());
    rows.push_back({a, 3, a});
  }
  const std::vector<float> c = Solved(rows);
  BOOST_REQUIRE_EQUAL(c.size(), 3u);
  BOOST_TEST(c[2] == 0.0F);
}

BOOST_AUTO_TEST_CASE(ridge_shrinks_pure_noise_to_the_mean) {
  Random random(3);
  std::vector<std::vector<float>> rows(60);
  for (auto& row : rows) {
    for (int j = 0; j < 11; ++j) row.push_back(static_cast<float>(random.Normal()));
  }
  const std::vector<float> c = Solved(rows);
  BOOST_REQUIRE_EQUAL(c.size(), 11u);
  for (std::size_t j = 1; j < c.size(); ++j) BOOST_TEST(std::abs(c[j]) < 0.2F);
}

BOOST_AUTO_TEST_CASE(every_seasonal_member_continues_a_nearly_clean_day) {
  const Prepared p = Ready(testing::DailyLoad(10, 0.01, 1));
  BOOST_REQUIRE_EQUAL(p.season, kDay);
  SeasonalNaive naive(kDay, "season");
  SeasonalRatio ratio(kDay, SeasonalRatio::Source::kShape, "ratio");
  ShapeLevel shape;
  DampedTrend damped;
  LagRidge level(Domain::kLevel);
  LagRidge log(Domain::kLog);
  DirectRidge direct(Domain::kLevel);
  DirectRidge direct_log(Domain::kLog);
  for (Member* member : std::initializer_list<Member*>{&naive, &ratio, &shape, &damped, &level,
                                                       &log, &direct, &direct_log}) {
    const std::vector<double> out = FromTheEnd(*member, p, kDay);
    double worst = 0;
    for (int h = 0; h < kDay; ++h) {
      worst = std::max(worst, std::abs(out[h] / testing::DailyShape(10 * kDay + h) - 1));
    }
    BOOST_TEST(worst < 0.06, member->Name() << " is off by " << worst);
  }
}

BOOST_AUTO_TEST_CASE(a_trend_damped_by_nine_tenths_adds_1_71_of_itself_in_two_steps) {
  BOOST_TEST(DampedSum(0.9, 1) == 0.9, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(DampedSum(0.9, 2) == 1.71, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(a_growing_day_is_continued_and_its_growth_fades) {
  std::vector<double> values = testing::DailyLoad(14, 0.0, 1);
  for (int i = 0; i < 14 * kDay; ++i) values[i] *= std::exp(0.05 * i / kDay);
  const Prepared p = Ready(values);
  DampedTrend trend;
  const std::vector<double> out = FromTheEnd(trend, p, 3 * kDay);
  double first = 0;
  double second = 0;
  for (int h = 0; h < kDay; ++h) {
    first += std::log(out[kDay + h] / out[h]) / kDay;
    second += std::log(out[2 * kDay + h] / out[kDay + h]) / kDay;
  }
  BOOST_TEST(second > 0.01);
  BOOST_TEST(second < first);
}

BOOST_AUTO_TEST_CASE(demand_every_fourth_step_is_a_quarter_of_its_size) {
  // Of four steps one, but not always the same.
  Random random(11);
  std::vector<double> values(4 * kDay, 0.0);
  for (int i = 0; i < 4 * kDay; i += 4) values[i + static_cast<int>(random.Below(4))] = 80;
  Prepared p = Ready(values);
  BOOST_TEST(Intermittent::Suits(p));
  BOOST_TEST(!Intermittent::Suits(Ready(testing::DailyLoad(4, 0.1, 1))));
  p.season = 0;
  Intermittent member;
  const std::vector<double> out = FromTheEnd(member, p, 12);
  BOOST_TEST(out[0] == 20.0, boost::test_tools::tolerance(0.35));
  BOOST_TEST(out[11] == out[0]);
}

BOOST_AUTO_TEST_CASE(recent_level_is_the_middle_not_the_mean) {
  const Prepared p = Ready({10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 100});
  RecentLevel level(12, "last hour");
  BOOST_TEST(FromTheEnd(level, p, 1)[0] == 10.0, boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(season_at_recent_ratio_follows_a_doubled_day) {
  std::vector<double> values = testing::DailyLoad(10, 0.0, 1);
  for (int i = 9 * kDay + kDay / 2; i < 10 * kDay; ++i) values[i] *= 2;
  const Prepared p = Ready(values);
  SeasonalRatio ratio(kDay, SeasonalRatio::Source::kLastPeriod, "ratio");
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
    after.level.y[i] *= 0.9F;
    after.log.y[i] = std::log(after.level.y[i] + static_cast<float>(Prepared::kLogShift));
  }
  for (const Domain domain : {Domain::kLevel, Domain::kLog}) {
    LagRidge a(domain);
    LagRidge b(domain);
    a.Fit(before, {8 * kDay, 10 * kDay}, 24);
    b.Fit(after, {8 * kDay, 10 * kDay}, 24);
    std::vector<float> from_a(24);
    std::vector<float> from_b(24);
    BOOST_REQUIRE(a.Predict(before, 8 * kDay, from_a));
    BOOST_REQUIRE(b.Predict(after, 8 * kDay, from_b));
    BOOST_TEST(from_a == from_b);
  }
}

BOOST_AUTO_TEST_CASE(a_weighted_median_is_that_of_a_sort) {
  Random random(9);
  for (int round = 0; round < 200; ++round) {
    const std::size_t count = 1 + random.Below(kMostRows);
    std::vector<std::vector<float>> values(count, std::vector<float>(4));
    std::vector<std::vector<float>> weights = values;
    std::vector<const float*> rows;
    std::vector<const float*> shares;
    for (std::size_t k = 0; k < count; ++k) {
      for (int h = 0; h < 4; ++h) {
        values[k][h] = static_cast<float>(random.Below(8));  // with ties
        weights[k][h] = static_cast<float>(0.01 + random.Uniform());
      }
      rows.push_back(values[k].data());
      shares.push_back(weights[k].data());
    }
    float out[4];
    WeightedMedian(rows, shares, 4, out);
    for (int h = 0; h < 4; ++h) {
      std::vector<std::pair<float, float>> sorted;
      double total = 0;
      for (std::size_t k = 0; k < count; ++k) {
        sorted.emplace_back(values[k][h], weights[k][h]);
        total += weights[k][h];
      }
      std::sort(sorted.begin(), sorted.end());
      double sum = 0;
      std::size_t k = 0;
      while ((sum += sorted[k].second) < 0.5 * total) ++k;
      BOOST_TEST(out[h] == sorted[k].first);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_median_of_two_equal_weights_lies_between) {
  const std::vector<float> values[2] = {{1, 2, 3, 4}, {3, 2, 1, 8}};
  const std::vector<float> ones(4, 1.0F);
  float out[4];
  const float* rows[] = {values[0].data(), values[1].data()};
  const float* shares[] = {ones.data(), ones.data()};
  WeightedMedian(rows, shares, 4, out);
  const float expected[4] = {2, 2, 2, 6};
  for (int h = 0; h < 4; ++h) BOOST_TEST(out[h] == expected[h]);
}

BOOST_AUTO_TEST_CASE(the_combination_leans_on_the_members_that_were_right) {
  const Prepared p = Ready(testing::DailyLoad(14, 0.05, 8));
  auto members = MakeMembers(p);
  FitMembers(p, kDay, members);
  const Combined combined = Combine(p, members, kDay);
  double last_value = 1;
  double best = 0;
  double sum = 0;
  for (std::size_t k = 0; k < members.size(); ++k) {
    if (std::string(members[k]->Name()) == "last value") last_value = combined.weights[k];
    best = std::max(best, combined.weights[k]);
    sum += combined.weights[k];
  }
  BOOST_TEST(sum == 1.0, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(last_value < 0.1 * best);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
