// What the daemon knows does not get out: not by its log, its command line, its metrics, its answers,
// what it keeps on disk, or a core dump.
#include <signal.h>
#include <sys/resource.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "bench/loadgen/cluster_harness.h"
#include "io/http_client.h"
#include "tests/e2e/daemon.h"
#include "tests/e2e/world.h"

using namespace tidewright;
using namespace std::chrono_literals;
using e2e::At;
namespace fs = std::filesystem;

namespace {

constexpr char kSecret[] = "pa55word-of-the-store";

std::string Bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Secured {
  Secured() {
    auto made = loadgen::MakeTemporaryDirectory("tidewright-secrets");
    BOOST_REQUIRE_MESSAGE(made.ok(), made.status());
    directory = *made;
    auto started = loadgen::ClusterHarness::Start(
        {.directory = directory,
         .shards = 3,
         .replicas_per_shard = 0,
         .arguments = {"--requirepass", kSecret, "--masterauth", kSecret, "--appendonly", "yes"},
         .credentials = {"", kSecret}});
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
    cluster = *std::move(started);
    daemon = std::make_unique<e2e::Daemon>(directory);
    std::ofstream(directory + "/password") << kSecret << "\n";
    e2e::Daemon::Settings settings;
    settings.mode = "approve";
    settings.seed_ports = cluster->Ports();
    settings.policy = e2e::Policy(3);
    settings.redis = "  password_file: " + directory + "/password\n";
    settings.more = "log_level: trace\n";
    daemon->Configure(settings);
  }
  ~Secured() {
    daemon.reset();
    cluster.reset();
    std::error_code ignored;
    fs::remove_all(directory, ignored);
  }
  void CheckHidden(const std::string& where, const std::string& text) {
    ++looked;
    BOOST_TEST(text.find(kSecret) == std::string::npos, where << " tells the password");
  }

  std::string directory;
  RealClock clock;
  std::unique_ptr<loadgen::ClusterHarness> cluster;
  std::unique_ptr<e2e::Daemon> daemon;
  int looked = 0;
};

std::set<std::string> Cores(const std::string& folder) {
  std::set<std::string> cores;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.rfind("core", 0) == 0) cores.insert(name);
  }
  return cores;
}

/// What is left in the working folder by a program that is ended by SIGABRT.
std::set<std::string> CoresOf(io::Subprocess& process, const std::string& folder, Clock& clock) {
  process.Signal(SIGABRT);
  BOOST_TEST(process.Wait(30s, clock).value_or(0) == 128 + SIGABRT);
  return Cores(folder);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(secrets, Secured)

BOOST_AUTO_TEST_CASE(a_password_stays_within_the_daemon_while_it_watches_and_refuses) {
  BOOST_REQUIRE(daemon->Start().ok());
  // It has logged in everywhere, and been asked for something that it refuses.
  BOOST_REQUIRE_MESSAGE(
      daemon->Await(90s, [](const nlohmann::json& s) { return At(s, "/cycles") > 5; }),
      daemon->log());
  BOOST_TEST(daemon->Tidectl({"rebalance", "--yes"}).exit_code == 4);
  CheckHidden("the command line", Bytes("/proc/" + std::to_string(daemon->pid()) + "/cmdline"));
  CheckHidden("the environment", Bytes("/proc/" + std::to_string(daemon->pid()) + "/environ"));
  // A server that is away is complained of.
  cluster->Kill(cluster->Ports().back(), SIGKILL);
  daemon->Await(5s, [](const nlohmann::json& s) { return !At(s, "/problems").empty(); });
  io::HttpCall call;
  call.url = "http://127.0.0.1:" + std::to_string(daemon->metrics_port()) + "/metrics";
  const auto metrics = io::CallHttp(call);
  BOOST_REQUIRE_MESSAGE(metrics.ok(), metrics.status());
  CheckHidden("the metrics page", metrics->body);
  for (const char* what : {"status", "actions", "audit", "recommendations"}) {
    CheckHidden(what, daemon->Tidectl({what, "--output", "json"}).output);
  }
  BOOST_TEST(daemon->Stop() == 0);
  CheckHidden("the log", daemon->log());
  BOOST_TEST(daemon->log().size() > 100u);
  for (const auto& entry : fs::directory_iterator(daemon->data_dir())) {
    CheckHidden(entry.path().string(), Bytes(entry.path()));
  }
  BOOST_TEST(looked > 10);
}

BOOST_AUTO_TEST_CASE(a_daemon_that_is_aborted_leaves_no_core) {
  rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  rlimit before{};
  BOOST_REQUIRE(getrlimit(RLIMIT_CORE, &before) == 0);
  if (setrlimit(RLIMIT_CORE, &unlimited) != 0) {
    unlimited = {before.rlim_max, before.rlim_max};
    BOOST_REQUIRE(setrlimit(RLIMIT_CORE, &unlimited) == 0);
  }
  const std::string folder = directory + "/cores";
  fs::create_directories(folder);
  auto other = io::Subprocess::Spawn({.command = {"sleep", "100"},
                                      .working_directory = folder,
                                      .output_file = folder + "/log"});
  BOOST_REQUIRE(other.ok());
  clock.WaitFor(100ms, {});
  const bool cores_are_written = !CoresOf(*other, folder, clock).empty();
  BOOST_TEST_MESSAGE((cores_are_written ? "this system writes cores into the working folder"
                                        : "this system writes cores elsewhere: nothing is shown"));
  for (const auto& name : Cores(folder)) fs::remove(folder + "/" + name);

  auto process = io::Subprocess::Spawn(
      {.command = {e2e::Program("tidewright"), "--config", daemon->config_file()},
       .working_directory = folder,
       .output_file = folder + "/log"});
  BOOST_REQUIRE(process.ok());
  // It serves, so it has read its password.
  BOOST_TEST(daemon->Await(60s, [](const nlohmann::json& s) { return At(s, "/cycles") > 1; }));
  BOOST_TEST(CoresOf(*process, folder, clock).empty());
  setrlimit(RLIMIT_CORE, &before);
}

BOOST_AUTO_TEST_SUITE_END()
