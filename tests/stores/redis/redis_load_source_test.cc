#include "stores/redis/redis_load_source.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <future>

#include "bench/loadgen/cluster_harness.h"
#include "collector/collector.h"
#include "collector/rates.h"

using namespace tidewright;
using namespace tidewright::redis;
using namespace std::chrono_literals;
namespace tt = boost::test_tools;

namespace {

constexpr char kHost[] = "127.0.0.1";

/// Three shards with a replica each, shared by the cases below; none leaves it changed.
struct Cluster {
  Cluster() {
    auto made = loadgen::MakeTemporaryDirectory("tidewright-load-test");
    BOOST_REQUIRE_MESSAGE(made.ok(), made.status());
    directory = *made;
    auto started = loadgen::ClusterHarness::Start(
        {.directory = directory, .shards = 3, .replicas_per_shard = 1, .arguments = {}});
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
    harness = std::move(*started);
    instance = this;
  }
  ~Cluster() {
    instance = nullptr;
    harness.reset();
    std::filesystem::remove_all(directory);
  }
  static inline Cluster* instance = nullptr;
  std::string directory;
  std::unique_ptr<loadgen::ClusterHarness> harness;
};

struct World {
  loadgen::ClusterHarness& harness = *Cluster::instance->harness;
  RealClock clock;
  Client client{{}};
  RedisLoadSource source{
      client, clock, Seeds(), {.cluster = "test", .request_units = {}, .slots = {}}};

  std::vector<RedisLoadSource::Address> Seeds() const { return {{kHost, harness.Ports().front()}}; }

