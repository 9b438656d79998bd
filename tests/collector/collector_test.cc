#include "collector/collector.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <memory>

#include "tests/collector/fake_source.h"

using namespace tidewright;
using namespace std::chrono_literals;
namespace tt = boost::test_tools;

namespace {

constexpr WallTime kMidnight{std::chrono::days(20000)};
constexpr int kPartitions = 60;

/// Masters "a", "b", … with equal ranges of partitions, no replicas.
Topology Masters(int count) {
  Topology topology;
  topology.cluster = "test";
  topology.partition_count = kPartitions;
  topology.agreed = true;
  for (int i = 0; i < count; ++i) {
    Shard shard;
    shard.id = std::string(1, static_cast<char>('a' + i));
    shard.master = {shard.id, "10.0.0.1", 7000 + i, NodeRole::kMaster, NodeHealth::kOnline, ""};
    shard.partitions = {{kPartitions * i / count, kPartitions * (i + 1) / count - 1}};
    topology.shards.push_back(shard);
  }
  return topology;
}

struct World {
  SettlingClock clock{kMidnight};
  FakeSource source{clock};
  CollectorOptions options;
  std::unique_ptr<Collector> collector;

  void Start() {
    collector = std::make_unique<Collector>(source, clock, options);
    collector->Start();
    clock.Settle(2);
  }
  void Run(double seconds) {
    for (double t = 0; t < seconds; t += 0.25) {
      clock.Advance(250ms);
      clock.Settle(2);
      source.Expire();
      clock.Settle(2);
    }
  }
  /// Under the source's lock.
  void Change(const std::function<void()>& change) {
    std::scoped_lock lock(source.mutex);
    change();
  }
  LoadSnapshot Snapshot() { return collector->Snapshot(clock.Wall()); }
  Reading Requests(const std::string& node_id) {
    const auto snapshot = Snapshot();
    const NodeLoad* load = snapshot.Find(node_id);
    BOOST_REQUIRE(load != nullptr);
    return load->usage[Resource::kRequests];
  }
};

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(Quality)
BOOST_FIXTURE_TEST_SUITE(collector, World)

BOOST_AUTO_TEST_CASE(the_load_of_a_cluster_is_known_after_two_rounds) {
  source.topology = Masters(3);
  Start();
  Run(25);
  const auto snapshot = Snapshot();
  BOOST_TEST(snapshot.nodes.size() == 3u);
  BOOST_TEST(snapshot.total[Resource::kRequests].quality == Quality::kFresh);
  BOOST_TEST(snapshot.total[Resource::kRequests].value == 300, tt::tolerance(1e-6));
  BOOST_TEST(snapshot.fresh_share == 1);
  BOOST_TEST((snapshot.at == clock.Wall()));
  BOOST_TEST((snapshot.nodes[0].sampled > kMidnight));
}

BOOST_AUTO_TEST_CASE(dead_nodes_delay_nobody) {
  options.concurrency = 4;
  source.topology = Masters(12);
  for (const char* id : {"a", "b", "c", "d", "e", "f", "g", "h", "i"}) source.dead.insert(id);
  Start();
  Run(120);
  for (const char* id : {"j", "k", "l"}) {
    auto asked = source.Asked(id);
    // The very first round does not know yet who is dead.
    std::erase_if(asked, [](double at) { return at < 15; });
    BOOST_REQUIRE_GE(asked.size(), 9u);
    for (std::size_t i = 1; i < asked.size(); ++i) BOOST_TEST(asked[i] - asked[i - 1] <= 11);
    BOOST_TEST(Requests(id).quality == Quality::kFresh);
  }
  for (const auto& id : source.dead) {
    BOOST_TEST(source.Asked(id).size() >= 3u);
    BOOST_TEST(Requests(id).quality == Quality::kMissing);
    BOOST_TEST(Snapshot().Find(id)->error == "no answer within 2s");
  }
  BOOST_TEST(Snapshot().total[Resource::kRequests].quality == Quality::kMissing);
  BOOST_TEST(Snapshot().fresh_share == 0.25);
}

BOOST_AUTO_TEST_CASE(missing_stale_zero_and_implausible_are_told_apart) {
  source.topology = Masters(4);
  source.commands_per_second["b"] = 0;
  source.dead.insert("c");
  source.edit = [](NodeSample& sample) {
    if (sample.node_id == "d") sample[Metric::kRequestUnits] = -1;
  };
  Start();
  Run(25);
  BOOST_TEST(Requests("a").quality == Quality::kFresh);
  BOOST_TEST(Requests("b").quality == Quality::kFresh);
  BOOST_TEST(Requests("b").value == 0);
  BOOST_TEST(Requests("c").quality == Quality::kMissing);
  BOOST_TEST(Requests("d").quality == Quality::kImplausible);
  BOOST_TEST(Snapshot().fresh_share == 0.5);
  // Time passes while no sample comes: the daemon was stopped, its machine slept.
  collector->Stop();
  clock.Advance(10min);
  BOOST_TEST(Requests("a").quality == Quality::kStale);
  BOOST_TEST(Requests("a").value == 100, tt::tolerance(1e-6));
  BOOST_TEST(Requests("b").quality == Quality::kStale);
  BOOST_TEST(Requests("c").quality == Quality::kMissing);
}

BOOST_AUTO_TEST_CASE(what_breaks_a_contract_is_quarantined_counted_and_bounded) {
  options.quarantine_capacity = 3;
  source.topology = Masters(1);
  source.edit = [](NodeSample& sample) {
    sample[Metric::kKeys] = std::numeric_limits<double>::infinity();
  };
  Start();
  Run(80);
  const auto snapshot = Snapshot();
  BOOST_REQUIRE_EQUAL(snapshot.quarantine.size(), 3u);
  BOOST_TEST(snapshot.quarantine[0].metric == "keys");
  BOOST_TEST((snapshot.quarantine[0].at < snapshot.quarantine[2].at));
  BOOST_TEST(collector->quarantined() >= 7);
  BOOST_TEST(snapshot.nodes[0].keys.quality == Quality::kImplausible);
  BOOST_TEST(snapshot.total[Resource::kRequests].quality == Quality::kFresh);
}

BOOST_AUTO_TEST_CASE(a_jump_of_the_wall_clock_changes_nothing) {
  source.topology = Masters(2);
  Start();
  Run(25);
  clock.JumpWall(-3h);
  Run(10);
  BOOST_TEST(Snapshot().total[Resource::kRequests].quality == Quality::kFresh);
  BOOST_TEST(Snapshot().total[Resource::kRequests].value == 200, tt::tolerance(1e-6));
  clock.JumpWall(9h);
  BOOST_TEST(Snapshot().total[Resource::kRequests].quality == Quality::kFresh);
}

BOOST_AUTO_TEST_CASE(the_last_topology_stands_with_its_age_while_none_can_be_read) {
  source.topology = Error(StatusCode::kUnavailable, "10.0.0.1:7000: connection refused");
  Start();
  BOOST_TEST(!collector->View().topology.has_value());
  BOOST_TEST((collector->topology().status().code() == StatusCode::kUnavailable));
  BOOST_TEST(Message(collector->topology().status()) == "10.0.0.1:7000: connection refused");
  BOOST_TEST(Snapshot().nodes.empty());
  BOOST_TEST(Snapshot().total[Resource::kRequests].quality == Quality::kMissing);
  Change([&] { source.topology = Masters(2); });
  Run(10);
  BOOST_REQUIRE(collector->topology().ok());
  BOOST_TEST(collector->View().error == "");
  Change([&] { source.topology = Error(StatusCode::kUnavailable, "gone again"); });
  Run(30);
  BOOST_TEST(collector->topology()->shards.size() == 2u);
  BOOST_TEST(collector->View().error == "gone again");
  BOOST_TEST(Seconds(collector->View().age) == 30, tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(nodes_come_and_go_with_the_topology) {
  source.topology = Masters(3);
  Start();
  Run(25);
  Change([&] { source.topology = Masters(2); });
  BOOST_TEST(collector->RefreshTopology().ok());
  BOOST_TEST(Snapshot().nodes.size() == 2u);
  const auto asked = source.Asked("c").size();
  Run(30);
  BOOST_TEST(source.Asked("c").size() == asked);
  Change([&] { source.topology = Masters(3); });
  Run(10);
  BOOST_TEST(Requests("c").quality == Quality::kMissing);
  Run(25);
  BOOST_TEST(Requests("c").quality == Quality::kFresh);
}

BOOST_AUTO_TEST_CASE(a_master_without_partitions_is_not_needed_for_the_total) {
  auto topology = Masters(2);
  Shard joined;
  joined.id = "new";
  joined.master = {"new", "10.0.0.9", 7009, NodeRole::kMaster, NodeHealth::kOnline, ""};
  topology.shards.push_back(joined);
  source.topology = topology;
  source.dead.insert("new");
  Start();
  Run(25);
  BOOST_TEST(Snapshot().nodes.size() == 3u);
  BOOST_TEST(Snapshot().total[Resource::kRequests].quality == Quality::kFresh);
  BOOST_TEST(Snapshot().fresh_share == 1);
}

BOOST_AUTO_TEST_CASE(nodes_between_which_partitions_move_are_marked) {
  auto topology = Masters(3);
  topology.open.push_back({7, "a", "b"});
  source.topology = topology;
  Start();
  Run(25);
  const auto snapshot = Snapshot();
  BOOST_TEST(snapshot.Find("a")->flags == static_cast<unsigned>(kMoving));
  BOOST_TEST(snapshot.Find("b")->flags == static_cast<unsigned>(kMoving));
  BOOST_TEST(snapshot.Find("c")->flags == 0u);
}

BOOST_AUTO_TEST_CASE(partition_shares_are_known_soon_and_sum_to_one) {
  source.topology = Masters(3);
  source.commands_per_second["a"] = 400;
  source.keys[0] = 110;  // of 300 on a
  Start();
  Run(35);
  const auto snapshot = Snapshot();
  BOOST_REQUIRE_EQUAL(snapshot.partitions.size(), static_cast<std::size_t>(kPartitions));
  double sum = 0;
  for (const auto& partition : snapshot.partitions) sum += partition.share[Resource::kRequests];
  BOOST_TEST(sum == 1, tt::tolerance(1e-9));
  BOOST_TEST(snapshot.partitions[0].share[Resource::kRequests] == 400.0 / 600 * 110 / 300,
             tt::tolerance(0.02));
  BOOST_TEST(snapshot.partitions[0].keys == 110);
  BOOST_TEST((snapshot.partitions_sampled > kMidnight));
  BOOST_TEST(source.PartitionRounds("a") == 1);  // then rarely
  Run(300);
  BOOST_TEST(source.PartitionRounds("a") == 2);
}

BOOST_AUTO_TEST_CASE(a_share_follows_its_partition_to_an_owner_whose_rates_do_not_show_it_yet) {
  options.partition_interval = 20s;
  auto topology = Masters(2);
  source.topology = topology;
  source.keys[0] = 300;
  Start();
  Run(60);
  const double before = Snapshot().partitions[0].share[Resource::kRequests];
  BOOST_TEST(before > 0.2);
  topology.shards[0].partitions = {{1, 29}};
  topology.shards[1].partitions = {{0, 0}, {30, 59}};
  Change([&] { source.topology = topology; });
  BOOST_REQUIRE(collector->RefreshTopology().ok());
  Run(5);
  BOOST_TEST(Snapshot().partitions[0].share[Resource::kRequests] == before, tt::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(an_owners_rounds_begin_anew_when_it_gets_or_gives_partitions) {
  options.partition_interval = 20s;
  auto topology = Masters(2);
  source.topology = topology;
  Start();
  BOOST_TEST(Snapshot().partition_rounds == 0);
  Run(100);
  BOOST_TEST(Snapshot().partition_rounds >= 3);
  topology.shards[0].partitions = {{1, 29}};
  topology.shards[1].partitions = {{0, 0}, {30, 59}};
  Change([&] { source.topology = topology; });
  BOOST_REQUIRE(collector->RefreshTopology().ok());
  BOOST_TEST(Snapshot().partition_rounds == 0);
  Run(100);
  BOOST_TEST(Snapshot().partition_rounds >= 3);
}

// Counters that rise in jumps: at one look a node seems to bear all of the load, at the next none.
BOOST_AUTO_TEST_CASE(a_nodes_part_of_the_load_is_a_mean_over_many_samples) {
  options.partition_interval = 300s;
  source.topology = Masters(2);
  std::map<std::string, int> asked;
  source.edit = [&](NodeSample& sample) {
    const bool jumps = (asked[sample.node_id]++ % 2 == 0) == (sample.node_id == "a");
    sample[Metric::kRequestUnits] = *sample[Metric::kRequestUnits] + (jumps ? 900 : 0);
  };
  Start();
  Run(350);
  for (int look = 0; look < 12; ++look) {
    Run(150);
    const auto snapshot = Snapshot();
    double a = 0;
    for (std::size_t p = 0; p < kPartitions / 2; ++p) {
      a += snapshot.partitions[p].share[Resource::kRequests];
    }
    BOOST_TEST(a > 0.45);
    BOOST_TEST(a < 0.55);
  }
}

BOOST_AUTO_TEST_CASE(key_counts_are_told_even_while_another_master_is_dead) {
  options.partition_interval = 20s;
  source.topology = Masters(2);
  source.dead.insert("b");
  Start();
  Run(90);
  BOOST_TEST(source.PartitionRounds("a") >= 1);
  BOOST_TEST(source.PartitionRounds("a") <= 4);
  BOOST_TEST(Snapshot().partitions[0].keys == 10);
  BOOST_TEST(Snapshot().partitions[0].share[Resource::kRequests] == 0);
}

BOOST_AUTO_TEST_CASE(rates_cover_an_interval_or_a_sane_span_and_survive_lost_samples) {
  CollectorOptions any;
  BOOST_TEST(Seconds(AssessOptionsOf(any).rates.span) == 10);
  any.interval = 400ms;
  BOOST_TEST(Seconds(AssessOptionsOf(any).rates.span) == 1);
  any.interval = 100ms;
  BOOST_TEST(Seconds(AssessOptionsOf(any).rates.span) == 0.3);
  any.rate_span = 5s;
  BOOST_TEST(Seconds(AssessOptionsOf(any).rates.span) == 5);
  any.interval = 2min;
  BOOST_TEST(Seconds(AssessOptionsOf(any).rates.max_gap) == 480);
}

BOOST_AUTO_TEST_CASE(answers_after_the_end_are_dropped) {
  source.topology = Masters(2);
  source.dead.insert("a");
  Start();
  clock.Advance(1s);
  clock.Settle(2);
  collector.reset();
  clock.Advance(10s);
  source.Expire();
}

BOOST_AUTO_TEST_SUITE_END()
