// The promise of the whole: a cluster grows and shrinks under load, and nothing that was
// acknowledged is lost or undone, also when the controller is killed in the middle.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>

#include "bench/loadgen/cluster_harness.h"
#include "bench/loadgen/load_generator.h"
#include "tests/e2e/daemon.h"

using namespace tidewright;
using namespace std::chrono_literals;

using e2e::At;

namespace {

constexpr int kKeys = 20000;
constexpr double kRate = 2000;  // commands per second

/// What the planner may use: a figure that the test's load never reaches.
std::string Policy(int min_shards, const std::string& more = "") {
  return "  min_shards: " + std::to_string(min_shards) +
         "\n  max_shards: 8\n  replicas_per_shard: 1\n  shard_capacity:\n    requests: 5000\n"
         "  scale_in_cooldown: 0s\n  scale_in_window: 10m\n" +
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
    daemon = std::make_unique<e2e::Daemon>(directory);
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
    e2e::Daemon::Settings settings;
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
  std::unique_ptr<e2e::Daemon> daemon;
  std::unique_ptr<loadgen::LoadGenerator> load;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(scale)

BOOST_FIXTURE_TEST_CASE(three_to_five_to_three_shards_under_writes_loses_nothing, World) {
  std::filesystem::create_directories(daemon->data_dir());
  ImportQuietHistory();
  Configure(Policy(5));
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(AwaitShards(5, 120s), daemon->log());
  const auto grown = cluster->Check();
  BOOST_TEST(grown.ok(), grown);
  BOOST_TEST(daemon->Stop() == 0);

  Configure(Policy(3));
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(AwaitShards(3, 180s), daemon->log() << daemon->Tidectl({"status"}).output);
  const auto actions = daemon->Ask({"actions"});
  BOOST_REQUIRE(actions.is_object());
  for (const auto& action : actions["actions"])
    BOOST_TEST(action["state"] == "done", action.dump());
  BOOST_TEST(actions["actions"].size() == 3u);  // one out by two shards, two in by one
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_FIXTURE_TEST_CASE(killed_in_mid_move_the_controller_resumes_and_ends_clean, World) {
  Configure(Policy(4));
  for (int kills = 0; kills < 3; ++kills) {
    BOOST_REQUIRE(daemon->Start().ok());
    // In the middle of moving: some slots have gone, others have not.
    const bool moving = daemon->Await(60s, [&](const nlohmann::json& status) {
      return At(status, "/action/state") == "running" && At(status, "/action/partitions_moved") > 0;
    });
    BOOST_TEST(moving, daemon->log());
    daemon->Signal(SIGKILL);
  }
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(AwaitShards(4, 120s), daemon->log());
  BOOST_TEST(At(daemon->Ask({"actions"}), "/actions").size() == 1u);  // resumed, not begun anew
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_FIXTURE_TEST_CASE(stopped_in_mid_move_it_leaves_no_slot_open_and_goes_on_later, World) {
  Configure(Policy(4));
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(daemon->Await(60s,
                           [&](const nlohmann::json& status) {
                             return At(status, "/action/partitions_moved") > 0;
                           }),
             daemon->log());
  BOOST_TEST(daemon->Stop() == 0);
  const auto stopped = cluster->Check();
  BOOST_TEST(stopped.ok(), stopped);
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(AwaitShards(4, 120s), daemon->log());
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_FIXTURE_TEST_CASE(in_approve_mode_nothing_moves_until_a_person_said_so, World) {
  Configure(Policy(4), "approve");
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(
      daemon->Await(
          60s, [&](const nlohmann::json& status) { return At(status, "/recommended_shards") == 4; }),
      daemon->log());
  const auto listed = daemon->Ask({"recommendations", "list"});
  BOOST_REQUIRE(listed.is_object());
  BOOST_REQUIRE(!listed["recommendations"].empty());
  BOOST_TEST(At(daemon->Ask({"actions"}), "/actions").empty());
  const std::string hash = listed["recommendations"][0]["hash"];
  const auto approved = daemon->Tidectl({"recommendations", "approve", hash.substr(0, 10)});
  BOOST_TEST(approved.exit_code == 0, approved.output);
  BOOST_TEST(AwaitShards(4, 120s), daemon->log());
  const auto actions = daemon->Ask({"actions"});
  BOOST_REQUIRE(!actions["actions"].empty());
  BOOST_TEST(actions["actions"][0]["plan_hash"] == hash);
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_SUITE_END()
