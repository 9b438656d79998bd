#include "controller/account.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(account)

BOOST_AUTO_TEST_CASE(node_hours_and_cost_follow_from_the_records_alone) {
  const std::vector<CapacityRecord> records = {
      {WallTime(0h), 6, 3, 12, Money::FromUnits(0.5)},
      {WallTime(2h), 10, 5, 12, Money::FromUnits(0.5)},
  };
  const auto sum = Sum(records, WallTime(5h));
  BOOST_TEST(sum.node_hours == 2 * 6 + 3 * 10);
  BOOST_TEST(sum.static_peak_node_hours == 5 * 12);
  BOOST_TEST((sum.cost == Money::FromUnits(21)));
  BOOST_TEST((sum.static_peak_cost == Money::FromUnits(30)));
}

BOOST_AUTO_TEST_CASE(a_clock_that_went_backwards_takes_nothing_back) {
  const std::vector<CapacityRecord> records = {{WallTime(2h), 6, 3, 6, Money::FromUnits(1)},
                                               {WallTime(1h), 8, 4, 8, Money::FromUnits(1)}};
  BOOST_TEST(Sum(records, WallTime(0h)).node_hours == 0);
}

// A clock that was set back from 3 h to 1 h: 1 h to 3 h has been counted.
BOOST_AUTO_TEST_CASE(no_moment_counts_twice) {
  const std::vector<CapacityRecord> records = {{WallTime(0h), 6, 3, 6, Money::FromUnits(1)},
                                               {WallTime(3h), 8, 4, 8, Money::FromUnits(1)},
                                               {WallTime(1h), 8, 4, 8, Money::FromUnits(1)}};
  BOOST_TEST(Sum(records, WallTime(5h)).node_hours == 3 * 6 + 2 * 8);
}

BOOST_AUTO_TEST_CASE(records_survive_the_audit_log) {
  const CapacityRecord record{WallTime(7s), 8, 4, 12, Money::FromUnits(0.125)};
  AuditRecord audit;
  audit.at = record.at;
  audit.detail = ToJson(record);
  const auto parsed = ParseCapacity(audit);
  BOOST_REQUIRE(parsed.ok());
  BOOST_TEST(parsed->SameAs(record));
  for (const char* detail : {"", "[]", "{}", R"({"nodes":-1})", R"({"nodes":"8"})"}) {
    audit.detail = detail;
    BOOST_TEST(!ParseCapacity(audit).ok(), detail);
  }
}

BOOST_AUTO_TEST_CASE(what_pruned_records_carry_survives_the_audit_log) {
  CarriedAccount carried;
  carried.account = {1.5, 2.5, Money{7}, Money{9}};
  carried.in_force = CapacityRecord{WallTime(7s), 8, 4, 12, Money::FromUnits(0.125)};
  AuditRecord audit;
  audit.detail = "{\"carried\":" + ToJson(carried) + "}";
  const auto parsed = ParseCarried(audit);
  BOOST_REQUIRE_MESSAGE(parsed.ok(), parsed.status());
  BOOST_TEST(parsed->account.node_hours == 1.5);
  BOOST_TEST((parsed->account.static_peak_cost == Money{9}));
  BOOST_REQUIRE(parsed->in_force.has_value());
  BOOST_TEST((parsed->in_force->at == WallTime(7s)));
  BOOST_TEST(parsed->in_force->SameAs(*carried.in_force));
  for (const char* detail : {"", "[]", "{}", R"({"carried":1})", R"({"carried":{}})",
                             R"({"carried":{"node_hours":"x"}})"}) {
    audit.detail = detail;
    BOOST_TEST(!ParseCarried(audit).ok(), detail);
  }
}

BOOST_AUTO_TEST_SUITE_END()
