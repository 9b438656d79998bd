// What is not done, and that nothing is left open for it; stops; scale-out undone.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "actuator/leadership.h"
#include "stores/redis/command_kind.h"
#include "stores/redis/key_mover.h"
#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;
using namespace std::chrono_literals;

namespace {

struct ThreeMasters : World {
  ThreeMasters() : World(3, 0), a(Id(ports[0])), b(Id(ports[1])), c(Id(ports[2])) {}

  Status Do1(const Step& step, Journal& journal, bool allow_unprotected = true,
             std::int64_t big_key_bytes = 1 << 20) {
    auto options = Options();
    options.allow_unprotected_targets = allow_unprotected;
    options.big_key_bytes = big_key_bytes;
    redis::Client fresh({});
    redis::RedisActuator actuator(fresh, options, nullptr, clock);
    journal.steps.clear();
    return RunSteps(actuator, {step}, journal);
  }

  std::string a;
  std::string b;
  std::string c;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_actuator_refusals)

BOOST_FIXTURE_TEST_CASE(a_key_above_the_cap_is_named_and_its_slot_never_opened, ThreeMasters) {
  std::string key;
  for (int i = 0; key.empty() || !Contains({{0, 99}}, SlotOf(key)); ++i) {
    key = "big:" + std::to_string(i);
  }
  BOOST_REQUIRE(Ask({"SET", key, std::string(200000, 'x')}).text == "OK");
  Journal journal;
  const Status refused = Do1(MoveStep(a, b, {{0, 99}}), journal, true, 100000);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Message(refused).find("'" + key + "'") != std::string::npos, refused);
  BOOST_TEST(OpenSlots() == 0);
  const Status moved = Do1(MoveStep(a, b, {{0, 99}}), journal, true, 1 << 20);
  BOOST_TEST(moved.ok(), moved);
  BOOST_TEST(Ask({"STRLEN", key}).integer == 200000);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_opened_beside_slots_that_somebody_else_has_open, ThreeMasters) {
  Do(ports[2], {"CLUSTER", "SETSLOT", "50", "IMPORTING", a});
  Journal journal;
  const Status beside = Do1(MoveStep(a, b, {{0, 9}}), journal);
  BOOST_TEST((beside.code() == StatusCode::kFailedPrecondition), beside);
  BOOST_TEST(Message(beside).find("slot 50 is open") != std::string::npos, beside);
  const Status same = Do1(MoveStep(a, b, {{50, 59}}), journal);
  BOOST_TEST((same.code() == StatusCode::kFailedPrecondition), same);
  BOOST_TEST(OpenSlots() == 1);
  Do(ports[2], {"CLUSTER", "SETSLOT", "50", "STABLE"});
  // Between the same two nodes, but without a note of ours.
  Do(ports[1], {"CLUSTER", "SETSLOT", "51", "IMPORTING", a});
  const Status unnoted = Do1(MoveStep(a, b, {{50, 59}}), journal);
  BOOST_TEST((unnoted.code() == StatusCode::kFailedPrecondition), unnoted);
  BOOST_TEST(OpenSlots() == 1);
}

BOOST_FIXTURE_TEST_CASE(a_preflight_refuses_open_slots_and_another_cluster_than_planned,
                        ThreeMasters) {
  redis::Client fresh({});
  redis::RedisActuator actuator(fresh, Options(), nullptr, clock);
  Topology topology = ReadTopology();
  Plan plan = ScaleInPlan(topology, {b});
  const auto steps = actuator.Expand(plan, topology);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  Do(ports[2], {"CLUSTER", "SETSLOT", "50", "IMPORTING", a});
  Journal journal;
  const Status open = actuator.Do(steps->front(), journal);
  BOOST_TEST((open.code() == StatusCode::kFailedPrecondition), open);
  Do(ports[2], {"CLUSTER", "SETSLOT", "50", "STABLE"});
  const Status moved = Do1(MoveStep(a, c, {{0, 0}}), journal);
  BOOST_REQUIRE_MESSAGE(moved.ok(), moved);
  const Status changed = actuator.Do(steps->front(), journal);
  BOOST_TEST((changed.code() == StatusCode::kFailedPrecondition), changed);
  BOOST_TEST(Message(changed).find("owns slots") != std::string::npos, changed);
}

