// The invariants: of each command that is about to be executed, and of the world between actions.
#include <algorithm>

#include "tests/sim/world.h"

namespace tidewright::sim {

void World::CheckCommand(int port, const redis::Command& command) {
  const auto it = cluster_.nodes().find(port);
  if (it == cluster_.nodes().end() || command.front() != "CLUSTER" || command.size() < 3) return;
  const Node& node = it->second;
  if (command[1] == "SETSLOT" && command[3] == "NODE" && command[4] == Cluster::Id(node.id)) {
    CheckClosing(node, std::stoi(command[2]));
  }
  if (command[1] == "SETSLOT" && command[3] == "IMPORTING") CheckOpening(node);
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

/// No slot before everybody knows the target.
void World::CheckOpening(const Node& target) {
  for (const auto& [port, node] : cluster_.nodes()) {
    const bool member = node.peers.size() > 2 && node.alive;
    if (member && node.peers.count(target.id) == 0) {
      Violate(fmt::format("{} is to import while {} does not know it", target.port, port));
    }
  }
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
  clients_->ReadAll();
  CheckAmbiguous();
}

/// What a copy in doubt may have undone has been told by name.
void World::CheckAmbiguous() {
  for (const auto& key : clients_->ambiguous) {
    const auto note = notes_.find("ambiguous:" + std::to_string(Cluster::SlotOf(key)));
    const bool told =
        note != notes_.end() && note->second.find('"' + key + '"') != std::string::npos;
    if (told) ++story_.ambiguous;
    // Asked in any case: from here on it is as it is.
    if (clients_->Differs(key) && !told) {
      Violate(key + " is not as it was acknowledged, and nobody was told");
    }
  }
  clients_->ambiguous.clear();
  clients_->DoubtsOver();
}

}  // namespace tidewright::sim
