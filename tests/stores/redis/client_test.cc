#include "stores/redis/client.h"

#include <signal.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "bench/loadgen/cluster_harness.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

struct OneServer {
  OneServer() {
    auto directory = loadgen::MakeTemporaryDirectory("tidewright-client-test");
    BOOST_REQUIRE_MESSAGE(directory.ok(), directory.status());
    path = *directory;
    auto started = loadgen::ClusterHarness::Start(
        {.directory = path, .shards = 1, .replicas_per_shard = 0, .arguments = {}});
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
    cluster = std::move(*started);
    port = cluster->Ports().front();
  }
  ~OneServer() {
    cluster.reset();
    std::filesystem::remove_all(path);
  }
  std::string path;
  std::unique_ptr<loadgen::ClusterHarness> cluster;
  int port = 0;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(redis_client, OneServer)

BOOST_AUTO_TEST_CASE(replies_come_in_the_order_of_their_commands) {
  redis::Client client({});
  const auto replies = client.Call(
      "127.0.0.1", port, {{"SET", "k", std::string("a\0b\r\n", 5)}, {"GET", "k"}, {"INCR", "k"},
                          {"GET", "none"}, {"CLUSTER", "SLOTS"}});
  BOOST_REQUIRE_MESSAGE(replies.ok(), replies.status());
  BOOST_REQUIRE_EQUAL(replies->size(), 5u);
  BOOST_TEST((*replies)[0].text == "OK");
  BOOST_TEST((*replies)[1].text == std::string("a\0b\r\n", 5));
  BOOST_TEST((*replies)[2].IsError("ERR"));
  BOOST_TEST((*replies)[3].IsNil());
  BOOST_TEST((*replies)[4].elements.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_stopped_server_costs_its_timeout_and_no_more) {
  redis::Client client({});
  BOOST_REQUIRE(client.Call1("127.0.0.1", port, {"PING"}).ok());
  cluster->Kill(port, SIGSTOP);
  const auto late = client.Call1("127.0.0.1", port, {"PING"}, 100ms);
  BOOST_TEST((late.status().code() == StatusCode::kDeadlineExceeded), late.status());
  cluster->Kill(port, SIGCONT);
  const auto again = client.Call1("127.0.0.1", port, {"PING"});
  BOOST_TEST(again.ok(), again.status());
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there_is_unavailable) {
  redis::Client client({});
  cluster->Kill(port, SIGKILL);
  const auto reply = client.Call1("127.0.0.1", port, {"PING"});
  BOOST_TEST((reply.status().code() == StatusCode::kUnavailable), reply.status());
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_said_to_be_one) {
  BOOST_REQUIRE(
      cluster->client().Call1("127.0.0.1", port, {"CONFIG", "SET", "requirepass", "right"}).ok());
  redis::Client wrong({.credentials = {"", "wrong"}});
  const auto refused = wrong.Call1("127.0.0.1", port, {"PING"});
  BOOST_TEST((refused.status().code() == StatusCode::kPermissionDenied), refused.status());
  BOOST_TEST(Message(refused.status()).find("wrong") == std::string::npos);
  redis::Client right({.credentials = {"", "right"}});
  BOOST_TEST(right.Call1("127.0.0.1", port, {"PING"}).ok());
}

BOOST_AUTO_TEST_SUITE_END()
