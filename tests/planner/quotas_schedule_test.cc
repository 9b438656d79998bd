// The cheapest schedule of a quota, held against trying every schedule.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "core/random.h"
#include "planner/quotas/quota_schedule.h"

namespace tidewright::planner {
namespace {

using namespace std::chrono_literals;

const WallTime kMidnight{std::chrono::days(20'000)};

// What steps cost at each level, made up.
using Risk = std::vector<std::vector<double>>;

struct Case {
  QuotaProblem problem;
  Risk risk;
};

Case MadeUp(std::uint64_t seed) {
  Random random(seed);
  Case made;
  QuotaProblem& p = made.problem;
  const int levels = 2 + static_cast<int>(random.Below(3));
  double level = 0;
  for (int i = 0; i < levels; ++i) {
    level += 1 + static_cast<double>(random.Below(4));
    p.levels.push_back(level);
  }
  p.steps = 5 + static_cast<int>(random.Below(4));
  p.step = 20min;
  // Around midnight, so that days and hours change under way.
  p.now = kMidnight - 20min * static_cast<int>(random.Below(8));
  p.from = p.levels[random.Below(p.levels.size())];
  p.limit.per_day = static_cast<int>(random.Below(3));
  p.limit.extra_after = 30min * static_cast<int>(random.Below(4));
  p.limit.per_hour = static_cast<int>(random.Below(3));
  if (random.Below(2) == 0) {
    p.spent.last = p.now - 10min * static_cast<int>(1 + random.Below(8));
    p.spent.that_day = 1 + static_cast<int>(random.Below(3));
    p.spent.that_hour = 1;
  }
  p.change_cost = random.Below(2) == 0 ? 0 : 0.3;
  if (random.Below(3) == 0) {
    p.billing_period = 1h;
    p.billed = p.levels[random.Below(p.levels.size())];
  }
  for (int t = 0; t < p.steps; ++t) {
    const double demand = random.Uniform() * (p.levels.back() + 1);
    std::vector<double> row;
    for (const double q : p.levels) row.push_back(3 * std::max(0.0, demand - q));
    made.risk.push_back(row);
  }
  p.risk = [&made](int, std::span<double>) {};
  return made;
}

// What is billed for the steps of a period is told by the highest quota of it.
double Billed(const QuotaProblem& p, const std::vector<double>& held) {
  double sum = 0;
  if (p.billing_period <= p.step) {
    for (const double q : held) sum += q;
    return sum;
  }
  for (std::size_t t = 0; t < held.size();) {
    const WallTime period = FloorTo(p.now + p.step * static_cast<int>(t), p.billing_period);
    double highest = period <= p.now ? p.billed : 0;
    WallTime at = p.now + p.step * static_cast<int>(t);
    for (; t < held.size() && FloorTo(at, p.billing_period) == period; ++t, at += p.step) {
      highest = std::max(highest, held[t]);
    }
    sum += highest * Seconds(at - period) / Seconds(p.step);
  }
  return sum;
}

// The least cost of all schedules that the store itself would allow.
double Cheapest(const Case& c, DecreaseBudget budget, double from, std::vector<double>& held,
                double so_far) {
  const QuotaProblem& p = c.problem;
  const auto t = held.size();
  if (t == static_cast<std::size_t>(p.steps)) return so_far + Billed(p, held);
  const WallTime at = p.now + p.step * static_cast<int>(t);
  const bool billing = p.billing_period > p.step && FloorTo(at, p.billing_period) != at;
  double best = 1e300;
  for (std::size_t i = 0; i < p.levels.size(); ++i) {
    const double q = p.levels[i];
    DecreaseBudget after = budget;
    if (q < from) {
      if (billing || !budget.May(p.limit, at)) continue;
      after.Take(at);
    }
    held.push_back(q);
    best = std::min(
        best, Cheapest(c, after, q, held, so_far + c.risk[t][i] + (q == from ? 0 : p.change_cost)));
    held.pop_back();
  }
  return best;
}

void GiveRisk(Case& c) {
  c.problem.risk = [&c](int t, std::span<double> cost) {
    std::copy(c.risk[static_cast<std::size_t>(t)].begin(),
              c.risk[static_cast<std::size_t>(t)].end(), cost.begin());
  };
}

BOOST_AUTO_TEST_SUITE(quotas_schedule)

BOOST_AUTO_TEST_CASE(it_is_what_trying_everything_finds) {
  int lowered = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Case c = MadeUp(seed);
    // A time since the last decrease that is no whole number of steps is rounded by the programme.
    if (c.problem.spent.last) {
      c.problem.spent.last = FloorTo(*c.problem.spent.last, c.problem.step);
    }
    GiveRisk(c);
    const QuotaChoice choice = MakeQuotaSchedule(c.problem);
    std::vector<double> held;
    const double best = Cheapest(c, c.problem.spent, c.problem.from, held, 0);
    BOOST_TEST_CONTEXT("seed " << seed) { BOOST_CHECK_SMALL(choice.best.cost - best, 1e-9); }
    for (std::size_t t = 1; t < choice.best.level.size(); ++t) {
      lowered += choice.best.level[t] < choice.best.level[t - 1] ? 1 : 0;
    }
  }
  BOOST_TEST(lowered > 50);  // else no budget was ever asked
}

BOOST_AUTO_TEST_CASE(no_schedule_takes_a_decrease_that_the_store_would_refuse) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Case c = MadeUp(seed);
    GiveRisk(c);
    const QuotaChoice choice = MakeQuotaSchedule(c.problem);
    DecreaseBudget budget = c.problem.spent;
    double from = c.problem.from;
    for (int t = 0; t < c.problem.steps; ++t) {
      const double q =
          c.problem
              .levels[static_cast<std::size_t>(choice.best.level[static_cast<std::size_t>(t)])];
      if (q < from) {
        const WallTime at = c.problem.now + c.problem.step * t;
        BOOST_TEST_CONTEXT("seed " << seed) { BOOST_TEST(budget.May(c.problem.limit, at)); }
        budget.Take(at);
      }
      from = q;
    }
  }
}

BOOST_AUTO_TEST_CASE(an_increase_needs_nothing_of_the_budget) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Case c = MadeUp(seed);
    c.problem.limit = {.per_day = 1, .extra_after = 0s, .per_hour = 1};
    c.problem.spent = {.last = c.problem.now, .that_day = 9, .that_hour = 9};
    c.problem.from = c.problem.levels.front();
    c.problem.change_cost = 0;
    c.problem.billing_period = 0s;
    for (auto& row : c.risk) {
      for (std::size_t q = 0; q + 1 < row.size(); ++q) row[q] = 1000;  // the highest alone serves
      row.back() = 0;
    }
    GiveRisk(c);
    const QuotaChoice choice = MakeQuotaSchedule(c.problem);
    BOOST_TEST(choice.best.level.front() + 1 == static_cast<int>(c.problem.levels.size()));
  }
}

