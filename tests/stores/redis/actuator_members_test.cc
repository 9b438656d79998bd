// What a node brings with it when it joins, and who stays when one leaves.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <csignal>

#include "stores/redis/standby_node.h"
#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;

namespace {

constexpr char kLibrary[] =
    "#!lua name=tides\nredis.register_function('ebb', function(keys) return 'low' end)";

/// Joins the cluster as a replica of `master`, and is known to everybody as such.
void AddReplica(World& world, int port, const std::string& master) {
  world.Do(port, {"CLUSTER", "MEET", kHost, std::to_string(world.ports[0])});
  const std::string id = world.Id(port);
  const Status added = Persistently(world, [&]() -> Status {
    const auto mine = world.client().Call1(kHost, port, {"CLUSTER", "REPLICATE", master});
    if (!mine.ok()) return Error(StatusCode::kUnavailable, "{}", Message(mine.status()));
    for (int other : world.cluster->Ports()) {
      const auto nodes = world.Nodes(other);
      const auto* line = nodes.Find(id);
      if (line == nullptr || line->master_id != master) {
        return Error(StatusCode::kUnavailable, "{} does not know yet", other);
      }
    }
    const auto info = world.client().Call1(kHost, port, {"INFO", "replication"});
    if (info.ok() && info->text.find("master_link_status:up") != std::string::npos) {
      return OkStatus();
    }
    return Error(StatusCode::kUnavailable, "not in sync yet");
  });
  BOOST_REQUIRE_MESSAGE(added.ok(), added);
}

/// Gives up one node and no other.
class OneGoes : public Provisioner {
 public:
  explicit OneGoes(int port) : port_(port) {}
  StatusOr<ProvisionedNode> Acquire(const NodeRequest&, Duration) override {
    return Error(StatusCode::kResourceExhausted, "none");
  }
  Status Release(const std::string&, int, Duration) override { return OkStatus(); }
  Status MayRelease(const std::vector<NodeAddress>& nodes, Duration) override {
    if (nodes.size() == 1 && nodes.front().port == port_) return OkStatus();
    return Error(StatusCode::kFailedPrecondition, "{} goes first", port_);
  }

