#include "controller/ledger.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;

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

BOOST_FIXTURE_TEST_CASE(pruning_the_log_changes_no_figure_of_the_account, World) {
  policy.static_peak_shards = 8;
  CapacityLedger ledger(*journal, policy);
  BOOST_REQUIRE(ledger.Load().ok());
  WallTime now = start;
  for (int i = 0; i < 3000; ++i) {
    BOOST_REQUIRE(ledger.Observe(Shards(3 + i % 3), memory, now).ok());
    now += 1h;
  }
  const Account before = ledger.Total(now);
  BOOST_TEST(before.node_hours > 0);
  for (int round = 0; round < 2; ++round) {
    BOOST_REQUIRE(ledger.Prune({.keep = 400 * 24h, .entries = 1500 - 300 * round}, now).ok());
    BOOST_TEST(ledger.Total(now).node_hours == before.node_hours);
    BOOST_TEST((ledger.Total(now).static_peak_cost == before.static_peak_cost));
    BOOST_TEST(journal->AuditLog(WallTime{}, 10'000).value().size() == 1501u - 300u * round);
    BOOST_TEST(journal->VerifyAudit().ok());
  }
  CapacityLedger again(*journal, policy);
  BOOST_REQUIRE(again.Load().ok());
  BOOST_TEST(again.Total(now + 1h).node_hours == ledger.Total(now + 1h).node_hours);
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
  } observed[] = {
      {0min, 3, 0.5}, {95min, 5, 0.5}, {95min, 5, 0.5}, {150min, 5, 0.25}, {200min, 6, 0.25}};
  for (const auto& one : observed) {
    policy.price_per_node_hour = Money::FromUnits(one.price);
    BOOST_REQUIRE(ledger.Observe(Shards(one.shards), memory, start + one.at).ok());
  }
  const WallTime now = start + 10h;
  const Account account = ledger.Total(now);

  double node_hours = 0;
  double cost = 0;
  double peak_cost = 0;
  const auto log = journal->AuditLog(WallTime{}, 100).value();
  BOOST_REQUIRE(log.size() == 4u);
  for (std::size_t i = 0; i < log.size(); ++i) {
    const auto line = nlohmann::json::parse(log[i].detail);
    const WallTime until = i + 1 < log.size() ? log[i + 1].at : now;
    const double hours = Seconds(until - log[i].at) / 3600;
    const double price = line["price_per_node_hour_micros"].get<double>() / 1e6;
    node_hours += hours * line["nodes"].get<double>();
    cost += hours * line["nodes"].get<double>() * price;
    peak_cost += hours * line["static_peak_nodes"].get<double>() * price;
  }
  BOOST_TEST(account.node_hours == node_hours, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(std::abs(account.cost.Units() - cost) < 1e-5);
  BOOST_TEST(std::abs(account.static_peak_cost.Units() - peak_cost) < 1e-5);
  BOOST_TEST((account.static_peak_cost < account.cost));  // it lost, and says so
}

BOOST_FIXTURE_TEST_CASE(only_changes_are_written_down, World) {
  CapacityLedger ledger(*journal, policy);
  BOOST_REQUIRE(ledger.Load().ok());
  for (int i = 0; i < 10; ++i) {
    BOOST_REQUIRE(ledger.Observe(Shards(3), memory, start + i * 1min).ok());
  }
  BOOST_TEST(journal->AuditLog(WallTime{}, 100).value().size() == 1u);
  BOOST_TEST(ledger.Total(start + 1h).node_hours == 3.0);
}

BOOST_AUTO_TEST_SUITE_END()
