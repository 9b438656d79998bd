// Redis Cluster in memory: what FACTS of 7.0 an actuator can run into, at the level of commands.
// Nodes with views of their own, epochs, MIGRATING and IMPORTING, keys, gossip that takes its time,
// asynchronous replicas, failover, MIGRATE that ends in doubt. Nothing here asks a clock or draws
// a number unasked: the same calls give the same world. tests/sim/traps_test.cc holds it to real
// servers.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/random.h"
#include "core/time.h"
#include "stores/redis/connection.h"
#include "stores/redis/reply.h"

namespace tidewright::sim {

inline constexpr int kSlots = 16384;
inline constexpr int kNobody = -1;

/// RESP of what a server answers.
using Answer = std::string;
[[nodiscard]] Answer Ok();
[[nodiscard]] Answer Fail(const std::string& text);
[[nodiscard]] Answer Number(std::int64_t number);
[[nodiscard]] Answer Bulk(const std::string& text);
[[nodiscard]] Answer Nil();
[[nodiscard]] Answer List(const std::vector<Answer>& items);

using Keys = std::map<std::string, std::string>;  ///< of one slot

/// An id is a number here; Cluster::Id makes Redis' forty letters of it.
struct Peer {
  std::int64_t config_epoch = 0;
  bool master = true;
  int master_of_it = kNobody;
  bool failed = false;
};

/// What a server remembers of a connection.
struct Session {
  bool asking = false;
  std::int64_t written = 0;  ///< its offset behind the connection's last command, for WAIT
  bool multi = false;
  bool spoilt = false;  ///< a queued command was refused
  std::vector<redis::Command> queued;
};

struct Node {
  int port = 0;
  int id = 0;
  bool alive = true;
  bool frozen = false;  ///< a replica that hangs: alive for the others, for a while
  bool durable = true;  ///< keeps its keys when it dies
  int run = 0;          ///< of the process
  std::int64_t io_errors = 0;
  std::int64_t current_epoch = 0;
  std::array<short, kSlots> owner{};  ///< its view
  std::map<int, Peer> peers;          ///< its view of the others, and itself
  std::set<int> unclaimed;            ///< slots whose owner told that it does not have them
  std::map<int, int> migrating;       ///< slot → id
  std::map<int, int> importing;
  std::map<int, Keys> data;
  std::int64_t offset = 0;          ///< of its replication stream
  bool link_up = false;             ///< of a replica
  int sync_ticks = 0;               ///< left of a full synchronisation
  std::map<int, Duration> shunned;  ///< forgotten ids, until when
  Duration died{0};
  Duration serves_from{0};   ///< a master that has come back hears of others for 2 s first
  std::int64_t version = 0;  ///< changes with what it tells others
  std::map<int, std::pair<std::int64_t, std::int64_t>> heard;  ///< id → versions at that time
  /// Told again as long as the version is the same.
  mutable std::int64_t text_version = -1;
  mutable std::string text;
  mutable std::int64_t state_version = -1;
  mutable bool state_ok = false;

  [[nodiscard]] bool Master() const { return peers.at(id).master; }
  [[nodiscard]] int MasterId() const { return peers.at(id).master_of_it; }
  [[nodiscard]] std::int64_t Epoch() const { return peers.at(id).config_epoch; }
  [[nodiscard]] bool Owns(int slot) const { return owner[static_cast<std::size_t>(slot)] == id; }
  [[nodiscard]] int KeysIn(int slot) const;
  [[nodiscard]] bool Has(const std::string& key) const;
  [[nodiscard]] int SlotsOwned(int of) const;
};

class Cluster {
 public:
  explicit Cluster(std::uint64_t seed) : random_(seed) {}

  /// A server that is alone. Ports are never used twice.
  int AddNode(bool durable);
  /// Forms a cluster at once: masters share the slots, each has that many replicas.
  void Form(int masters, int replicas, bool durable);

  /// One command of a connection. WAIT lets time pass.
  Answer Execute(int port, const redis::Command& command, Session& session);

  void Kill(int port);
  void Start(int port);
  void Remove(int port);  ///< the process has gone for good
  /// Time passes: gossip, replication, failure detection, failover. In steps of 100 ms.
  void Advance(Duration by);
  [[nodiscard]] Duration now() const { return now_; }

  [[nodiscard]] std::map<int, Node>& nodes() { return nodes_; }  ///< by port
  [[nodiscard]] Node* ById(int id);
  [[nodiscard]] static std::string Id(int id);
  [[nodiscard]] int PortOfId(int id) const { return ports_.at(static_cast<std::size_t>(id)); }
  [[nodiscard]] static int SlotOf(const std::string& key);

  Duration node_timeout = std::chrono::seconds(5);
  double gossip_chance = 0.35;      ///< that a node hears of another in a tick
  double replication_chance = 0.9;  ///< that a replica keeps up in a tick
  double doubt_chance = 0;          ///< that a MIGRATE's copy arrives but its answer does not
  bool replicas_migrate = false;    ///< to masters that have none, as cluster-migration-barrier 1
  bool gossip_may_pass = true;      ///< false: nobody hears of anybody
  /// Told before the dead master's data are given up for its replica's.
  std::function<void(const Node& dead, const Node& successor)> on_failover;
  /// A copy was made at the target and the source kept its own.
  std::function<void(const std::string& key)> on_doubt;

 private:
  Answer ClusterCommand(Node& node, const redis::Command& command);
  Answer SetSlot(Node& node, const redis::Command& command);
  Answer SetSlotNode(Node& node, int slot, int id);
  Answer Forget(Node& node, int id);
  Answer Replicate(Node& node, int id);
  Answer Reset(Node& node);
  Answer Migrate(Node& node, const redis::Command& command);
  Answer Config(const redis::Command& command);
  Answer Wait(const Node& node, const redis::Command& command, const Session& session);
  Answer Transaction(Node& node, const redis::Command& command, Session& session, bool asked);
  Answer Data(Node& node, const redis::Command& command, bool asking);
  [[nodiscard]] std::optional<Answer> Redirection(const Node& node,
                                                  const std::vector<std::string>& keys,
                                                  bool asking) const;
  Answer Info(const Node& node, const std::string& section);
  [[nodiscard]] std::string NodesText(const Node& node) const;
  [[nodiscard]] bool StateOk(const Node& node) const;
  [[nodiscard]] std::optional<int> Known(const Node& node, const std::string& id) const;

  void Tick();
  void Hear(Node& node, Node& from);
  void HearClaims(Node& node, const Node& from);
  void Introduce(Node& a, Node& b);
  void BecomeReplica(Node& node, int master);
  void Replicate();
  void DetectFailures();
  void MigrateReplicas();
  void FailOver(Node& dead);
  bool BumpEpoch(Node& node);
  int NewId(int port);

  Random random_;
  Duration now_{0};
  std::map<int, Node> nodes_;
  std::vector<int> ports_;  ///< by id
  std::vector<std::pair<int, int>> meetings_;
  std::map<int, Duration> orphaned_;  ///< masters by id, since when
  int next_port_ = 20001;
};

}  // namespace tidewright::sim
