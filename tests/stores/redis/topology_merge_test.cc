#include "stores/redis/topology_merge.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using namespace tidewright::redis;

namespace {

/// Lines as CLUSTER NODES writes them, for `myself`; the flags of other nodes can be replaced.
struct Told {
  std::string id;
  std::string address;
  std::string flags;
  std::string master = "-";
  int epoch = 0;
  std::string slots;
};

NodeView View(int port, const std::string& myself, const std::vector<Told>& nodes) {
  std::string text;
  for (const auto& node : nodes) {
    text += node.id + " " + node.address + "@1 " + (node.id == myself ? "myself," : "") +
            node.flags + " " + node.master + " 0 0 " + std::to_string(node.epoch) + " connected " +
            node.slots + "\n";
  }
  auto parsed = ParseClusterNodes(text);
  BOOST_REQUIRE_MESSAGE(parsed.ok(), parsed.status());
  return {"10.0.0.1", port, *std::move(parsed)};
}

Told A(const std::string& slots = "0-8191") { return {"a", "10.0.0.1:1", "master", "-", 1, slots}; }
Told B(const std::string& slots = "8192-16383") {
  return {"b", "10.0.0.1:2", "master", "-", 2, slots};
}
Told Replica() { return {"r", "10.0.0.1:3", "slave", "a", 1, ""}; }

Topology Merge(std::vector<NodeView> views) {
  auto topology = MergeViews("test", std::move(views));
  BOOST_REQUIRE_MESSAGE(topology.ok(), topology.status());
  return *std::move(topology);
}

}  // namespace

BOOST_TEST_DONT_PRINT_LOG_VALUE(NodeHealth)
BOOST_AUTO_TEST_SUITE(topology_merge)

BOOST_AUTO_TEST_CASE(views_that_agree_make_one_topology) {
  const std::vector<Told> nodes = {B(), Replica(), A()};
  const auto topology = Merge({View(1, "a", nodes), View(2, "b", nodes), View(3, "r", nodes)});
  BOOST_TEST(topology.agreed);
  BOOST_TEST(topology.cluster == "test");
  BOOST_TEST(topology.epoch == 2);
  BOOST_TEST(topology.partition_count == 16384);
  BOOST_TEST(topology.Unowned() == 0);
  BOOST_REQUIRE_EQUAL(topology.shards.size(), 2u);
  BOOST_TEST(topology.shards[0].id == "a");
  BOOST_TEST(ToString(topology.shards[0].partitions) == "0-8191");
  BOOST_REQUIRE_EQUAL(topology.shards[0].replicas.size(), 1u);
  BOOST_TEST(topology.shards[0].replicas[0].id == "r");
  BOOST_TEST(topology.shards[0].replicas[0].Address() == "10.0.0.1:3");
  BOOST_TEST(topology.shards[0].master.health == NodeHealth::kOnline);
}

BOOST_AUTO_TEST_CASE(a_node_that_does_not_know_its_address_has_the_one_it_was_asked_at) {
  auto a = A("0-16383");
  a.address = ":1";
  const auto topology = Merge({View(1, "a", {a})});
  BOOST_REQUIRE_EQUAL(topology.shards.size(), 1u);
  BOOST_TEST(topology.shards[0].master.Address() == "10.0.0.1:1");
}

BOOST_AUTO_TEST_CASE(one_node_asked_by_two_names_has_one_view) {
  const auto topology = Merge({View(1, "a", {A(), B()}), View(1, "a", {A("0-8000"), B()})});
  BOOST_TEST(topology.agreed);
}

BOOST_AUTO_TEST_CASE(most_masters_decide_who_owns_a_slot) {
  Told c{"c", "10.0.0.1:4", "master", "-", 0, ""};
  const auto late = View(4, "c", {A(), B(), c});
  const auto topology = Merge({View(1, "a", {A("0-8190"), B("8191-16383"), c}),
                               View(2, "b", {A("0-8190"), B("8191-16383"), c}), late});
  BOOST_TEST(!topology.agreed);
  BOOST_TEST(topology.OwnerOf(8191)->id == "b");
}

BOOST_AUTO_TEST_CASE(a_draw_is_decided_by_the_higher_epoch) {
  const auto topology = Merge(
      {View(1, "a", {A("0-8191"), B("8192-16383")}), View(2, "b", {A("0-8190"), B("8191-16383")})});
  BOOST_TEST(!topology.agreed);
  BOOST_TEST(topology.OwnerOf(8191)->id == "b");
}

