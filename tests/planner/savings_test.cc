#include "planner/savings.h"

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "core/random.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const Money kPrice = Money::FromUnits(0.5);

CapacityRecord Record(WallTime at, int nodes, std::optional<Duration> holds_for = {}) {
  return {.at = at,
          .nodes = nodes,
          .shards = nodes / 2,
          .static_peak_nodes = 12,
          .price_per_node_hour = kPrice,
          .holds_for = holds_for};
}

Savings Against(const std::vector<CapacityRecord>& records, const Counterfactual& other,
                WallTime now) {
  return ComputeSavings(records, {other}, {}, now);
}

// Each stretch is rounded to a micro-unit.
bool Near(Money cost, double node_hours) {
  return std::abs((cost - kPrice * node_hours).micros) <= 3;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(savings)

BOOST_AUTO_TEST_CASE(less_than_the_static_peak_is_saved_and_more_is_lost) {
  const std::vector<CapacityRecord> records = {Record(WallTime(0h), 6), Record(WallTime(2h), 16)};
  const Savings first = Against(records, StaticPeak(records), WallTime(2h));
  BOOST_TEST(first.actual.node_hours == 12);
  BOOST_TEST(first.against.at(0).NodeHours() == 12);
  BOOST_TEST((first.against.at(0).Cost() == Money::FromUnits(6)));
  BOOST_TEST(!first.against.at(0).estimated);
  const Savings all = Against(records, StaticPeak(records), WallTime(7h));
  BOOST_TEST(all.actual.node_hours == 2 * 6 + 5 * 16);
  BOOST_TEST(all.against.at(0).NodeHours() == 12 - 20);  // negative where it was negative
  BOOST_TEST((all.against.at(0).Cost() == Money::FromUnits(-4)));
}

BOOST_AUTO_TEST_CASE(cost_is_as_billed_with_what_was_paid_and_not_used) {
  const auto billed = [](Duration at, int nodes, const BillingTerms& terms) {
    CapacityRecord record = Record(WallTime(at), nodes);
    record.billing = terms;
    return record;
  };
  // Of eight, two leave that came first: they are paid for 25 minutes more where an hour is the
  // period, those that came later for 35.
  const double by_second = 6 * 3 + 2 * 25.0 / 60;
  const auto cost = [&](const BillingTerms& terms) {
    return ComputeSavings({billed(0h, 6, terms), billed(10min, 8, terms), billed(35min, 6, terms)},
                          {}, {}, WallTime(3h))
        .actual.cost;
  };
  BOOST_TEST(Near(cost({}), by_second));
  BOOST_TEST(Near(cost({.granularity = 1h}), by_second + 2 * 25.0 / 60));
  BOOST_TEST(Near(cost({.minimum = 30min}), by_second));
  BOOST_TEST(Near(cost({.minimum = 1h}), by_second + 2 * 25.0 / 60));
  BOOST_TEST(Near(cost({.committed = 8}), 8 * 3));
  BOOST_TEST(Near(cost({.granularity = 1h, .committed = 7}), 7 * 3 + 2 * 25.0 / 60));
  // Both sides alike: a static size has nothing that leaves.
  const std::vector<CapacityRecord> records = {billed(0h, 6, {.granularity = 1h}),
                                               billed(10min, 8, {.granularity = 1h}),
                                               billed(35min, 6, {.granularity = 1h})};
  const Saving saving = Against(records, StaticPeak(records), WallTime(3h)).against.at(0);
  BOOST_TEST(Near(saving.actual.cost, by_second + 2 * 25.0 / 60));
  BOOST_TEST(Near(saving.otherwise.cost, 12 * 3));
  BOOST_TEST(Near(SpentSince(records, WallTime(0h), WallTime(3h)), by_second + 2 * 25.0 / 60));
}

BOOST_AUTO_TEST_CASE(before_the_first_action_nothing_is_saved_against_what_was_provisioned) {
  // A person added two nodes at 1 h; the controller began at 3 h and removed four.
  const std::vector<CapacityRecord> records = {Record(WallTime(0h), 8), Record(WallTime(1h), 10),
                                               Record(WallTime(4h), 6)};
  const Counterfactual before = AsProvisioned(records, CapacityAt(records, WallTime(3h)));
  BOOST_TEST(Against(records, before, WallTime(4h)).against.at(0).NodeHours() == 0);
  BOOST_TEST(Against(records, before, WallTime(6h)).against.at(0).NodeHours() == 2 * 4);
  const Counterfactual untouched = AsProvisioned(records, std::nullopt);
  BOOST_TEST(Against(records, untouched, WallTime(6h)).against.at(0).NodeHours() == 0);
}

BOOST_AUTO_TEST_CASE(a_record_that_was_not_renewed_leaves_a_gap_in_which_nothing_is_saved) {
  const std::vector<CapacityRecord> records = {Record(WallTime(0h), 6, 1h),
                                               Record(WallTime(10h), 6, 1h)};
  const Savings sum = Against(records, StaticPeak(records), WallTime(10h + 30min));
  BOOST_TEST((sum.recorded == 90min));
  BOOST_TEST(sum.actual.node_hours == 1.5 * 6);
  BOOST_TEST(sum.against.at(0).NodeHours() == 1.5 * 6);
  BOOST_REQUIRE(sum.gaps.size() == 1u);
  BOOST_TEST((sum.gaps[0].from == WallTime(1h) && sum.gaps[0].until == WallTime(10h)));
  BOOST_TEST((sum.Missing() == 9h));
  // The newest one holds no longer either.
  const Savings later = Against(records, StaticPeak(records), WallTime(20h));
  BOOST_TEST((later.recorded == 2h));
  BOOST_TEST((later.Missing() == 18h));
}

BOOST_AUTO_TEST_CASE(no_moment_counts_twice_whatever_records_repeat_or_reach_back) {
  const std::vector<CapacityRecord> plain = {Record(WallTime(0h), 6), Record(WallTime(3h), 8)};
  // The same again, as after a restart; and one of a clock that was set back.
  const std::vector<CapacityRecord> repeated = {Record(WallTime(0h), 6), Record(WallTime(0h), 6),
                                                Record(WallTime(3h), 8), Record(WallTime(3h), 8),
                                                Record(WallTime(1h), 8)};
  const WallTime now(5h);
  BOOST_TEST(Against(repeated, StaticPeak(repeated), now).actual.node_hours ==
             Against(plain, StaticPeak(plain), now).actual.node_hours);
  BOOST_TEST((Against(repeated, StaticPeak(repeated), now).against.at(0).compared == 5h));
  const std::vector<CapacityRecord> ahead = {Record(WallTime(2h), 6), Record(WallTime(9h), 8)};
  BOOST_TEST(Against(ahead, StaticPeak(ahead), WallTime(4h)).actual.node_hours == 12);
  BOOST_TEST(Against({}, StaticPeak({}), WallTime(4h)).actual.node_hours == 0);
}

BOOST_AUTO_TEST_CASE(a_policy_in_shadow_is_compared_where_it_ran_and_labelled_estimated) {
  const std::vector<CapacityRecord> records = {Record(WallTime(0h), 6)};
  const Counterfactual shadow{.name = "reactive",
                              .estimated = true,
                              .capacity = {{WallTime(2h), 10, 5}, {WallTime(3h), 4, 2}}};
  const Savings sum = Against(records, shadow, WallTime(5h));
  const Saving& saving = sum.against.at(0);
  BOOST_TEST(saving.estimated);
  BOOST_TEST((saving.compared == 3h));
  BOOST_TEST(saving.NodeHours() == 4 - 2 * 2);
  BOOST_TEST((sum.recorded == 5h));
}

BOOST_AUTO_TEST_CASE(where_a_policy_in_shadow_is_not_known_nothing_is_compared) {
  const std::vector<CapacityRecord> records = {Record(WallTime(0h), 6)};
  const Counterfactual shadow{
      .name = "reactive",
      .estimated = true,
      .capacity = {{WallTime(0h), 10, 5}, {WallTime(1h), 10, 5, false}, {WallTime(4h), 8, 4}}};
  const Saving saving = Against(records, shadow, WallTime(5h)).against.at(0);
  BOOST_TEST((saving.compared == 2h));
  BOOST_TEST(saving.actual.node_hours == 12);
  BOOST_TEST(saving.otherwise.node_hours == 18);
}

BOOST_AUTO_TEST_CASE(accounts_of_times_that_follow_each_other_add_up) {
  const std::vector<CapacityRecord> all = {Record(WallTime(0h), 6, 3h), Record(WallTime(5h), 10),
                                           Record(WallTime(7h), 8)};
  const std::vector<CapacityRecord> late = {Record(WallTime(6h), 10), Record(WallTime(7h), 8)};
  const auto account = [](const std::vector<CapacityRecord>& records, WallTime until) {
    return AccountOf(ComputeSavings(records, {StaticPeak(records)}, {}, until));
  };
  const Account whole = account(all, WallTime(9h));
  const Account sum = account(all, WallTime(6h)) + account(late, WallTime(9h));
  BOOST_TEST(sum.actual.node_hours == whole.actual.node_hours);
  BOOST_TEST((sum.recorded == whole.recorded && sum.missing == 2h));
  BOOST_REQUIRE(sum.against.size() == 1u);
  BOOST_TEST((sum.Against("static peak")->Cost() == whole.against[0].Cost()));
  BOOST_TEST((sum.Against("static peak")->compared == 7h));
  BOOST_TEST(sum.Against("nobody") == nullptr);
}

BOOST_AUTO_TEST_CASE(a_budget_is_not_saved_by_not_looking) {
  const std::vector<CapacityRecord> records = {Record(WallTime(2h), 6, 1h),
                                               Record(WallTime(8h), 10)};
  // Six nodes from midnight on, also before they were first seen and while nobody looked.
  BOOST_TEST((SpentSince(records, WallTime(0h), WallTime(10h)) == Money::FromUnits(0.5 * 68)));
  BOOST_TEST((SpentSince(records, WallTime(7h), WallTime(10h)) == Money::FromUnits(0.5 * 26)));
  BOOST_TEST((SpentSince(records, WallTime(9h), WallTime(10h)) == Money::FromUnits(0.5 * 10)));
  BOOST_TEST((SpentSince({}, WallTime(9h), WallTime(10h)) == Money{}));
}

BOOST_AUTO_TEST_CASE(a_saving_says_how_long_demand_was_above_capacity) {
  const std::vector<CapacityRecord> records = {Record(WallTime(0h), 6)};  // three shards
  Series demand{.start = WallTime(0h),
                .step = 30min,
                .values = {250, 350, Series::kGap, 350, 100, 700},
                .flags = {}};
  const Savings sum =
      ComputeSavings(records, {StaticPeak(records)}, {&demand, 100}, WallTime(2h + 45min));
  BOOST_TEST((sum.actual.short_for == 75min));
  BOOST_TEST((sum.against.at(0).otherwise.short_for == 15min));  // six shards bear 600
  BOOST_TEST((sum.demand_unknown == 30min));
}

// Minute by minute, the way a person would with a spreadsheet.
BOOST_AUTO_TEST_CASE(sums_are_those_of_adding_up_minutes) {
  Random random(11);
  for (int round = 0; round < 50; ++round) {
    std::vector<CapacityRecord> records;
    WallTime at(0h);
    for (int i = 0; i < 20; ++i) {
      CapacityRecord record = Record(at, 6 + 2 * static_cast<int>(random.Below(6)), 90min);
      record.price_per_node_hour = Money::FromUnits(0.25 * (1 + static_cast<double>(i / 10)));
      records.push_back(record);
      at += 1min * static_cast<int>(random.Below(200)) - 20min;
    }
    const WallTime first_action = WallTime(1min * static_cast<int>(random.Below(900)));
    const WallTime now = WallTime(1min * static_cast<int>(random.Below(2000)));
    const Savings sum = ComputeSavings(
        records, {StaticPeak(records), AsProvisioned(records, CapacityAt(records, first_action))},
        {}, now);

    double node_hours = 0;
    double cost = 0;
    double peak = 0;
    int missing = 0;
    for (WallTime minute = records[0].at; minute < now; minute += 1min) {
      // The record in force when the time line first reached this minute.
      const CapacityRecord* in_force = nullptr;
      WallTime reached = records[0].at;
      for (std::size_t i = 0; i < records.size(); ++i) {
        const WallTime until = i + 1 < records.size() ? std::min(records[i + 1].at, now) : now;
        if (until <= std::max(reached, records[i].at)) continue;
        if (minute >= std::max(reached, records[i].at) && minute < until) in_force = &records[i];
        reached = until;
      }
      if (in_force == nullptr || minute >= in_force->at + *in_force->holds_for) {
        ++missing;
        continue;
      }
      node_hours += in_force->nodes / 60.0;
      cost += in_force->nodes / 60.0 * in_force->price_per_node_hour.Units();
      peak += in_force->static_peak_nodes / 60.0;
    }
    BOOST_TEST_CONTEXT("round " << round) {
      BOOST_TEST(std::abs(sum.actual.node_hours - node_hours) < 1e-6);
      BOOST_TEST(std::abs(sum.actual.cost.Units() - cost) < 1e-4);
      BOOST_TEST(std::abs(sum.against.at(0).otherwise.node_hours - peak) < 1e-6);
      BOOST_TEST((sum.Missing() == 1min * missing));
      BOOST_TEST((sum.against.at(1).compared == sum.recorded));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
