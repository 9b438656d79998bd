// The same handle on simulated and on real servers, for scripts that run on both.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/loadgen/cluster_harness.h"
#include "stores/redis/client.h"
#include "stores/redis/cluster_nodes.h"
#include "tests/sim/wire.h"

namespace tidewright::sim {

/// Masters with equal shares of the slots, node 0 with the lowest epoch, and replicas: with n
/// masters node n + i follows node i. Nothing is kept on disk but what the cluster bus keeps.
class Servers {
 public:
  explicit Servers(int masters) : masters_(masters) {}
  virtual ~Servers() = default;
  [[nodiscard]] virtual int Port(int node) = 0;
  [[nodiscard]] virtual int Count() = 0;
  virtual redis::Client& client() = 0;
  virtual int AddServer() = 0;        ///< empty and alone; returns its number
  virtual void Kill(int node) = 0;    ///< as SIGKILL
  virtual void Freeze(int node) = 0;  ///< as SIGSTOP
  virtual void Thaw(int node) = 0;
  virtual void Pause() = 0;  ///< 100 ms pass
  [[nodiscard]] virtual Duration Now() = 0;

  /// A server that was killed, with its folder. Returns when it answers.
  void Restart(int node);

  std::string Id(int node);
  redis::ClusterNodes Nodes(int node);
  /// The reply in words, ports and ids by the number of their node; of errors the first word, or
  /// what tells them apart.
  std::string Say(int node, redis::Batch batch);
  std::string Say(int node, redis::Command command) {
    return Say(node, redis::Batch{std::move(command)});
  }
  std::string Ask(int node, redis::Command command) {
    return Say(node, redis::Batch{{"ASKING"}, std::move(command)});
  }
  std::string SetSlot(int node, int slot, const std::string& what, int peer = -1);
  std::string Migrate(const std::string& key, const std::string& option, int from = 0, int to = 1);
  std::string Keys(int node, int slot);
  /// "importing from 0", "migrating to 1", "none".
  std::string Flags(int node, int slot);
  /// "master" or "replica of 0".
  std::string Role(int node);
  bool Knows(int node, int other) { return Nodes(node).Find(Id(other)) != nullptr; }
  [[nodiscard]] std::string Field(int node, const std::string& section, const std::string& name);
  /// cluster_state:ok at all of them.
  bool Serve(const std::vector<int>& nodes);
  std::string AwaitThat(const std::function<bool()>& condition,
                        Duration patience = std::chrono::seconds(30));
  /// The nth key of many whose slots belong to this master at first, each of a slot of its own.
  [[nodiscard]] std::string KeyOf(int node, int nth) const;

 protected:
  virtual void StartAgain(int node) = 0;

 private:
  const int masters_;
  std::map<int, std::string> ids_;
};

class Simulated : public Servers {
 public:
  Simulated(int masters, int replicas);
  int Port(int node) override { return std::next(cluster_.nodes().begin(), node)->first; }
  int Count() override { return static_cast<int>(cluster_.nodes().size()); }
  redis::Client& client() override { return client_; }
  int AddServer() override;
  void Kill(int node) override { cluster_.Kill(Port(node)); }
  void Freeze(int node) override { cluster_.nodes().at(Port(node)).frozen = true; }
  void Thaw(int node) override { cluster_.nodes().at(Port(node)).frozen = false; }
  void Pause() override { cluster_.Advance(std::chrono::milliseconds(100)); }
  Duration Now() override { return cluster_.now(); }

 private:
  void StartAgain(int node) override { cluster_.Start(Port(node)); }

  Cluster cluster_{1};
  const WireRules rules_;
  redis::Client client_{{.credentials = {},
                         .timeout = std::chrono::seconds(2),
                         .transport = SimulatedTransport(cluster_, rules_),
                         .own_thread = false}};
};

class Real : public Servers {
 public:
  Real(int masters, int replicas);
  ~Real() override;
  int Port(int node) override { return ports_.at(static_cast<std::size_t>(node)); }
  int Count() override { return static_cast<int>(ports_.size()); }
  redis::Client& client() override { return cluster_->client(); }
  int AddServer() override;
  void Kill(int node) override { cluster_->Kill(Port(node), SIGKILL); }
  void Freeze(int node) override { cluster_->Kill(Port(node), SIGSTOP); }
  void Thaw(int node) override { cluster_->Kill(Port(node), SIGCONT); }
  void Pause() override { clock_.WaitFor(std::chrono::milliseconds(100), {}); }
  Duration Now() override { return clock_.Monotonic().time_since_epoch(); }

 private:
  void StartAgain(int node) override;
  void NumberThem(int masters);

  std::string directory_;
  RealClock clock_;
  std::unique_ptr<loadgen::ClusterHarness> cluster_;
  std::vector<int> ports_;
};

using Transcript = std::vector<std::string>;
struct Trap {
  const char* name;
  Transcript (*script)(Servers&);
  Transcript expected;
};
/// Runs them one after the other on both, which must say what is expected, word for word.
void RunTraps(const std::vector<Trap>& traps, int masters, int replicas);

}  // namespace tidewright::sim