BOOST_FIXTURE_TEST_CASE(a_target_that_a_crash_would_empty_is_refused_unless_permitted,
                        ThreeMasters) {
  Journal journal;
  const Status refused = Do1(MoveStep(a, b, {{0, 9}}), journal, /*allow_unprotected=*/false);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Message(refused).find("neither a replica nor") != std::string::npos, refused);
  BOOST_TEST(OpenSlots() == 0);
  Do(ports[1], {"CONFIG", "SET", "appendonly", "yes"});
  const Status protected_now = Persistently(*this, [&] {
    return Do1(MoveStep(a, b, {{0, 9}}), journal, /*allow_unprotected=*/false);
  });
  BOOST_TEST(protected_now.ok(), protected_now);
}

BOOST_FIXTURE_TEST_CASE(keys_left_at_the_target_would_come_back_to_life_and_are_refused,
                        ThreeMasters) {
  // A key of slot 50 at a node that does not own it.
  std::string key;
  for (int i = 0; key.empty() || SlotOf(key) != 50; ++i) key = "stray:" + std::to_string(i);
  Do(ports[1], {"CLUSTER", "SETSLOT", "50", "IMPORTING", a});
  const auto replies = client().Call(kHost, ports[1], {{"ASKING"}, {"SET", key, "old"}});
  BOOST_REQUIRE(replies.ok() && replies->back().text == "OK");
  Do(ports[1], {"CLUSTER", "SETSLOT", "50", "STABLE"});
  Journal journal;
  const Status refused = Do1(MoveStep(a, b, {{50, 50}}), journal);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(OpenSlots() == 0);
}

BOOST_FIXTURE_TEST_CASE(a_stop_ends_a_move_between_groups_with_no_slot_open, ThreeMasters) {
  Fill(5000);
  auto options = Options();
  options.allow_unprotected_targets = true;
  options.open_slots = 8;
  options.limits.groups_at_once = 1;
  redis::Client fresh({});
  redis::RedisActuator actuator(fresh, options, nullptr, clock);
  Journal journal;
  journal.stop = [&] { return journal.partitions >= 20; };
  const Step step = MoveStep(a, b, {{0, 63}});
  const Status stopped = actuator.Do(step, journal);
  BOOST_TEST((stopped.code() == StatusCode::kCancelled), stopped);
  BOOST_TEST(journal.partitions == 24);
  BOOST_TEST(OpenSlots() == 0);
  journal.stop = nullptr;
  const Status finished = RunSteps(actuator, {step}, journal);
  BOOST_TEST(finished.ok(), finished);
  BOOST_TEST(journal.partitions == 64);
  for (int i = 0; i < 5000; ++i) {
    BOOST_TEST_REQUIRE(Ask({"EXISTS", "key:" + std::to_string(i)}).integer == 1);
  }
}

BOOST_FIXTURE_TEST_CASE(a_lead_that_may_end_soon_opens_no_further_slot_and_leaves_none_open,
                        ThreeMasters) {
  Fill(3000);
  Journal journal;
  auto options = Options();
  options.allow_unprotected_targets = true;
  options.open_slots = 8;
  options.limits.groups_at_once = 1;
  options.fence_before_opening = [&]() -> Status {
    if (journal.partitions < 20) return OkStatus();
    return Error(StatusCode::kCancelled, "{}tested", Leadership::kLeadLost);
  };
  redis::Client fresh({});
  redis::RedisActuator actuator(fresh, options, nullptr, clock);
  const Status stopped = actuator.Do(MoveStep(a, b, {{0, 63}}), journal);
  BOOST_TEST((stopped.code() == StatusCode::kCancelled), stopped);
  // By this word the controller knows that it may go on by itself when it leads again.
  BOOST_TEST(Message(stopped).find(Leadership::kLeadLost) != std::string::npos, stopped);
  BOOST_TEST(journal.partitions == 24);
  BOOST_TEST(OpenSlots() == 0);
}

