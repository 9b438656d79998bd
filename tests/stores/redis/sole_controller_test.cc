// Controllers that share nothing see each other at the masters of a real cluster.
#include "stores/redis/sole_controller.h"

#include <boost/test/unit_test.hpp>

#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;
using redis::SoleController;

namespace {

struct Controller {
  Controller(World& world, const std::string& instance, const std::string& cluster = "test")
      : client(Named(world, redis::ControllerName(cluster, instance))),
        sole(client, world.Options(), world.clock, cluster, instance) {}
  static redis::ClientOptions Named(World& world, const std::string& name) {
    auto options = world.client().options();
    options.client_name = name;
    return options;
  }
  redis::Client client;
  SoleController sole;
};

bool Says(const std::optional<Reason>& reason, const std::string& word) {
  return reason && reason->code == ReasonCode::kOtherController &&
         reason->text.find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_sole_controller)

BOOST_AUTO_TEST_CASE(another_controller_of_the_cluster_is_seen_and_named) {
  World world(3, 0);
  Controller first(world, "first");
  BOOST_TEST(!first.sole.Look().has_value());
  BOOST_TEST(first.sole.Begin("a-0001").ok());
  {
    Controller second(world, "second");
    Controller elsewhere(world, "third", "test-of-another");
    BOOST_TEST(Says(second.sole.Look(), "tidewright:test:first"));
    BOOST_TEST(!elsewhere.sole.Look().has_value());
    BOOST_TEST(!second.sole.Begin("a-0001").ok());
    BOOST_TEST((second.sole.MayWrite().code() == StatusCode::kCancelled));
    // The first one goes on with what it has begun until it looks again.
    BOOST_TEST(first.sole.MayWrite().ok());
    BOOST_TEST(Says(first.sole.Look(), "tidewright:test:second"));
    BOOST_TEST((first.sole.MayWrite().code() == StatusCode::kCancelled));
  }
  BOOST_TEST(!first.sole.Look().has_value());
  BOOST_TEST(first.sole.MayWrite().ok());
}

BOOST_AUTO_TEST_CASE(a_master_that_does_not_answer_or_let_us_look_proves_nothing) {
  World world(3, 0);
  Controller first(world, "first");
  BOOST_REQUIRE(!first.sole.Look().has_value());
  world.Do(world.ports[1], {"ACL", "SETUSER", "default", "-client|list"});
  BOOST_TEST(Says(first.sole.Look(), "client|list"));
  BOOST_TEST(Says(first.sole.Look(), "tidectl acl --capability act"));
  BOOST_TEST(!first.sole.Begin("a-0001").ok());
  world.Do(world.ports[1], {"ACL", "SETUSER", "default", "+client|list"});
  BOOST_REQUIRE(!first.sole.Look().has_value());
  world.cluster->Kill(world.ports[2], SIGKILL);
  BOOST_TEST(Says(first.sole.Look(), std::to_string(world.ports[2])));
  // What has begun may go on: it has ways of its own to deal with a server that is away.
  BOOST_TEST(first.sole.MayWrite().ok());
}

BOOST_AUTO_TEST_CASE(a_fence_that_closes_lets_no_command_through_that_changes_anything) {
  World world(3, 0);
  world.Fill(20000);
  auto options = world.Options();
  options.allow_unprotected_targets = true;
  bool open = true;
  options.fence = [&] {
    return open ? OkStatus() : Error(StatusCode::kCancelled, "{}tested", Leadership::kLeadLost);
  };
  redis::RedisActuator actuator(world.client(), options, nullptr, world.clock);
  const std::string from = world.Id(world.ports[0]);
  const std::string to = world.Id(world.ports[1]);
  open = false;
  Journal journal;
  const Status refused = RunSteps(actuator, {MoveStep(from, to, {{0, 9}})}, journal);
  BOOST_TEST((refused.code() == StatusCode::kCancelled), refused);
  BOOST_TEST(Message(refused).find(Leadership::kLeadLost) != std::string::npos, refused);
  BOOST_TEST(world.OpenSlots() == 0);
  open = true;
  const Status moved = RunSteps(actuator, {MoveStep(from, to, {{0, 9}})}, journal);
  BOOST_TEST(moved.ok(), moved);
}

BOOST_AUTO_TEST_SUITE_END()
