#include "bench/loadgen/load_generator.h"

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "bench/loadgen/cluster_harness.h"
#include "io/subprocess.h"

using namespace tidewright;
using namespace std::chrono_literals;
using namespace loadgen;

namespace {

struct Loaded {
  Loaded() {
    const auto made = MakeTemporaryDirectory("tidewright-loadgen-test");
    BOOST_REQUIRE_MESSAGE(made.ok(), made.status());
    directory = *made;
    auto started = ClusterHarness::Start({.directory = directory,
                                          .shards = 3,
                                          .replicas_per_shard = 0,
                                          .arguments = {"--enable-debug-command", "yes"}});
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
    cluster = *std::move(started);
    LoadOptions options;
    for (const int port : cluster->Ports()) options.servers.seeds.push_back({"127.0.0.1", port});
    options.keys = KeySpace::Of(6000, 60);
    load = std::make_unique<LoadGenerator>(options, clock);
    const Status loaded = load->Preload(60s);
    BOOST_REQUIRE_MESSAGE(loaded.ok(), loaded);
  }
  ~Loaded() {
    load.reset();
    cluster.reset();
    std::filesystem::remove_all(directory);
  }

  void Run(double rate) {
    load->Start([rate](MonoTime) { return rate; });
  }
  /// Until so many commands were answered since now.
  void WaitForAnswers(std::int64_t count) {
    const std::int64_t wanted = load->Counters().answered + count;
    const MonoTime deadline = clock.Monotonic() + 60s;
    while (load->Counters().answered < wanted) {
      BOOST_REQUIRE_MESSAGE(clock.Monotonic() < deadline, "the load stands still");
      clock.WaitFor(10ms, {});
    }
  }
  Verification Verified() {
    load->Stop(30s);
    const auto verified = load->Verify(60s);
    BOOST_REQUIRE_MESSAGE(verified.ok(), verified.status());
    for (const auto& finding : verified->findings) BOOST_TEST_MESSAGE(finding);
    BOOST_TEST(verified->keys == 6000);
    BOOST_TEST(verified->keys_unread == 0);
    return *verified;
  }
  void Cli(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"redis-cli", "--cluster"});
    const auto result = io::Run(arguments, 60s, clock);
    BOOST_REQUIRE_MESSAGE(result.ok(), result.status());
    BOOST_REQUIRE_MESSAGE(result->exit_code == 0, result->output);
  }
  /// Behind the generator's back, on whatever server owns the key.
  void Meddle(const redis::Command& command) {
    bool done = false;
    for (const int port : cluster->Ports()) {
      done = done || cluster->client().Call1("127.0.0.1", port, command).ok();
    }
    BOOST_REQUIRE(done);
  }

  RealClock clock;
  std::string directory;
  std::unique_ptr<ClusterHarness> cluster;
  std::unique_ptr<LoadGenerator> load;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(load_generator, Loaded)

BOOST_AUTO_TEST_CASE(nothing_is_lost_or_undone_while_slots_move) {
  const std::string entry = "127.0.0.1:" + std::to_string(cluster->Ports().front());
  const auto port = cluster->StartServer();
  BOOST_REQUIRE(port.ok());
  const std::string added = "127.0.0.1:" + std::to_string(*port);
  Run(4000);
  WaitForAnswers(2000);
  Cli({"add-node", added, entry});
  const auto id = cluster->client().Call1("127.0.0.1", *port, {"CLUSTER", "MYID"});
  BOOST_REQUIRE(id.ok());
  const MonoTime deadline = clock.Monotonic() + 30s;
  const auto converged = [&] {
    for (const int one : cluster->Ports()) {
      const auto info = cluster->client().Call1("127.0.0.1", one, {"CLUSTER", "INFO"});
      if (!info.ok() || info->text.find("cluster_state:ok") == std::string::npos) return false;
      if (info->text.find("cluster_known_nodes:4") == std::string::npos) return false;
    }
    return true;
  };
  while (!converged() && clock.Monotonic() < deadline) clock.WaitFor(50ms, {});
  Cli({"reshard", entry, "--cluster-from", "all", "--cluster-to", id->text, "--cluster-slots",
       "1500", "--cluster-yes"});
  WaitForAnswers(2000);
  const auto verified = Verified();
  const auto counters = load->Counters();
  BOOST_TEST(verified.lost == 0);
  BOOST_TEST(verified.undone == 0);
  BOOST_TEST(verified.keys_verified == 6000);
  BOOST_TEST(verified.writes_verified == verified.writes_acknowledged);
  BOOST_TEST(verified.writes_acknowledged > 6000);
  BOOST_TEST(counters.unknown == 0);
  // The moves were met by the load.
  BOOST_TEST(counters.errors.contains("MOVED"));
  BOOST_TEST(cluster->Check().ok());
}

