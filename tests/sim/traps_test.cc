// The simulator is held to reality: scripts of commands that lose keys or do not do what they seem
// to, run on simulated and on real servers, with the same transcript.
#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "tests/sim/trap_servers.h"

namespace tidewright::sim {
namespace {

using namespace std::chrono_literals;
using redis::Command;

constexpr char kHost[] = "127.0.0.1";
constexpr char kKey[] = "k:970";     // of the first master
constexpr char kOther[] = "k:2562";  // of another slot of its

Transcript ClientsSeeAskAndMoved(Servers& s) {
  const int slot = Cluster::SlotOf(kKey);
  return {s.Say(0, Command{"SET", kKey, "1"}), s.Say(1, Command{"GET", kKey}),
          s.SetSlot(1, slot, "IMPORTING", 0),  s.SetSlot(0, slot, "MIGRATING", 1),
          s.Say(0, Command{"GET", kKey}),      s.Migrate(kKey, ""),
          s.Say(0, Command{"GET", kKey}),      s.Say(1, Command{"GET", kKey}),
          s.Ask(1, Command{"GET", kKey}),      s.SetSlot(1, slot, "NODE", 1),
          s.SetSlot(0, slot, "NODE", 1),       s.Say(0, Command{"GET", kKey})};
}

Transcript AKeyOnBothSidesIsBusyUntilItIsReplaced(Servers& s) {
  const int slot = Cluster::SlotOf(kOther);
  return {s.Say(0, Command{"SET", kOther, "old"}),
          s.SetSlot(1, slot, "IMPORTING", 0),
          s.SetSlot(0, slot, "MIGRATING", 1),
          s.Migrate(kOther, "COPY"),
          s.Say(0, Command{"SET", kOther, "new"}),
          s.Migrate(kOther, ""),
          s.Keys(0, slot),
          s.Migrate(kOther, "REPLACE"),
          s.Keys(0, slot),
          s.Migrate(kOther, ""),
          s.Ask(1, Command{"GET", kOther}),
          s.SetSlot(1, slot, "NODE", 1),
          s.SetSlot(0, slot, "NODE", 1)};
}

Transcript ASourceDoesNotGiveAwayKeysAndOnlyOwnersMigrate(Servers& s) {
  const int slot = Cluster::SlotOf("k:286");
  return {s.Say(0, Command{"SET", "k:286", "1"}), s.SetSlot(0, slot, "NODE", 1),
          s.SetSlot(1, slot, "MIGRATING", 0),     s.SetSlot(0, slot, "IMPORTING", 1),
          s.SetSlot(0, slot, "MIGRATING", 1),     s.SetSlot(0, slot, "STABLE"),
          s.Say(0, Command{"GET", "k:286"}),      s.Keys(0, slot)};
}

/// NODE at the target while the source holds keys: gossip makes the source delete them.
Transcript NodeToTheTargetTooEarlyLosesTheKeys(Servers& s) {
  const int slot = Cluster::SlotOf("k:8071");
  Transcript t = {s.Say(0, Command{"SET", "k:8071", "1"}), s.SetSlot(1, slot, "IMPORTING", 0),
                  s.SetSlot(0, slot, "MIGRATING", 1), s.SetSlot(1, slot, "NODE", 1)};
  t.push_back(s.AwaitThat([&] { return s.Keys(0, slot) == "0"; }));
  t.push_back(s.Keys(1, slot));
  return t;
}

/// NODE without the importing flag raises no epoch: a target with a low one is reverted.
Transcript NodeWithoutTheFlagIsReverted(Servers& s) {
  const int slot = 16000;  // of node 1; node 0 is made the one with the lower epoch
  Transcript t = {s.AwaitThat([&] {
    (void)s.Say(1, Command{"CLUSTER", "BUMPEPOCH"});
    return s.Nodes(1).Myself()->config_epoch > s.Nodes(0).Myself()->config_epoch;
  })};
  const auto epoch = s.Nodes(0).Myself()->config_epoch;
  t.push_back(s.SetSlot(0, slot, "NODE", 0));
  t.push_back(s.Nodes(0).Myself()->config_epoch == epoch ? "same epoch" : "new epoch");
  t.push_back(s.AwaitThat([&] { return s.Nodes(0).Owner(slot) == s.Id(1); }));
  return t;
}

Transcript ATargetThatIsGoneGivesIoerrAndTheSourceKeepsItsKey(Servers& s) {
  const int slot = Cluster::SlotOf("k:3975");
  Transcript t = {s.Say(0, Command{"SET", "k:3975", "1"}), s.SetSlot(1, slot, "IMPORTING", 0),
                  s.SetSlot(0, slot, "MIGRATING", 1)};
  s.Kill(1);
  t.push_back(s.Migrate("k:3975", ""));
  t.push_back(s.Say(0, Command{"GET", "k:3975"}));
  return t;
}

/// Commands on several keys fail on a slot that is half moved, at either end, and so do
/// transactions.
Transcript SeveralKeysOfASplitSlotAreRefused(Servers& s) {
  const std::string tag = "{" + s.KeyOf(0, 1) + "}";
  const std::string a = tag + "a";
  const std::string b = tag + "b";
  const int slot = Cluster::SlotOf(a);
  return {s.Say(0, Command{"MSET", a, "1", b, "2"}),
          s.SetSlot(1, slot, "IMPORTING", 0),
          s.SetSlot(0, slot, "MIGRATING", 1),
          s.Say(0, Command{"MGET", a, b}),
          s.Migrate(a, ""),
          s.Say(0, Command{"MGET", a, b}),
          s.Say(0, Command{"MSET", a, "3", b, "4"}),
          s.Ask(1, Command{"MGET", a, b}),
          s.Say(0, Command{"GET", a}),
          s.Say(0, Command{"GET", b}),
          s.Ask(1, Command{"GET", a}),
          s.Say(0, Command{"MULTI"}),
          s.Say(0, Command{"GET", b}),
          s.Say(0, Command{"GET", a}),
          s.Say(0, Command{"EXEC"}),
          s.Migrate(b, ""),
          s.Say(0, Command{"MGET", a, b}),
          s.Ask(1, Command{"MGET", a, b}),
          s.SetSlot(1, slot, "NODE", 1),
          s.SetSlot(0, slot, "NODE", 1),
          s.Say(1, Command{"MGET", a, b})};
}

/// Whoever finds a slot open after a crash of both ends finds it as it was.
Transcript FlagsSurviveAKillOfEitherEnd(Servers& s) {
  const int slot = Cluster::SlotOf(s.KeyOf(0, 2));
  const auto serve = [&] { return s.Serve({0, 1}); };
  Transcript t = {s.SetSlot(1, slot, "IMPORTING", 0), s.SetSlot(0, slot, "MIGRATING", 1)};
  for (const int node : {1, 0}) {
    s.Kill(node);
    s.Restart(node);
    t.push_back(s.Flags(node, slot));
  }
  t.push_back(s.SetSlot(1, slot, "STABLE"));
  t.push_back(s.SetSlot(0, slot, "STABLE"));
  t.push_back(s.Flags(1, slot));
  t.push_back(s.AwaitThat(serve));
  return t;
}

/// The source has deleted what it sent: a target that keeps nothing takes it to its grave.
Transcript ATargetThatKeepsNothingLosesWhatWasMoved(Servers& s) {
  const std::string tag = "{" + s.KeyOf(0, 3) + "}";
  const std::string moved = tag + "a";
  const std::string not_yet = tag + "b";
  const int slot = Cluster::SlotOf(moved);
  Transcript t = {s.Say(0, Command{"MSET", moved, "1", not_yet, "2"}),
                  s.SetSlot(1, slot, "IMPORTING", 0), s.SetSlot(0, slot, "MIGRATING", 1),
                  s.Migrate(moved, "")};
  s.Kill(1);
  s.Restart(1);
  t.push_back(s.AwaitThat([&] { return s.Serve({0, 1}); }));
  t.push_back(s.Say(0, Command{"GET", moved}));
  t.push_back(s.Ask(1, Command{"GET", moved}));
  t.push_back(s.Migrate(not_yet, ""));
  t.push_back(s.SetSlot(1, slot, "NODE", 1));
  t.push_back(s.SetSlot(0, slot, "NODE", 1));
  t.push_back(s.Say(1, Command{"MGET", moved, not_yet}));
  return t;
}

/// A new server is node 2. It serves nothing before it has heard of the others.
Transcript ANewNodeServesWhenAllKnowEachOther(Servers& s) {
  const int added = s.AddServer();
  Transcript t = {std::to_string(added), s.Serve({added}) ? "serves" : "does not serve",
                  s.SetSlot(0, 100, "MIGRATING", added)};
  t.push_back(s.Say(0, Command{"CLUSTER", "MEET", kHost, std::to_string(s.Port(added))}));
  t.push_back(s.AwaitThat([&] {
    for (int node = 0; node < 3; ++node) {
      const auto nodes = s.Nodes(node);
      if (nodes.nodes.size() != 3) return false;
      for (const auto& line : nodes.nodes) {
        if (line.health != NodeHealth::kOnline) return false;
      }
    }
    return s.Serve({0, 1, added});
  }));
  t.push_back(s.Role(added));
  return t;
}

/// Drained, it becomes a replica of whoever took its last slot, and what is still to be told to it
/// is refused.
Transcript TheLastSlotThatLeavesMakesAReplica(Servers& s) {
  const int slot = Cluster::SlotOf(s.KeyOf(0, 4));
  Transcript t = {s.SetSlot(2, slot, "IMPORTING", 0), s.SetSlot(0, slot, "MIGRATING", 2),
                  s.SetSlot(2, slot, "NODE", 2), s.SetSlot(0, slot, "NODE", 2),
                  s.SetSlot(1, slot, "NODE", 2)};
  for (const auto& answer : {s.SetSlot(0, slot, "IMPORTING", 2), s.SetSlot(2, slot, "MIGRATING", 0),
                             s.SetSlot(0, slot, "NODE", 0)}) {
    t.push_back(answer);
  }
  t.push_back(s.AwaitThat([&] { return s.Role(2) == "replica of 0"; }));
  t.push_back(s.SetSlot(2, slot, "NODE", 0));
  t.push_back(s.SetSlot(1, slot, "NODE", 0));
  t.push_back(s.Flags(0, slot));
  return t;
}

/// A replica does not forget its master. What a node has forgotten others tell it of again as soon
/// as its ban is over: also by a restart, which forgets the ban.
Transcript WhoIsForgottenByOneComesBackFromTheOthers(Servers& s) {
  Transcript t = {s.Say(2, Command{"CLUSTER", "FORGET", s.Id(0)})};
  t.push_back(s.AwaitThat([&] { return s.Knows(1, 2) && s.Knows(0, 2); }));
  t.push_back(s.Say(0, Command{"CLUSTER", "FORGET", s.Id(2)}));
  t.push_back(s.Knows(0, 2) ? "known" : "forgotten");
  s.Kill(0);
  s.Restart(0);
  t.push_back(s.AwaitThat([&] { return s.Knows(0, 2); }));
  t.push_back(s.AwaitThat([&] { return s.Serve({0, 1}); }));
  return t;
}

/// The ban of FORGET is 60 s long, by the clock. Whoever all have forgotten stays away.
Transcript TheBanOfForgetEnds(Servers& s) {
  const auto forget = [&](int node) { return s.Say(node, Command{"CLUSTER", "FORGET", s.Id(2)}); };
  const Duration start = s.Now();
  Transcript t = {forget(0)};
  t.push_back(s.AwaitThat([&] { return s.Knows(0, 2); }, 120s));
  t.push_back(s.Now() - start >= 59s ? "after the ban" : "within the ban");
  t.push_back(s.AwaitThat([&] { return s.Nodes(0).nodes.size() == 3; }));
  t.push_back(forget(0));
  t.push_back(forget(1));
  t.push_back(s.AwaitThat([&] { return s.Knows(0, 2) || s.Knows(1, 2); }, 90s));
  t.push_back(s.Knows(2, 0) ? "it runs on and knows the others" : "it is alone");
  return t;
}

/// WAIT looks at what had been written when the connection's last command was over. Keys that
/// arrived by MIGRATE since then are not waited for.
Transcript WaitDoesNotCoverWhatMigrateWrote(Servers& s) {
  const std::string key = s.KeyOf(0, 1);
  const int slot = Cluster::SlotOf(key);
  Transcript t = {s.Say(0, Command{"SET", key, "1"}), s.SetSlot(1, slot, "IMPORTING", 0),
                  s.SetSlot(0, slot, "MIGRATING", 1), s.Say(1, Command{"WAIT", "1", "5000"})};
  s.Freeze(4);
  t.push_back(s.Migrate(key, ""));
  t.push_back(s.Say(1, Command{"WAIT", "1", "100"}));
  t.push_back(s.Say(1, Command{"PING"}));
  t.push_back(s.Say(1, Command{"WAIT", "1", "100"}));
  s.Thaw(4);
  t.push_back(s.Say(1, Command{"PING"}));
  t.push_back(s.Say(1, Command{"WAIT", "1", "5000"}));
  t.push_back(s.Field(4, "replication", "slave_repl_offset") ==
                      s.Field(1, "replication", "master_repl_offset")
                  ? "caught up"
                  : "behind");
  t.push_back(s.SetSlot(1, slot, "NODE", 1));
  t.push_back(s.SetSlot(0, slot, "NODE", 1));
  return t;
}

/// In 7.0 a replica knows nothing of its master's open slots: when it takes over the slot is half
/// open, at the other end alone.
Transcript FlagsDoNotSurviveAFailover(Servers& s) {
  const std::string key = s.KeyOf(0, 2);
  const int slot = Cluster::SlotOf(key);
  Transcript t;
  for (int node = 0; node < 6; ++node) {
    (void)s.Id(node);  // as long as all live
    t.push_back(s.Say(node, Command{"CONFIG", "SET", "cluster-node-timeout", "2000"}));
  }
  t.push_back(s.Say(0, Command{"SET", key, "1"}));
  t.push_back(s.SetSlot(1, slot, "IMPORTING", 0));
  t.push_back(s.SetSlot(0, slot, "MIGRATING", 1));
  s.Kill(1);
  t.push_back(s.AwaitThat([&] { return s.Role(4) == "master" && s.Serve({0, 2, 4}); }));
  t.push_back(s.Flags(4, slot));
  t.push_back(s.Flags(0, slot));
  t.push_back(s.Say(0, Command{"GET", key}));
  s.Restart(1);
  t.push_back(s.AwaitThat([&] { return s.Role(1) == "replica of 4"; }));
  t.push_back(s.Flags(1, slot));
  t.push_back(s.SetSlot(4, slot, "IMPORTING", 0));
  t.push_back(s.SetSlot(0, slot, "MIGRATING", 4));
  s.Kill(0);
  t.push_back(s.AwaitThat([&] { return s.Role(3) == "master" && s.Serve({2, 3}); }));
  t.push_back(s.Flags(3, slot));
  t.push_back(s.Flags(4, slot));
  t.push_back(s.Say(3, Command{"GET", key}));
  // Gossip does not tell who imports a slot that it has another owner: one that is dead takes the
  // whole cluster down, as the target sees it.
  t.push_back(s.AwaitThat([&] { return !s.Serve({4}); }));
  t.push_back(s.SetSlot(4, slot, "NODE", 3));
  t.push_back(s.AwaitThat([&] { return s.Serve({4}); }));
  t.push_back(s.SetSlot(4, slot, "STABLE"));
  return t;
}

/// The traps that take minutes: scripts/faults --traps.
bool Long() { return std::getenv("TIDEWRIGHT_LONG_TRAPS") != nullptr; }

}  // namespace

BOOST_AUTO_TEST_SUITE(traps)

BOOST_AUTO_TEST_CASE(each_trap_of_a_slots_way_is_one_of_the_simulation) {
  RunTraps({{"ask and moved",
             ClientsSeeAskAndMoved,
             {"OK", "MOVED to 0", "OK", "OK", "1", "OK", "ASK to 1", "MOVED to 0", "1", "OK", "OK",
              "MOVED to 1"}},
            {"busy key",
             AKeyOnBothSidesIsBusyUntilItIsReplaced,
             {"OK", "OK", "OK", "OK", "OK", "BUSYKEY", "1", "OK", "0", "NOKEY", "new", "OK", "OK"}},
            {"who may",
             ASourceDoesNotGiveAwayKeysAndOnlyOwnersMigrate,
             {"OK", "still hold keys", "not the owner", "already the owner", "OK", "OK", "1", "1"}},
            {"several keys",
             SeveralKeysOfASplitSlotAreRefused,
             {"OK",        "OK",       "OK",       "1,2", "OK", "TRYAGAIN", "TRYAGAIN",
              "TRYAGAIN",  "ASK to 1", "2",        "1",   "OK", "QUEUED",   "ASK to 1",
              "EXECABORT", "OK",       "ASK to 1", "1,2", "OK", "OK",       "1,2"}},
            {"node too early",
             NodeToTheTargetTooEarlyLosesTheKeys,
             {"OK", "OK", "OK", "OK", "so it comes", "0"}},
            {"no epoch",
             NodeWithoutTheFlagIsReverted,
             {"so it comes", "OK", "same epoch", "so it comes"}},
            {"flags kept",
             FlagsSurviveAKillOfEitherEnd,
             {"OK", "OK", "importing from 0", "migrating to 1", "OK", "OK", "none", "so it comes"}},
            {"target that keeps nothing",
             ATargetThatKeepsNothingLosesWhatWasMoved,
             {"OK", "OK", "OK", "OK", "so it comes", "ASK to 1", "nil", "OK", "OK", "OK", "nil,2"}},
            {"gone target",
             ATargetThatIsGoneGivesIoerrAndTheSourceKeepsItsKey,
             {"OK", "OK", "OK", "IOERR", "1"}}},
           /*masters=*/2, /*replicas=*/0);
}

BOOST_AUTO_TEST_CASE(each_trap_of_members_is_one_of_the_simulation) {
  std::vector<Trap> traps = {
      {"new node",
       ANewNodeServesWhenAllKnowEachOther,
       {"2", "does not serve", "ERR", "OK", "so it comes", "master"}},
      {"last slot",
       TheLastSlotThatLeavesMakesAReplica,
       {"OK", "OK", "OK", "OK", "OK", "OK", "OK", "OK", "so it comes", "SETSLOT only with masters",
        "OK", "none"}},
      {"forgotten",
       WhoIsForgottenByOneComesBackFromTheOthers,
       {"Can't forget my master", "so it comes", "OK", "forgotten", "so it comes", "so it comes"}}};
  if (Long()) {
    traps.push_back({"ban",
                     TheBanOfForgetEnds,
                     {"OK", "so it comes", "after the ban", "so it comes", "OK", "OK",
                      "it never comes", "it runs on and knows the others"}});
  }
  RunTraps(traps, /*masters=*/2, /*replicas=*/0);
}

BOOST_AUTO_TEST_CASE(each_trap_of_replicas_is_one_of_the_simulation) {
  RunTraps(
      {{"wait",
        WaitDoesNotCoverWhatMigrateWrote,
        {"OK", "OK", "OK", "1", "OK", "1", "PONG", "0", "PONG", "1", "caught up", "OK", "OK"}},
       {"flags lost", FlagsDoNotSurviveAFailover, {"OK", "OK",          "OK",   "OK",
                                                   "OK", "OK",          "OK",   "OK",
                                                   "OK", "so it comes", "none", "migrating to 1",
                                                   "1",  "so it comes", "none", "OK",
                                                   "OK", "so it comes", "none", "importing from 0",
                                                   "1",  "so it comes", "OK",   "so it comes",
                                                   "OK"}}},
      /*masters=*/3, /*replicas=*/1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidewright::sim
