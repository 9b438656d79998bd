// Servers that fail over or die while an action is under way: what was done is not undone for that.
#include <boost/test/unit_test.hpp>

#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;
using namespace std::chrono_literals;

namespace {

/// Twenty slots from the first shard to the second: preflight, move, verify.
struct MoveOfTwenty : World {
  MoveOfTwenty()
      : World(3, 1),
        a(Id(ports[0])),
        b(Id(ports[1])),
        actuator(fresh, World::Options(), nullptr, clock) {
    const Topology topology = ReadTopology();
    Plan plan = ScaleInPlan(topology, {});
    plan.moves = {{{{500, 519}}, a, b}};
    auto expanded = actuator.Expand(plan, topology);
    BOOST_REQUIRE_MESSAGE(expanded.ok(), expanded.status());
    steps = *std::move(expanded);
    BOOST_REQUIRE_EQUAL(steps.size(), 3u);
  }
  void RunStep(std::size_t step) {
    const Status status =
        Persistently(*this, [&] { return RunSteps(actuator, {steps[step]}, journal); });
    BOOST_TEST_REQUIRE(status.ok(), status);
  }
  int ReplicaOf(const std::string& master) {
    for (const auto& line : Nodes(ports[2]).nodes) {
      if (line.master_id == master) return line.port;
    }
    BOOST_FAIL("no replica of " + master);
    return 0;
  }
  void Await(const std::function<bool()>& condition) {
    for (int wait = 0; wait < 1500 && !condition(); ++wait) clock.WaitFor(20ms, {});
    BOOST_REQUIRE(condition());
  }

  std::string a;
  std::string b;
  redis::Client fresh{{}};
  redis::RedisActuator actuator;
  std::vector<Step> steps;
  Journal journal;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_actuator_failover)

BOOST_FIXTURE_TEST_CASE(an_action_holds_also_when_a_shard_has_another_master_by_its_end,
                        MoveOfTwenty) {
  RunStep(0);
  RunStep(1);
  const int successor = ReplicaOf(a);
  for (int wait = 0; wait < 3000 && !Nodes(successor).Myself()->master; ++wait) {
    if (wait % 300 == 0) (void)Do(successor, {"CLUSTER", "FAILOVER"});
    clock.WaitFor(20ms, {});
  }
  BOOST_REQUIRE(Nodes(successor).Myself()->master);
  RunStep(2);
}

BOOST_FIXTURE_TEST_CASE(an_action_holds_also_when_a_replica_has_died_by_its_end, MoveOfTwenty) {
  RunStep(0);
  RunStep(1);
  const int dead = ReplicaOf(b);
  cluster->Kill(dead, SIGKILL);
  Await([&] {
    for (const auto& line : Nodes(ports[2]).nodes) {
      if (line.port == dead) return line.health == NodeHealth::kFailed;
    }
    return false;
  });
  RunStep(2);
}

BOOST_AUTO_TEST_SUITE_END()