 private:
  int port_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_actuator_members)

BOOST_AUTO_TEST_CASE(a_plan_that_retires_another_node_than_can_be_given_up_moves_nothing) {
  World world(4, 0);
  auto options = world.Options();
  options.allow_unprotected_targets = true;
  const Topology before = world.ReadTopology();
  const auto retire = [&](int gives_up) {
    OneGoes provisioner(gives_up);
    redis::RedisActuator actuator(world.client(), options, &provisioner, world.clock);
    const auto steps = actuator.Expand(ScaleInPlan(before, {world.Id(world.ports[3])}), before);
    BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
    Journal journal;
    return RunSteps(actuator, {steps->front()}, journal);  // the preflight
  };
  const Status refused = retire(world.ports[1]);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(
      Message(refused).find(std::to_string(world.ports[1]) + " goes first") != std::string::npos,
      refused);
  BOOST_TEST(world.ReadTopology().Fingerprint() == before.Fingerprint());
  const Status fit = retire(world.ports[3]);
  BOOST_TEST(fit.ok(), fit);
}

BOOST_AUTO_TEST_CASE(a_new_shard_knows_the_functions_of_the_others) {
  World world(3, 0);
  for (int port : world.ports) world.Do(port, {"FUNCTION", "LOAD", kLibrary});
  redis::Client client({});
  auto options = world.Options();
  options.allow_unprotected_targets = true;
  redis::RedisActuator actuator(client, options, &world, world.clock);
  const Topology before = world.ReadTopology();
  Plan plan = ScaleOutPlan(before, 1, 1);
  plan.moves = {{{{0, 9}}, world.Id(world.ports[0]), "new-1"}};
  const auto steps = actuator.Expand(plan, before);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  Journal journal;
  const Status done = RunSteps(actuator, *steps, journal);
  BOOST_REQUIRE_MESSAGE(done.ok(), done);
  const Topology after = world.ReadTopology();
  BOOST_REQUIRE(after.shards.size() == 4u);
  for (const Shard& shard : after.shards) {
    if (before.FindShard(shard.id) != nullptr) continue;
    std::string key;
    for (int i = 0; key.empty() || SlotOf(key) > 9; ++i) key = std::to_string(i);
    BOOST_TEST(world.Do(shard.master.port, {"FCALL", "ebb", "1", key}).text == "low");
    BOOST_REQUIRE(shard.replicas.size() == 1u);
    BOOST_TEST(world.Do(shard.replicas[0].port, {"FUNCTION", "LIST"}).elements.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_server_stands_by_only_while_it_is_empty_and_alone) {
  World world(3, 0);
  redis::Client client({});
  const auto stands_by = [&](int port) {
    return redis::CheckStandsBy(client, kHost, port, std::chrono::seconds(5));
  };
  const int port = world.Acquire({"t-1", "c"}, {}).value().port;
  BOOST_TEST(stands_by(port).ok(), stands_by(port));
  BOOST_TEST((stands_by(world.ports[0]).code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Message(stands_by(world.ports[0])).find("cluster of 3 nodes") != std::string::npos);
  world.Do(port, {"CLUSTER", "ADDSLOTS", "1"});
  BOOST_TEST(Message(stands_by(port)).find("it owns slots 1") != std::string::npos,
             stands_by(port));
  world.Do(port, {"CLUSTER", "DELSLOTS", "1"});
  world.cluster->Kill(port, SIGKILL);
  BOOST_TEST((stands_by(port).code() == StatusCode::kUnavailable), stands_by(port));
}

BOOST_AUTO_TEST_CASE(a_new_node_with_other_limits_of_memory_is_refused_before_it_joins) {
  World world(3, 0);
  redis::Client client({});
  redis::RedisActuator actuator(client, world.Options(), &world, world.clock);
  const Topology before = world.ReadTopology();
  const auto steps = actuator.Expand(ScaleOutPlan(before, 1, 0), before);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  Journal journal;
  for (const Step& step : *steps) {
    if (step.kind == "provision") {
      BOOST_REQUIRE(actuator.Do(step, journal).ok());
      world.Do(world.given.begin()->second, {"CONFIG", "SET", "maxmemory", "100mb"});
    }
    if (step.kind != "join") continue;
    const Status refused = actuator.Do(step, journal);
    BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
    BOOST_TEST(Message(refused).find("has maxmemory 104857600") != std::string::npos, refused);
  }
  BOOST_TEST(world.Nodes(world.ports[0]).nodes.size() == 3u);
}

// Where replica migration is allowed, servers whose master gave away its last slot follow the new
// owner by themselves; where it is not, somebody must tell them.
BOOST_DATA_TEST_CASE(a_replica_that_is_not_to_leave_is_given_another_master,
                     boost::unit_test::data::make({"no", "yes"}), migration) {
  World world(4, 1, {"--cluster-allow-replica-migration", migration});
  world.Fill(2000);
  redis::Client client({});
  redis::RedisActuator actuator(client, world.Options(), &world, world.clock);
  const Topology before = world.ReadTopology();
  const std::string leaving = world.Id(world.ports[3]);
  const auto steps = actuator.Expand(ScaleInPlan(before, {leaving}), before);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());

  // It came after the plan was made, which therefore does not name it.
  const auto port = world.cluster->StartServer();
  BOOST_REQUIRE_MESSAGE(port.ok(), port.status());
  AddReplica(world, *port, leaving);
  const std::string guest = world.Id(*port);

  Writer writer(world);
  Journal journal;
  const Status done = RunSteps(actuator, *steps, journal);
  writer.Stop();
  BOOST_REQUIRE_MESSAGE(done.ok(), done);
  BOOST_TEST(world.released.size() == 2u);

  const Topology after = world.ReadTopology();
  BOOST_TEST(after.shards.size() == 3u);
  BOOST_TEST(after.Nodes().size() == 7u);
  int homes = 0;
  for (const Shard& shard : after.shards) {
    for (const Node& replica : shard.replicas) homes += replica.id == guest ? 1 : 0;
  }
  BOOST_TEST(homes == 1);
  BOOST_TEST(world.Do(*port, {"INFO", "replication"}).text.find("master_link_status:up") !=
             std::string::npos);
  BOOST_TEST(writer.errors.empty(), First(writer.errors));
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  const Status clean = world.cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

BOOST_AUTO_TEST_SUITE_END()
