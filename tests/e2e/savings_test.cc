// Policies in shadow, the account and a person's hold, in a running daemon on a real cluster.
#include <boost/test/unit_test.hpp>

#include "io/http_client.h"
#include "tests/e2e/world.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

// Short steps, so that some of them end while the test looks on.
std::string Quick(int min_shards) { return e2e::Policy(min_shards, "  step: 1m\n  horizon: 4h\n"); }

nlohmann::json Named(const nlohmann::json& list, const char* key, const std::string& name) {
  for (const auto& one : list) {
    if (one.is_object() && one.value(key, "") == name) return one;
  }
  return nullptr;
}

double Seconds(const nlohmann::json& policy, const char* key) {
  return policy.is_object() ? policy.value(key, 0.0) : 0.0;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(savings, e2e::World)

BOOST_AUTO_TEST_CASE(what_policies_in_shadow_come_to_is_told_and_survives_a_restart) {
  Configure(Quick(4));
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_REQUIRE_MESSAGE(AwaitShards(4, 120s), daemon->log());
  const auto judged = [](const nlohmann::json& status) {
    return Seconds(Named(e2e::At(status, "/policies"), "policy", "reactive"), "judged_seconds");
  };
  BOOST_REQUIRE_MESSAGE(
      daemon->Await(240s,
                    [&](const auto& status) {
                      const auto saving =
                          Named(e2e::At(status, "/savings/against"), "against", "reactive");
                      return judged(status) >= 60 && Seconds(saving, "compared_seconds") >= 60;
                    }),
      daemon->log());
  const auto before = daemon->Ask({"savings"});
  const auto against = e2e::At(before, "/savings/against");
  BOOST_TEST(Named(against, "against", "reactive").value("estimated", false));
  // Six nodes were there, eight are: that is lost against what was provisioned, and says so.
  const auto provisioned = Named(against, "against", "as provisioned");
  BOOST_REQUIRE(provisioned.is_object());
  BOOST_TEST(!provisioned.value("estimated", false));
  BOOST_TEST(provisioned.value("saved_cost", 0.0) < 0);
  BOOST_TEST(Named(against, "against", "static peak").is_object());
  const auto real = Named(e2e::At(before, "/policies"), "policy", "tidewright");
  BOOST_REQUIRE(real.is_object());
  BOOST_TEST(real.value("short_seconds", 0.0) == 0);
  const auto text = daemon->Tidectl({"savings"});
  BOOST_TEST(text.exit_code == 0);
  BOOST_TEST(text.output.find("reactive (estimated)") != std::string::npos, text.output);

  io::HttpCall call;
  call.url = "http://127.0.0.1:" + std::to_string(daemon->metrics_port()) + "/metrics";
  const auto exposition = io::CallHttp(call);
  BOOST_REQUIRE_MESSAGE(exposition.ok(), exposition.status());
  for (const char* metric :
       {"tidewright_policy_shards", "tidewright_policy_node_hours_total",
        "tidewright_policy_cost_total", "tidewright_policy_short_seconds_total",
        "tidewright_policy_episodes_total", "tidewright_policy_unserved_shard_hours_total",
        "tidewright_policy_judged_seconds_total", "tidewright_policy_dark_seconds_total"}) {
    const std::string sample = std::string(metric) + "{cluster=\"test\",policy=\"reactive\",";
    BOOST_TEST(exposition->body.find(sample) != std::string::npos, metric);
  }

  BOOST_TEST(daemon->Stop() == 0);
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(daemon->Await(60s,
                           [&](const auto& status) {
                             return e2e::At(status, "/cycles") > 2 && judged(status) >= 60;
                           }),
             daemon->log());
  const auto after = daemon->Ask({"savings"});
  BOOST_TEST(e2e::At(after, "/savings/node_hours").get<double>() >=
             e2e::At(before, "/savings/node_hours").get<double>());
  BOOST_TEST(Named(e2e::At(after, "/policies"), "policy", "tidewright").value("moves", -1) ==
             real.value("moves", 0));
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_CASE(nothing_begins_while_a_person_holds_it_also_over_a_restart) {
  Configure(Quick(3));
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_REQUIRE(daemon->Await(60s, [](const auto& s) { return e2e::At(s, "/cycles") > 2; }));
  BOOST_TEST(daemon->Tidectl({"hold", "--until", "1h"}).exit_code == 2);  // not without a reason
  BOOST_TEST(daemon->Tidectl({"hold", "--until", "soon", "--comment", "x"}).exit_code != 0);
  const auto hold = daemon->Ask({"hold", "--until", "1h", "--comment", "index rebuild"});
  BOOST_REQUIRE(e2e::At(hold, "/id") == "h-1");
  BOOST_TEST(daemon->Stop() == 0);
  Configure(Quick(4));  // now something would begin at once
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(daemon->Await(60s,
                           [](const auto& status) {
                             return e2e::At(status, "/cycles") > 5 &&
                                    Named(e2e::At(status, "/holds"), "code", "held").is_object();
                           }),
             daemon->log());
  BOOST_TEST(e2e::At(daemon->Ask({"actions"}), "/actions").empty());
  const auto status = daemon->Tidectl({"status"});
  BOOST_TEST(status.output.find("index rebuild") != std::string::npos, status.output);
  BOOST_TEST(daemon->Tidectl({"hold"}).output.find("h-1 until") != std::string::npos);
  const auto cleared = daemon->Tidectl({"hold", "--clear", "h-1", "--comment", "rebuilt"});
  BOOST_REQUIRE_MESSAGE(cleared.exit_code == 0, cleared.output);
  BOOST_TEST(AwaitShards(4, 120s), daemon->log());
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_SUITE_END()
