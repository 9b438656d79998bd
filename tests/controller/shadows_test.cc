// Policies in shadow on what the demand memory observed: restarts, darkness, the account.
#include "controller/shadows.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>

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
  std::vector<std::string> names = {"reactive", "dynamodb"};
  WallTime start = ParseTime("2026-03-01T22:00:00Z").value();
  WallTime now = start;
  std::unique_ptr<DemandMemory> memory;
  std::unique_ptr<CapacityLedger> ledger;
  std::unique_ptr<Shadows> shadows;
  int shards = 4;

  World() {
    policy.shard_capacity[Resource::kRequests] = 1000;
    policy.shard_capacity[Resource::kMemory] = 1e9;
    policy.max_shards = 10;
    policy.replicas_per_shard = 1;
    Restart();
  }
  void Restart() {
    shadows.reset();
    memory = std::make_unique<DemandMemory>("c", policy, *history, "");
    BOOST_REQUIRE(memory->Load(now).ok());
    ledger = std::make_unique<CapacityLedger>(*journal, policy);
    BOOST_REQUIRE(ledger->Load().ok());
    shadows = std::make_unique<Shadows>(names, policy, *journal);
    BOOST_REQUIRE(shadows->Load().ok());
  }
  [[nodiscard]] Topology Cluster() const {
    Topology topology;
    topology.partition_count = 100;
    for (int i = 0; i < shards; ++i) {
      Shard shard;
      shard.id = shard.master.id = "s" + std::to_string(i);
      shard.replicas.resize(1);
      shard.partitions = {{100 * i / shards, 100 * (i + 1) / shards - 1}};
      topology.shards.push_back(shard);
    }
    return topology;
  }
  /// One minute; NaN: no fresh data.
  void Minute(double requests, const std::string& action = "", bool in_flight = false) {
    LoadSnapshot load;
    load.at = now;
    if (!std::isnan(requests)) {
      load.total[Resource::kRequests] = {requests, Quality::kFresh};
      load.total[Resource::kMemory] = {1e8, Quality::kFresh};
    }
    const Topology topology = Cluster();
    BOOST_REQUIRE(memory->Observe(load, &topology, false, now).ok());
    BOOST_REQUIRE(ledger->Observe(topology, *memory, now).ok());
    const Status observed =
        shadows->Observe({.topology = &topology,
                          .memory = *memory,
                          .experience = {.provisioning = 2min, .per_partition = 6s},
                          .newest_action = action,
                          .in_flight = in_flight,
                          .now = now},
                         *ledger);
    BOOST_REQUIRE_MESSAGE(observed.ok(), observed);
    now += 1min;
  }
  std::map<std::string, PolicyTally> Tallies() {
    std::map<std::string, PolicyTally> tallies;
    for (const auto& tally : shadows->Tallies()) tallies[tally.policy] = tally;
    return tallies;
  }
  /// From 1,500 to 6,500 in twelve hours and back.
  [[nodiscard]] double Wave() const {
    return 4000 - 2500 * std::cos(Seconds(now - start) / 3600 * M_PI / 6) +
           300 * std::sin(Seconds(now - start) / 97);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(shadows, World)

BOOST_AUTO_TEST_CASE(policies_follow_live_demand_beside_the_real_one) {
  for (int i = 0; i < 14 * 60; ++i) Minute(Wave());
  const auto tallies = Tallies();
  BOOST_REQUIRE(tallies.size() == 3u);
  const PolicyTally& real = tallies.at(kRealPolicy);
  const PolicyTally& reactive = tallies.at("reactive");
  BOOST_TEST(!real.estimated);
  BOOST_TEST(reactive.estimated);
  BOOST_TEST((real.tally.judged + real.tally.dark == reactive.tally.judged));
  // Four shards of 1,000 stood through it; the policies grew, and shrank again.
  BOOST_TEST((real.tally.short_for > 5h));
  BOOST_TEST(real.tally.episodes >= 1);
  BOOST_TEST(real.tally.node_hours == 8 * Seconds(real.tally.judged) / 3600, tt::tolerance(1e-9));
  BOOST_TEST((reactive.tally.short_for < 2h));
  BOOST_TEST(reactive.tally.moves >= 2);
  BOOST_TEST((tallies.at("dynamodb").tally.short_for < real.tally.short_for));
  // The account is told of the same hours.
  const Account account = ledger->Total(start + 14h - 5min);
  const Saving* saving = account.Against("reactive");
  BOOST_REQUIRE(saving != nullptr);
  BOOST_TEST(saving->estimated);
  BOOST_TEST(saving->otherwise.node_hours == reactive.tally.node_hours, tt::tolerance(0.02));
}

BOOST_AUTO_TEST_CASE(restarts_lose_nothing_of_what_they_came_to) {
  const WallTime began = now;
  for (int i = 0; i < 14 * 60; ++i) Minute(Wave());
  const auto once = Tallies();

  World other;
  BOOST_REQUIRE((other.now == began));
  for (int i = 0; i < 14 * 60; ++i) {
    if (i % 43 == 42) other.Restart();  // in the middle of moves and steps, and over midnight
    other.Minute(other.Wave());
  }
  const auto often = other.Tallies();
  for (const std::string name : {"reactive", "dynamodb"}) {
    BOOST_TEST_CONTEXT(name) {
      BOOST_TEST(often.at(name).tally.moves == once.at(name).tally.moves);
      BOOST_TEST(often.at(name).shards == once.at(name).shards);
      BOOST_TEST(often.at(name).tally.node_hours == once.at(name).tally.node_hours,
                 tt::tolerance(1e-9));
      BOOST_TEST((often.at(name).tally.short_for == once.at(name).tally.short_for));
      BOOST_TEST((often.at(name).since == once.at(name).since));
    }
  }
  // What was there in the step of a restart was not noted by anybody: dark, not invented.
  const Tally& real = often.at(kRealPolicy).tally;
  BOOST_TEST((real.judged + real.dark == once.at(kRealPolicy).tally.judged));
  BOOST_TEST((real.dark > 0s && real.dark < 100min));
}

BOOST_AUTO_TEST_CASE(hours_without_a_daemon_and_without_data_are_not_judged) {
  for (int i = 0; i < 60; ++i) Minute(3000);
  const auto before = Tallies();
  now += 5h;
  Restart();
  for (int i = 0; i < 30; ++i) Minute(std::nan(""));
  for (int i = 0; i < 6; ++i) Minute(3000);
  const auto after = Tallies();
  for (const auto& [name, policy] : after) {
    BOOST_TEST_CONTEXT(name) {
      const Duration dark = policy.tally.dark - before.at(name).tally.dark;
      BOOST_TEST((dark >= 5h + 30min && dark <= 5h + 35min));
      BOOST_TEST((policy.tally.judged - before.at(name).tally.judged <= 10min));
    }
  }
  const Account account = ledger->Total(now);
  BOOST_TEST((account.missing >= 5h && account.missing <= 5h + 6min));
  BOOST_TEST((account.Against("reactive")->compared < 80min));
}

BOOST_AUTO_TEST_CASE(a_policy_that_runs_no_more_is_no_longer_known) {
  for (int i = 0; i < 60; ++i) Minute(3000);
  names = {"hpa"};
  Restart();
  for (int i = 0; i < 60; ++i) Minute(3000);
  BOOST_TEST(Tallies().count("reactive") == 0u);
  BOOST_TEST(Tallies().count("hpa") == 1u);
  const Account account = ledger->Total(now);
  BOOST_TEST((account.Against("reactive")->compared <= 60min));
  BOOST_TEST((account.Against("hpa")->compared >= 50min));
}

BOOST_AUTO_TEST_CASE(while_partitions_move_the_fullest_shard_counts) {
  for (int i = 0; i < 10; ++i) Minute(3500);
  BOOST_TEST((Tallies().at(kRealPolicy).tally.short_for == 0s));
  shards = 3;  // the fullest one holds 34 of 100 partitions
  for (int i = 0; i < 10; ++i) Minute(2970, "a-0001", true);
  const Tally real = Tallies().at(kRealPolicy).tally;
  BOOST_TEST(real.moves == 1);
  BOOST_TEST((real.short_for > 0s));  // 2.97 of 2.94
}

BOOST_AUTO_TEST_CASE(without_a_capacity_or_a_policy_nothing_is_judged) {
  policy.shard_capacity[Resource::kRequests].reset();
  policy.shard_capacity[Resource::kMemory].reset();
  for (int i = 0; i < 12; ++i) Minute(3000);
  BOOST_TEST(shadows->Tallies().empty());
}

BOOST_AUTO_TEST_CASE(what_was_kept_by_an_unknown_version_begins_anew) {
  BOOST_REQUIRE(journal->SaveFact("shadow", R"({"version":99})").ok());
  Restart();
  for (int i = 0; i < 12; ++i) Minute(3000);
  BOOST_TEST(Tallies().size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
