#include "core/zones.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;

namespace {

Zones Read(const std::vector<Zones::Entry>& entries) {
  auto zones = Zones::Parse(entries);
  BOOST_REQUIRE_MESSAGE(zones.ok(), zones.status());
  return *std::move(zones);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(zones)

BOOST_AUTO_TEST_CASE(the_entry_that_says_most_names_the_zone) {
  const Zones zones = Read({{"10.0.0.0/8", "east"},
                            {"10.0.2.7", "c"},
                            {"10.0.0.0/16", "a"},
                            {"10.0.2.7:6380", "d"},
                            {"redis-1.example", "b"},
                            {"redis-1.example:6380", "e"},
                            {"fd00:1::/33", "f"},
                            {"[fd00:1::9]:6379", "g"}});
  BOOST_TEST(zones.Of("10.9.0.1", 6379) == "east");
  BOOST_TEST(zones.Of("10.0.9.1", 6379) == "a");
  BOOST_TEST(zones.Of("10.0.2.7", 6379) == "c");
  BOOST_TEST(zones.Of("10.0.2.7", 6380) == "d");
  BOOST_TEST(zones.Of("redis-1.example", 6379) == "b");
  BOOST_TEST(zones.Of("redis-1.example", 6380) == "e");
  BOOST_TEST(zones.Of("fd00:1::1", 6379) == "f");
  BOOST_TEST(zones.Of("fd00:1::9", 6379) == "g");
  BOOST_TEST(zones.Of("fd00:1::9", 6380) == "f");
  for (const char* unknown : {"11.0.0.1", "redis-2.example", "", "fd00:1:8000::1"}) {
    BOOST_TEST(zones.Of(unknown, 6379).empty(), unknown);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_entry_is_named_with_what_would_be_one) {
  for (const char* entry : {"10.0.0.0/33", "10.0.0", "10.0.0.7:0", "10.0.0.7:65536", "10.0.0.7:x",
                            "a host", "[fd00::7]:", "10.0.0.0/8:6379", ""}) {
    const auto zones = Zones::Parse({{"10.0.0.1", "a"}, {entry, "b"}});
    BOOST_TEST((zones.status().code() == StatusCode::kInvalidArgument), entry);
    BOOST_TEST(Message(zones.status()).find("'" + std::string(entry) + "'") != std::string::npos);
    BOOST_TEST(Message(zones.status()).find("write one such as") != std::string::npos);
  }
  for (const std::string& zone : {std::string(), std::string("a b"), std::string(65, 'a')}) {
    BOOST_TEST(!Zones::Parse({{"10.0.0.1", zone}}).ok(), zone);
  }
}

BOOST_AUTO_TEST_CASE(nodes_are_named_and_those_that_nobody_listed_stay_as_they_are) {
  Topology topology;
  Shard shard;
  shard.master.host = "10.0.1.1";
  Node replica;
  replica.host = "10.0.2.1";
  Node other;
  other.host = "10.0.3.1";
  other.zone = "told";
  shard.replicas = {replica, other};
  topology.shards = {shard};
  Read({{"10.0.1.0/24", "a"}, {"10.0.2.0/24", "b"}}).Name(topology);
  BOOST_TEST(topology.shards[0].master.zone == "a");
  BOOST_TEST(topology.shards[0].replicas[0].zone == "b");
  BOOST_TEST(topology.shards[0].replicas[1].zone == "told");
}

BOOST_AUTO_TEST_SUITE_END()
