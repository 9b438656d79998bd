#include "tests/sim/cluster.h"

#include <algorithm>

#include "bench/loadgen/slot_map.h"

namespace tidewright::sim {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(100);
constexpr Duration kShunned = std::chrono::seconds(60);

}  // namespace

int Node::KeysIn(int slot) const {
  const auto it = data.find(slot);
  return it == data.end() ? 0 : static_cast<int>(it->second.size());
}

bool Node::Has(const std::string& key) const {
  const auto it = data.find(Cluster::SlotOf(key));
  return it != data.end() && it->second.count(key) != 0;
}

int Node::SlotsOwned(int of) const {
  return static_cast<int>(std::count(owner.begin(), owner.end(), of));
}

int Cluster::SlotOf(const std::string& key) { return loadgen::KeySlot(key); }

std::string Cluster::Id(int id) {
  const std::string digits = std::to_string(id);
  // Not in the order of their numbers: Redis compares names when epochs collide.
  return std::string(1, static_cast<char>('a' + id * 7 % 6)) +
         std::string(39 - digits.size(), '0') + digits;
}

int Cluster::NewId(int port) {
  ports_.push_back(port);
  return static_cast<int>(ports_.size()) - 1;
}

Node* Cluster::ById(int id) {
  for (auto& [port, node] : nodes_) {
    if (node.id == id) return &node;
  }
  return nullptr;
}

int Cluster::AddNode(bool durable) {
  const int port = next_port_++;
  Node& node = nodes_[port];
  node.port = port;
  node.durable = durable;
  node.id = NewId(port);
  node.peers[node.id] = {};
  node.owner.fill(kNobody);
  return port;
}

void Cluster::Form(int masters, int replicas, bool durable) {
  std::vector<int> ports;
  for (int i = 0; i < masters * (1 + replicas); ++i) ports.push_back(AddNode(durable));
  for (auto& [port, node] : nodes_) {
    for (int i = 0; i < static_cast<int>(ports.size()); ++i) {
      const Node& other = nodes_.at(ports[static_cast<std::size_t>(i)]);
      const int of = nodes_.at(ports[static_cast<std::size_t>(i % masters)]).id;
      node.peers[other.id] = {i % masters + 1, i < masters, i < masters ? kNobody : of, false};
      if (i >= masters) continue;
      for (int slot = kSlots * i / masters; slot < kSlots * (i + 1) / masters; ++slot) {
        node.owner[static_cast<std::size_t>(slot)] = static_cast<short>(other.id);
      }
    }
    node.current_epoch = masters;
    node.link_up = !node.Master();
  }
}

void Cluster::Kill(int port) {
  Node& node = nodes_.at(port);
  node.alive = false;
  node.died = now_;
}

void Cluster::Start(int port) {
  Node& node = nodes_.at(port);
  node.alive = true;
  ++node.run;
  node.serves_from = now_ + std::chrono::seconds(2);
  node.io_errors = 0;
  node.shunned.clear();  // whom it forgot is not kept on disk
  if (!node.durable) node.data.clear();
  if (!node.Master()) BecomeReplica(node, node.MasterId());
  ++node.version;
}

void Cluster::Remove(int port) { nodes_.erase(port); }

void Cluster::Advance(Duration by) {
  const Duration until = now_ + by;
  while (now_ / kTick < until / kTick) {
    now_ = (now_ / kTick + 1) * kTick;
    Tick();
  }
  now_ = until;
}

void Cluster::Introduce(Node& a, Node& b) {
  if (a.id == b.id) return;
  const auto know = [this](Node& one, const Node& other) {
    const auto shunned = one.shunned.find(other.id);
    if (shunned != one.shunned.end() && shunned->second > now_) return;
    if (one.peers.count(other.id) != 0) return;
    one.peers[other.id] = {other.Epoch(), other.Master(), other.MasterId(), false};
    ++one.version;
  };
  know(a, b);
  know(b, a);
}