  Topology ReadTopology() {
    auto topology = source.ReadTopology(2s);
    BOOST_REQUIRE_MESSAGE(topology.ok(), topology.status());
    return *std::move(topology);
  }
  StatusOr<NodeSample> TrySample(const Node& node, Duration timeout = 2s) {
    std::promise<StatusOr<NodeSample>> promise;
    source.SampleNode(node, timeout,
                      [&](StatusOr<NodeSample> answer) { promise.set_value(std::move(answer)); });
    return promise.get_future().get();
  }
  NodeSample Sample(const Node& node) {
    auto sample = TrySample(node);
    BOOST_REQUIRE_MESSAGE(sample.ok(), sample.status());
    return *std::move(sample);
  }
  StatusOr<std::vector<PartitionSample>> SamplePartitions(const Shard& shard) {
    std::promise<StatusOr<std::vector<PartitionSample>>> promise;
    source.SamplePartitions(shard.master, shard.partitions, 20s,
                            [&](StatusOr<std::vector<PartitionSample>> answer) {
                              promise.set_value(std::move(answer));
                            });
    return promise.get_future().get();
  }
  /// `count` times the command, in batches, with "{…}" keys that the first shard owns.
  void Run(const Node& node, const Command& command, int count) {
    for (int left = count; left > 0; left -= 500) {
      const auto replies = harness.client().Call(
          node.host, node.port, Batch(static_cast<std::size_t>(std::min(left, 500)), command));
      BOOST_REQUIRE_MESSAGE(replies.ok(), replies.status());
      BOOST_REQUIRE_MESSAGE(!replies->front().IsError(), replies->front().text);
    }
  }
  /// A key in one of the node's slots.
  std::string KeyOn(const Node& node) {
    for (int i = 0;; ++i) {
      const std::string key = "key-" + std::to_string(i);
      const auto reply = harness.client().Call(node.host, node.port, {{"GET", key}});
      BOOST_REQUIRE_MESSAGE(reply.ok(), reply.status());
      if (!reply->front().IsError("MOVED")) return key;
    }
  }
  void WaitFor(const std::string& what, const std::function<bool()>& condition) {
    const MonoTime deadline = clock.Monotonic() + 30s;
    while (!condition()) {
      BOOST_REQUIRE_MESSAGE(clock.Monotonic() < deadline, what);
      clock.WaitFor(10ms, {});
    }
  }
};

/// Starts one further server, killed at the end.
struct Lone {
  Lone(const std::string& directory, const std::vector<std::string>& arguments) {
    auto free = io::FreePort();
    BOOST_REQUIRE(free.ok());
    port = *free;
    std::vector<std::string> command = {
        "redis-server", "--port", std::to_string(port), "--bind", kHost, "--save", "",
        "--dir",        directory};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto spawned = io::Subprocess::Spawn({.command = command,
                                          .working_directory = directory,
                                          .output_file = directory + "/lone.log"});
    BOOST_REQUIRE_MESSAGE(spawned.ok(), spawned.status());
    process.emplace(std::move(*spawned));
  }
  ~Lone() {
    process->Signal(SIGKILL);
    process->Wait(5s, clock);
  }
  RealClock clock;
  int port = 0;
  std::optional<io::Subprocess> process;
};

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(Quality)
BOOST_TEST_DONT_PRINT_LOG_VALUE(NodeHealth)
BOOST_TEST_GLOBAL_FIXTURE(Cluster);
BOOST_FIXTURE_TEST_SUITE(redis_load_source, World)

BOOST_AUTO_TEST_CASE(the_topology_is_read_from_every_node_with_replicas) {
  const auto topology = ReadTopology();
  BOOST_TEST(topology.cluster == "test");
  BOOST_TEST(topology.agreed);
  BOOST_TEST(topology.shards.size() == 3u);
  BOOST_TEST(topology.Unowned() == 0);
  BOOST_TEST(topology.open.empty());
  BOOST_TEST(topology.Nodes().size() == 6u);
  for (const auto& shard : topology.shards) {
    BOOST_TEST(shard.replicas.size() == 1u);
    for (const auto& node : {shard.master, shard.replicas[0]}) {
      BOOST_TEST(node.host == kHost);
      BOOST_TEST(node.health == NodeHealth::kOnline);
      BOOST_TEST(harness.servers().contains(node.port));
    }
  }
}

BOOST_AUTO_TEST_CASE(nodes_lie_in_the_zones_that_a_person_has_listed) {
  const int other = harness.Ports().back();
  auto zones = Zones::Parse({{"127.0.0.0/8", "a"}, {fmt::format("{}:{}", kHost, other), "b"}});
  BOOST_REQUIRE_MESSAGE(zones.ok(), zones.status());
  RedisLoadSource listed{client,
                         clock,
                         Seeds(),
                         {.cluster = "test", .request_units = {}, .slots = {}, .zones = *zones}};
  const auto topology = listed.ReadTopology(2s);
  BOOST_REQUIRE_MESSAGE(topology.ok(), topology.status());
  BOOST_TEST(topology->Nodes().size() == 6u);
  for (const Node& node : topology->Nodes()) {
    BOOST_TEST(node.zone == (node.port == other ? "b" : "a"), node.Address());
  }
  // It is no part of what a plan is made on.
  BOOST_TEST(topology->Fingerprint() == ReadTopology().Fingerprint());
}

BOOST_AUTO_TEST_CASE(a_real_server_says_whether_it_evicts_any_key) {
  const Node node = ReadTopology().shards[0].master;
  BOOST_TEST(Sample(node)[Metric::kEvictsAnyKey].value_or(-1) == 0);
  Run(node, {"CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru"}, 1);
  BOOST_TEST(Sample(node)[Metric::kEvictsAnyKey].value_or(-1) == 1);
  Run(node, {"CONFIG", "SET", "maxmemory", "0", "maxmemory-policy", "noeviction"}, 1);
}

BOOST_AUTO_TEST_CASE(load_is_seen_as_clients_caused_it) {
  const auto topology = ReadTopology();
  const Node& node = topology.shards[0].master;
  const std::string key = KeyOn(node);
  SampleWindow window;
  const RateOptions options{.span = 100ms, .max_gap = 60s};
  Append(window, Sample(node), options);
  clock.WaitFor(100ms, {});
  Run(node, {"SET", key, "value"}, 4000);
  Run(node, {"GET", key}, 6000);
  Append(window, Sample(node), options);
  const double seconds = Seconds(window.back().at - window.front().at);
  const auto happened = [&](Metric metric) {
    const auto rate = RateOf(window, metric, options);
    BOOST_REQUIRE(rate.has_value());
    return rate->per_second * seconds;
  };
  BOOST_TEST(happened(Metric::kCommands) == 10000, tt::tolerance(1e-6));
  BOOST_TEST(happened(Metric::kRequestUnits) == 10000, tt::tolerance(0.2));
  BOOST_TEST(happened(Metric::kHits) == 6000, tt::tolerance(1e-6));
  // A SET is 30-odd bytes to the server and 5 back, a GET 20 and 11.
  BOOST_TEST(happened(Metric::kNetworkBytes) > 10000 * 25);
  BOOST_TEST(happened(Metric::kNetworkBytes) < 10000 * 100);
  BOOST_TEST(happened(Metric::kCpuSeconds) > 0);
  const auto sample = window.back();
  BOOST_TEST(*sample[Metric::kKeys] >= 1);
  BOOST_TEST(*sample[Metric::kMemoryBytes] > 1e6);
  BOOST_TEST(*sample[Metric::kLatencyP99Seconds] > 0);
  BOOST_TEST(*sample[Metric::kLatencyP99Seconds] < 1);
  BOOST_TEST(sample.version.starts_with("redis "));
}

BOOST_AUTO_TEST_CASE(watching_alone_is_no_demand) {
  const auto topology = ReadTopology();
  const Shard& shard = topology.shards[1];
  const auto before = Sample(shard.master);
  for (int i = 0; i < 20; ++i) {
    ReadTopology();
    Sample(shard.master);
    BOOST_TEST(SamplePartitions(shard).ok());
  }
  const auto after = Sample(shard.master);
  BOOST_TEST(*after[Metric::kRequestUnits] == *before[Metric::kRequestUnits]);
  BOOST_TEST(*after[Metric::kCommands] == *before[Metric::kCommands]);
  BOOST_TEST(*after[Metric::kHits] == *before[Metric::kHits]);
  BOOST_TEST(*after[Metric::kOwnCpuSeconds] > *before[Metric::kOwnCpuSeconds]);
}

BOOST_AUTO_TEST_CASE(writes_that_a_replica_repeats_are_not_its_load) {
  const auto topology = ReadTopology();
  const Shard& shard = topology.shards[0];
  const auto before = Sample(shard.replicas[0]);
  Run(shard.master, {"SET", KeyOn(shard.master), "value"}, 1000);
  const auto lag = [&] { return Sample(shard.master)[Metric::kReplicationLagBytes].value_or(1e9); };
  WaitFor("the replica to follow", [&] { return lag() == 0; });
  const auto after = Sample(shard.replicas[0]);
  BOOST_TEST(*after[Metric::kRequestUnits] == *before[Metric::kRequestUnits]);
  BOOST_TEST(*after[Metric::kNetworkBytes] - *before[Metric::kNetworkBytes] < 20000);
}

BOOST_AUTO_TEST_CASE(slots_are_counted_and_sized) {
  const auto topology = ReadTopology();
  const Shard& shard = topology.shards[2];
  const std::string key = KeyOn(shard.master);
  for (int i = 0; i < 50; ++i) {
    Run(shard.master, {"SET", "{" + key + "}" + std::to_string(i), std::string(1000, 'x')}, 1);
  }
  const auto slot = harness.client().Call1(kHost, shard.master.port, {"CLUSTER", "KEYSLOT", key});
  BOOST_REQUIRE(slot.ok());
  const auto samples = SamplePartitions(shard);
  BOOST_REQUIRE_MESSAGE(samples.ok(), samples.status());
  BOOST_TEST(samples->size() == static_cast<std::size_t>(Count(shard.partitions)));
  for (const auto& sample : *samples) {
    if (sample.partition != slot->integer) continue;
    BOOST_TEST(sample.keys >= 50);
    BOOST_TEST(*sample.memory_bytes > 50 * 900);
    BOOST_TEST(*sample.memory_bytes < 60 * 1500);
  }
}

BOOST_AUTO_TEST_CASE(open_slots_are_seen) {
  auto topology = ReadTopology();
  const Node from = topology.shards[0].master;
  const Node to = topology.shards[1].master;
  auto& ask = harness.client();
  BOOST_REQUIRE(ask.Call1(kHost, to.port, {"CLUSTER", "SETSLOT", "3", "IMPORTING", from.id}).ok());
  topology = ReadTopology();
  BOOST_REQUIRE_EQUAL(topology.open.size(), 1u);
  BOOST_TEST((topology.open[0] == OpenPartition{3, from.id, to.id}));
  // Also by a source that was told of another node alone: the flag stands in its bearer's view.
  RedisLoadSource newcomer(client, clock, {{kHost, from.port}}, {});
  const auto first = newcomer.ReadTopology(2s);
  BOOST_REQUIRE_MESSAGE(first.ok(), first.status());
  BOOST_TEST(first->open.size() == 1u);
  BOOST_REQUIRE(ask.Call1(kHost, from.port, {"CLUSTER", "SETSLOT", "3", "MIGRATING", to.id}).ok());
  BOOST_TEST(ReadTopology().open.size() == 1u);
  for (const auto& node : {from, to}) {
    BOOST_REQUIRE(ask.Call1(kHost, node.port, {"CLUSTER", "SETSLOT", "3", "STABLE"}).ok());
  }
  BOOST_TEST(ReadTopology().open.empty());
}

BOOST_AUTO_TEST_CASE(an_unreachable_cluster_is_told_address_by_address) {
  const auto one = io::FreePort();
  const auto two = io::FreePort();
  BOOST_REQUIRE(one.ok() && two.ok());
  RedisLoadSource nowhere(client, clock, {{kHost, *one}, {kHost, *two}}, {});
  const auto topology = nowhere.ReadTopology(1s);
  BOOST_TEST((topology.status().code() == StatusCode::kUnavailable), topology.status());
  for (const int port : {*one, *two}) {
    BOOST_TEST(Message(topology.status()).find("127.0.0.1:" + std::to_string(port)) !=
               std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_said_to_be_one) {
  auto& ask = harness.client();
  const int port = harness.Ports().front();
  Lone lone(Cluster::instance->directory, {"--requirepass", "right", "--cluster-enabled", "yes",
                                           "--cluster-config-file", "lone.conf"});
  WaitFor("the server", [&] { return ask.Call(kHost, lone.port, {{"PING"}}).ok(); });
  for (const char* password : {"", "wrong"}) {
    Client stranger({.credentials = {"", password}});
    RedisLoadSource refused(stranger, clock, {{kHost, lone.port}}, {});
    const auto topology = refused.ReadTopology(2s);
    BOOST_TEST((topology.status().code() == StatusCode::kPermissionDenied), topology.status());
    BOOST_TEST(Message(topology.status()).find(std::to_string(lone.port)) != std::string::npos);
  }
  Client friendly({.credentials = {"", "right"}});
  RedisLoadSource welcome(friendly, clock, {{kHost, lone.port}}, {});
  const auto topology = welcome.ReadTopology(2s);
  BOOST_REQUIRE_MESSAGE(topology.ok(), topology.status());
  BOOST_TEST(topology->Unowned() == 16384);
  BOOST_TEST(topology->Nodes().front().Address() == "127.0.0.1:" + std::to_string(lone.port));
  BOOST_TEST(port != lone.port);
}

BOOST_AUTO_TEST_CASE(a_server_outside_cluster_mode_is_refused_in_clear_words) {
  Lone lone(Cluster::instance->directory, {});
  WaitFor("the server", [&] { return harness.client().Call1(kHost, lone.port, {"PING"}).ok(); });
  RedisLoadSource single(client, clock, {{kHost, lone.port}}, {});
  const auto topology = single.ReadTopology(2s);
  BOOST_TEST((topology.status().code() == StatusCode::kFailedPrecondition), topology.status());
  BOOST_TEST(Message(topology.status()).find("not in cluster mode") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_user_that_may_only_observe_is_enough) {
  const auto topology = ReadTopology();
  const Shard& shard = topology.shards[0];
  Run(shard.master, {"SET", KeyOn(shard.master), "value"}, 1);
  auto& ask = harness.client();
  BOOST_REQUIRE(ask.Call1(kHost, shard.master.port,
                          {"ACL", "SETUSER", "watcher", "reset", "on", ">secret", "+ping", "+info",
                           "+cluster|nodes", "+cluster|myid", "+cluster|countkeysinslot"})
                    .ok());
  Client watcher({.credentials = {"watcher", "secret"}});
  RedisLoadSource observed(watcher, clock, {{kHost, shard.master.port}}, {});
  std::promise<StatusOr<NodeSample>> node;
  observed.SampleNode(shard.master, 2s, [&](auto answer) { node.set_value(std::move(answer)); });
  const auto sample = node.get_future().get();
  BOOST_REQUIRE_MESSAGE(sample.ok(), sample.status());
  BOOST_TEST((*sample)[Metric::kRequestUnits].has_value());
  std::promise<StatusOr<std::vector<PartitionSample>>> slots;
  observed.SamplePartitions(shard.master, shard.partitions, 20s,
                            [&](auto answer) { slots.set_value(std::move(answer)); });
  const auto partitions = slots.get_future().get();
  BOOST_REQUIRE_MESSAGE(partitions.ok(), partitions.status());
  BOOST_TEST(partitions->size() == static_cast<std::size_t>(Count(shard.partitions)));
  BOOST_TEST(!partitions->front().memory_bytes.has_value());
  BOOST_REQUIRE(ask.Call1(kHost, shard.master.port, {"ACL", "DELUSER", "watcher"}).ok());
}

BOOST_AUTO_TEST_CASE(an_address_that_is_another_node_now_is_no_sample_of_this_one) {
  const auto topology = ReadTopology();
  Node wrong = topology.shards[0].master;
  wrong.id = topology.shards[1].id;
  const auto sample = TrySample(wrong);
  BOOST_TEST((sample.status().code() == StatusCode::kFailedPrecondition), sample.status());
  wrong.host.clear();
  BOOST_TEST((TrySample(wrong).status().code() == StatusCode::kUnavailable));
}

BOOST_AUTO_TEST_CASE(what_is_under_way_is_answered_once_when_the_source_goes) {
  const Node node = ReadTopology().shards[0].master;
  std::atomic<int> answers = 0;
  std::atomic<int> cancelled = 0;
  harness.Kill(node.port, SIGSTOP);
  {
    RedisLoadSource brief(client, clock, Seeds(), {});
    brief.SampleNode(node, 300ms, [&](const StatusOr<NodeSample>& answer) {
      ++answers;
      if (answer.status().code() == StatusCode::kCancelled) ++cancelled;
    });
    brief.SamplePartitions(node, {{0, 100}}, 300ms, [&](const auto& answer) {
      ++answers;
      if (answer.status().code() == StatusCode::kCancelled) ++cancelled;
    });
  }
  BOOST_TEST(answers == 2);
  BOOST_TEST(cancelled == 2);
  harness.Kill(node.port, SIGCONT);
  BOOST_TEST(Sample(node).node_id == node.id);
  BOOST_TEST(answers == 2);
}

BOOST_AUTO_TEST_CASE(a_stopped_node_delays_nobody_and_is_missing) {
  CollectorOptions options;
  options.interval = 100ms;
  options.timeout = 200ms;
  options.topology_interval = 200ms;
  options.concurrency = 4;
  options.rate_span = 300ms;
  Collector collector(source, clock, options);
  collector.Start();
  const auto requests = [&](const std::string& id) {
    const auto snapshot = collector.Snapshot(clock.Wall());
    const NodeLoad* load = snapshot.Find(id);
    return load == nullptr ? Reading() : load->usage[Resource::kRequests];
  };
  const auto topology = ReadTopology();
  WaitFor("fresh figures", [&] { return collector.Snapshot(clock.Wall()).fresh_share == 1; });
  const Node& stopped = topology.shards[1].master;
  harness.Kill(stopped.port, SIGSTOP);
  WaitFor("the stopped node to be missing",
          [&] { return requests(stopped.id).quality == Quality::kMissing; });
  const auto snapshot = collector.Snapshot(clock.Wall());
  BOOST_TEST(snapshot.total[Resource::kRequests].quality == Quality::kMissing);
  BOOST_TEST(!snapshot.Find(stopped.id)->error.empty());
  // The others go on being sampled all the while.
  for (const auto& node : topology.Nodes()) {
    if (node.id == stopped.id) continue;
    const WallTime before = snapshot.Find(node.id)->sampled;
    WaitFor("samples of the others", [&] {
      return collector.Snapshot(clock.Wall()).Find(node.id)->sampled >= before + 300ms;
    });
    BOOST_TEST(requests(node.id).quality == Quality::kFresh);
  }
  harness.Kill(stopped.port, SIGCONT);
  WaitFor("the node to be back", [&] { return requests(stopped.id).quality == Quality::kFresh; });
}

BOOST_AUTO_TEST_CASE(a_restarted_server_is_a_reset_and_never_a_spike) {
  const Node node = ReadTopology().shards[2].replicas[0];
  Run(node, {"READONLY"}, 1);
  const RateOptions options{.span = 100ms, .max_gap = 60s};
  SampleWindow window;
  Append(window, Sample(node), options);
  const std::string directory = harness.servers().at(node.port).directory;
  harness.Kill(node.port, SIGKILL);
  BOOST_TEST((TrySample(node).status().code() == StatusCode::kUnavailable));
  auto again = io::Subprocess::Spawn(
      {.command = {"redis-server", "--port", std::to_string(node.port), "--bind", kHost,
                   "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf",
                   "--cluster-node-timeout", "5000", "--save", "", "--dir", directory},
       .working_directory = directory,
       .output_file = directory + "/again.log"});
  BOOST_REQUIRE_MESSAGE(again.ok(), again.status());
  WaitFor("the server", [&] { return TrySample(node).ok(); });
  Run(node, {"DBSIZE"}, 10000);  // more than the old process ever counted
  const auto first = Sample(node);
  BOOST_TEST(first.incarnation != window.back().incarnation);
  Append(window, first, options);
  BOOST_TEST(!RateOf(window, Metric::kCommands, options).has_value());
  clock.WaitFor(100ms, {});
  Append(window, Sample(node), options);
  const auto rate = RateOf(window, Metric::kCommands, options);
  BOOST_REQUIRE(rate.has_value());
  BOOST_TEST(rate->per_second == 0);
  again->Signal(SIGKILL);
  again->Wait(5s, clock);
}

BOOST_AUTO_TEST_SUITE_END()
