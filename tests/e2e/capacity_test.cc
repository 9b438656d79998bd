// What a person's configuration says of capacity, as a running daemon on a real cluster explains
// it.
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tests/e2e/world.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

// Lines are wrapped anywhere.
std::string Flat(const std::string& text) {
  std::string flat;
  std::istringstream in(text);
  for (std::string word; in >> word;) flat += word + " ";
  return flat;
}

std::vector<int> Masters(loadgen::ClusterHarness& cluster) {
  std::vector<int> ports;
  for (const int port : cluster.Ports()) {
    const auto role = cluster.client().Call1("127.0.0.1", port, {"ROLE"});
    BOOST_REQUIRE_MESSAGE(role.ok(), role.status());
    BOOST_REQUIRE(!role->elements.empty());
    if (role->elements[0].text == "master") ports.push_back(port);
  }
  return ports;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(capacity, e2e::World)

BOOST_AUTO_TEST_CASE(the_loss_of_a_zone_that_a_policy_wants_to_survive_is_explained) {
  e2e::Daemon::Settings settings;
  settings.mode = "observe";
  settings.seed_ports = cluster->Ports();
  settings.policy = e2e::Policy(3, "  survive_loss: zone\n");
  settings.redis = "  zones:\n";
  const std::vector<int> masters = Masters(*cluster);
  BOOST_REQUIRE(masters.size() == 3u);
  for (std::size_t i = 0; i < masters.size(); ++i) {
    settings.redis += fmt::format("    '127.0.0.1:{}': zone-{}\n", masters[i], i + 1);
  }
  daemon->Configure(settings);
  BOOST_REQUIRE(daemon->Start().ok());
  std::string text;
  const auto explained = [&](const std::string& words) {
    return daemon->Await(60s, [&](const auto&) {
      text = Flat(daemon->Tidectl({"explain"}).output);
      return text.find(words) != std::string::npos;
    });
  };
  BOOST_TEST(explained("survive_loss is zone: without zone zone-"), text);
  BOOST_TEST(text.find("2 of 3 shards would remain") != std::string::npos, text);
  BOOST_TEST(text.find("(survives_loss)") != std::string::npos, text);
  BOOST_TEST(daemon->Stop() == 0);

  // Two of them are not listed: that is said, with the key that would tell.
  settings.redis = fmt::format("  zones: {{'127.0.0.1:{}': zone-1}}\n", masters[0]);
  daemon->Configure(settings);
  BOOST_REQUIRE(daemon->Start().ok());
  BOOST_TEST(explained("(failure_domain_unknown)"), text);
  BOOST_TEST(text.find("the zone of 2 of 3 serving masters is not known") != std::string::npos,
             text);
  BOOST_TEST(text.find("name them in redis.zones") != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(a_cluster_that_evicts_is_explained_by_its_hits) {
  for (const int port : cluster->Ports()) {
    const auto set = cluster->client().Call1(
        "127.0.0.1", port,
        {"CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru"});
    BOOST_REQUIRE_MESSAGE(set.ok() && !set->IsError(), set.status());
  }
  e2e::Daemon::Settings settings;
  settings.mode = "observe";
  settings.seed_ports = cluster->Ports();
  settings.policy = e2e::Policy(3, "  hit_ratio: 0.95\n");
  daemon->Configure(settings);
  BOOST_REQUIRE(daemon->Start().ok());
  std::string text;
  const std::string words = "of reads find their key, hit_ratio is 0.95";
  BOOST_TEST(daemon->Await(60s,
                           [&](const auto&) {
                             text = Flat(daemon->Tidectl({"explain"}).output);
                             return text.find(words) != std::string::npos;
                           }),
             text);
  BOOST_TEST(text.find("(sized_by_hit_ratio)") != std::string::npos, text);
}

BOOST_AUTO_TEST_SUITE_END()