void Cluster::Tick() {
  for (const auto& [from, to] : std::exchange(meetings_, {})) {
    if (nodes_.count(from) == 0 || nodes_.count(to) == 0) continue;
    if (nodes_[from].alive && nodes_[to].alive) Introduce(nodes_[from], nodes_[to]);
  }
  for (auto& [port, node] : nodes_) {
    if (!node.alive) continue;
    for (auto& [other_port, other] : nodes_) {
      if (port == other_port || !other.alive || node.peers.count(other.id) == 0) continue;
      if (random_.Uniform() < gossip_chance && gossip_may_pass) Hear(node, other);
    }
  }
  Replicate();
  DetectFailures();
  if (replicas_migrate && now_ % std::chrono::seconds(1) == Duration(0)) MigrateReplicas();
}

/// A ping of `from` reaches `node`.
void Cluster::Hear(Node& node, Node& from) {
  Peer& peer = node.peers.at(from.id);
  const Peer before = peer;
  node.current_epoch = std::max(node.current_epoch, from.current_epoch);
  peer.config_epoch = from.Epoch();
  peer.master = from.Master();
  peer.master_of_it = from.MasterId();
  peer.failed = false;
  if (before.config_epoch != peer.config_epoch || before.master != peer.master ||
      before.master_of_it != peer.master_of_it || before.failed) {
    ++node.version;
  }
  // A master that has become a replica owns nothing any more.
  if (before.master && !peer.master) {
    std::replace(node.owner.begin(), node.owner.end(), static_cast<short>(from.id),
                 static_cast<short>(kNobody));
  }
  // Nothing new on either side: nothing to be learnt.
  auto& heard = node.heard[from.id];
  if (from.Master() && heard != std::pair(from.version, node.version)) {
    HearClaims(node, from);
    heard = {from.version, node.version};
  }
  // Epochs that collide: the smaller name takes the next one.
  if (node.Master() && from.Master() && node.Epoch() == from.Epoch() && Id(node.id) < Id(from.id)) {
    node.peers[node.id].config_epoch = ++node.current_epoch;
    ++node.version;
  }
  // Gossip about third nodes: a stranger is shaken hands with.
  for (const auto& [id, third] : from.peers) {
    if (id == node.id || node.peers.count(id) != 0) continue;
    Node* stranger = ById(id);
    if (stranger != nullptr && stranger->alive) Introduce(node, *stranger);
  }
}

void Cluster::HearClaims(Node& node, const Node& from) {
  const int mine = node.Master() ? node.id : node.MasterId();
  bool master_changes = false;
  std::vector<int> dirty;
  bool changed = false;
  for (int slot = 0; slot < kSlots; ++slot) {
    const auto s = static_cast<std::size_t>(slot);
    // Whoever was away hears of the owner of now, also where the one before has a newer epoch.
    if (node.owner[s] == from.id && from.owner[s] != from.id) node.unclaimed.insert(slot);
    if (from.owner[s] != from.id || node.owner[s] == from.id) {
      if (from.owner[s] == from.id) node.unclaimed.erase(slot);
      continue;
    }
    if (node.importing.count(slot) != 0) continue;
    const int holder = node.owner[s];
    if (holder != kNobody && node.unclaimed.erase(slot) == 0) {
      const auto known = node.peers.find(holder);
      if (known != node.peers.end() && known->second.config_epoch >= from.Epoch()) continue;
    }
    if (holder == node.id && node.KeysIn(slot) > 0) dirty.push_back(slot);
    if (holder != kNobody && holder == mine) master_changes = true;
    node.owner[s] = static_cast<short>(from.id);
    if (holder == node.id) node.migrating.erase(slot);
    changed = true;
  }
  if (changed) ++node.version;
  if (master_changes && node.SlotsOwned(mine) == 0) {
    BecomeReplica(node, from.id);
  } else {
    for (int slot : dirty) node.data.erase(slot);
  }
}

void Cluster::BecomeReplica(Node& node, int master) {
  Peer& self = node.peers.at(node.id);
  self.master = false;
  self.master_of_it = master;
  node.migrating.clear();
  node.importing.clear();
  node.link_up = false;
  node.sync_ticks = 2;
  ++node.version;
}

