#include "core/networks.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;

namespace {

bool Holds(const std::vector<std::string>& entries, const std::string& host) {
  const auto list = Networks::Parse(entries);
  BOOST_REQUIRE_MESSAGE(list.ok(), list.status());
  return list->Hold(host);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(networks)

BOOST_AUTO_TEST_CASE(listed_addresses_and_networks_are_held_and_nothing_else) {
  const std::vector<std::string> entries = {"10.1.0.0/20", "192.168.7.9", "fd00:1::/33"};
  for (const char* host : {"10.1.0.0", "10.1.15.255", "::ffff:10.1.3.4", "192.168.7.9",
                           "fd00:1:7fff::1"}) {
    BOOST_TEST(Holds(entries, host), host);
  }
  for (const char* host : {"10.1.16.0", "11.1.0.1", "192.168.7.8", "fd00:1:8000::1", "::a01:1",
                           "redis.example", "", "10.1.0.1.evil.example"}) {
    BOOST_TEST(!Holds(entries, host), host);
  }
  BOOST_TEST(Holds({"0.0.0.0/0"}, "8.8.8.8"));
  BOOST_TEST(!Holds({"0.0.0.0/0"}, "2001:db8::1"));
}

BOOST_AUTO_TEST_CASE(what_is_no_network_is_named) {
  for (const char* entry : {"10.0.0.0/33", "10.0.0/8", "redis.example", "10.0.0.0/", "10.0.0.0/8x",
                            "10.0.0.0/-1", ""}) {
    const auto list = Networks::Parse({"10.0.0.1", entry});
    BOOST_TEST((list.status().code() == StatusCode::kInvalidArgument));
    BOOST_TEST(Message(list.status()).find("'" + std::string(entry) + "'") != std::string::npos);
  }
}

BOOST_AUTO_TEST_SUITE_END()
