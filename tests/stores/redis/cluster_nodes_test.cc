#include "stores/redis/cluster_nodes.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;

BOOST_AUTO_TEST_SUITE(cluster_nodes)

BOOST_AUTO_TEST_CASE(every_part_of_a_line_is_read) {
  const auto parsed = redis::ParseClusterNodes(
      "aaa 127.0.0.1:7001@17001,host.example myself,master - 0 0 3 connected 0-2 9 [5->-bbb] "
      "[7-<-ccc]\n"
      "bbb 10.0.0.2:7002@17002 master,fail? - 0 1 2 disconnected 3-5\r\n"
      "ccc ::1:7003@17003 slave,fail aaa 0 1 3 connected\n"
      "ddd :0@0 handshake,noaddr - 0 0 0 disconnected\n");
  BOOST_REQUIRE_MESSAGE(parsed.ok(), parsed.status());
  BOOST_REQUIRE_EQUAL(parsed->nodes.size(), 4u);
  const auto& me = *parsed->Myself();
  BOOST_TEST(me.id == "aaa");
  BOOST_TEST(me.port == 7001);
  BOOST_TEST(me.config_epoch == 3);
  BOOST_TEST(ToString(me.slots) == "0-2,9");
  BOOST_TEST(me.migrating.at(5) == "bbb");
  BOOST_TEST(me.importing.at(7) == "ccc");
  BOOST_TEST((parsed->nodes[1].health == NodeHealth::kSuspected));
  BOOST_TEST(!parsed->nodes[1].connected);
  BOOST_TEST(parsed->nodes[2].host == "::1");
  BOOST_TEST(parsed->nodes[2].master_id == "aaa");
  BOOST_TEST((parsed->nodes[3].health == NodeHealth::kJoining));
  BOOST_TEST(parsed->Owner(4) == "bbb");
  BOOST_TEST(parsed->Owner(100) == "");
}

BOOST_AUTO_TEST_CASE(garbage_is_refused_with_its_line) {
  for (const char* text :
       {"aaa", "aaa 127.0.0.1 master - 0 0 1 connected", "aaa h:x@1 master - 0 0 1 connected",
        "aaa h:1@1 master - 0 0 1 connected 5-3", "aaa h:1@1 master - 0 0 1 connected 99999",
        "aaa h:1@1 master - 0 0 1 connected [5", "aaa h:1@1 master - 0 0 1 connected [5-]"}) {
    BOOST_TEST(!redis::ParseClusterNodes(text).ok(), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
