// What people hold the controller back with works on a real cluster under load, and costs no write.
#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "tests/e2e/world.h"

using namespace tidewright;
using namespace std::chrono_literals;
using e2e::At;
using e2e::Policy;
using e2e::World;

namespace {

struct Moving : World {
  /// The daemon is in the middle of a scale-out: some slots have gone, others have not.
  void BeginToMove() {
    Configure(Policy(4));
    BOOST_REQUIRE(daemon->Start().ok());
    const bool moving = daemon->Await(90s, [&](const nlohmann::json& status) {
      return At(status, "/action/state") == "running" && At(status, "/action/partitions_moved") > 0;
    });
    BOOST_REQUIRE_MESSAGE(moving, daemon->log());
  }
  bool AwaitState(const std::string& state) {
    return daemon->Await(
        60s, [&](const nlohmann::json& status) { return At(status, "/action/state") == state; });
  }
  void CheckCluster() {
    const auto checked = cluster->Check();  // all slots covered, none open, all agree
    BOOST_TEST(checked.ok(), checked);
  }
  bool Holds(const nlohmann::json& status, const std::string& code) {
    for (const auto& hold : At(status, "/holds")) {
      if (hold["code"] == code) return true;
    }
    return false;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(safety, Moving)

BOOST_AUTO_TEST_CASE(the_kill_switch_written_to_a_file_stops_a_move_and_outlives_restarts) {
  BeginToMove();
  // No word with the daemon: as with its API down.
  const auto stopped = daemon->Tidectl(
      {"stop", "--all", "--data-dir", daemon->data_dir(), "--comment", "latency doubled"});
  BOOST_REQUIRE_MESSAGE(stopped.exit_code == 0, stopped.output);
  BOOST_TEST(AwaitState("paused"), daemon->log());
  CheckCluster();
  // The action obeys before its next command; the status tells of it once a cycle has seen it.
  BOOST_TEST(daemon->Await(
      60s, [&](const nlohmann::json& s) { return At(s, "/stop/why") == "latency doubled"; }));
  auto status = daemon->Ask({"status"});
  BOOST_TEST(Holds(status, "stopped"));
  BOOST_TEST(daemon->Tidectl({"actions", "resume"}).exit_code == 4);

  // Whatever happens to the daemon, nothing goes on.
  daemon->Signal(SIGKILL);
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(daemon->Await(60s, [&](const nlohmann::json& s) { return At(s, "/cycles") > 6; }));
  status = daemon->Ask({"status"});
  BOOST_TEST(At(status, "/action/state") == "paused");
  BOOST_TEST(Holds(status, "stopped"));
  CheckCluster();

  const auto cleared = daemon->Tidectl({"stop", "--clear", "--comment", "found it"});
  BOOST_REQUIRE_MESSAGE(cleared.exit_code == 0, cleared.output);
  BOOST_REQUIRE(
      daemon->Await(60s, [&](const nlohmann::json& s) { return At(s, "/stop").is_null(); }));
  BOOST_TEST(At(daemon->Ask({"status"}), "/action/state") == "paused");  // a person goes on
  const auto resumed = daemon->Tidectl({"actions", "resume"});
  BOOST_TEST(resumed.exit_code == 0, resumed.output);
  BOOST_TEST(AwaitShards(4, 120s), daemon->log());

  std::vector<std::string> told;
  const auto audit = daemon->Ask({"audit", "--limit", "1000"});
  for (const auto& entry : At(audit, "/entries")) {
    const std::string what = entry["what"];
    if (what == "stop" || what == "clear-stop")
      told.push_back(what + " " + std::string(entry["why"]));
  }
  BOOST_TEST(told == (std::vector<std::string>{"stop latency doubled", "clear-stop found it"}),
             boost::test_tools::per_element());
  const auto verified = daemon->Tidectl({"audit", "verify", "--data-dir", daemon->data_dir()});
  BOOST_TEST(verified.exit_code == 0, verified.output);
  BOOST_TEST(verified.output.find("chain intact") != std::string::npos, verified.output);
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_CASE(a_cancelled_action_stays_where_it_stands_with_no_slot_open) {
  BeginToMove();
  // Else the next plan, for the rest of the way, begins by itself.
  BOOST_REQUIRE(daemon->Tidectl({"lock", "--comment", "no more of it"}).exit_code == 0);
  const auto cancelled =
      daemon->Tidectl({"actions", "cancel", "a-0001", "--comment", "not at noon"});
  BOOST_REQUIRE_MESSAGE(cancelled.exit_code == 0, cancelled.output);
  CheckCluster();
  const auto actions = daemon->Ask({"actions"});
  const auto& first = actions["actions"].back();
  BOOST_TEST(first["state"] == "cancelled");
  BOOST_TEST(std::string(first["error"]).find("not at noon") != std::string::npos);
  BOOST_TEST(daemon->Tidectl({"actions", "cancel", "a-0001"}).exit_code == 4);
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_CASE(a_cancelled_action_that_is_rolled_back_leaves_the_cluster_as_it_was) {
  BeginToMove();
  // Else the next plan, which is the same, begins by itself.
  BOOST_REQUIRE(daemon->Tidectl({"lock", "--comment", "no more of it"}).exit_code == 0);
  const auto cancelled = daemon->Tidectl({"actions", "cancel", "a-0001", "--roll-back"});
  BOOST_REQUIRE_MESSAGE(cancelled.exit_code == 0, cancelled.output);
  BOOST_TEST(AwaitState("rolled-back"), daemon->log());
  BOOST_TEST(AwaitShards(3, 60s), daemon->log());
  BOOST_TEST(At(daemon->Ask({"status"}), "/nodes") == 6);
  CheckCluster();
  BOOST_TEST(Holds(daemon->Ask({"status"}), "auto_locked"));
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_CASE(auto_mode_waits_for_approval_until_it_is_unlocked) {
  std::string policy = Policy(4);
  const auto at = policy.find("  auto_unlocked");
  policy.erase(at, policy.find('\n', at) + 1 - at);
  Configure(policy);
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(daemon->Await(60s,
                           [&](const nlohmann::json& status) {
                             return At(status, "/recommended_shards") == 4 &&
                                    At(status, "/cycles") > 6;
                           }),
             daemon->log());
  BOOST_TEST(Holds(daemon->Ask({"status"}), "auto_locked"));
  BOOST_TEST(At(daemon->Ask({"actions"}), "/actions").empty());
  BOOST_TEST(daemon->Tidectl({"unlock"}).exit_code == 2);  // not without a reason
  const auto unlocked = daemon->Tidectl({"unlock", "--comment", "replayed its history"});
  BOOST_REQUIRE_MESSAGE(unlocked.exit_code == 0, unlocked.output);
  BOOST_TEST(AwaitShards(4, 120s), daemon->log());
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_SUITE_END()
