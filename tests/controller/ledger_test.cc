#include "controller/ledger.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;
namespace tt = boost::test_tools;

namespace {

struct World {
  testing::TempFolder folder;
  std::unique_ptr<Journal> journal = Journal::Open(folder / "journal.db").value();
  std::unique_ptr<History> history = History::Open(folder / "history.db").value();
  Policy policy;
  DemandMemory memory{"c", policy, *history, ""};
  WallTime start = ParseTime("2026-03-01T12:00:00Z").value();

  Topology Shards(int count) {
    Topology topology;
    for (int i = 0; i < count; ++i) {
      Shard shard;
      shard.id = shard.master.id = std::string(1, static_cast<char>('a' + i));
      shard.partitions = {{i, i}};
      topology.shards.push_back(shard);
    }
    return topology;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger)

// A cluster and two policies in shadow that change all the time, with a gap and a first action.
BOOST_FIXTURE_TEST_CASE(pruning_the_log_changes_no_figure_of_the_account, World) {
  policy.static_peak_shards = 8;
  CapacityLedger ledger(*journal, policy);
  BOOST_REQUIRE(ledger.Load().ok());
  WallTime now = start;
  for (int i = 0; i < 3000; ++i) {
    BOOST_REQUIRE(ledger.Observe(Shards(3 + i % 3), memory, now).ok());
    if (i % 5 == 0) {
      const CapacityPoint point{now - 5min, 6 + i % 4, 3, i % 15 != 0};
      BOOST_REQUIRE(ledger.NoteShadow(i % 2 == 0 ? "hpa" : "reactive", point, now).ok());
    }
    if (i == 40) BOOST_REQUIRE(ledger.NoteFirstAction(now + 1min).ok());
    now += i == 1000 ? Duration(30h) : Duration(1h);
  }
  const Account before = ledger.Total(now);
  const SpentSoFar spent = *ledger.SpentBy(now);
  BOOST_TEST((before.missing == 30h));
  BOOST_TEST(before.actual.node_hours > 0);
  BOOST_REQUIRE(before.against.size() == 4u);
  for (int round = 0; round < 3; ++round) {
    BOOST_REQUIRE(ledger.Prune({.keep = 400 * 24h, .entries = 1501 - 200 * round}, now).ok());
    const Account after = ledger.Total(now);
    BOOST_TEST(after.actual.node_hours == before.actual.node_hours, tt::tolerance(1e-12));
    BOOST_TEST((after.recorded == before.recorded && after.missing == before.missing));
    for (const Saving& saving : before.against) {
      BOOST_TEST_CONTEXT(saving.against) {
        const Saving* same = after.Against(saving.against);
        BOOST_REQUIRE(same != nullptr);
        BOOST_TEST((same->compared == saving.compared));
        BOOST_TEST((same->estimated == saving.estimated));
        BOOST_TEST(same->NodeHours() == saving.NodeHours(), tt::tolerance(1e-9));
        BOOST_TEST(same->Cost().Units() == saving.Cost().Units(), tt::tolerance(1e-6));
      }
    }
    BOOST_TEST((ledger.SpentBy(now)->this_month == spent.this_month));
    BOOST_TEST((ledger.SpentBy(now)->today == spent.today));
    BOOST_TEST(journal->AuditLog(WallTime{}, 10'000).value().size() == 1502u - 200u * round);
    BOOST_TEST(journal->VerifyAudit().ok());
  }
  CapacityLedger again(*journal, policy);
  BOOST_REQUIRE(again.Load().ok());
  BOOST_TEST(again.Total(now).actual.node_hours == ledger.Total(now).actual.node_hours);
}

// What the dashboard shows, out of nothing but the lines of the log, multiplied by hand.
BOOST_FIXTURE_TEST_CASE(every_figure_follows_from_the_audit_log_and_its_prices, World) {
  policy.static_peak_shards = 4;
  policy.replicas_per_shard = 0;
  CapacityLedger ledger(*journal, policy);
  BOOST_REQUIRE(ledger.Load().ok());
  const struct {
    Duration at;
    int shards;
    double price;
  } observed[] = {{0min, 3, 0.5},    {50min, 3, 0.5},   {95min, 5, 0.5},   {95min, 5, 0.5},
                  {150min, 5, 0.25}, {200min, 6, 0.25}, {255min, 6, 0.25}, {300min, 6, 0.25}};
  for (const auto& one : observed) {
    policy.price_per_node_hour = Money::FromUnits(one.price);
    BOOST_REQUIRE(ledger.Observe(Shards(one.shards), memory, start + one.at).ok());
  }
  BOOST_REQUIRE(ledger.NoteShadow("reactive", {start + 95min, 4, 4}, start + 100min).ok());
  BOOST_REQUIRE(ledger.NoteFirstAction(start + 95min).ok());
  const WallTime now = start + 6h;
  const Account account = ledger.Total(now);

  double node_hours = 0;
  double cost = 0;
  double peak_cost = 0;
  double shadow_hours = 0;
  std::vector<nlohmann::json> lines;
  std::vector<WallTime> times;
  const auto log = journal->AuditLog(WallTime{}, 100).value();
  for (const auto& entry : log) {
    if (entry.what != "capacity") continue;
    lines.push_back(nlohmann::json::parse(entry.detail));
    times.push_back(entry.at);
  }
  BOOST_REQUIRE(lines.size() == 4u);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const WallTime until = i + 1 < lines.size() ? times[i + 1] : now;
    const double hours = Seconds(until - times[i]) / 3600;
    const double price = lines[i]["price_per_node_hour_micros"].get<double>() / 1e6;
    node_hours += hours * lines[i]["nodes"].get<double>();
    cost += hours * lines[i]["nodes"].get<double>() * price;
    peak_cost += hours * lines[i]["static_peak_nodes"].get<double>() * price;
    if (times[i] >= start + 95min) shadow_hours += hours * 4;
  }
  BOOST_TEST(account.actual.node_hours == node_hours, tt::tolerance(1e-9));
  BOOST_TEST(std::abs(account.actual.cost.Units() - cost) < 1e-5);
  const Saving& peak = *account.Against("static peak");
  BOOST_TEST(std::abs(peak.otherwise.cost.Units() - peak_cost) < 1e-5);
  BOOST_TEST((peak.Cost() < Money{}));  // it lost, and says so
  BOOST_TEST(account.Against("reactive")->otherwise.node_hours == shadow_hours,
             tt::tolerance(1e-9));
  BOOST_TEST(account.Against("reactive")->estimated);
  BOOST_TEST(!account.Against("as provisioned")->estimated);
}

BOOST_FIXTURE_TEST_CASE(what_nobody_looked_at_is_a_gap_also_over_a_restart, World) {
  auto ledger = std::make_unique<CapacityLedger>(*journal, policy);
  BOOST_REQUIRE(ledger->Load().ok());
  for (const Duration at : {0min, 30min, 60min}) {
    BOOST_REQUIRE(ledger->Observe(Shards(3), memory, start + at).ok());
  }
  // It holds unseen for a while, and then no longer.
  BOOST_TEST(ledger->Total(start + 2h).actual.node_hours == 6);
  BOOST_TEST(ledger->Total(start + 5h).actual.node_hours == 3);
  ledger = std::make_unique<CapacityLedger>(*journal, policy);
  BOOST_REQUIRE(ledger->Load().ok());
  BOOST_REQUIRE(ledger->Observe(Shards(3), memory, start + 5h).ok());
  const Account account = ledger->Total(start + 6h);
  BOOST_TEST(account.actual.node_hours == 6);
  BOOST_TEST((account.recorded == 2h && account.missing == 4h));
  // A budget is not saved by not looking: from midnight on, twelve hours before the start.
  BOOST_TEST((ledger->SpentBy(start + 6h)->today == policy.price_per_node_hour * (18.0 * 3)));
}

BOOST_FIXTURE_TEST_CASE(what_was_provisioned_is_recorded_once_and_for_all, World) {
  CapacityLedger ledger(*journal, policy);
  BOOST_REQUIRE(ledger.Load().ok());
  BOOST_REQUIRE(ledger.NoteFirstAction(start).ok());  // nothing is known yet
  BOOST_REQUIRE(ledger.Observe(Shards(6), memory, start).ok());
  BOOST_REQUIRE(ledger.NoteFirstAction(start + 30min).ok());
  BOOST_REQUIRE(ledger.Observe(Shards(4), memory, start + 1h).ok());
  BOOST_REQUIRE(ledger.NoteFirstAction(start + 70min).ok());
  BOOST_TEST(journal->AuditOf(kAuditAsProvisioned).value().size() == 1u);
  CapacityLedger again(*journal, policy);
  BOOST_REQUIRE(again.Load().ok());
  const Account account = again.Total(start + 2h);
  BOOST_TEST(account.Against("as provisioned")->otherwise.node_hours == 12);
  BOOST_TEST(account.Against("as provisioned")->NodeHours() == 2);
}

BOOST_FIXTURE_TEST_CASE(only_changes_are_written_down, World) {
  CapacityLedger ledger(*journal, policy);
  BOOST_REQUIRE(ledger.Load().ok());
  for (int i = 0; i < 10; ++i) {
    BOOST_REQUIRE(ledger.Observe(Shards(3), memory, start + i * 1min).ok());
  }
  BOOST_TEST(journal->AuditLog(WallTime{}, 100).value().size() == 1u);
  BOOST_TEST(ledger.Total(start + 1h).actual.node_hours == 3.0);
}

BOOST_AUTO_TEST_SUITE_END()
