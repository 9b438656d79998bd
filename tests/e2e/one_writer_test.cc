// Two daemons and one cluster: one of them writes, and one that was the leader writes nothing once
// it cannot be sure to be it any more.
#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "stores/redis/cluster_nodes.h"
#include "tests/e2e/world.h"
#include "tests/fakes/etcd_server.h"

using namespace tidewright;
using namespace std::chrono_literals;
using e2e::At;
using e2e::Policy;

namespace {

struct Two : e2e::World {
  Two() {
    std::filesystem::create_directories(directory + "/second");
    second = std::make_unique<e2e::Daemon>(directory + "/second");
  }
  void Start(e2e::Daemon& which, const std::string& policy, const std::string& more) {
    e2e::Daemon::Settings settings;
    settings.seed_ports = cluster->Ports();
    settings.policy = policy;
    settings.more = more;
    which.Configure(settings);
    BOOST_REQUIRE(which.Start().ok());
  }
  static bool Holds(const nlohmann::json& status, const std::string& code) {
    for (const auto& hold : At(status, "/holds")) {
      if (hold["code"] == code) return true;
    }
    return false;
  }
  static bool AwaitHold(e2e::Daemon& which, const std::string& code, bool there) {
    return which.Await(60s, [&](const nlohmann::json& s) {
      return At(s, "/cycles") > 1 && Holds(s, code) == there;
    });
  }
  /// The slots of every master, as all nodes tell them in the end.
  std::string Owners() {
    const auto reply =
        cluster->client().Call1("127.0.0.1", cluster->Ports().front(), {"CLUSTER", "NODES"});
    BOOST_REQUIRE_MESSAGE(reply.ok(), reply.status());
    const auto nodes = redis::ParseClusterNodes(reply->text);
    BOOST_REQUIRE_MESSAGE(nodes.ok(), nodes.status());
    std::string owners;
    for (const auto& line : nodes->nodes) {
      owners += line.id + " " + ToString(line.slots) + "\n";
    }
    return owners;
  }

  std::unique_ptr<e2e::Daemon> second;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(one_writer, Two)

BOOST_AUTO_TEST_CASE(two_that_share_nothing_see_each_other_and_neither_acts) {
  Start(*daemon, Policy(3), "");
  BOOST_TEST(AwaitHold(*daemon, "other_controller", false), daemon->log());
  Start(*second, Policy(4), "");  // this one would add a shard
  BOOST_TEST(AwaitHold(*second, "other_controller", true), second->log());
  BOOST_TEST(AwaitHold(*daemon, "other_controller", true), daemon->log());
  BOOST_TEST(At(second->Ask({"actions"}), "/actions").empty());
  BOOST_TEST(daemon->Stop() == 0);
  // Alone, it goes to work.
  BOOST_TEST(second->Await(120s,
                           [&](const nlohmann::json& s) {
                             return At(s, "/shards") == 4 && !At(s, "/action/ended").is_null();
                           }),
             second->log());
  BOOST_TEST(second->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_CASE(a_leader_that_slept_over_its_lease_in_mid_move_writes_nothing_until_it_leads) {
  fakes::EtcdServer etcd(directory);
  const std::string leader = "leader:\n  by: etcd\n  etcd:\n    endpoints: ['" + etcd.url() +
                             "']\n    ttl: 3s\n    margin: 1s\n";
  Start(*daemon, Policy(4), leader);
  BOOST_REQUIRE_MESSAGE(daemon->Await(90s,
                                      [&](const nlohmann::json& s) {
                                        return At(s, "/action/state") == "running" &&
                                               At(s, "/action/partitions_moved") > 0;
                                      }),
                        daemon->log());
  daemon->Signal(SIGSTOP);
  Start(*second, Policy(3), leader);
  BOOST_REQUIRE_MESSAGE(AwaitHold(*second, "not_leader", false), second->log());
  const std::string owners = Owners();
  daemon->Signal(SIGCONT);
  BOOST_TEST(AwaitHold(*daemon, "not_leader", true), daemon->log());
  BOOST_TEST(Owners() == owners);  // it woke up with commands to send, and did not
  BOOST_TEST(second->Stop() == 0);
  // It leads again, and goes on with what it had begun, without being told.
  BOOST_TEST(AwaitShards(4, 120s), daemon->log());
  const auto audit = daemon->Ask({"audit", "--limit", "1000"});
  std::vector<long long> tokens;
  for (const auto& entry : At(audit, "/entries")) {
    const auto token = At(entry, "/about/fencing_token");
    if (token.is_string()) tokens.push_back(std::stoll(token.get<std::string>()));
  }
  BOOST_TEST(tokens.size() >= 2u);
  BOOST_TEST(std::is_sorted(tokens.begin(), tokens.end()));
  BOOST_TEST(tokens.front() < tokens.back());
  BOOST_TEST(daemon->Stop() == 0);
  CheckNothingIsLost();
}

BOOST_AUTO_TEST_SUITE_END()
