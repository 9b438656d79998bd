// A controller that dies anywhere, servers that fail over, keys that are found on both sides.
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <nlohmann/json.hpp>

#include "stores/redis/key_mover.h"
#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;
using namespace std::chrono_literals;

namespace {

/// Slots that hold `keys` keys named prefix + number, and the keys.
struct Keys {
  std::map<int, std::vector<std::string>> by_slot;

  Keys(World& world, const PartitionSet& slots, int count, const std::string& prefix) {
    for (int i = 0, made = 0; made < count; ++i) {
      const std::string key = prefix + std::to_string(i);
      if (!Contains(slots, SlotOf(key))) continue;
      by_slot[SlotOf(key)].push_back(key);
      BOOST_REQUIRE(world.Ask({"SET", key, "value of " + key}).text == "OK");
      ++made;
    }
  }
  void CheckAll(World& world) const {
    for (const auto& [slot, keys] : by_slot) {
      for (const auto& key : keys) BOOST_TEST(world.Ask({"GET", key}).text == "value of " + key);
    }
  }
};

/// Runs the step until its controller has written so many times, or to its end.
Status RunAndDie(World& world, const Step& step, Journal& journal,
                 const redis::RedisActuatorOptions& options, const std::shared_ptr<Fuse>& fuse) {
  redis::Client dying({.credentials = {}, .timeout = 2s, .transport = FusedTransport(fuse)});
  redis::RedisActuator actuator(dying, options, nullptr, world.clock);
  journal.stop = [&] { return fuse->blown.load(); };
  const Status status = RunSteps(actuator, {step}, journal);
  journal.stop = nullptr;
  // What was sent last is done when the servers answer others.
  for (int port : world.ports) world.Do(port, {"PING"});
  return status;
}

/// Opens the slots of the step and stops there, as a controller that dies before its first MIGRATE.
void OpenAndDie(World& world, const Step& step, Journal& journal,
                const redis::RedisActuatorOptions& options) {
  auto fuse = std::make_shared<Fuse>();
  fuse->before = "\r\nMIGRATE\r\n";
  BOOST_REQUIRE(!RunAndDie(world, step, journal, options, fuse).ok());
  BOOST_REQUIRE(fuse->blown && world.OpenSlots() > 0);
}

struct TwoMasters : World {
  TwoMasters() : World(2, 0), a(Id(ports[0])), b(Id(ports[1])) {}