BOOST_FIXTURE_TEST_CASE(the_kill_switch_is_obeyed_before_each_command_and_leaves_no_slot_open,
                        ThreeMasters) {
  Fill(3000);
  auto options = Options();
  options.allow_unprotected_targets = true;
  options.open_slots = 2;
  options.limits.groups_at_once = 1;  // else it is not said who asks
  int stops = 0;
  std::set<int> left_alone;
  // Thrown at the first question, at the second, and so on: between any two commands.
  for (int questions = 0;; ++questions) {
    int asked = 0;
    options.kill_switch = [&] { return asked++ >= questions; };
    redis::Client fresh({});
    redis::RedisActuator actuator(fresh, options, nullptr, clock);
    Journal journal;
    const Step step = MoveStep(a, b, {{0, 7}});
    const Status moved = actuator.Do(step, journal);
    BOOST_TEST_REQUIRE(OpenSlots() == 0, "thrown at question " << questions);
    if (moved.ok()) break;
    BOOST_TEST_REQUIRE(questions < 50);
    BOOST_TEST_REQUIRE((moved.code() == StatusCode::kCancelled), moved);
    ++stops;
    const int left = Count(ReadTopology().FindShard(a)->partitions);
    left_alone.insert(left);
    const Status back = Do1(MoveStep(b, a, {{0, 7}}), journal);
    BOOST_TEST_REQUIRE(back.ok(), back);
  }
  // Each of four groups is asked for twice at the least: before each of its two flags.
  BOOST_TEST(stops >= 8);
  BOOST_TEST(left_alone.size() == 4u);  // nothing, two, four or six slots were moved by then
  for (int i = 0; i < 3000; ++i) {
    BOOST_TEST_REQUIRE(Ask({"EXISTS", "key:" + std::to_string(i)}).integer == 1);
  }
  // Under the switch nothing at all is begun.
  options.kill_switch = [] { return true; };
  redis::Client fresh({});
  redis::RedisActuator actuator(fresh, options, this, clock);
  Journal journal;
  const Topology topology = ReadTopology();
  const auto steps = actuator.Expand(ScaleOutPlan(topology, 1, 0), topology);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  for (const Step& step : *steps) {
    if (step.kind != "provision" && step.kind != "move") continue;
    BOOST_TEST(!actuator.Do(step, journal).ok());
  }
  BOOST_TEST(given.empty());
  BOOST_TEST(ReadTopology().Fingerprint() == topology.Fingerprint());
}

BOOST_AUTO_TEST_CASE(what_is_not_known_to_read_only_counts_as_a_change) {
  for (const redis::Command& reads : {redis::Command{"INFO", "server"},
                                      {"cluster", "nodes"},
                                      {"CLUSTER", "GETKEYSINSLOT", "1"},
                                      {"CONFIG", "GET", "save"},
                                      {"MEMORY", "USAGE", "k"},
                                      {"FUNCTION", "DUMP"}}) {
    BOOST_TEST(redis::OnlyReads(reads), reads.front());
  }
  for (const redis::Command& changes : {redis::Command{"CLUSTER", "SETSLOT", "1", "STABLE"},
                                        {"CLUSTER", "MEET"},
                                        {"CLUSTER"},
                                        {"MIGRATE"},
                                        {"CONFIG", "SET", "save", ""},
                                        {"FUNCTION", "RESTORE"},
                                        {"FLUSHALL"},
                                        {"CLUSTER", "RESET", "HARD"},
                                        {"CLUSTER", "FORGET"},
                                        {"WHATEVER"}}) {
    BOOST_TEST(!redis::OnlyReads(changes), changes.front());
  }
}

