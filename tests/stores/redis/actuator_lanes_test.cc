// Several groups of slots under way at once; what is taken back; what the target must have room
// for.
#include <boost/test/unit_test.hpp>

#include "stores/redis/move_watch.h"
#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;
using namespace std::chrono_literals;

namespace {

struct Pair : World {
  Pair() : World(2, 0), a(Id(ports[0])), b(Id(ports[1])) {}

  [[nodiscard]] redis::RedisActuatorOptions Options() const {
    auto options = World::Options();
    options.allow_unprotected_targets = true;
    options.open_slots = 3;
    options.limits.groups_at_once = 3;
    options.open_patience = 0s;
    return options;
  }
  Status Move(const Step& step, Journal& journal, const redis::RedisActuatorOptions& options) {
    redis::Client fresh({});
    redis::RedisActuator actuator(fresh, options, nullptr, clock);
    return Persistently(*this, [&] { return RunSteps(actuator, {step}, journal); });
  }
  void CheckKeys(int keys) {
    for (int i = 0; i < keys; ++i) {
      const std::string key = "key:" + std::to_string(i);
      BOOST_TEST_REQUIRE(Ask({"STRLEN", key}).integer == static_cast<int>(89 + key.size()), key);
    }
  }
  std::string KeyOf(int slot) {
    for (int i = 0;; ++i) {
      const std::string key = "window:" + std::to_string(i);
      if (SlotOf(key) == slot) return key;
    }
  }
  std::string a;
  std::string b;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_actuator_lanes)

BOOST_FIXTURE_TEST_CASE(several_groups_move_at_once_under_writes_and_none_is_lost_or_undone, Pair) {
  Fill(4000);
  Writer writer(*this);
  Journal journal;
  const Status done = Move(MoveStep(a, b, {{0, 299}}), journal, Options());
  writer.Stop();
  BOOST_TEST_REQUIRE(done.ok(), done);
  BOOST_TEST(journal.partitions == 300);
  BOOST_TEST(OpenSlots() == 0);
  BOOST_TEST(journal.Note("batch:5").has_value());
  BOOST_TEST(journal.Note("batch:5/2").has_value());  // the third lane had work too
  BOOST_TEST(writer.errors.empty(), First(writer.errors));
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  CheckKeys(4000);
  const Status clean = cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

BOOST_FIXTURE_TEST_CASE(a_controller_cut_off_with_several_groups_open_leaves_what_can_be_finished,
                        Pair) {
  Fill(2000);
  const PartitionSet slots = {{100, 117}};
  std::string from = a;
  std::string to = b;
  int cut = 0;
  int several_open = 0;
  for (int writes = 1;; writes += 4) {
    Journal journal;
    const Step step = MoveStep(from, to, slots);
    auto fuse = std::make_shared<Fuse>();
    fuse->writes_left = writes;
    fuse->last_one_arrives = writes % 8 == 1;
    {
      redis::Client dying({.credentials = {}, .timeout = 2s, .transport = FusedTransport(fuse)});
      redis::RedisActuator actuator(dying, Options(), nullptr, clock);
      journal.stop = [&] { return fuse->blown.load(); };
      (void)RunSteps(actuator, {step}, journal);
      journal.stop = nullptr;
    }
    for (int port : ports) Do(port, {"PING"});
    if (!fuse->blown) break;
    ++cut;
    several_open += OpenSlots() > 6 ? 1 : 0;  // a group of three shows at both ends
    const Status finished = Move(step, journal, Options());
    BOOST_TEST_REQUIRE(finished.ok(), "cut after " << writes << ": " << finished);
    BOOST_TEST_REQUIRE(OpenSlots() == 0);
    for (int port : ports) BOOST_TEST_REQUIRE(Nodes(port).Owner(110) == to);
    std::swap(from, to);
  }
  BOOST_TEST(cut > 10);
  BOOST_TEST(several_open > 0);
  CheckKeys(2000);
  const Status clean = cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

BOOST_FIXTURE_TEST_CASE(a_slot_that_each_takes_for_the_others_is_given_to_the_target, Pair) {
  Fill(500);
  BOOST_REQUIRE(Do(ports[0], {"CLUSTER", "COUNTKEYSINSLOT", "101"}).integer == 0);
  // The wrong order: the source gives it away, and nobody has it.
  BOOST_REQUIRE(Do(ports[0], {"CLUSTER", "SETSLOT", "101", "NODE", b}).text == "OK");
  BOOST_REQUIRE(Nodes(ports[1]).Owner(101) == a);
  Journal journal;
  const Status moved = Move(MoveStep(a, b, {{100, 103}}), journal, Options());
  BOOST_TEST_REQUIRE(moved.ok(), moved);
  for (int port : ports) {
    for (int slot = 100; slot <= 103; ++slot) BOOST_TEST(Nodes(port).Owner(slot) == b);
  }
  BOOST_TEST(OpenSlots() == 0);
  CheckKeys(500);
  const Status clean = cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

BOOST_FIXTURE_TEST_CASE(a_target_without_room_is_given_nothing, Pair) {
  Fill(500);
  Do(ports[1], {"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  Do(ports[1], {"CONFIG", "SET", "maxmemory", "1000000"});  // it uses more when it is empty
  Journal journal;
  const Status refused = Move(MoveStep(a, b, {{0, 99}}), journal, Options());
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Message(refused).find("max_target_memory_share") != std::string::npos, refused);
  BOOST_TEST(OpenSlots() == 0);
  BOOST_TEST(journal.partitions == 0);
  Do(ports[1], {"CONFIG", "SET", "maxmemory", "0"});
  BOOST_TEST(Move(MoveStep(a, b, {{0, 99}}), journal, Options()).ok());
}

BOOST_FIXTURE_TEST_CASE(clients_that_are_sent_on_are_counted_by_the_servers, Pair) {
  const std::string key = KeyOf(60);
  Do(ports[1], {"CLUSTER", "SETSLOT", "60", "IMPORTING", a});
  Do(ports[0], {"CLUSTER", "SETSLOT", "60", "MIGRATING", b});
  const auto feel = [&] {
    return redis::FeelingOf(redis::InfoText(Do(ports[0], {"INFO", "errorstats"}).text),
                            redis::InfoText(Do(ports[1], {"INFO", "errorstats"}).text));
  };
  const auto before = feel();
  redis::Client direct({});
  const auto sent_on = direct.Call(kHost, ports[0], {{"GET", key}});
  BOOST_REQUIRE(sent_on.ok() && sent_on->front().IsError("ASK"));
  const auto half = direct.Call(kHost, ports[1], {{"ASKING"}, {"MGET", key, "{" + key + "}2"}});
  BOOST_REQUIRE(half.ok());
  const auto after = feel();
  BOOST_TEST(after.asks - before.asks == 1);
  if (half->back().IsError("TRYAGAIN")) BOOST_TEST(after.tryagains - before.tryagains == 1);
}

BOOST_AUTO_TEST_SUITE_END()
