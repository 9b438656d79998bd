// Slots that move as a whole, by real servers of Valkey 9.
#include "stores/redis/atomic_mover.h"

#include <signal.h>

#include <boost/test/unit_test.hpp>

#include "tests/stores/redis/actuator_world.h"
#include "tests/stores/redis/valkey_server.h"

using namespace tidewright;
using namespace tidewright::testing;
using namespace std::chrono_literals;

namespace {

struct Valkey : World {
  explicit Valkey(int shards = 2, int replicas = 0, std::vector<std::string> more = {})
      : World(shards, replicas, Arguments(std::move(more)), {}, {}, ValkeyServer()),
        a(Id(ports[0])),
        b(Id(ports[1])) {}

  static std::vector<std::string> Arguments(std::vector<std::string> more) {
    more.insert(more.end(), {"--enable-debug-command", "yes"});
    return more;
  }
  [[nodiscard]] redis::RedisActuatorOptions Options() const {
    auto options = World::Options();
    options.allow_unprotected_targets = true;
    options.atomic_backoff = 1ms;
    return options;
  }
  Status Move(const Step& step, Journal& journal, const redis::RedisActuatorOptions& options) {
    redis::Client fresh({});
    redis::RedisActuator actuator(fresh, options, nullptr, clock);
    return Persistently(*this, [&] { return RunSteps(actuator, {step}, journal); });
  }
  /// Jobs of the first server stay before the change of hands until it is released.
  void Hold(bool held) {
    Do(ports[0], {"DEBUG", "SLOTMIGRATION", "PREVENT-PAUSE", held ? "1" : "0"});
  }
  std::vector<redis::AtomicJob> Jobs(int port) {
    const auto jobs = redis::ParseAtomicJobs(Do(port, {"CLUSTER", "GETSLOTMIGRATIONS"}));
    BOOST_REQUIRE_MESSAGE(jobs.ok(), jobs.status());
    return *jobs;
  }
  void Until(const std::string& what, const std::function<bool()>& condition) {
    const MonoTime deadline = clock.Monotonic() + 30s;
    while (!condition()) {
      BOOST_REQUIRE_MESSAGE(clock.Monotonic() < deadline, "never: " << what);
      clock.WaitFor(10ms, {});
    }
  }
  void UntilHeld() {
    Until("a job waits to pause", [&] {
      const auto jobs = Jobs(ports[0]);
      return !jobs.empty() && jobs.front().state == "waiting-to-pause";
    });
  }
  int Owned(int port, const PartitionSet& slots) {
    const auto nodes = Nodes(port);
    const auto list = Expand(slots);
    return static_cast<int>(std::count_if(list.begin(), list.end(), [&](int slot) {
      return nodes.Owner(slot) == nodes.Myself()->id;
    }));
  }
  std::int64_t KeysAt(int port, const PartitionSet& slots) {
    std::int64_t keys = 0;
    for (const int slot : Expand(slots)) {
      keys += Do(port, {"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)}).integer;
    }
    return keys;
  }
  void CheckKeys(int keys) {
    for (int i = 0; i < keys; ++i) {
      const std::string key = "key:" + std::to_string(i);
      BOOST_TEST_REQUIRE(Ask({"STRLEN", key}).integer == static_cast<int>(89 + key.size()), key);
    }
  }
  void CheckClean() {
    BOOST_TEST(OpenSlots() == 0);
    const Status clean = cluster->Check();
    BOOST_TEST(clean.ok(), clean);
  }
  std::string a;
  std::string b;
};

/// What `move` comes to while `meanwhile` is done beside it.
Status Beside(const std::function<Status()>& move, const std::function<void()>& meanwhile) {
  Status status;
  std::jthread mover([&] { status = move(); });
  meanwhile();
  mover.join();
  return status;
}

std::int64_t ErrorsOf(Valkey& world, const std::string& kind) {
  std::int64_t count = 0;
  for (const int port : world.ports) {
    const redis::InfoText info(world.Do(port, {"INFO", "errorstats"}).text);
    const std::string field = info.Field("errorstat_" + kind);
    if (!field.empty()) count += std::stoll(field.substr(field.find('=') + 1));
  }
  return count;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_atomic_mover, *boost::unit_test::precondition(HasValkeyServer))

BOOST_FIXTURE_TEST_CASE(slots_change_hands_as_a_whole_under_writes_and_none_is_lost_or_undone,
                        Valkey) {
  Fill(4000);
  Writer writer(*this);
  Journal journal;
  const Status done = Move(MoveStep(a, b, {{0, 255}}), journal, Options());
  writer.Stop();
  BOOST_TEST_REQUIRE(done.ok(), done);
  BOOST_TEST(journal.partitions == 256);
  BOOST_TEST(journal.keys > 0);
  BOOST_TEST(journal.bytes > 0);
  BOOST_TEST(Owned(ports[1], {{0, 255}}) == 256);
  BOOST_TEST(journal.Note("atomic:" + a + ">" + b).has_value());
  BOOST_TEST(!journal.Note("batch:5").has_value());
  BOOST_TEST(ErrorsOf(*this, "ASK") == 0);
  BOOST_TEST(ErrorsOf(*this, "TRYAGAIN") == 0);
  BOOST_TEST(writer.errors.empty(), First(writer.errors));
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  CheckKeys(4000);
  CheckClean();
}

BOOST_AUTO_TEST_CASE(a_cluster_with_replicas_grows_and_shrinks_by_it) {
  Valkey world(3, 1);
  auto options = world.World::Options();
  GrowAndShrink(world, world.client(), options);
  int jobs = 0;
  for (const int port : world.ports) jobs += static_cast<int>(world.Jobs(port).size());
  BOOST_TEST(jobs >= 6);  // each at two ends, of which the newest shard's is gone
}

BOOST_AUTO_TEST_CASE(two_pairs_of_shards_move_at_once_and_a_stop_calls_both_back) {
  Valkey world(4);
  world.Fill(4000);
  redis::StepArgs args;
  const std::string c = world.Id(world.ports[2]);
  args.moves = {{world.a, world.b, {{0, 99}}}, {c, world.Id(world.ports[3]), {{8192, 8291}}}};
  const Step step{5, redis::kMove, redis::Encode(args), "two pairs"};
  world.Hold(true);
  world.Do(world.ports[2], {"DEBUG", "SLOTMIGRATION", "PREVENT-PAUSE", "1"});
  const auto waits = [&](int port) {
    const auto jobs = world.Jobs(port);
    return !jobs.empty() && jobs.front().state == "waiting-to-pause";
  };
  std::atomic<bool> thrown{false};
  Journal journal;
  journal.stop = [&] { return thrown.load(); };
  Writer writer(world);
  const Status stopped = Beside([&] { return world.Move(step, journal, world.Options()); },
                                [&] {
                                  world.Until("both are under way", [&] {
                                    return waits(world.ports[0]) && waits(world.ports[2]);
                                  });
                                  thrown = true;
                                });
  BOOST_TEST((stopped.code() == StatusCode::kCancelled), stopped);
  for (const int at : {0, 2}) {
    BOOST_TEST(world.Jobs(world.ports[static_cast<std::size_t>(at)]).front().Cancelled());
    world.Do(world.ports[static_cast<std::size_t>(at)],
             {"DEBUG", "SLOTMIGRATION", "PREVENT-PAUSE", "0"});
  }
  thrown = false;
  const Status done = world.Move(step, journal, world.Options());
  BOOST_TEST_REQUIRE(done.ok(), done);
  BOOST_TEST(journal.partitions == 200);
  writer.Stop();
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  world.CheckKeys(4000);
  world.CheckClean();
}

BOOST_FIXTURE_TEST_CASE(a_controller_cut_off_after_any_write_leaves_what_the_next_one_finishes,
                        Valkey) {
  Fill(2000);
  std::string from = a;
  std::string to = b;
  int cut = 0;
  int awaited = 0;
  for (int writes = 1;; ++writes) {
    Journal journal;
    const Step step = MoveStep(from, to, {{100, 119}});
    auto fuse = std::make_shared<Fuse>();
    fuse->writes_left = writes;
    fuse->last_one_arrives = writes % 2 == 1;
    {
      redis::Client dying({.credentials = {}, .timeout = 2s, .transport = FusedTransport(fuse)});
      redis::RedisActuator actuator(dying, Options(), nullptr, clock);
      journal.stop = [&] { return fuse->blown.load(); };
      (void)RunSteps(actuator, {step}, journal);
      journal.stop = nullptr;
    }
    if (!fuse->blown) break;
    ++cut;
    for (const auto& job : Jobs(Port(from))) awaited += job.exports && !job.Ended() ? 1 : 0;
    const Status finished = Move(step, journal, Options());
    BOOST_TEST_REQUIRE(finished.ok(), "cut after " << writes << ": " << finished);
    BOOST_TEST_REQUIRE(Owned(Port(to), {{100, 119}}) == 20);
    std::swap(from, to);
  }
  BOOST_TEST(cut > 10);
  BOOST_TEST(awaited > 0);
  CheckKeys(2000);
  CheckClean();
}

BOOST_FIXTURE_TEST_CASE(a_job_that_goes_on_without_its_controller_is_awaited_and_not_begun_again,
                        Valkey) {
  Fill(2000);
  Hold(true);
  Journal journal;
  const Step step = MoveStep(a, b, {{0, 99}});
  auto fuse = std::make_shared<Fuse>();
  const auto dies = [&] {
    redis::Client dying({.credentials = {}, .timeout = 2s, .transport = FusedTransport(fuse)});
    redis::RedisActuator actuator(dying, Options(), nullptr, clock);
    return RunSteps(actuator, {step}, journal);
  };
  const Status cut = Beside(dies, [&] {
    UntilHeld();
    fuse->blown = true;
  });
  BOOST_TEST(!cut.ok());
  const Status done = Beside([&] { return Move(step, journal, Options()); },
                             [&] {
                               clock.WaitFor(300ms, {});  // it finds the job held
                               Hold(false);
                             });
  BOOST_TEST_REQUIRE(done.ok(), done);
  BOOST_TEST(journal.partitions == 100);
  BOOST_TEST(Jobs(ports[0]).size() == 1u);
  CheckKeys(2000);
  CheckClean();
}

BOOST_FIXTURE_TEST_CASE(a_stop_and_the_kill_switch_call_a_job_back_and_nothing_has_happened,
                        Valkey) {
  Fill(2000);
  Hold(true);
  for (const bool by_switch : {false, true}) {
    std::atomic<bool> thrown{false};
    Journal journal;
    auto options = Options();
    journal.stop = [&] { return thrown.load(); };  // as the executor's, which hears of both
    if (by_switch) options.kill_switch = [&] { return thrown.load(); };
    const Status stopped = Beside(
        [&] {
          return Move(MoveStep(a, b, {{0, 99}}), journal, options);
        },
        [&] {
          UntilHeld();
          thrown = true;
        });
    BOOST_TEST((stopped.code() == StatusCode::kCancelled), stopped);
    BOOST_TEST(Jobs(ports[0]).front().state == "cancelled");
    BOOST_TEST(Owned(ports[0], {{0, 99}}) == 100);
    Until("the target has let go", [&] { return KeysAt(ports[1], {{0, 99}}) == 0; });
    BOOST_TEST(journal.partitions == 0);
  }
  Hold(false);
  Journal journal;
  const Status done = Move(MoveStep(a, b, {{0, 99}}), journal, Options());
  BOOST_TEST(done.ok(), done);
  CheckKeys(2000);
  CheckClean();
}

BOOST_FIXTURE_TEST_CASE(what_is_undone_calls_its_job_back_first, Valkey) {
  Fill(2000);
  Journal journal;
  const Step step = MoveStep(a, b, {{0, 99}});
  Hold(true);
  auto fuse = std::make_shared<Fuse>();
  const auto dies = [&] {
    redis::Client dying({.credentials = {}, .timeout = 2s, .transport = FusedTransport(fuse)});
    redis::RedisActuator actuator(dying, Options(), nullptr, clock);
    return RunSteps(actuator, {step}, journal);
  };
  (void)Beside(dies, [&] {
    UntilHeld();
    fuse->blown = true;
  });
  redis::RedisActuator successor(client(), Options(), nullptr, clock);
  const Status undone = Persistently(*this, [&] { return UndoSteps(successor, {step}, journal); });
  BOOST_TEST_REQUIRE(undone.ok(), undone);
  BOOST_TEST(Jobs(ports[0]).front().state == "cancelled");
  BOOST_TEST(Owned(ports[0], {{0, 99}}) == 100);
  CheckKeys(2000);
  CheckClean();
}

BOOST_FIXTURE_TEST_CASE(after_five_failures_in_a_row_each_smaller_the_rest_goes_slot_by_slot,
                        Valkey) {
  Fill(4000);
  Hold(true);
  Writer writer(*this);
  auto options = Options();
  options.atomic_patience = 100ms;
  Journal journal;
  const Step step = MoveStep(a, b, {{0, 127}});
  const Status done = Move(step, journal, options);
  BOOST_TEST_REQUIRE(done.ok(), done);
  const auto jobs = Jobs(ports[0]);
  BOOST_REQUIRE(jobs.size() == 5u);
  int slots = 0;
  for (const auto& job : jobs) {  // the newest first
    BOOST_TEST(job.state == "cancelled");
    BOOST_TEST(Count(job.slots) >= slots);
    slots = Count(job.slots);
  }
  BOOST_TEST(Count(jobs.front().slots) == 8);
  BOOST_TEST(Count(jobs.back().slots) == 128);
  const auto note = redis::AtomicNote::Parse(journal.Note("atomic:" + a + ">" + b).value());
  BOOST_REQUIRE(note.ok());
  BOOST_TEST(note->gave_up.find("5 times in a row") != std::string::npos, note->gave_up);
  BOOST_TEST(note->gave_up.find("waiting-to-pause") != std::string::npos, note->gave_up);

  // The action remembers it.
  const Status more =
      Move({6, step.kind, MoveStep(a, b, {{128, 140}}).args, "more"}, journal, options);
  BOOST_TEST_REQUIRE(more.ok(), more);
  BOOST_TEST(Jobs(ports[0]).size() == 5u);
  writer.Stop();
  BOOST_TEST(journal.partitions == 141);
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  CheckKeys(4000);
  CheckClean();
}

BOOST_FIXTURE_TEST_CASE(where_nothing_but_whole_moves_are_allowed_it_stops_and_says_why, Valkey) {
  Fill(2000);
  Hold(true);
  auto options = Options();
  options.atomic_patience = 50ms;
  options.move_by = redis::MoveBy::kAtomic;
  Journal journal;
  const Status refused = Move(MoveStep(a, b, {{0, 99}}), journal, options);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Message(refused).find("5 times in a row") != std::string::npos, refused);
  BOOST_TEST(Message(refused).find("actuator.move_by: auto") != std::string::npos, refused);
  BOOST_TEST(Jobs(ports[0]).size() == 5u);
  BOOST_TEST(Owned(ports[0], {{0, 99}}) == 100);
  CheckClean();
}

BOOST_FIXTURE_TEST_CASE(a_job_of_somebody_else_is_neither_disturbed_nor_cancelled_with_ours,
                        Valkey) {
  Fill(2000);
  Hold(true);
  const auto theirs = [&](const char* slot) {
    const auto begun =
        Do(ports[0], {"CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", b});
    BOOST_REQUIRE_MESSAGE(begun.text == "OK", begun.text);
  };
  theirs("500");
  UntilHeld();
  Journal journal;
  const Status refused = Move(MoveStep(a, b, {{0, 99}}), journal, Options());
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Message(refused).find("somebody else moves slots") != std::string::npos, refused);
  BOOST_TEST(Jobs(ports[0]).size() == 1u);
  Do(ports[0], {"CLUSTER", "CANCELSLOTMIGRATIONS"});

