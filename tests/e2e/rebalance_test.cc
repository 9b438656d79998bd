// A cluster whose size is right and whose spread is not, put right on a person's request.
#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "stores/redis/cluster_nodes.h"
#include "tests/e2e/skew.h"
#include "tests/e2e/world.h"

using namespace tidewright;
using namespace std::chrono_literals;
using e2e::At;

BOOST_FIXTURE_TEST_SUITE(rebalance, e2e::World)

BOOST_AUTO_TEST_CASE(a_skewed_cluster_is_spread_evenly_under_writes_and_only_when_approved) {
  e2e::Skew(*cluster, 2700, clock);
  Configure(e2e::Policy(3), "approve");
  BOOST_REQUIRE(daemon->Start().ok());
  // Loads of slots are known after some rounds of samples.
  BOOST_TEST(daemon->Await(90s, [](const nlohmann::json& s) { return At(s, "/cycles") > 25; }));
  const double before = e2e::FullestShare(*cluster);  // all have heard of it by now
  BOOST_REQUIRE(before > 1.4);
  nlohmann::json plan;
  const bool planned = daemon->Await(90s, [&](const nlohmann::json&) {
    plan = daemon->Ask({"rebalance", "--plan-only"});
    return plan.is_object();
  });
  BOOST_REQUIRE_MESSAGE(planned, daemon->Tidectl({"rebalance", "--plan-only"}).output);
  BOOST_TEST(At(plan, "/plan/kind") == "rebalance");
  BOOST_TEST(At(plan, "/plan/from_shards") == At(plan, "/plan/to_shards"));
  const std::string hash = plan["hash"];
  BOOST_TEST(daemon->Tidectl({"recommendations", "approve", hash}).exit_code == 4);  // shown alone
  BOOST_TEST(At(daemon->Ask({"actions"}), "/actions").empty());
  BOOST_TEST(e2e::FullestShare(*cluster) == before);

  const auto asked = daemon->Tidectl({"rebalance", "--yes", "--comment", "after the import"});
  BOOST_REQUIRE_MESSAGE(asked.exit_code == 0, asked.output);
  BOOST_TEST(daemon->Await(180s,
                           [&](const nlohmann::json& status) {
                             return At(status, "/action/state") == "done";
                           }),
             daemon->log());
  const double after = e2e::FullestShare(*cluster);
  BOOST_TEST_MESSAGE("the fullest shard's slots: " << before << " times an even share, then "
                                                   << after);
  BOOST_TEST_MESSAGE("the plan: " << At(plan, "/plan/reasons").dump());
  // What is evened out is load, of which slots are but a part: some hold hotter keys than others.
  BOOST_TEST(after < before - 0.1);
  BOOST_TEST(At(daemon->Ask({"status"}), "/shards") == 3);
  // Once is enough.
  const auto again = daemon->Tidectl({"rebalance", "--plan-only"});
  BOOST_TEST((again.exit_code == 0 || again.exit_code == 4), again.output);
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_CASE(what_somebody_else_moved_is_told_locks_auto_mode_and_goes_back_on_request) {
  Configure(e2e::Policy(3, "  foreign_changes: alert\n  settling_time: 10s\n"), "auto");
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_REQUIRE(daemon->Await(90s, [](const nlohmann::json& s) { return At(s, "/cycles") > 5; }));
  BOOST_TEST(daemon->Tidectl({"rebalance", "--revert", "--plan-only"}).exit_code == 4);
  const double meant = e2e::FullestShare(*cluster);
  BOOST_REQUIRE(daemon->Stop() == 0);
  e2e::Skew(*cluster, 300, clock);  // while nobody looks
  BOOST_REQUIRE(e2e::FullestShare(*cluster) > meant);
  BOOST_REQUIRE(daemon->Start().ok());
  const auto locked = [](const nlohmann::json& status) {
    const std::string holds = At(status, "/holds").dump();
    return holds.find("auto_locked") != std::string::npos &&
           holds.find("300 partitions went from") != std::string::npos;
  };
  BOOST_TEST(daemon->Await(90s, locked), daemon->Tidectl({"status"}).output);
  const std::string alerts = At(daemon->Ask({"status"}), "/alerts").dump();
  BOOST_TEST(alerts.find("TidewrightForeignChange") != std::string::npos, alerts);
  BOOST_TEST(daemon->Tidectl({"audit"}).output.find("foreign_change") != std::string::npos);

  // It has just started: what it knows of the masters is not complete at once.
  io::RunResult asked;
  const bool begun = daemon->Await(60s, [&](const nlohmann::json&) {
    asked = daemon->Tidectl({"rebalance", "--revert", "--yes", "--comment", "not meant"});
    return asked.exit_code == 0;
  });
  BOOST_REQUIRE_MESSAGE(begun, asked.output);
  BOOST_TEST(daemon->Await(180s,
                           [&](const nlohmann::json& status) {
                             return At(status, "/action/state") == "done";
                           }),
             daemon->log());
  BOOST_TEST(e2e::FullestShare(*cluster) == meant);
  BOOST_TEST(daemon->Tidectl({"rebalance", "--revert", "--plan-only"}).exit_code == 4);
  BOOST_TEST(daemon->Await(30s, locked));  // it is a person who says that all is well
  BOOST_TEST(daemon->Tidectl({"unlock", "--comment", "it was a script of ours"}).exit_code == 0);
  BOOST_TEST(daemon->Await(30s, [&](const nlohmann::json& status) { return !locked(status); }));
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_SUITE_END()
