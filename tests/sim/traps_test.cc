// The simulator is held to reality: scripts of commands that lose keys or do not do what they seem
// to, run on simulated and on real servers, with the same transcript.
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "bench/loadgen/cluster_harness.h"
#include "stores/redis/client.h"
#include "stores/redis/cluster_nodes.h"
#include "tests/sim/wire.h"

namespace tidewright::sim {
namespace {

using namespace std::chrono_literals;
using redis::Command;

constexpr char kHost[] = "127.0.0.1";
constexpr char kKey[] = "k:970";     // of the first master
constexpr char kOther[] = "k:2562";  // of another slot of its

/// Two masters with half of the slots each; node 0 has the lower epoch.
class Servers {
 public:
  virtual ~Servers() = default;
  virtual int Port(int node) = 0;
  virtual redis::Client& client() = 0;
  virtual void Kill(int node) = 0;
  virtual void Pause() = 0;  ///< a moment passes

  std::string Id(int node) { return Nodes(node).Myself()->id; }
  redis::ClusterNodes Nodes(int node) {
    const auto reply = client().Call1(kHost, Port(node), {"CLUSTER", "NODES"});
    BOOST_REQUIRE_MESSAGE(reply.ok(), reply.status());
    return *redis::ParseClusterNodes(reply->text);
  }
  /// The reply in words, ports and ids by the number of their node; of errors the first word, or
  /// what tells them apart.
  std::string Say(int node, redis::Batch batch) {
    auto replies = client().Call(kHost, Port(node), std::move(batch), 5s);
    BOOST_REQUIRE_MESSAGE(replies.ok(), replies.status());
    const redis::Reply& reply = replies->back();
    if (reply.IsNil()) return "nil";
    if (reply.type == redis::Reply::Type::kInteger) return std::to_string(reply.integer);
    if (!reply.IsError()) return reply.text;
    for (const char* telling :
         {"BUSYKEY", "still hold keys", "not the owner", "already the owner"}) {
      if (reply.text.find(telling) != std::string::npos) return telling;
    }
    std::string text = reply.text.substr(0, reply.text.find(' '));
    for (int other : {0, 1}) {
      if (reply.text.find(":" + std::to_string(Port(other))) != std::string::npos) {
        text += " to " + std::to_string(other);
      }
    }
    return text;
  }
  std::string Say(int node, Command command) { return Say(node, redis::Batch{std::move(command)}); }
  std::string Ask(int node, Command command) {
    return Say(node, redis::Batch{{"ASKING"}, std::move(command)});
  }
  std::string SetSlot(int node, int slot, const std::string& what, int peer = -1) {
    Command command = {"CLUSTER", "SETSLOT", std::to_string(slot), what};
    if (peer >= 0) command.push_back(Id(peer));
    return Say(node, std::move(command));
  }
  std::string Migrate(const std::string& key, const std::string& option) {
    Command command = {"MIGRATE", kHost, std::to_string(Port(1)), key, "0", "1000"};
    if (!option.empty()) command.push_back(option);
    return Say(0, std::move(command));
  }
  std::string Keys(int node, int slot) {
    return Say(node, Command{"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
  }
  std::string AwaitThat(const std::function<bool()>& condition) {
    for (int i = 0; i < 300; ++i) {
      if (condition()) return "so it comes";
      Pause();
    }
    return "it never comes";
  }
};

class Simulated : public Servers {
 public:
  Simulated() { cluster_.Form(2, 0, true); }
  int Port(int node) override { return std::next(cluster_.nodes().begin(), node)->first; }
  redis::Client& client() override { return client_; }
  void Kill(int node) override { cluster_.Kill(Port(node)); }
  void Pause() override { cluster_.Advance(100ms); }

 private:
  Cluster cluster_{1};
  const WireRules rules_;
  redis::Client client_{{.credentials = {},
                         .timeout = 2s,
                         .transport = SimulatedTransport(cluster_, rules_),
                         .own_thread = false}};
};

class Real : public Servers {
 public:
  Real() {
    auto made = loadgen::MakeTemporaryDirectory("tidewright-traps");
    BOOST_REQUIRE_MESSAGE(made.ok(), made.status());
    directory_ = *made;
    auto started = loadgen::ClusterHarness::Start(
        {.directory = directory_, .shards = 2, .replicas_per_shard = 0, .arguments = {}});
    BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
    cluster_ = *std::move(started);
    ports_ = cluster_->Ports();
    if (Nodes(0).Myself()->slots.front().first != 0) std::swap(ports_[0], ports_[1]);
  }
  ~Real() override {
    cluster_.reset();
    std::filesystem::remove_all(directory_);
  }
  int Port(int node) override { return ports_.at(static_cast<std::size_t>(node)); }
  redis::Client& client() override { return cluster_->client(); }
  void Kill(int node) override { cluster_->Kill(Port(node), SIGKILL); }
  void Pause() override { clock_.WaitFor(100ms, {}); }

 private:
  std::string directory_;
  RealClock clock_;
  std::unique_ptr<loadgen::ClusterHarness> cluster_;
  std::vector<int> ports_;
};

using Transcript = std::vector<std::string>;

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

}  // namespace

BOOST_AUTO_TEST_SUITE(traps)

BOOST_AUTO_TEST_CASE(each_trap_of_redis_cluster_is_one_of_the_simulation) {
  Simulated simulated;
  Real real;
  const std::vector<std::pair<Transcript (*)(Servers&), Transcript>> scripts = {
      {ClientsSeeAskAndMoved,
       {"OK", "MOVED to 0", "OK", "OK", "1", "OK", "ASK to 1", "MOVED to 0", "1", "OK", "OK",
        "MOVED to 1"}},
      {AKeyOnBothSidesIsBusyUntilItIsReplaced,
       {"OK", "OK", "OK", "OK", "OK", "BUSYKEY", "1", "OK", "0", "NOKEY", "new", "OK", "OK"}},
      {ASourceDoesNotGiveAwayKeysAndOnlyOwnersMigrate,
       {"OK", "still hold keys", "not the owner", "already the owner", "OK", "OK", "1", "1"}},
      {NodeToTheTargetTooEarlyLosesTheKeys, {"OK", "OK", "OK", "OK", "so it comes", "0"}},
      {NodeWithoutTheFlagIsReverted, {"so it comes", "OK", "same epoch", "so it comes"}},
      {ATargetThatIsGoneGivesIoerrAndTheSourceKeepsItsKey, {"OK", "OK", "OK", "IOERR", "1"}},
  };
  int number = 0;
  for (const auto& [script, expected] : scripts) {
    BOOST_TEST_INFO_SCOPE("script " << ++number);
    BOOST_TEST(script(real) == expected, boost::test_tools::per_element());
    BOOST_TEST(script(simulated) == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidewright::sim