  // One that begins after ours.
  std::atomic<bool> thrown{false};
  journal.stop = [&] { return thrown.load(); };
  const Status stopped = Beside(
      [&] {
        return Move(MoveStep(a, b, {{0, 99}}), journal, Options());
      },
      [&] {
        UntilHeld();
        theirs("501");
        thrown = true;
      });
  BOOST_TEST((stopped.code() == StatusCode::kFailedPrecondition), stopped);
  BOOST_TEST(Message(stopped).find("somebody else moves") != std::string::npos, stopped);
  int under_way = 0;
  for (const auto& job : Jobs(ports[0])) under_way += job.Ended() ? 0 : 1;
  BOOST_TEST(under_way == 2);
}

BOOST_AUTO_TEST_CASE(no_plan_begins_while_slots_are_on_their_way) {
  Valkey world(3);
  world.Hold(true);
  BOOST_REQUIRE(
      world.Do(world.ports[0], {"CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", "7", "7", "NODE", world.b})
          .text == "OK");
  world.UntilHeld();
  redis::RedisActuator actuator(world.client(), world.Options(), nullptr, world.clock);
  const Topology topology = world.ReadTopology();
  const auto steps = actuator.Expand(ScaleInPlan(topology, {topology.shards.back().id}), topology);
  BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
  Journal journal;
  const Status refused = RunSteps(actuator, *steps, journal);
  BOOST_TEST((refused.code() == StatusCode::kFailedPrecondition), refused);
  BOOST_TEST(Message(refused).find("slots 7 are on their way") != std::string::npos, refused);
  BOOST_TEST(world.ReadTopology().Fingerprint() == topology.Fingerprint());
}

BOOST_FIXTURE_TEST_CASE(a_job_that_a_person_cancels_at_the_server_is_not_begun_again, Valkey) {
  Fill(2000);
  Hold(true);
  Journal journal;
  const Status ended = Beside(
      [&] {
        return Move(MoveStep(a, b, {{0, 99}}), journal, Options());
      },
      [&] {
        UntilHeld();
        Do(ports[0], {"CLUSTER", "CANCELSLOTMIGRATIONS"});
      });
  BOOST_TEST((ended.code() == StatusCode::kFailedPrecondition), ended);
  BOOST_TEST(Message(ended).find("not by this controller") != std::string::npos, ended);
  BOOST_TEST(Jobs(ports[0]).size() == 1u);
  BOOST_TEST(Owned(ports[0], {{0, 99}}) == 100);
}

BOOST_AUTO_TEST_CASE(
    a_server_that_dies_with_a_job_under_way_costs_nothing_and_it_is_done_after_all) {
  for (const bool source_dies : {false, true}) {
    Valkey world(3, 1);
    world.Fill(3000);
    for (int shard = 0; shard < 3; ++shard) {
      const auto port = world.ports[static_cast<std::size_t>(shard)];
      world.Until("replicas have all of it", [&] {
        return world.Do(port, {"WAIT", "1", "5000"}).integer == 1;
      });
    }
    world.Hold(true);
    Journal journal;
    const auto options = world.Options();  // the successor has no replica
    // As the preflight notes them.
    for (const auto& shard : world.ReadTopology().shards) {
      BOOST_REQUIRE(redis::SaveShardNodes(journal, shard.id, {shard.replicas.front().id}).ok());
    }
    const int dying = world.ports[source_dies ? 0 : 1];
    const Status done = Beside(
        [&] {
          return world.Move(MoveStep(world.a, world.b, {{0, 99}}), journal, options);
        },
        [&] {
          world.UntilHeld();
          world.cluster->Kill(dying, SIGKILL);
          world.released.push_back(dying);  // nobody asks it any more
          if (!source_dies) world.Hold(false);
        });
    BOOST_TEST_REQUIRE(done.ok(), done);
    BOOST_TEST(journal.partitions == 100);
    std::erase(world.ports, dying);
    world.CheckKeys(3000);
    BOOST_TEST(world.OpenSlots() == 0);
  }
}

BOOST_FIXTURE_TEST_CASE(a_key_too_big_to_be_moved_alone_goes_with_its_slot, Valkey) {
  auto options = Options();
  options.big_key_bytes = 100'000;
  const std::string key = "key:7";
  const int slot = SlotOf(key);
  const std::string from = Nodes(ports[0]).Owner(slot);
  Ask({"SET", key, std::string(1'000'000, 'x')});
  const Step step = MoveStep(from, from == a ? b : a, {{slot, slot}});
  options.move_by = redis::MoveBy::kSlotBySlot;
  Journal journal;
  const Status refused = Move(step, journal, options);
  BOOST_TEST(Message(refused).find("takes") != std::string::npos, refused);
  options.move_by = redis::MoveBy::kAuto;
  const Status done = Move(step, journal, options);
  BOOST_TEST_REQUIRE(done.ok(), done);
  BOOST_TEST(Ask({"STRLEN", key}).integer == 1'000'000);
}

BOOST_AUTO_TEST_SUITE_END()
