#include "controller/account.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const Money kUnit = Money::FromUnits(1);

AuditRecord Audit(const char* what, WallTime at, const std::string& detail) {
  AuditRecord audit;
  audit.what = what;
  audit.at = at;
  audit.detail = detail;
  return audit;
}

ToldSizes Of(const std::vector<CapacityRecord>& records) {
  ToldSizes sizes;
  for (const auto& record : records) sizes.Add(record, std::nullopt);
  return sizes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(account)

BOOST_AUTO_TEST_CASE(node_hours_and_cost_follow_from_what_was_told_alone) {
  ToldSizes sizes = Of({{WallTime(0h), 6, 3, 12, Money::FromUnits(0.5)},
                        {WallTime(2h), 10, 5, 12, Money::FromUnits(0.5)}});
  sizes.before_first_action = CapacityPoint{WallTime(1h), 6, 3};
  sizes.Add("reactive", {WallTime(3h), 4, 2});
  const Account sum = Sum(sizes, WallTime(5h));
  BOOST_TEST(sum.actual.node_hours == 2 * 6 + 3 * 10);
  BOOST_TEST((sum.actual.cost == Money::FromUnits(21)));
  BOOST_REQUIRE(sum.against.size() == 3u);
  BOOST_TEST(sum.Against("static peak")->otherwise.node_hours == 5 * 12);
  BOOST_TEST((sum.Against("static peak")->Cost() == Money::FromUnits(9)));
  BOOST_TEST(sum.Against("as provisioned")->otherwise.node_hours == 5 * 6);
  BOOST_TEST((sum.Against("as provisioned")->Cost() == Money::FromUnits(-6)));
  const Saving& reactive = *sum.Against("reactive");
  BOOST_TEST(reactive.estimated);
  BOOST_TEST((reactive.compared == 2h));
  BOOST_TEST(reactive.NodeHours() == 2 * (4 - 10));  // negative where it was negative
}

BOOST_AUTO_TEST_CASE(terms_of_billing_are_part_of_what_is_told) {
  CapacityRecord record{WallTime(0h), 8, 4, 12, kUnit};
  BOOST_TEST(ToJson(record).find("billing") == std::string::npos);
  record.billing = {.granularity = 1h, .minimum = 90min, .committed = 6};
  ToldSizes sizes;
  BOOST_REQUIRE(Tell(Audit(kAuditCapacity, WallTime(0h), ToJson(record)), sizes).ok());
  BOOST_REQUIRE(sizes.records.size() == 1u);
  BOOST_TEST(sizes.records[0].SameAs(record));
  CapacityRecord later = record;
  later.at = WallTime(30min);
  later.nodes = 4;
  sizes.Add(later, std::nullopt);
  // Four leave after half an hour and are paid for two hours: two of them are committed.
  BOOST_TEST((Sum(sizes, WallTime(1h)).actual.cost == Money::FromUnits(4 + 2 * 1.5 + 3)));
  CarriedAccount carried;
  carried.sizes = sizes;
  AuditRecord pruned = Audit("prune", WallTime(1h), "{\"carried\":" + ToJson(carried) + "}");
  const auto read = ParseCarried(pruned);
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST(read->sizes.records.at(1).SameAs(later));
}

// A clock that was set back from 3 h to 1 h: 1 h to 3 h has been counted.
BOOST_AUTO_TEST_CASE(no_moment_counts_twice) {
  const ToldSizes sizes = Of({{WallTime(0h), 6, 3, 6, kUnit},
                              {WallTime(3h), 8, 4, 8, kUnit},
                              {WallTime(1h), 8, 4, 8, kUnit}});
  BOOST_TEST(Sum(sizes, WallTime(5h)).actual.node_hours == 3 * 6 + 2 * 8);
  BOOST_TEST(Sum(sizes, WallTime(-1h)).actual.node_hours == 0);
}

BOOST_AUTO_TEST_CASE(what_the_log_tells_survives_being_written_down) {
  const CapacityRecord first{WallTime(0h), 6, 3, 12, Money::FromUnits(0.125)};
  const CapacityRecord second{WallTime(9h), 8, 4, 12, Money::FromUnits(0.125)};
  const CapacityPoint point{WallTime(1h), 10, 5, false};
  ToldSizes told;
  BOOST_REQUIRE(Tell(Audit(kAuditCapacity, first.at, ToJson(first)), told).ok());
  BOOST_REQUIRE(Tell(Audit(kAuditShadow, WallTime(2h), ToJson("hpa", point)), told).ok());
  BOOST_REQUIRE(
      Tell(Audit(kAuditAsProvisioned, WallTime(3h), ToJson(CapacityPoint{WallTime(3h), 6, 3})),
           told)
          .ok());
  BOOST_REQUIRE(Tell(Audit(kAuditCapacity, second.at, ToJson(second, WallTime(4h))), told).ok());
  BOOST_REQUIRE(told.records.size() == 2u);
  BOOST_TEST((told.records[0].holds_for == Duration(4h)));  // nobody looked from 4 h to 9 h
  BOOST_TEST(told.records[1].SameAs(second));
  BOOST_TEST((told.shadows["hpa"] == std::vector<CapacityPoint>{point}));
  BOOST_TEST((told.before_first_action->at == WallTime(3h)));
  const Account sum = Sum(told, WallTime(10h));
  BOOST_TEST((sum.recorded == 5h && sum.missing == 5h));
}

BOOST_AUTO_TEST_CASE(what_holds_no_capacity_is_refused_with_its_number) {
  for (const char* kind : {kAuditCapacity, kAuditShadow, kAuditAsProvisioned}) {
    for (const char* detail : {"", "[]", "{}", R"({"nodes":-1})", R"({"nodes":"8"})"}) {
      ToldSizes sizes;
      AuditRecord audit = Audit(kind, WallTime(1h), detail);
      audit.sequence = 17;
      const Status told = Tell(audit, sizes);
      BOOST_TEST((told.code() == StatusCode::kDataLoss), detail);
      BOOST_TEST(Message(told).find("17") != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_pruned_records_carry_survives_the_audit_log) {
  ToldSizes sizes = Of({{WallTime(0h), 6, 3, 12, kUnit}, {WallTime(2h), 8, 4, 12, kUnit, 3h}});
  sizes.before_first_action = CapacityPoint{WallTime(1h), 6, 3};
  sizes.Add("reactive", {WallTime(30min), 4, 2});
  sizes.Add("reactive", {WallTime(4h), 4, 2, false});
  CarriedAccount carried;
  carried.until = WallTime(3h);
  carried.account = Sum(sizes, *carried.until);
  carried.sizes = From(sizes, *carried.until);
  carried.spent[WallTime(0h)] = Money{77};
  const auto read =
      ParseCarried(Audit(kAuditPrune, WallTime(9h), "{\"carried\":" + ToJson(carried) + "}"));
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST((read->until == carried.until));
  BOOST_TEST((read->spent == carried.spent));
  const Account whole = Sum(sizes, WallTime(8h));
  const Account parts = read->account + Sum(read->sizes, WallTime(8h));
  BOOST_TEST(parts.actual.node_hours == whole.actual.node_hours);
  BOOST_TEST((parts.recorded == whole.recorded && parts.missing == whole.missing));
  BOOST_REQUIRE(parts.against.size() == whole.against.size());
  for (const Saving& saving : whole.against) {
    const Saving* same = parts.Against(saving.against);
    BOOST_REQUIRE(same != nullptr);
    BOOST_TEST((same->compared == saving.compared && same->Cost() == saving.Cost()));
  }
  for (const char* detail : {"", "[]", "{}", R"({"carried":1})", R"({"carried":{}})",
                             R"({"carried":{"node_hours":"x"}})", R"({"carried":{"version":3}})"}) {
    BOOST_TEST(!ParseCarried(Audit(kAuditPrune, WallTime(9h), detail)).ok(), detail);
  }
}

BOOST_AUTO_TEST_CASE(what_the_first_version_carried_is_still_read) {
  const auto read = ParseCarried(Audit(kAuditPrune, WallTime(9h), R"({"carried":{"node_hours":1.5,
      "static_peak_node_hours":2.5,"cost_micros":7,"static_peak_cost_micros":9,"capacity":{
      "nodes":8,"shards":4,"static_peak_nodes":12,"price_per_node_hour_micros":5,
      "at_micros":7000000}}})"));
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST(read->account.actual.node_hours == 1.5);
  BOOST_TEST(read->account.Against("static peak")->NodeHours() == 1.0);
  BOOST_TEST((read->account.Against("static peak")->Cost() == Money{2}));
  BOOST_REQUIRE(read->sizes.records.size() == 1u);
  BOOST_TEST((read->sizes.records[0].at == WallTime(7s)));
  BOOST_TEST(read->sizes.records[0].nodes == 8);
}

BOOST_AUTO_TEST_CASE(what_was_spent_counts_what_was_pruned) {
  const ToldSizes sizes = Of({{WallTime(0h), 6, 3, 12, kUnit}, {WallTime(30h), 8, 4, 12, kUnit}});
  CarriedAccount carried;
  carried.until = WallTime(40h);
  carried.spent[WallTime(24h)] = SpentSince(sizes.records, WallTime(24h), *carried.until);
  const ToldSizes rest = From(sizes, *carried.until);
  BOOST_TEST((DayOf(WallTime(45h)) == WallTime(24h)));
  BOOST_TEST((Spent(carried, rest, WallTime(24h), WallTime(45h)) ==
              Spent({}, sizes, WallTime(24h), WallTime(45h))));
  BOOST_TEST((Spent(carried, rest, WallTime(42h), WallTime(45h)) == Money::FromUnits(24)));
  BOOST_TEST((MonthOf(*ParseTime("2026-03-17T11:00:00Z")) == *ParseTime("2026-03-01")));
}

BOOST_AUTO_TEST_SUITE_END()
