// What an account needs, at a real Valkey 9, so that slots move as a whole; and what becomes of
// them without it.
#include <boost/test/unit_test.hpp>
#include <set>

#include "stores/redis/atomic_mover.h"
#include "stores/redis/capability.h"
#include "tests/stores/redis/actuator_world.h"
#include "tests/stores/redis/valkey_server.h"

using namespace tidewright;
using namespace tidewright::testing;

namespace {

constexpr char kController[] = "controller";
constexpr char kLink[] = "link";

redis::Credentials Of(const std::string& name) { return {name, "secret-of-" + name}; }

struct Valkey : World {
  Valkey() : World(2, 0, {}, {}, {}, ValkeyServer()), a(Id(ports[0])), b(Id(ports[1])) {
    Fill(3000);
  }
  void Account(const std::string& name, const std::vector<std::string>& capabilities) {
    const auto rules = redis::RulesOf(capabilities);
    BOOST_REQUIRE_MESSAGE(rules.ok(), rules.status());
    redis::Command command = {"ACL", "SETUSER", name, "reset", "on", ">secret-of-" + name};
    command.insert(command.end(), rules->begin(), rules->end());
    for (const int port : ports) BOOST_REQUIRE(Do(port, command).text == "OK");
  }
  /// The account that the source shows to the target.
  void ShowAs(const redis::Credentials& shown) {
    Do(ports[0], {"CONFIG", "SET", "primaryuser", shown.username, "primaryauth", shown.password});
  }
  Status MoveTen(int first, const redis::RedisActuatorOptions& options) {
    redis::ClientOptions as;
    as.credentials = Of(kController);
    redis::Client client(as);
    redis::RedisActuator actuator(client, options, nullptr, clock);
    note.reset();
    Journal journal;
    const Status status = RunSteps(actuator, {MoveStep(a, b, {{first, first + 9}})}, journal);
    if (const auto text = journal.Note("atomic:" + a + ">" + b)) {
      note = redis::AtomicNote::Parse(*text).value();
    }
    BOOST_TEST(OpenSlots() == 0);
    return status;
  }
  [[nodiscard]] redis::RedisActuatorOptions Options() const {
    auto options = World::Options();
    options.allow_unprotected_targets = true;
    return options;
  }
  std::size_t Jobs() { return Do(ports[0], {"CLUSTER", "GETSLOTMIGRATIONS"}).elements.size(); }

  std::string a;
  std::string b;
  std::optional<redis::AtomicNote> note;  ///< of the newest move
};

bool Says(const Status& status, const std::string& word) {
  return Message(status).find(word) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_atomic_rights, *boost::unit_test::precondition(HasValkeyServer))

BOOST_FIXTURE_TEST_CASE(the_listed_commands_are_enough_on_both_sides, Valkey) {
  Account(kController, {"act", "atomic"});
  Account(kLink, {"atomic-link"});
  ShowAs(Of(kLink));
  const Status moved = MoveTen(0, Options());
  BOOST_TEST_REQUIRE(moved.ok(), moved);
  BOOST_TEST(Jobs() == 1u);
  BOOST_REQUIRE(note.has_value());
  BOOST_TEST(note->gave_up == "");
}

BOOST_FIXTURE_TEST_CASE(each_of_them_is_needed_and_without_one_slots_go_one_by_one, Valkey) {
  auto only_whole = Options();
  only_whole.move_by = redis::MoveBy::kAtomic;
  int first = 0;
  for (const std::string command : {"cluster|migrateslots", "cluster|getslotmigrations",
                                    "cluster|cancelslotmigrations", "eval"}) {
    Account(kController, {"act", "atomic"});
    for (const int port : ports) Do(port, {"ACL", "SETUSER", kController, "-" + command});
    const Status refused = MoveTen(first, only_whole);
    BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
    BOOST_TEST(Says(refused, command), refused);
    BOOST_TEST(Says(refused, "capability 'atomic'"), refused);
    const Status moved = MoveTen(first, Options());
    BOOST_TEST_REQUIRE(moved.ok(), moved);
    BOOST_TEST(Nodes(ports[1]).Owner(first) == b);
    BOOST_TEST(Jobs() == 0u);
    first += 10;
  }
}

BOOST_FIXTURE_TEST_CASE(a_target_that_refuses_the_source_is_not_tried_twice, Valkey) {
  Account(kController, {"act", "atomic"});
  Account(kLink, {"observe"});
  ShowAs({kLink, "guessed"});
  const Status moved = MoveTen(0, Options());
  BOOST_TEST_REQUIRE(moved.ok(), moved);
  BOOST_TEST(Jobs() == 1u);
  BOOST_REQUIRE(note.has_value());
  BOOST_TEST(note->gave_up.find("WRONGPASS") != std::string::npos, note->gave_up);
  BOOST_TEST(note->gave_up.find("guessed") == std::string::npos, note->gave_up);

  // It may come in, and then not write what is sent.
  ShowAs(Of(kLink));
  BOOST_TEST_REQUIRE(MoveTen(10, Options()).ok());
  BOOST_REQUIRE(note.has_value());
  BOOST_TEST(note->gave_up.find("NOPERM") != std::string::npos, note->gave_up);
  BOOST_TEST(Jobs() == 2u);
  BOOST_TEST(Nodes(ports[1]).Owner(19) == b);
}

BOOST_AUTO_TEST_SUITE_END()
