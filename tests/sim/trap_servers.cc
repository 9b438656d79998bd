#include "tests/sim/trap_servers.h"

#include <signal.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>

namespace tidewright::sim {
namespace {

using namespace std::chrono_literals;
using redis::Command;

constexpr char kHost[] = "127.0.0.1";

std::string Words(const redis::Reply& reply) {
  if (reply.IsNil()) return "nil";
  if (reply.type == redis::Reply::Type::kInteger) return std::to_string(reply.integer);
  if (reply.type != redis::Reply::Type::kArray) return reply.text;
  std::string text;
  for (const auto& element : reply.elements) text += (text.empty() ? "" : ",") + Words(element);
  return text;
}

}  // namespace

void Servers::Restart(int node) {
  StartAgain(node);
  const auto answers = [&] { return client().Call1(kHost, Port(node), {"PING"}).ok(); };
  BOOST_REQUIRE_EQUAL(AwaitThat(answers), "so it comes");
}

std::string Servers::Id(int node) {
  std::string& id = ids_[node];
  if (id.empty()) id = Say(node, Command{"CLUSTER", "MYID"});
  return id;
}

redis::ClusterNodes Servers::Nodes(int node) {
  const auto reply = client().Call1(kHost, Port(node), {"CLUSTER", "NODES"});
  BOOST_REQUIRE_MESSAGE(reply.ok(), reply.status());
  return *redis::ParseClusterNodes(reply->text);
}

std::string Servers::Say(int node, redis::Batch batch) {
  auto replies = client().Call(kHost, Port(node), std::move(batch), 10s);
  BOOST_REQUIRE_MESSAGE(replies.ok(), replies.status());
  const redis::Reply& reply = replies->back();
  if (!reply.IsError()) return Words(reply);
  for (const char* telling : {"BUSYKEY", "still hold keys", "not the owner", "already the owner",
                              "SETSLOT only with masters", "Can't forget my master"}) {
    if (reply.text.find(telling) != std::string::npos) return telling;
  }
  std::string text = reply.text.substr(0, reply.text.find(' '));
  for (int other = 0; other < Count(); ++other) {
    if (reply.text.find(":" + std::to_string(Port(other))) != std::string::npos) {
      text += " to " + std::to_string(other);
    }
  }
  return text;
}

std::string Servers::SetSlot(int node, int slot, const std::string& what, int peer) {
  Command command = {"CLUSTER", "SETSLOT", std::to_string(slot), what};
  if (peer >= 0) command.push_back(Id(peer));
  return Say(node, std::move(command));
}

std::string Servers::Migrate(const std::string& key, const std::string& option, int from, int to) {
  Command command = {"MIGRATE", kHost, std::to_string(Port(to)), key, "0", "1000"};
  if (!option.empty()) command.push_back(option);
  return Say(from, std::move(command));
}

std::string Servers::Keys(int node, int slot) {
  return Say(node, Command{"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
}

std::string Servers::Flags(int node, int slot) {
  const auto nodes = Nodes(node);
  const auto name = [&](const std::string& id) {
    for (int other = 0; other < Count(); ++other) {
      if (ids_.count(other) != 0 && ids_.at(other) == id) return std::to_string(other);
    }
    return id;
  };
  const auto& self = *nodes.Myself();
  if (const auto it = self.importing.find(slot); it != self.importing.end()) {
    return "importing from " + name(it->second);
  }
  if (const auto it = self.migrating.find(slot); it != self.migrating.end()) {
    return "migrating to " + name(it->second);
  }
  return "none";
}

std::string Servers::Role(int node) {
  const auto nodes = Nodes(node);
  if (nodes.Myself()->master) return "master";
  for (int other = 0; other < Count(); ++other) {
    if (other != node && nodes.Myself()->master_id == Id(other)) {
      return "replica of " + std::to_string(other);
    }
  }
  return "replica of a stranger";
}

std::string Servers::Field(int node, const std::string& section, const std::string& name) {
  const std::string text = "\n" + Say(node, Command{"INFO", section});
  const auto at = text.find("\n" + name + ":");
  if (at == std::string::npos) return "";
  const auto start = at + name.size() + 2;
  return text.substr(start, text.find_first_of("\r\n", start) - start);
}

bool Servers::Serve(const std::vector<int>& nodes) {
  return std::all_of(nodes.begin(), nodes.end(), [&](int node) {
    return Say(node, Command{"CLUSTER", "INFO"}).find("cluster_state:ok") != std::string::npos;
  });
}

std::string Servers::AwaitThat(const std::function<bool()>& condition, Duration patience) {
  const Duration end = Now() + patience;
  while (!condition()) {
    if (Now() >= end) return "it never comes";
    Pause();
  }
  return "so it comes";
}

std::string Servers::KeyOf(int node, int nth) const {
  const int first = kSlots * node / masters_ + 40 * nth;
  for (int i = 0;; ++i) {
    std::string key = "t" + std::to_string(i);
    const int slot = Cluster::SlotOf(key);
    if (slot >= first && slot < first + 40) return key;
  }
}

Simulated::Simulated(int masters, int replicas) : Servers(masters) {
  cluster_.Form(masters, replicas, /*durable=*/false);
}

int Simulated::AddServer() {
  cluster_.AddNode(/*durable=*/false);
  return Count() - 1;
}

Real::Real(int masters, int replicas) : Servers(masters) {
  auto made = loadgen::MakeTemporaryDirectory("tidewright-traps");
  BOOST_REQUIRE_MESSAGE(made.ok(), made.status());
  directory_ = *made;
  auto started = loadgen::ClusterHarness::Start({.directory = directory_,
                                                 .shards = masters,
                                                 .replicas_per_shard = replicas,
                                                 .arguments = {}});
  BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
  cluster_ = *std::move(started);
  ports_ = cluster_->Ports();
  NumberThem(masters);
}

Real::~Real() {
  cluster_.reset();
  std::filesystem::remove_all(directory_);
}

/// Masters by their first slot, then the replicas in the order of their masters.
void Real::NumberThem(int masters) {
  const auto nodes = Nodes(0);
  std::vector<const redis::NodeLine*> lines;
  for (const auto& line : nodes.nodes) {
    if (line.master) lines.push_back(&line);
  }
  std::sort(lines.begin(), lines.end(), [](const auto* a, const auto* b) {
    return a->slots.front().first < b->slots.front().first;
  });
  BOOST_REQUIRE_EQUAL(lines.size(), static_cast<std::size_t>(masters));
  for (int i = 0; i < masters; ++i) {
    for (const auto& line : nodes.nodes) {
      if (line.master_id == lines[static_cast<std::size_t>(i)]->id) lines.push_back(&line);
    }
  }
  BOOST_REQUIRE_EQUAL(lines.size(), ports_.size());
  for (std::size_t i = 0; i < lines.size(); ++i) ports_[i] = lines[i]->port;
}

int Real::AddServer() {
  const auto port = cluster_->StartServer();
  BOOST_REQUIRE_MESSAGE(port.ok(), port.status());
  ports_.push_back(*port);
  return Count() - 1;
}

void Real::StartAgain(int node) {
  const Status started = cluster_->Restart(Port(node));
  BOOST_REQUIRE_MESSAGE(started.ok(), started);
}

void RunTraps(const std::vector<Trap>& traps, int masters, int replicas) {
  Simulated simulated(masters, replicas);
  Real real(masters, replicas);
  for (const auto& trap : traps) {
    BOOST_TEST_INFO_SCOPE(trap.name);
    BOOST_TEST_CONTEXT("on real servers") {
      BOOST_TEST(trap.script(real) == trap.expected, boost::test_tools::per_element());
    }
    BOOST_TEST_CONTEXT("in the simulation") {
      BOOST_TEST(trap.script(simulated) == trap.expected, boost::test_tools::per_element());
    }
  }
}

}  // namespace tidewright::sim
