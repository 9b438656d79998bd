// The promise of the whole: a cluster grows and shrinks under load, and nothing that was
// acknowledged is lost or undone, also when the controller is killed in the middle.
#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "tests/e2e/world.h"

using namespace tidewright;
using namespace std::chrono_literals;
using e2e::At;
using e2e::Policy;
using e2e::World;

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
  BOOST_TEST(daemon->Await(60s,
                           [&](const nlohmann::json& status) {
                             return At(status, "/recommended_shards") == 4;
                           }),
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