void Cluster::Replicate() {
  for (auto& [port, node] : nodes_) {
    if (!node.alive || node.frozen || node.Master()) continue;
    const Node* master = ById(node.MasterId());
    if (master == nullptr || !master->alive) {
      node.link_up = false;
      node.sync_ticks = std::max(node.sync_ticks, 1);
      continue;
    }
    if (node.link_up && node.offset == master->offset) continue;
    if (!node.link_up && --node.sync_ticks > 0) continue;
    if (node.link_up && random_.Uniform() >= replication_chance) continue;
    node.link_up = true;
    node.data = master->data;
    node.offset = master->offset;
  }
}

void Cluster::DetectFailures() {
  std::vector<Node*> to_fail_over;
  for (auto& [port, dead] : nodes_) {
    if (dead.alive || now_ - dead.died < node_timeout) continue;
    bool known = false;
    for (auto& [other_port, node] : nodes_) {
      const auto peer = node.peers.find(dead.id);
      if (!node.alive || peer == node.peers.end()) continue;
      if (!peer->second.failed) ++node.version;
      peer->second.failed = true;
      known = known || node.SlotsOwned(dead.id) > 0;
    }
    if (known && now_ - dead.died >= node_timeout + std::chrono::milliseconds(1500)) {
      to_fail_over.push_back(&dead);
    }
  }
  for (Node* dead : to_fail_over) FailOver(*dead);
}

void Cluster::FailOver(Node& dead) {
  Node* best = nullptr;
  std::int64_t highest = 0;
  for (auto& [port, node] : nodes_) {
    if (!node.alive) continue;
    highest = std::max(highest, node.current_epoch);
    if (node.Master() || node.MasterId() != dead.id || node.SlotsOwned(dead.id) == 0) continue;
    if (best == nullptr || node.offset > best->offset) best = &node;
  }
  if (best == nullptr) return;
  if (on_failover) on_failover(dead, *best);
  best->current_epoch = highest + 1;
  best->peers[best->id] = {best->current_epoch, true, kNobody, false};
  std::replace(best->owner.begin(), best->owner.end(), static_cast<short>(dead.id),
               static_cast<short>(best->id));
  ++best->version;
  // The vote is heard by all masters, the victory by all that live.
  for (auto& [port, node] : nodes_) {
    if (node.alive && node.peers.count(best->id) != 0 && &node != best) Hear(node, *best);
  }
}

/// A master that has had no replica for 5 s gets one of those that have two.
void Cluster::MigrateReplicas() {
  std::map<int, std::vector<Node*>> replicas;  // by master
  for (auto& [port, node] : nodes_) {
    if (!node.alive || node.peers.size() < 2) continue;
    if (node.Master()) {
      if (node.SlotsOwned(node.id) > 0) replicas[node.id];
    } else {
      replicas[node.MasterId()].push_back(&node);
    }
  }
  for (const auto& [master, own] : replicas) {
    if (!own.empty()) {
      orphaned_.erase(master);
      continue;
    }
    const Duration since = orphaned_.try_emplace(master, now_).first->second;
    if (now_ - since < std::chrono::seconds(5)) continue;
    for (const auto& [rich, spare] : replicas) {
      if (spare.size() < 2 || spare.front()->peers.count(master) == 0) continue;
      BecomeReplica(*spare.front(), master);
      return;
    }
  }
}

/// Without anybody's consent; false when it is the highest already.
bool Cluster::BumpEpoch(Node& node) {
  std::int64_t highest = node.current_epoch;
  for (const auto& [id, peer] : node.peers) highest = std::max(highest, peer.config_epoch);
  Peer& self = node.peers.at(node.id);
  if (self.config_epoch != 0 && self.config_epoch == highest) return false;
  node.current_epoch = highest + 1;
  self.config_epoch = node.current_epoch;
  ++node.version;
  return true;
}

}  // namespace tidewright::sim
