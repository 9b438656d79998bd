// A real cluster with keys and commands going on, and the daemon beside it.
#pragma once

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numbers>
#include <string>

#include "bench/loadgen/cluster_harness.h"
#include "bench/loadgen/load_generator.h"
#include "tests/e2e/daemon.h"

namespace tidewright::e2e {

using namespace std::chrono_literals;

inline constexpr int kKeys = 20000;
inline constexpr double kRate = 2000;  // commands per second

/// What the planner may use: a figure that the test's load never reaches.
inline std::string Policy(int min_shards, const std::string& more = "") {
  return "  min_shards: " + std::to_string(min_shards) +
         "\n  max_shards: 8\n  replicas_per_shard: 1\n  shard_capacity:\n    requests: 5000\n"
         "  scale_in_cooldown: 0s\n  scale_in_window: 10m\n"
         "  auto_unlocked: 'end-to-end test: a cluster of minutes, of known load'\n"
         // The machine is busy with other things, too.
         "  health_latency_floor: 5s\n" +
         more;
}

/// Three shards with a replica each, keys in them, commands going on.
struct World {
  World() {
    auto made = loadgen::MakeTemporaryDirectory("tidewright-e2e");
    BOOST_REQUIRE_MESSAGE(made.ok(), made.status());
    directory = *made;
    auto started = loadgen::ClusterHarness::Start(
        {.directory = directory, .shards = 3, .replicas_per_shard = 1, .arguments = {}});
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
    cluster = std::move(*started);
    daemon = std::make_unique<Daemon>(directory);
    loadgen::LoadOptions options;
    for (int port : cluster->Ports()) options.servers.seeds.push_back({"127.0.0.1", port});
    options.keys = loadgen::KeySpace::Of(kKeys, 100);
    load = std::make_unique<loadgen::LoadGenerator>(options, clock);
    const auto loaded = load->Preload(60s);
    BOOST_REQUIRE_MESSAGE(loaded.ok(), loaded);
    load->Start([](MonoTime) { return kRate; });
  }
  ~World() {
    load.reset();
    daemon.reset();
    cluster.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }

  void Configure(const std::string& policy, const std::string& mode = "auto") {
    Daemon::Settings settings;
    settings.mode = mode;
    settings.seed_ports = cluster->Ports();
    settings.policy = policy;
    daemon->Configure(settings);
  }

  /// A quiet fortnight, so that the forecaster may be trusted to say that few shards suffice.
  void ImportQuietHistory() {
    const std::string file = directory + "/history.csv";
    {
      std::ofstream out(file);
      out << "timestamp,value\n";
      const auto now = FloorTo(clock.Wall(), 1min);
      for (auto at = now - 14 * 24h; at < now; at += 1min) {
        const double hour = Seconds(at.time_since_epoch()) / 3600;
        out << FormatTime(at) << "," << kRate * (0.9 + 0.1 * std::sin(hour * std::numbers::pi / 12))
            << "\n";
      }
    }
    const auto imported = daemon->Tidectl({"history", "import", "--data-dir", daemon->data_dir(),
                                           "--cluster", "test", "--resource", "requests", file});
    BOOST_REQUIRE_MESSAGE(imported.exit_code == 0, imported.output);
  }

  bool AwaitShards(int shards, Duration timeout) {
    return daemon->Await(timeout, [&](const nlohmann::json& status) {
      const bool idle = At(status, "/action").is_null() || !At(status, "/action/ended").is_null();
      return At(status, "/shards") == shards && idle;
    });
  }

  void CheckNothingIsLost() {
    load->Stop(20s);
    const auto result = load->Verify(60s);
    BOOST_REQUIRE_MESSAGE(result.ok(), result.status());
    for (const auto& finding : result->findings) BOOST_TEST_MESSAGE(finding);
    BOOST_TEST(result->lost == 0);
    BOOST_TEST(result->undone == 0);
    BOOST_TEST(result->keys_unread == 0);
    BOOST_TEST(result->writes_acknowledged > 1000);
    BOOST_TEST_MESSAGE("writes acknowledged " << result->writes_acknowledged << ", verified "
                                              << result->writes_verified);
    const auto checked = cluster->Check();
    BOOST_TEST(checked.ok(), checked);
  }

  std::string directory;
  RealClock clock;
  std::unique_ptr<loadgen::ClusterHarness> cluster;
  std::unique_ptr<Daemon> daemon;
  std::unique_ptr<loadgen::LoadGenerator> load;
};

}  // namespace tidewright::e2e
