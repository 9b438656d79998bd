// The invariants: of each command that is about to be executed, and of the world between actions.
#include <algorithm>
#include <set>

#include "tests/sim/world.h"

namespace tidewright::sim {
namespace {

using namespace std::chrono_literals;

/// As the node sees it.
std::string OwnerAt(const Node& node, int slot) {
  const int owner = node.owner[static_cast<std::size_t>(slot)];
  return owner == kNobody ? "" : Cluster::Id(owner);
}

}  // namespace

void World::CheckCommand(int port, const redis::Command& command) {
  CheckBigKey(command);
  const auto it = cluster_.nodes().find(port);
  if (it == cluster_.nodes().end() || command.front() != "CLUSTER" || command.size() < 3) return;
  if (command[1] != "SETSLOT" || std::stoi(command[2]) < 0) return;
  const Node& node = it->second;
  const int slot = std::stoi(command[2]);
  if (command[3] == "IMPORTING") CheckOpening(node, slot);
  if (command[3] != "NODE") return;
  if (command[4] == Cluster::Id(node.id)) {
    CheckClosing(node, slot);
    given_away_[slot] = command[4];
  } else {
    CheckGivingAway(node, slot, command[4]);
  }
}

/// NODE is never sent to the target while a source that owns the slot holds keys of it: it would
/// delete them. Nor before the target imports: no epoch would be raised.
void World::CheckClosing(const Node& target, int slot) {
  for (const auto& [port, node] : cluster_.nodes()) {
    if (node.id == target.id || !node.Master() || !node.Owns(slot) || node.KeysIn(slot) == 0) {
      continue;
    }
    // What it holds is its successor's to say, also just after it has come back.
    const bool superseded =
        std::any_of(cluster_.nodes().begin(), cluster_.nodes().end(), [&](const auto& one) {
          const Node& other = one.second;
          return other.id != target.id && other.alive && other.Master() && other.Owns(slot) &&
                 other.Epoch() > node.Epoch();
        });
    if (!node.alive || superseded) continue;
    Violate(fmt::format("slot {} is given to {} while {} holds {} keys of it", slot, target.port,
                        port, node.KeysIn(slot)));
  }
  if (!target.Owns(slot) && target.importing.count(slot) == 0) {
    Violate(fmt::format("slot {} is given to {}, which does not import it", slot, target.port));
  }
}

/// A source is told when the new owner says so itself, by a newer epoch than the source's own.
void World::CheckGivingAway(const Node& source, int slot, const std::string& target) {
  if (!source.Master() || !source.Owns(slot)) return;
  for (const auto& [port, node] : cluster_.nodes()) {
    if (Cluster::Id(node.id) != target || !node.alive || !node.Master()) continue;
    if (!node.Owns(slot) || node.Epoch() <= source.Epoch()) {
      Violate(fmt::format("{} is told to give slot {} to {}, which {}", source.port, slot, port,
                          node.Owns(slot) ? "has no newer epoch" : "does not own it"));
    }
  }
}

/// No slot before everybody knows the target, and before all masters know who owns those that have
/// been given away, but for those that other groups have under way.
void World::CheckOpening(const Node& target, int slot) {
  for (const auto& [port, node] : cluster_.nodes()) {
    const bool member = node.peers.size() > 2 && node.alive;
    if (member && node.peers.count(target.id) == 0) {
      Violate(fmt::format("{} is to import while {} does not know it", target.port, port));
    }
  }
  // Who was dead or has just been made a master hears of it by gossip, in its own time.
  const bool all_there = returns_.empty() && cluster_.now() - server_died_ > 20s;
  if (failed_over_ || !all_there || faults_.two_hosts) return;
  given_away_.erase(slot);
  std::set<int> unsettled;
  for (const auto& [given, owner] : given_away_) {
    for (const auto& [port, node] : cluster_.nodes()) {
      const bool member = node.peers.size() > 2 && node.Master();
      if (!member || OwnerAt(node, given) == owner) continue;
      unsettled.insert(given);
    }
  }
  const auto& limits = options_.limits;
  const int others = (limits.pairs_at_once * limits.groups_at_once - 1) * options_.open_slots;
  if (static_cast<int>(unsettled.size()) > others) {
    Violate(fmt::format("slot {} is opened while {} slots are not settled, {} first", slot,
                        unsettled.size(), *unsettled.begin()));
  }
}

/// A key above the cap stays where it is, and so does its slot.
void World::CheckBigKey(const redis::Command& command) {
  if (!big_key_) return;
  if (command.front() == "MIGRATE" &&
      std::find(command.begin(), command.end(), *big_key_) != command.end()) {
    Violate(*big_key_ + " is sent, and is above the cap");
  }
  const std::string slot = std::to_string(Cluster::SlotOf(*big_key_));
  if (command.size() > 3 && command[1] == "SETSLOT" && command[2] == slot && command[3] != "NODE") {
    Violate("slot " + slot + " is opened, and has a key above the cap");
  }
}

void World::PlantBigKey() {
  options_.big_key_bytes = 4096;
  const auto third = static_cast<int>(random_.Below(3));
  const int first = kSlots * third / 3;
  for (int i = 0; !big_key_; ++i) {
    const std::string key = "big:" + std::to_string(i);
    const int slot = Cluster::SlotOf(key);
    if (slot >= first && slot < first + 30) big_key_ = key;
  }
  const int slot = Cluster::SlotOf(*big_key_);
  for (auto& [port, node] : cluster_.nodes()) {
    const Node& master = node.Master() ? node : *cluster_.ById(node.MasterId());
    if (!master.Owns(slot)) continue;
    node.data[slot][*big_key_] = std::string(5000, 'x');  // its replica has it too
    ++node.offset;
  }
}

void World::LookForBigKey() {
  if (!big_key_) return;
  const ActionRecord& record = *host_->record;
  const int slot = Cluster::SlotOf(*big_key_);
  if (record.state == ActionState::kDone) {
    for (const auto& move : record.plan.moves) {
      if (!Contains(move.partitions, slot)) continue;
      Violate("the action is done, and was to move a key above the cap");
    }
  }
  if (record.error.find("'" + *big_key_ + "'") == std::string::npos) return;
  ++story_.big_keys;
  for (auto& [port, node] : cluster_.nodes()) {
    if (!node.Has(*big_key_)) continue;
    node.data[slot].erase(*big_key_);
    if (node.data[slot].empty()) node.data.erase(slot);
    if (node.Master()) ++node.offset;
  }
  big_key_.reset();
}

/// After an action has ended and gossip has told everybody. `goal` 0: whatever size it has.
void World::CheckWorld(int goal) {
  const Node* first = nullptr;
  int serving = 0;
  for (const auto& [port, node] : cluster_.nodes()) {
    if (node.peers.size() < 2) {
      if (!node.data.empty()) Violate(fmt::format("{} is alone and holds keys", port));
      continue;
    }
    if (first == nullptr) first = &node;
    if (!node.migrating.empty() || !node.importing.empty()) {
      Violate(fmt::format("{} has open slots: {} migrating, {} importing", port,
                          node.migrating.size(), node.importing.size()));
    }
    if (node.owner != first->owner) {
      Violate(fmt::format("{} and {} tell other owners", port, first->port));
    }
    if (!node.Master()) continue;
    serving += node.SlotsOwned(node.id) > 0 ? 1 : 0;
    for (const auto& [slot, keys] : node.data) {
      if (!node.Owns(slot) && !keys.empty()) {
        Violate(fmt::format("{} holds {} keys of slot {}, which it does not own", port, keys.size(),
                            slot));
      }
    }
    if (goal == 3) {
      for (int id : retired_ids_) {
        if (node.peers.count(id) != 0) Violate(fmt::format("{} knows a retired node", port));
      }
    }
  }
  if (first != nullptr && first->SlotsOwned(kNobody) > 0) Violate("slots without owner");
  if (goal != 0 && serving != goal) Violate(fmt::format("{} shards serve, not {}", serving, goal));
  clients_->WholeAgain();
  clients_->ReadAll();
  CheckAmbiguous();
}

/// What a copy in doubt may have undone has been told by name.
void World::CheckAmbiguous() {
  for (const auto& key : clients_->ambiguous) {
    const auto note = ambiguous_.find(Cluster::SlotOf(key));
    const bool told =
        note != ambiguous_.end() && note->second.find('"' + key + '"') != std::string::npos;
    if (told) ++story_.ambiguous;
    // Asked in any case: from here on it is as it is.
    if (clients_->Differs(key) && !told) {
      Violate(key + " is not as it was acknowledged, and nobody was told");
    }
  }
  ambiguous_.clear();
  clients_->ambiguous.clear();
  clients_->DoubtsOver();
}

}  // namespace tidewright::sim