BOOST_AUTO_TEST_CASE(what_is_changed_behind_its_back_is_reported) {
  Run(3000);
  WaitForAnswers(3000);
  load->Stop(10s);
  const KeyModel names(KeySpace::Of(6000, 60));
  const auto counter = names.space().strings;
  const auto list = counter + names.space().counters;
  Meddle({"SET", names.Name(0), names.Text(0, 999'999)});
  Meddle({"DEL", names.Name(1)});
  Meddle({"SETEX", names.Name(0), "1000", "x"});
  Meddle({"SET", names.Name(counter), "-7"});
  Meddle({"DEL", names.Name(list + 1)});
  Meddle({"RPUSH", names.Name(list + 2), "foreign"});
  Meddle({"PEXPIRE", names.Name(list + 3), "5000000"});
  const auto verified = Verified();
  // Some of the keys may have been deleted by the load before: then deleting them is no change, but
  // every write is.
  BOOST_TEST(verified.undone >= 3);
  BOOST_TEST(verified.lost + verified.undone <= 6);
  BOOST_TEST(verified.keys_verified >= 6000 - 6);
  BOOST_TEST(verified.keys_verified <= 6000 - 3);
  BOOST_TEST(!verified.Clean());
}

BOOST_AUTO_TEST_CASE(a_lost_server_full_of_keys_is_noticed_while_the_load_runs) {
  Run(3000);
  WaitForAnswers(3000);
  BOOST_REQUIRE(cluster->client().Call1("127.0.0.1", cluster->Ports().front(), {"FLUSHALL"}).ok());
  WaitForAnswers(2000);
  BOOST_TEST(load->Counters().lost > 0);
  const auto verified = Verified();
  BOOST_TEST(verified.lost > 1000);
}

BOOST_AUTO_TEST_CASE(broken_connections_and_timeouts_leave_uncertainty_but_no_false_alarm) {
  load.reset();
  LoadOptions options;
  for (const int port : cluster->Ports()) {
    BOOST_REQUIRE(cluster->client().Call1("127.0.0.1", port, {"FLUSHALL"}).ok());
    options.servers.seeds.push_back({"127.0.0.1", port});
  }
  options.keys = KeySpace::Of(6000, 60);
  options.servers.timeout = 300ms;
  load = std::make_unique<LoadGenerator>(options, clock);
  BOOST_REQUIRE(load->Preload(60s).ok());
  Run(5000);
  const int victim = cluster->Ports().front();
  for (int round = 0; round < 3; ++round) {
    WaitForAnswers(1500);
    load->Stop(30s);  // what the last round left open is settled
    Run(5000);
    WaitForAnswers(500);
    cluster->Kill(victim, SIGSTOP);
    const std::int64_t before = load->Counters().unknown;
    clock.WaitFor(800ms, {});
    // The stopped server holds commands in its buffers that it may execute later, although the
    // client has given up on them: until it says that their connection is gone, nothing is known.
    BOOST_TEST(load->Counters().unknown == before);
    cluster->Kill(victim, SIGCONT);
    const MonoTime deadline = clock.Monotonic() + 30s;
    while (load->Counters().unknown == before && clock.Monotonic() < deadline) {
      clock.WaitFor(10ms, {});
    }
    BOOST_REQUIRE(load->Counters().unknown > before);
  }
  for (const int port : cluster->Ports()) {
    BOOST_REQUIRE(
        cluster->client()
            .Call1("127.0.0.1", port, {"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"})
            .ok());
  }
  WaitForAnswers(1500);
  const auto verified = Verified();
  BOOST_TEST(verified.lost == 0);
  BOOST_TEST(verified.undone == 0);
  BOOST_TEST(verified.keys_verified == 6000);
  BOOST_TEST(load->Counters().errors.at("timeout") > 0);
}

BOOST_AUTO_TEST_CASE(demand_beyond_the_bounds_is_shed_and_said_so) {
  for (const int port : cluster->Ports()) cluster->Kill(port, SIGSTOP);
  Run(20'000);
  const MonoTime deadline = clock.Monotonic() + 30s;
  while (load->Counters().shed < 1000 && clock.Monotonic() < deadline) clock.WaitFor(10ms, {});
  const auto counters = load->Counters();
  for (const int port : cluster->Ports()) cluster->Kill(port, SIGCONT);
  BOOST_TEST(counters.shed >= 1000);
  BOOST_TEST(counters.outstanding <= 3 * DispatcherOptions{}.outstanding_per_server);
  WaitForAnswers(1000);
  const auto verified = Verified();
  BOOST_TEST(verified.Clean());
}

BOOST_AUTO_TEST_SUITE_END()