  [[nodiscard]] redis::RedisActuatorOptions Options() const {
    auto options = World::Options();
    options.allow_unprotected_targets = true;
    options.open_patience = 0s;  // what a test breaks stays broken
    return options;
  }
  /// By a controller that nothing happens to.
  Status Finish(const Step& step, Journal& journal) {
    redis::Client fresh({});
    redis::RedisActuator actuator(fresh, Options(), nullptr, clock);
    return Persistently(*this, [&] { return RunSteps(actuator, {step}, journal); });
  }
  Status Undo(const Step& step, Journal& journal) {
    redis::Client fresh({});
    redis::RedisActuator actuator(fresh, Options(), nullptr, clock);
    return Persistently(*this, [&] { return actuator.Undo(step, journal); });
  }
  std::string a;
  std::string b;
};

struct WithReplicas : World {
  WithReplicas() : World(2, 1), a(Id(ports[0])), b(Id(ports[1])) {}
  std::string a;
  std::string b;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_actuator_faults)

BOOST_FIXTURE_TEST_CASE(a_controller_cut_off_after_any_write_leaves_what_its_successor_finishes,
                        TwoMasters) {
  const PartitionSet slots = {{100, 129}};
  const Keys keys(*this, slots, 90, "cut:");
  int cut = 0;
  int half_open = 0;
  for (const bool arrives : {true, false}) {
    std::string from = a;
    std::string to = b;
    for (int writes = 1;; ++writes) {
      Journal journal;
      const Step step = MoveStep(from, to, slots);
      auto fuse = std::make_shared<Fuse>();
      fuse->writes_left = writes;
      fuse->last_one_arrives = arrives;
      const Status done = RunAndDie(*this, step, journal, Options(), fuse);
      if (!fuse->blown) {
        BOOST_TEST_REQUIRE(done.ok(), done);
        break;
      }
      ++cut;
      half_open += OpenSlots() > 0 ? 1 : 0;
      // Clients go on while nobody minds the slots.
      const std::string touched = keys.by_slot.begin()->second.front();
      BOOST_TEST(Ask({"GET", touched}).text == "value of " + touched);
      const Status finished = Finish(step, journal);
      BOOST_TEST_REQUIRE(finished.ok(), "cut after " << writes << ": " << finished);
      BOOST_TEST_REQUIRE(OpenSlots() == 0);
      for (int port : ports) BOOST_TEST_REQUIRE(Nodes(port).Owner(115) == to);
      std::swap(from, to);
    }
  }
  keys.CheckAll(*this);
  BOOST_TEST(cut > 30);
  BOOST_TEST(half_open > 8);
  const Status clean = cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

BOOST_FIXTURE_TEST_CASE(a_move_cut_off_after_any_write_can_be_undone, TwoMasters) {
  const PartitionSet slots = {{200, 209}};
  const Keys keys(*this, slots, 30, "undo:");
  for (int writes = 1;; ++writes) {
    Journal journal;
    const Step step = MoveStep(a, b, slots);
    auto fuse = std::make_shared<Fuse>();
    fuse->writes_left = writes;
    (void)RunAndDie(*this, step, journal, Options(), fuse);
    const Status undone = Undo(step, journal);
    BOOST_TEST_REQUIRE(undone.ok(), "cut after " << writes << ": " << undone);
    BOOST_TEST_REQUIRE(OpenSlots() == 0);
    for (int port : ports) {
      BOOST_TEST_REQUIRE(Nodes(port).Owner(205) == a, "cut after " << writes << ", at " << port);
    }
    if (!fuse->blown) break;
  }
  keys.CheckAll(*this);
}

BOOST_FIXTURE_TEST_CASE(a_move_back_cut_off_after_any_write_is_taken_up, TwoMasters) {
  const PartitionSet slots = {{200, 209}};
  const Keys keys(*this, slots, 30, "back:");
  int half_open = 0;
  for (int writes = 1;; ++writes) {
    Journal journal;
    const Step step = MoveStep(a, b, slots);
    BOOST_TEST_REQUIRE(Finish(step, journal).ok());
    auto fuse = std::make_shared<Fuse>();
    fuse->writes_left = writes;
    redis::Client dying({.credentials = {}, .timeout = 2s, .transport = FusedTransport(fuse)});
    redis::RedisActuator actuator(dying, Options(), nullptr, clock);
    journal.stop = [&] { return fuse->blown.load(); };
    (void)actuator.Undo(step, journal);
    journal.stop = nullptr;
    for (int port : ports) Do(port, {"PING"});
    half_open += OpenSlots() > 0 ? 1 : 0;
    const Status undone = Undo(step, journal);
    BOOST_TEST_REQUIRE(undone.ok(), "cut after " << writes << ": " << undone);
    BOOST_TEST_REQUIRE(OpenSlots() == 0);
    for (int port : ports) BOOST_TEST_REQUIRE(Nodes(port).Owner(205) == a);
    if (!fuse->blown) break;
  }
  keys.CheckAll(*this);
  BOOST_TEST(half_open > 4);
}

BOOST_FIXTURE_TEST_CASE(a_slot_is_not_taken_for_moved_while_its_source_does_not_answer,
                        TwoMasters) {
  const Step step = MoveStep(a, b, {{205, 205}});
  Journal journal;
  const redis::BatchNote note{a, "", 0, {{205, {}}}};
  BOOST_REQUIRE(journal.SaveNote("batch:5", note.Encode()).ok());
  // An empty slot, given to the target; the source, which would close it, is not heard.
  BOOST_REQUIRE(Do(ports[1], {"CLUSTER", "SETSLOT", "205", "IMPORTING", a}).text == "OK");
  BOOST_REQUIRE(Do(ports[0], {"CLUSTER", "SETSLOT", "205", "MIGRATING", b}).text == "OK");
  BOOST_REQUIRE(Do(ports[1], {"CLUSTER", "SETSLOT", "205", "NODE", b}).text == "OK");
  cluster->Kill(ports[0], SIGSTOP);
  redis::ClientOptions in_a_hurry;
  in_a_hurry.timeout = 300ms;
  redis::Client impatient(in_a_hurry);
  redis::RedisActuator actuator(impatient, Options(), nullptr, clock);
  const auto check = actuator.Check(step, journal);
  cluster->Kill(ports[0], SIGCONT);
  BOOST_TEST((!check.ok() || *check != StepCheck::kDone));
  const Status finished = Finish(step, journal);
  BOOST_TEST(finished.ok(), finished);
  BOOST_TEST(OpenSlots() == 0);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_opened_when_its_note_cannot_be_made_durable, TwoMasters) {
  const Keys keys(*this, {{100, 109}}, 20, "disk:");
  Journal journal;
  journal.saves_left = 0;
  const Status full = Finish(MoveStep(a, b, {{100, 109}}), journal);
  BOOST_TEST((full.code() == StatusCode::kResourceExhausted), full);
  BOOST_TEST(OpenSlots() == 0);
  keys.CheckAll(*this);
}

BOOST_FIXTURE_TEST_CASE(keys_on_both_sides_are_as_the_source_has_them_and_deleted_ones_are_reported,
                        TwoMasters) {
  const PartitionSet slots = {{300, 309}};
  const Keys keys(*this, slots, 30, "both:");
  Journal journal;
  const Step step = MoveStep(a, b, slots);
  OpenAndDie(*this, step, journal, Options());
  // As a MIGRATE that reached the target although the source never heard of it.
  const auto& [slot, names] = *std::max_element(
      keys.by_slot.begin(), keys.by_slot.end(),
      [](const auto& x, const auto& y) { return x.second.size() < y.second.size(); });
  BOOST_REQUIRE(names.size() >= 3u);
  redis::Command copy = {"MIGRATE", kHost, std::to_string(ports[1]), "", "0", "1000",
                         "COPY",    "KEYS"};
  copy.insert(copy.end(), names.begin(), names.begin() + 2);
  BOOST_REQUIRE(Do(ports[0], copy).text == "OK");
  BOOST_REQUIRE(Do(ports[0], {"SET", names[0], "newer"}).text == "OK");
  BOOST_REQUIRE(Do(ports[0], {"DEL", names[1]}).integer == 1);
  // The one that was deleted can be told from one that was moved by nobody. Another must show that
  // there was trouble: names[0] does.
  const Status finished = Finish(step, journal);
  BOOST_TEST_REQUIRE(finished.ok(), finished);
  BOOST_TEST(Ask({"GET", names[0]}).text == "newer");
  BOOST_TEST(Ask({"GET", names[2]}).text == "value of " + names[2]);
  const auto note = journal.Note("ambiguous:" + std::to_string(slot));
  BOOST_REQUIRE(note.has_value());
  BOOST_TEST(*note == nlohmann::json({names[1]}).dump());
  BOOST_TEST(OpenSlots() == 0);
}

BOOST_FIXTURE_TEST_CASE(a_key_deleted_while_its_doubt_is_settled_is_reported, TwoMasters) {
  const Keys keys(*this, {{300, 300}}, 3, "late:");
  const auto& names = keys.by_slot.at(300);
  Journal journal;
  const Step step = MoveStep(a, b, {{300, 300}});
  OpenAndDie(*this, step, journal, Options());
  redis::Command copy = {"MIGRATE", kHost, std::to_string(ports[1]), "", "0", "1000",
                         "COPY",    "KEYS"};
  copy.insert(copy.end(), names.begin(), names.end());
  BOOST_REQUIRE(Do(ports[0], copy).text == "OK");
  // After the look at both sides, before the first is replaced.
  auto fuse = std::make_shared<Fuse>();
  fuse->aside = {"\r\nREPLACE\r\n", [&] { Do(ports[0], {"DEL", names[1]}); }};
  const Status finished = RunAndDie(*this, step, journal, Options(), fuse);
  BOOST_TEST_REQUIRE(finished.ok(), finished);
  BOOST_TEST(!fuse->aside.second);
  BOOST_TEST(journal.Note("ambiguous:300").value_or("") == nlohmann::json({names[1]}).dump());
  BOOST_TEST(Ask({"GET", names[0]}).text == "value of " + names[0]);
  BOOST_TEST(OpenSlots() == 0);
}

BOOST_FIXTURE_TEST_CASE(keys_on_both_sides_stop_the_move_when_the_source_is_another_process,
                        TwoMasters) {
  const PartitionSet slots = {{300, 309}};
  const Keys keys(*this, slots, 30, "other:");
  Journal journal;
  const Step step = MoveStep(a, b, slots);
  OpenAndDie(*this, step, journal, Options());
  const std::string key = keys.by_slot.begin()->second.front();
  BOOST_REQUIRE(
      Do(ports[0], {"MIGRATE", kHost, std::to_string(ports[1]), key, "0", "1000", "COPY"}).text ==
      "OK");
  auto& note = journal.notes.at("batch:5");
  auto json = nlohmann::json::parse(note);
  json["run_id"] = "another";
  note = json.dump();
  const Status stopped = Finish(step, journal);
  BOOST_TEST((stopped.code() == StatusCode::kDataLoss), stopped);
  BOOST_TEST(Message(stopped).find("source failed over") != std::string::npos, stopped);
  BOOST_TEST(Do(ports[0], {"GET", key}).text == "value of " + key);
}

BOOST_FIXTURE_TEST_CASE(a_target_that_hangs_in_the_middle_delays_the_move_and_undoes_nothing,
                        TwoMasters) {
  const PartitionSet slots = {{400, 409}};
  const Keys keys(*this, slots, 40, "hang:");
  Journal journal;
  const Step step = MoveStep(a, b, slots);
  OpenAndDie(*this, step, journal, Options());
  cluster->Kill(ports[1], SIGSTOP);
  auto options = Options();
  options.command_timeout = 500ms;
  options.migrate_timeout = 300ms;
  redis::Client impatient({});
  redis::RedisActuator actuator(impatient, options, nullptr, clock);
  // The target's kernel takes the keys, its process does not: the source learns nothing.
  const std::string counter = keys.by_slot.begin()->second.front();
  redis::Client direct({});
  const auto doubt = direct.Call1(
      kHost, ports[0], {"MIGRATE", kHost, std::to_string(ports[1]), counter, "0", "300"}, 5s);
  BOOST_TEST(!doubt.ok());
  const Status late = actuator.Do(step, journal);
  BOOST_TEST(IsTransient(late), late);
  BOOST_REQUIRE(Do(ports[0], {"APPEND", counter, "+"}).integer > 0);
  cluster->Kill(ports[1], SIGCONT);
  const Status finished = Finish(step, journal);
  BOOST_TEST_REQUIRE(finished.ok(), finished);
  BOOST_TEST(Ask({"GET", counter}).text == "value of " + counter + "+");
  BOOST_TEST(OpenSlots() == 0);
}

BOOST_FIXTURE_TEST_CASE(a_slot_whose_source_fails_over_in_the_middle_is_moved_from_its_successor,
                        WithReplicas) {
  const PartitionSet slots = {{500, 519}};
  const Keys keys(*this, slots, 60, "over:");
  const int successor = Port([&] {
    for (const auto& line : Nodes(ports[0]).nodes) {
      if (line.master_id == a) return line.id;
    }
    return std::string();
  }());
  redis::Client fresh({});
  redis::RedisActuator actuator(fresh, World::Options(), nullptr, clock);
  Journal journal;
  // The preflight notes who makes up which shard.
  const Topology topology = ReadTopology();
  Plan plan = ScaleInPlan(topology, {});
  plan.moves = {{slots, a, b}};
  const auto steps = actuator.Expand(plan, topology);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  BOOST_REQUIRE_EQUAL(steps->size(), 3u);
  Status status = RunSteps(actuator, {steps->front()}, journal);
  BOOST_REQUIRE_MESSAGE(status.ok(), status);
  const Step& move = (*steps)[1];
  auto options = World::Options();
  options.open_patience = 0s;
  OpenAndDie(*this, move, journal, options);
  // One slot is half moved.
  const std::string moved = keys.by_slot.begin()->second.front();
  BOOST_REQUIRE(
      Do(ports[0], {"MIGRATE", kHost, std::to_string(ports[1]), moved, "0", "1000"}).text == "OK");
  // A busy server may let the failover lapse, after 5 s: then it is asked for again.
  for (int wait = 0; wait < 3000 && !Nodes(successor).Myself()->master; ++wait) {
    if (wait % 300 == 0) (void)Do(successor, {"CLUSTER", "FAILOVER"});
    clock.WaitFor(20ms, {});
  }
  BOOST_REQUIRE(Nodes(successor).Myself()->master);
  status = Persistently(*this, [&] { return RunSteps(actuator, {move}, journal); });
  if (!status.ok()) {
    std::string seen;
    for (int port : ports) seen += Do(port, {"CLUSTER", "NODES"}).text + "\n";
    for (const auto& [key, note] : journal.notes) seen += key + " = " + note + "\n";
    BOOST_TEST_REQUIRE(status.ok(), status << "\n" << seen);
  }
  keys.CheckAll(*this);
  BOOST_TEST(OpenSlots() == 0);
  for (int port : ports) BOOST_TEST(Nodes(port).Owner(510) == b);
  const Status clean = cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

BOOST_AUTO_TEST_SUITE_END()