BOOST_AUTO_TEST_CASE(replicas_have_no_vote_beside_masters) {
  const auto topology =
      Merge({View(1, "a", {A(), B(), Replica()}), View(3, "r", {A("0-16383"), B(""), Replica()})});
  BOOST_TEST(!topology.agreed);
  BOOST_TEST(topology.OwnerOf(9000)->id == "b");
}

BOOST_AUTO_TEST_CASE(open_slots_are_seen_from_either_end_once) {
  const auto topology = Merge({View(1, "a", {A("0-8191 [5->-b] [6->-b]"), B()}),
                               View(2, "b", {A(), B("8192-16383 [5-<-a] [7-<-a]")})});
  BOOST_REQUIRE_EQUAL(topology.open.size(), 3u);
  BOOST_TEST((topology.open[0] == OpenPartition{5, "a", "b"}));
  BOOST_TEST((topology.open[1] == OpenPartition{6, "a", "b"}));
  BOOST_TEST((topology.open[2] == OpenPartition{7, "a", "b"}));
  BOOST_TEST(topology.agreed);
}

BOOST_AUTO_TEST_CASE(failed_and_suspected_nodes_are_told) {
  auto failed = B();
  failed.flags = "master,fail";
  auto replica = Replica();
  replica.flags = "slave,fail?";
  const auto topology = Merge({View(1, "a", {A(), failed, replica})});
  BOOST_TEST(topology.FindShard("b")->master.health == NodeHealth::kFailed);
  BOOST_TEST(topology.FindShard("a")->replicas[0].health == NodeHealth::kSuspected);
  BOOST_TEST(topology.FindShard("b")->partitions.front().size() == 8192);
}

BOOST_AUTO_TEST_CASE(a_node_without_an_address_is_failed_and_still_owns_its_slots) {
  auto lost = B();
  lost.address = ":0";
  lost.flags = "master,fail,noaddr";
  const auto topology = Merge({View(1, "a", {A(), lost})});
  BOOST_TEST(topology.FindShard("b")->master.health == NodeHealth::kFailed);
  BOOST_TEST(topology.FindShard("b")->master.host == "");
  BOOST_TEST(topology.Unowned() == 0);
}

BOOST_AUTO_TEST_CASE(a_node_in_handshake_is_joining_until_it_is_known_by_its_name) {
  const Told handshake{"zz", "10.0.0.1:4", "handshake", "-", 0, ""};
  auto topology = Merge({View(1, "a", {A(), B(), handshake}), View(2, "b", {A(), B()})});
  BOOST_REQUIRE_EQUAL(topology.shards.size(), 3u);
  BOOST_TEST(topology.shards[2].id == "zz");
  BOOST_TEST(topology.shards[2].master.health == NodeHealth::kJoining);
  const Told known{"c", "10.0.0.1:4", "master", "-", 0, ""};
  topology = Merge({View(1, "a", {A(), B(), handshake}), View(2, "b", {A(), B(), known})});
  BOOST_REQUIRE_EQUAL(topology.shards.size(), 3u);
  BOOST_TEST(topology.shards[2].id == "c");
}

BOOST_AUTO_TEST_CASE(a_forgotten_node_that_still_runs_is_no_member) {
  const Told forgotten{"old", "10.0.0.1:9", "master", "-", 0, ""};
  const auto topology = Merge({View(1, "a", {A(), B()}), View(2, "b", {A(), B()}),
                               View(9, "old", {A("0-100"), B(), forgotten})});
  BOOST_TEST(topology.shards.size() == 3u - 1u);
  BOOST_TEST(topology.agreed);
}

BOOST_AUTO_TEST_CASE(an_empty_server_among_the_seeds_is_left_out) {
  const Told spare{"spare", ":7", "master", "-", 0, ""};
  const auto topology = Merge({View(7, "spare", {spare}), View(1, "a", {A(), B()})});
  BOOST_TEST(topology.shards.size() == 2u);
  BOOST_TEST(topology.agreed);
}

BOOST_AUTO_TEST_CASE(two_clusters_are_refused) {
  Told other{"x", "10.9.9.9:1", "master", "-", 5, "0-16383"};
  const auto topology = MergeViews("test", {View(1, "a", {A(), B()}), View(8, "x", {other})});
  BOOST_TEST((topology.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Message(topology.status()).find("different clusters") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_cluster_without_slots_is_a_topology_too) {
  const auto topology = Merge({View(1, "a", {A(""), B("")}), View(2, "b", {A(""), B("")})});
  BOOST_TEST(topology.Unowned() == 16384);
  BOOST_TEST(topology.ServingShards() == 0);
  BOOST_TEST(topology.shards.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
