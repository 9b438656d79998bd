#include "tests/sim/clients.h"

namespace tidewright::sim {
namespace {

constexpr int kMostHops = 8;

/// The text of a bulk or integer reply; absent for nil.
std::optional<std::string> TextOf(const std::string& answer) {
  if (answer.rfind("$-1", 0) == 0) return std::nullopt;
  if (answer[0] == '$') {
    const auto start = answer.find("\r\n") + 2;
    return answer.substr(start, answer.size() - start - 2);
  }
  return answer.substr(1, answer.size() - 3);
}

}  // namespace

Clients::Clients(Cluster& cluster, std::vector<std::string> keys, std::uint64_t seed)
    : cluster_(cluster), keys_(std::move(keys)), random_(seed) {
  for (const auto& key : keys_) state_[key] = std::nullopt;
}

Clients::Sent Clients::Send(const redis::Command& command) {
  std::vector<int> ports;
  for (const auto& [port, node] : cluster_.nodes()) {
    if (node.alive && node.peers.size() > 1) ports.push_back(port);
  }
  if (ports.empty()) return {};
  int port = ports[random_.Below(ports.size())];
  Session session;
  for (int hop = 0; hop < kMostHops; ++hop) {
    const auto node = cluster_.nodes().find(port);
    if (node == cluster_.nodes().end() || !node->second.alive) return {};
    const std::string answer = cluster_.Execute(port, command, session);
    if (answer[0] != '-') return {true, answer};
    session.asking = answer.rfind("-ASK ", 0) == 0;
    if (!session.asking && answer.rfind("-MOVED ", 0) != 0) return {};
    port = std::stoi(answer.substr(answer.rfind(':') + 1));
  }
  return {};
}

bool Clients::Hidden(const std::string& key, const std::optional<std::string>& seen) {
  const auto hidden = hidden_.find(key);
  if (hidden == hidden_.end() || (seen && !hidden->second)) return false;
  ++lost_by_store;
  if (hidden->second) state_.at(key) = seen;
  return true;
}

void Clients::Judge(const std::string& key, const std::optional<std::string>& seen,
                    const char* by) {
  auto& state = state_.at(key);
  if (state == seen || ambiguous.count(key) != 0 || Hidden(key, seen)) return;
  violations.push_back(fmt::format("{} of {} shows {} where {} was acknowledged", by, key,
                                   seen.value_or("nothing"), state.value_or("nothing")));
  state = seen;
}

void Clients::Acknowledged(const std::string& key, std::optional<std::string> value) {
  state_.at(key) = std::move(value);
  ++acknowledged;
  if (const auto hidden = hidden_.find(key); hidden != hidden_.end()) hidden->second = true;
}

void Clients::Act() {
  const std::string& key = keys_[random_.Below(keys_.size())];
  const auto& state = state_.at(key);
  const auto kind = random_.Below(10);
  if (kind < 4) {
    const std::string value = std::to_string(++version_ * 1000);
    if (!Send({"SET", key, value}).executed) return void(++given_up);
    Acknowledged(key, value);
    ambiguous.erase(key);
    return;
  }
  if (kind < 6) {
    const Sent sent = Send({"DEL", key});
    if (!sent.executed) return void(++given_up);
    if (TextOf(sent.answer) == "1" || !state) {
      // The source's copy went; the target's may come to light.
      if (copies_.count(key) != 0) ambiguous.insert(key);
    } else {
      Judge(key, std::nullopt, "DEL");
    }
    Acknowledged(key, std::nullopt);
    return;
  }
  if (kind < 8) {
    const Sent sent = Send({"INCR", key});
    if (!sent.executed) return void(++given_up);
    const std::string value = *TextOf(sent.answer);
    const std::string before = std::to_string(std::stoll(value) - 1);
    const bool from_nothing = before == "0" && (!state || hidden_.count(key) != 0);
    Judge(key, from_nothing ? std::nullopt : std::optional(before), "INCR");
    Acknowledged(key, value);
    return;
  }
  const Sent sent = Send({"GET", key});
  if (sent.executed) Judge(key, TextOf(sent.answer), "GET");
}

void Clients::ReadAll() {
  for (const auto& key : keys_) {
    const Sent sent = Send({"GET", key});
    if (sent.executed) {
      Judge(key, TextOf(sent.answer), "GET");
    } else {
      violations.push_back(key + " cannot be read");
    }
  }
}

bool Clients::Differs(const std::string& key) {
  const Sent sent = Send({"GET", key});
  const auto seen = sent.executed ? TextOf(sent.answer) : std::nullopt;
  return std::exchange(state_.at(key), seen) != seen;
}

void Clients::FailedOver(const Node& dead, const Node& successor) {
  const auto at = [](const Node& node, int slot, const std::string& key) {
    const auto it = node.data.find(slot);
    if (it == node.data.end() || it->second.count(key) == 0) return std::optional<std::string>();
    return std::optional<std::string>(it->second.at(key));
  };
  for (auto& [key, state] : state_) {
    const int slot = Cluster::SlotOf(key);
    const bool importing = dead.importing.count(slot) != 0;
    if (!dead.Owns(slot) && !importing) continue;
    const auto had = at(dead, slot, key);
    const auto has = at(successor, slot, key);
    if (dead.Owns(slot) && dead.migrating.count(slot) != 0 && !has && state) hidden_[key] = false;
    if (had == has) continue;
    // What the dead one had is lost, or what it had deleted is there again.
    ++lost_by_store;
    if (importing && !has) {
      const Node* source = cluster_.ById(dead.importing.at(slot));
      state = source == nullptr ? std::nullopt : at(*source, slot, key);
    } else if (!dead.Owns(slot) || !dead.migrating.count(slot) || had || has) {
      state = has;
    }
  }
}

}  // namespace tidewright::sim
