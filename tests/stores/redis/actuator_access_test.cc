// Clusters that ask for a password: one for all, or an account of the least commands.
#include <boost/test/unit_test.hpp>

#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;

namespace {

constexpr char kPassword[] = "one for all";
constexpr char kController[] = "controller";
constexpr char kMover[] = "mover";

/// All that a move, a scale-out and a scale-in need.
const std::vector<std::string> kLeastCommands = {"+ping",
                                                 "+info",
                                                 "+cluster|nodes",
                                                 "+cluster|info",
                                                 "+cluster|slots",
                                                 "+cluster|shards",
                                                 "+cluster|myid",
                                                 "+cluster|countkeysinslot",
                                                 "+cluster|getkeysinslot",
                                                 "+cluster|setslot",
                                                 "+cluster|bumpepoch",
                                                 "+cluster|meet",
                                                 "+cluster|forget",
                                                 "+cluster|replicate",
                                                 "+cluster|reset",
                                                 "+config|get",
                                                 "+memory|usage",
                                                 "+migrate"};

std::vector<std::string> User(const std::string& name, const std::vector<std::string>& commands) {
  std::vector<std::string> words = {"--user", name, "on", ">secret-of-" + name, "~*"};
  words.insert(words.end(), commands.begin(), commands.end());
  return words;
}

redis::Credentials Of(const std::string& name) { return {name, "secret-of-" + name}; }

/// Two accounts beside the default one, which has all rights and no password.
std::vector<std::string> Accounts() {
  auto words = User(kController, kLeastCommands);
  const auto more = User(kMover, {"+select", "+restore-asking"});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

redis::ClientOptions With(const redis::Credentials& credentials) {
  redis::ClientOptions options;
  options.credentials = credentials;
  return options;
}

/// A few slots of each shard, so that it is quick.
Plan SmallScaleOut(const Topology& topology) {
  Plan plan = ScaleOutPlan(topology, 1, 1);
  for (auto& move : plan.moves) {
    const int first = move.partitions.front().first;
    move.partitions = {{first, first + 39}};
  }
  return plan;
}

void GrowAndShrink(World& world, redis::Client& client,
                   const redis::RedisActuatorOptions& options) {
  world.Fill(3000);
  redis::RedisActuator actuator(client, options, &world, world.clock);
  Writer writer(world);
  const Topology before = world.ReadTopology();
  for (const bool grow : {true, false}) {
    const Topology now = world.ReadTopology();
    std::string newest;
    for (const Shard& shard : now.shards) {
      if (before.FindShard(shard.id) == nullptr) newest = shard.id;
    }
    const auto steps = actuator.Expand(grow ? SmallScaleOut(now) : ScaleInPlan(now, {newest}), now);
    BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
    Journal journal;
    const Status done = RunSteps(actuator, *steps, journal);
    BOOST_REQUIRE_MESSAGE(done.ok(), done);
    BOOST_TEST(journal.partitions == 120);
    BOOST_TEST(world.ReadTopology().shards.size() == (grow ? 4u : 3u));
    BOOST_TEST(journal.keys > 0);
  }
  writer.Stop();
  BOOST_TEST(writer.errors.empty(), First(writer.errors));
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  BOOST_TEST(world.released.size() == 2u);
  const Status clean = world.cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

/// Attempts to move ten slots; nothing may stay open whatever comes of it.
Status MoveTen(World& world, const redis::Credentials& own, const redis::Credentials& shown) {
  redis::Client client(With(own));
  auto options = world.Options();
  options.migrate_credentials = shown;
  redis::RedisActuator actuator(client, options, nullptr, world.clock);
  Journal journal;
  const Status status = RunSteps(
      actuator, {MoveStep(world.Id(world.ports[0]), world.Id(world.ports[1]), {{0, 9}})}, journal);
  BOOST_TEST(world.OpenSlots() == 0);
  return status;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_actuator_access)

BOOST_AUTO_TEST_CASE(a_cluster_with_one_password_grows_and_shrinks_under_writes) {
  const redis::Credentials credentials{"", kPassword};
  World world(3, 1, {"--requirepass", kPassword, "--masterauth", kPassword}, credentials);
  redis::Client client(With(credentials));
  auto options = world.Options();
  options.migrate_credentials = credentials;
  GrowAndShrink(world, client, options);
}

BOOST_AUTO_TEST_CASE(an_account_of_the_least_commands_is_enough_to_grow_and_shrink) {
  World world(3, 1, Accounts());
  redis::Client client(With(Of(kController)));
  auto options = world.Options();
  options.migrate_credentials = Of(kMover);
  GrowAndShrink(world, client, options);
}

BOOST_AUTO_TEST_CASE(a_wrong_password_or_a_missing_right_is_named_and_leaves_nothing_open) {
  World world(3, 1, Accounts());
  world.Fill(3000);

  // Our own is wrong.
  Status refused = MoveTen(world, {kController, "guessed"}, Of(kMover));
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
  BOOST_TEST(Message(refused).find("WRONGPASS") != std::string::npos, refused);
  BOOST_TEST(Message(refused).find("guessed") == std::string::npos, refused);

  // That which sources show to targets is.
  refused = MoveTen(world, Of(kController), {kMover, "guessed"});
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
  BOOST_TEST(Message(refused).find("WRONGPASS") != std::string::npos, refused);
  BOOST_TEST(Message(refused).find("MIGRATE shows to") != std::string::npos, refused);
  BOOST_TEST(Message(refused).find("guessed") == std::string::npos, refused);

  // Sources show one that may not receive keys.
  refused = MoveTen(world, Of(kController), Of(kController));
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
  BOOST_TEST(Message(refused).find("NOPERM") != std::string::npos, refused);

  // We may read but not move.
  for (int port : world.ports) world.Do(port, {"ACL", "SETUSER", kController, "-cluster|setslot"});
  refused = MoveTen(world, Of(kController), Of(kMover));
  BOOST_TEST((refused.code() == StatusCode::kPermissionDenied), refused);
  BOOST_TEST(Message(refused).find("setslot") != std::string::npos, refused);

  for (int port : world.ports) world.Do(port, {"ACL", "SETUSER", kController, "+cluster|setslot"});
  const Status moved = MoveTen(world, Of(kController), Of(kMover));
  BOOST_TEST(moved.ok(), moved);
  for (int i = 0; i < 3000; i += 7) {
    BOOST_TEST_REQUIRE(world.Ask({"EXISTS", "key:" + std::to_string(i)}).integer == 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()