// Two troughs, a shallow one now and a deep one later, and one decrease for the day.
BOOST_AUTO_TEST_CASE(the_only_decrease_of_a_day_is_kept_for_the_deepest_trough) {
  QuotaProblem p;
  p.levels = {10, 50, 100};
  p.from = 100;
  p.steps = 20;
  p.step = 1h;
  p.now = kMidnight;
  p.limit = {.per_day = 1, .extra_after = 0s, .per_hour = 0};
  const auto demand = [](int t) { return t < 4 ? 50.0 : t < 8 ? 100.0 : t < 18 ? 10.0 : 100.0; };
  p.risk = [&](int t, std::span<double> cost) {
    for (std::size_t q = 0; q < cost.size(); ++q) {
      cost[q] = 20 * std::max(0.0, demand(t) - p.levels[q]);
    }
  };
  const QuotaChoice choice = MakeQuotaSchedule(p);
  BOOST_TEST(choice.best.level[0] == 2);
  BOOST_TEST(choice.best.level[10] == 0);
  BOOST_TEST(choice.best.level[19] == 2);
  // With a second one both troughs are used.
  p.limit.per_day = 2;
  BOOST_TEST(MakeQuotaSchedule(p).best.level[0] == 1);
}

BOOST_AUTO_TEST_CASE(segments_change_nothing_but_the_memory) {
  // More than is held at a time.
  QuotaProblem p;
  p.levels = QuotaLevels(1, 2000, 1, 2000);
  p.from = 700;
  p.steps = 300;
  p.step = 5min;
  p.now = kMidnight + 7h;
  const auto demand = [](int t) { return 1000 + 900 * std::sin(t / 30.0); };
  p.risk = [&](int t, std::span<double> cost) {
    for (std::size_t q = 0; q < cost.size(); ++q) {
      cost[q] = 20 * std::max(0.0, demand(t) - p.levels[q]);
    }
  };
  const QuotaChoice choice = MakeQuotaSchedule(p);
  BOOST_TEST(p.levels.size() * 17 * 300 > 4'000'000U);
  double cost = 0;
  for (int t = 0; t < p.steps; ++t) {
    const double q =
        p.levels[static_cast<std::size_t>(choice.best.level[static_cast<std::size_t>(t)])];
    cost += q + 20 * std::max(0.0, demand(t) - q);
  }
  BOOST_CHECK_CLOSE(cost, choice.best.cost, 1e-6);
  // The values of the first pass promise what the second one finds.
  BOOST_REQUIRE(choice.stay.has_value());
  BOOST_TEST(choice.best.cost <= choice.stay->cost);
  p.steps = 1;
  BOOST_TEST(MakeQuotaSchedule(p).best.level.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_day_begins_with_four_and_one_an_hour_follows) {
  const DecreaseLimit limit;  // DynamoDB's
  DecreaseBudget budget;
  int made = 0;
  for (WallTime at = kMidnight; at < kMidnight + std::chrono::days(1); at += 1min) {
    while (budget.May(limit, at)) {
      budget.Take(at);
      ++made;
    }
  }
  BOOST_TEST(made == 27);  // the service's own count
  BOOST_TEST(*budget.LeftToday(limit, kMidnight + 23h) == 0);
  BOOST_TEST(*budget.LeftToday(limit, kMidnight + 24h) == 4);
  BOOST_TEST((budget.NextAt(limit, kMidnight + 23h + 30min) == kMidnight + 24h));
  BOOST_TEST(!budget.May(limit, kMidnight + 22h));  // a clock that was set back gives nothing
}

BOOST_AUTO_TEST_CASE(levels_are_multiples_within_their_bounds) {
  const auto all = QuotaLevels(3, 17, 5, 10);
  BOOST_TEST((all == std::vector<double>{5, 10, 15, 20}));
  const auto some = QuotaLevels(1, 100'000, 1, 200);
  BOOST_TEST(some.size() <= 200U);
  BOOST_TEST(some.front() == 1);
  BOOST_TEST(some.back() == 100'000);
  BOOST_TEST(std::is_sorted(some.begin(), some.end()));
  for (std::size_t i = 60; i < some.size(); ++i) BOOST_TEST(some[i] / some[i - 1] < 1.09);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::planner
