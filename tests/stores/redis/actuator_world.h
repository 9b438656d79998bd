// A real cluster, a journal in memory, a client that keeps writing, and a controller that can be
// cut off between any two of its writes to a server.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "actuator/provisioner.h"
#include "actuator/store_actuator.h"
#include "bench/loadgen/cluster_harness.h"
#include "core/clock.h"
#include "stores/redis/client.h"
#include "stores/redis/redis_actuator.h"

namespace tidewright::testing {

inline constexpr char kHost[] = "127.0.0.1";

/// Slot of a key without a hash tag.
int SlotOf(const std::string& key);

/// What survives of an action. Store code asks from several threads.
class Journal : public StepContext {
 public:
  [[nodiscard]] bool StopRequested() const override { return stop && stop(); }
  Status SaveNote(const std::string& key, const std::string& value) override;
  [[nodiscard]] std::optional<std::string> Note(const std::string& key) const override;
  void Progress(int partitions, double keys, double bytes) override;

  std::function<bool()> stop;
  std::map<std::string, std::string> notes;
  std::map<int, StepState> steps;  ///< as RunSteps and UndoSteps left them
  int saves_left = -1;             ///< then the disk is full; negative: never
  int partitions = 0;
  double keys = 0;
  double bytes = 0;

 private:
  mutable std::mutex mutex_;
};

/// Cuts the wire after so many writes: the last one still reaches its server or not, its reply
/// never comes, and nothing is sent any more. As a process that is killed.
struct Fuse {
  std::string before;  ///< set: cuts before a write that contains this, whatever the count
  /// Called once, before the first write that contains the word; nothing is cut by it.
  std::pair<std::string, std::function<void()>> aside;
  std::atomic<int> writes_left{1 << 30};
  std::atomic<bool> last_one_arrives{true};
  std::atomic<bool> blown{false};
};
io::TransportFactory FusedTransport(std::shared_ptr<Fuse> fuse);

class World : public Provisioner {
 public:
  World(int shards, int replicas, std::vector<std::string> arguments = {},
        redis::Credentials credentials = {}, std::optional<io::TlsOptions> tls = {},
        std::string server = "redis-server");
  ~World() override;

  StatusOr<ProvisionedNode> Acquire(const NodeRequest& request, Duration timeout) override;
  Status Release(const std::string& host, int port, Duration timeout) override;

  [[nodiscard]] redis::RedisActuatorOptions Options() const;
  redis::Client& client() { return cluster->client(); }
  redis::Reply Do(int port, redis::Command command);
  redis::ClusterNodes Nodes(int port);
  /// As the node on the first port tells it.
  Topology ReadTopology();
  /// Port of a node, by id.
  int Port(const std::string& id);
  std::string Id(int port);
  /// SET k0…, spread over all masters, in one go for each.
  void Fill(int keys, const std::string& prefix = "key:");
  /// From any node, following redirections.
  redis::Reply Ask(redis::Command command);
  int OpenSlots();

  std::string directory;
  RealClock clock;
  std::unique_ptr<loadgen::ClusterHarness> cluster;
  std::map<std::string, int> given;  ///< ports by token
  std::vector<int> released;
  std::vector<int> ports;  ///< of the first nodes: masters in the order of their slots, replicas
};

/// Writes and remembers what was acknowledged. One thread of its own until Stop.
class Writer {
 public:
  explicit Writer(World& world);
  ~Writer();
  void Stop();
  /// Acknowledged writes that the cluster does not show (any more), as text; empty is good.
  std::vector<std::string> Damage();

  [[nodiscard]] std::int64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] double LatencyPercentile(double p);  ///< milliseconds
  std::atomic<int> redirections{0};
  std::vector<std::string> errors;  ///< read after Stop

 private:
  void Run(const std::stop_token& stop);
  std::optional<redis::Reply> Send(const redis::Command& command);

  World& world_;
  redis::Client client_;
  std::map<int, int> route_;  // slot → port
  std::map<std::string, std::optional<std::string>> values_;
  std::map<std::string, std::int64_t> counters_;
  std::map<std::string, std::vector<std::string>> lists_;
  std::vector<double> latencies_;
  std::atomic<std::int64_t> acknowledged_{0};
  std::jthread thread_;
};

/// For messages.
[[nodiscard]] inline std::string First(const std::vector<std::string>& list) {
  return list.empty() ? "" : std::to_string(list.size()) + ", first: " + list.front();
}

/// As the executor does with errors that may pass.
Status Persistently(World& world, const std::function<Status()>& attempt);
/// Check, Do, Verify of each step that is not done, as the executor does. Stops at the first error.
Status RunSteps(redis::RedisActuator& actuator, const std::vector<Step>& steps, Journal& journal);
/// Undo of what was begun, the last one first.
Status UndoSteps(redis::RedisActuator& actuator, const std::vector<Step>& steps, Journal& journal);

/// Out by a shard and back in, a few slots of each shard, while a client writes: nothing is lost.
void GrowAndShrink(World& world, redis::Client& client, const redis::RedisActuatorOptions& options);

/// A plan for the topology of now: `shards` after it, slots spread evenly.
Plan ScaleOutPlan(const Topology& topology, int new_shards, int replicas);
Plan ScaleInPlan(const Topology& topology, const std::vector<std::string>& retire);
/// Moves slots between two shards that exist; as a step of a plan's.
Step MoveStep(const std::string& from, const std::string& to, const PartitionSet& slots);

}  // namespace tidewright::testing
