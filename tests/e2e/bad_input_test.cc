// Bad input gives a clear error or a visible degraded state, never a crash, never an action.
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>

#include "bench/loadgen/cluster_harness.h"
#include "tests/e2e/daemon.h"

using namespace tidewright;
using namespace std::chrono_literals;

using e2e::At;

namespace {

/// A policy that would make the controller act at once, were all well.
constexpr char kEager[] =
    "  min_shards: 4\n  shard_capacity:\n    requests: 5000\n  replicas_per_shard: 0\n"
    "  auto_unlocked: 'end-to-end test'\n";

struct Place {
  Place() {
    auto made = loadgen::MakeTemporaryDirectory("tidewright-bad");
    BOOST_REQUIRE_MESSAGE(made.ok(), made.status());
    directory = *made;
    daemon = std::make_unique<e2e::Daemon>(directory);
  }
  ~Place() {
    daemon.reset();
    cluster.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }

  void StartCluster() {
    auto started = loadgen::ClusterHarness::Start(
        {.directory = directory, .shards = 3, .replicas_per_shard = 0, .arguments = {}});
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
    cluster = std::move(*started);
  }

  e2e::Daemon::Settings Settings() {
    e2e::Daemon::Settings settings;
    settings.policy = kEager;
    settings.redis = "  allow_unprotected_targets: true\n";
    settings.seed_ports = cluster ? cluster->Ports() : std::vector<int>{1};
    return settings;
  }

  /// It runs, says that something like `word` is wrong, and has started nothing.
  void CheckDegraded(const std::string& word) {
    const bool said = daemon->Await(30s, [&](const nlohmann::json& status) {
      return At(status, "/problems").dump().find(word) != std::string::npos &&
             At(status, "/cycles") > 4;
    });
    BOOST_TEST(said, "no problem says '" << word << "': " << daemon->Tidectl({"status"}).output
                                         << daemon->log());
    const auto actions = daemon->Ask({"actions"});
    BOOST_REQUIRE(actions.is_object());
    BOOST_TEST(actions["actions"].empty(), actions.dump());
    BOOST_TEST(!daemon->Wait(0s).has_value());
    BOOST_TEST(daemon->Stop() == 0);
  }

  std::string directory;
  std::unique_ptr<loadgen::ClusterHarness> cluster;
  std::unique_ptr<e2e::Daemon> daemon;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(bad_input, Place)

BOOST_AUTO_TEST_CASE(a_malformed_configuration_is_refused_with_file_line_key_and_remedy) {
  std::ofstream(daemon->config_file())
      << "cluster: test\ndata_dir: " << directory
      << "/data\nredis:\n  seeds: [\"127.0.0.1:7001\"]\n"
         "policy:\n  target_utilization: 0.7\n  max_shards: many\n";
  BOOST_REQUIRE(daemon->Start().ok());
  const auto code = daemon->Wait(10s);
  BOOST_REQUIRE(code.has_value());
  BOOST_TEST(*code == 2);
  const auto log = daemon->log();
  BOOST_TEST(log.find("tidewright.yaml:6: policy.target_utilization") != std::string::npos, log);
  BOOST_TEST(log.find("target_utilisation") != std::string::npos, log);  // what would be right
  BOOST_TEST(log.find("tidewright.yaml:7: policy.max_shards") != std::string::npos, log);
}

BOOST_AUTO_TEST_CASE(seeds_that_do_not_answer_are_a_visible_problem) {
  auto settings = Settings();
  settings.seed_ports = {1, 2};
  daemon->Configure(settings);
  BOOST_REQUIRE(daemon->Start().ok());
  CheckDegraded("127.0.0.1:1");
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_said_to_be_one) {
  StartCluster();
  for (int port : cluster->Ports()) {
    BOOST_REQUIRE(
        cluster->client().Call1("127.0.0.1", port, {"CONFIG", "SET", "requirepass", "right"}).ok());
  }
  std::ofstream(directory + "/secret") << "wrong-secret\n";
  auto settings = Settings();
  settings.redis += "  password_file: " + directory + "/secret\n";
  daemon->Configure(settings);
  BOOST_REQUIRE(daemon->Start().ok());
  CheckDegraded("WRONGPASS");
  BOOST_TEST(daemon->log().find("wrong-secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_cluster_with_an_open_slot_is_not_touched) {
  StartCluster();
  const auto ports = cluster->Ports();
  const auto target = cluster->client().Call1("127.0.0.1", ports[1], {"CLUSTER", "MYID"});
  BOOST_REQUIRE(target.ok());
  for (int port : ports) {
    // Only the owner takes it.
    (void)cluster->client().Call1("127.0.0.1", port,
                                  {"CLUSTER", "SETSLOT", "100", "MIGRATING", target->text});
  }
  daemon->Configure(Settings());
  BOOST_REQUIRE(daemon->Start().ok());
  const bool seen = daemon->Await(30s, [&](const nlohmann::json& status) {
    return At(status, "/cycles") > 6 && At(status, "/plan/kind") == "none" &&
           At(status, "/plan").dump().find("cluster_unhealthy") != std::string::npos;
  });
  BOOST_TEST(seen, daemon->Tidectl({"status"}).output);
  BOOST_TEST(At(daemon->Ask({"actions"}), "/actions").empty());
  BOOST_TEST(daemon->Stop() == 0);
}

BOOST_AUTO_TEST_CASE(a_cluster_that_is_down_is_not_touched) {
  StartCluster();
  daemon->Configure(Settings());
  cluster->Kill(cluster->Ports().front(), SIGKILL);
  BOOST_REQUIRE(daemon->Start().ok());
  const bool seen = daemon->Await(40s, [&](const nlohmann::json& status) {
    return At(status, "/cycles") > 20 && At(status, "/plan/kind") == "none";
  });
  BOOST_TEST(seen, daemon->Tidectl({"status"}).output);
  BOOST_TEST(At(daemon->Ask({"actions"}), "/actions").empty());
  BOOST_TEST(daemon->Stop() == 0);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_a_visible_problem_and_no_action) {
  const std::string small = directory + "/small";
  std::filesystem::create_directories(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=300k") != 0) {
    BOOST_TEST_MESSAGE("not run: mounting a small file system needs root");
    BOOST_TEST((geteuid() != 0 || errno == EPERM));
    return;
  }
  StartCluster();
  auto settings = Settings();
  settings.mode = "observe";
  settings.data_dir = small;
  daemon->Configure(settings);
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(
      daemon->Await(30s, [](const nlohmann::json& status) { return At(status, "/cycles") > 2; }),
      daemon->log());
  daemon->Stop();
  {
    std::ofstream filler(small + "/filler", std::ios::binary);
    const std::string block(4096, 'x');
    while (filler.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  settings.mode = "auto";
  daemon->Configure(settings);
  BOOST_REQUIRE(daemon->Start().ok());
  const auto ended = daemon->Wait(5s);
  if (ended) {
    // It could not even open its files: then it has to say so.
    BOOST_TEST(*ended == 1);
    BOOST_TEST(daemon->log().find("full") != std::string::npos, daemon->log());
  } else {
    CheckDegraded("full");
  }
  BOOST_TEST((umount2(small.c_str(), MNT_DETACH) == 0));
}

BOOST_AUTO_TEST_SUITE_END()