BOOST_FIXTURE_TEST_CASE(slots_with_more_keys_and_larger_ones_than_a_group_may_hold_are_moved,
                        ThreeMasters) {
  // One slot by a hash tag: more keys than one note and one MIGRATE take, and some of 200 kB.
  std::string tag;
  for (int i = 0; tag.empty() || !Contains({{0, 5000}}, SlotOf(tag)); ++i) tag = std::to_string(i);
  const int slot = SlotOf(tag);
  redis::Batch batch;
  for (int i = 0; i < 5000; ++i) {
    batch.push_back({"SET", "{" + tag + "}\n" + std::to_string(i),
                     std::string(i % 500 == 0 ? 200000 : 10, 'x'), "PX",
                     i % 100 == 50 ? "1" : "1000000"});
  }
  const auto filled = client().Call(kHost, ports[0], std::move(batch), 30s);
  BOOST_REQUIRE_MESSAGE(filled.ok(), filled.status());
  BOOST_REQUIRE(filled->back().text == "OK");
  Journal journal;
  const Status moved = Do1(MoveStep(a, b, {{slot, slot}}), journal);
  BOOST_TEST_REQUIRE(moved.ok(), moved);
  BOOST_TEST(Do(ports[1], {"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)}).integer == 4950);
  BOOST_TEST(Do(ports[1], {"STRLEN", "{" + tag + "}\n1000"}).integer == 200000);
  BOOST_TEST(OpenSlots() == 0);
}

BOOST_FIXTURE_TEST_CASE(a_move_that_was_undone_when_its_controller_died_is_undone_once_more,
                        ThreeMasters) {
  const Topology topology = ReadTopology();
  Plan plan = ScaleOutPlan(topology, 1, 0);
  plan.moves = {{{{0, 2}}, a, "new-1"}};
  auto options = Options();
  options.allow_unprotected_targets = true;
  redis::Client fresh({});
  redis::RedisActuator actuator(fresh, options, this, clock);
  Journal journal;
  const auto steps = actuator.Expand(plan, topology);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  const Status done = Persistently(*this, [&] { return RunSteps(actuator, *steps, journal); });
  BOOST_REQUIRE_MESSAGE(done.ok(), done);
  const auto move = std::find_if(steps->begin(), steps->end(),
                                 [](const Step& step) { return step.kind == "move"; });
  BOOST_REQUIRE(move != steps->end());
  // The new master gave its last slot back and is a replica: that is no reason to fail.
  for (int times = 0; times < 2; ++times) {
    const Status undone = Persistently(*this, [&] { return actuator.Undo(*move, journal); });
    BOOST_TEST(undone.ok(), undone);
  }
  const Status undone = Persistently(*this, [&] { return UndoSteps(actuator, *steps, journal); });
  BOOST_TEST(undone.ok(), undone);
  BOOST_TEST(ReadTopology().Fingerprint() == topology.Fingerprint());
}

BOOST_FIXTURE_TEST_CASE(a_scale_out_cut_off_after_any_write_is_finished_or_undone, ThreeMasters) {
  const Topology topology = ReadTopology();
  Plan plan = ScaleOutPlan(topology, 1, 0);
  plan.moves = {{{{0, 2}}, a, "new-1"}};
  auto options = Options();
  options.allow_unprotected_targets = true;
  options.open_patience = 0s;
  int cut = 0;
  for (int writes = 3;; writes += 29) {
    redis::Client fresh({});
    redis::RedisActuator successor(fresh, options, this, clock);
    Journal journal;
    const auto steps = successor.Expand(plan, topology);
    BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
    auto fuse = std::make_shared<Fuse>();
    fuse->writes_left = writes;
    {
      auto impatient = options;
      impatient.join_timeout = impatient.settle_timeout = 3s;
      redis::Client dying({.credentials = {}, .timeout = 2s, .transport = FusedTransport(fuse)});
      redis::RedisActuator actuator(dying, impatient, this, clock);
      journal.stop = [&] { return fuse->blown.load(); };
      (void)RunSteps(actuator, *steps, journal);
      journal.stop = nullptr;
    }
    if (fuse->blown) ++cut;
    if (cut % 2 == 1) {
      const Status finished =
          Persistently(*this, [&] { return RunSteps(successor, *steps, journal); });
      BOOST_TEST_REQUIRE(finished.ok(), "cut after " << writes << ": " << finished);
      BOOST_TEST(ReadTopology().shards.size() == 4u);
    }
    const Status undone =
        Persistently(*this, [&] { return UndoSteps(successor, *steps, journal); });
    BOOST_TEST_REQUIRE(undone.ok(), "cut after " << writes << ": " << undone);
    BOOST_TEST(ReadTopology().Fingerprint() == topology.Fingerprint());
    BOOST_TEST(given.empty());
    BOOST_TEST(OpenSlots() == 0);
    if (!fuse->blown) break;
  }
  BOOST_TEST(cut > 3);
  const Status clean = cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

BOOST_AUTO_TEST_CASE(a_note_gives_back_keys_of_any_bytes) {
  redis::BatchNote note{"id", "run", 3, {{7, {"plain", std::string("\0\xff %\n", 5), "ü"}}}};
  const auto parsed = redis::BatchNote::Parse(note.Encode());
  BOOST_REQUIRE_MESSAGE(parsed.ok(), parsed.status());
  BOOST_TEST((parsed->keys == note.keys));
  BOOST_TEST(parsed->io_errors == 3);
  BOOST_TEST(!redis::BatchNote::Parse("{}").ok());
  BOOST_TEST(!redis::BatchNote::Parse("not json").ok());
}

BOOST_AUTO_TEST_SUITE_END()
