// Clusters that ask for a password: one for all, or an account of the least commands.
#include <boost/test/unit_test.hpp>

#include "stores/redis/capability.h"
#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;

namespace {

constexpr char kPassword[] = "one for all";
constexpr char kController[] = "controller";
constexpr char kMover[] = "mover";

std::vector<std::string> User(const std::string& name, const std::string& capability) {
  std::vector<std::string> words = {"--user", name, "on", ">secret-of-" + name};
  const auto rules = redis::RulesOf({capability});
  BOOST_REQUIRE_MESSAGE(rules.ok(), rules.status());
  words.insert(words.end(), rules->begin(), rules->end());
  return words;
}

redis::Credentials Of(const std::string& name) { return {name, "secret-of-" + name}; }

/// Two accounts beside the default one, which has all rights and no password.
std::vector<std::string> Accounts() {
  auto words = User(kController, "act");
  const auto more = User(kMover, "receive");
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

redis::ClientOptions With(const redis::Credentials& credentials) {
  redis::ClientOptions options;
  options.credentials = credentials;
  return options;
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
