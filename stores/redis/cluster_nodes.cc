#include "stores/redis/cluster_nodes.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace tidewright::redis {
namespace {

bool ParseInt(const std::string& text, std::int64_t& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

/// "ip:port@cport[,hostname[,shard-id=…]]"; the address may be IPv6, or empty.
bool ParseAddress(std::string text, NodeLine& node) {
  text = text.substr(0, text.find(','));
  text = text.substr(0, text.find('@'));
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return false;
  node.host = text.substr(0, colon);
  std::int64_t port = 0;
  if (!ParseInt(text.substr(colon + 1), port)) return false;
  node.port = static_cast<int>(port);
  return true;
}

void ParseFlags(const std::string& text, NodeLine& node) {
  std::stringstream flags(text);
  for (std::string flag; std::getline(flags, flag, ',');) {
    if (flag == "myself") node.myself = true;
    if (flag == "master") node.master = true;
    if (flag == "noaddr") node.no_address = true;
    if (flag == "fail?") node.health = NodeHealth::kSuspected;
    if (flag == "fail") node.health = NodeHealth::kFailed;
    if (flag == "handshake") node.health = NodeHealth::kJoining;
  }
}

/// "12", "12-15", "[12->-id]" (migrating) or "[12-<-id]" (importing).
bool ParseSlots(const std::string& word, NodeLine& node, std::vector<int>& slots) {
  std::int64_t first = 0;
  if (!word.empty() && word.front() == '[') {
    const auto arrow = word.find('-');
    if (arrow == std::string::npos || arrow + 3 > word.size() || word.back() != ']') return false;
    if (!ParseInt(word.substr(1, arrow - 1), first)) return false;
    const std::string peer = word.substr(arrow + 3, word.size() - arrow - 4);
    auto& open = word[arrow + 1] == '>' ? node.migrating : node.importing;
    open[static_cast<int>(first)] = peer;
    return true;
  }
  const auto dash = word.find('-');
  std::int64_t last = 0;
  if (!ParseInt(word.substr(0, dash), first)) return false;
  if (dash == std::string::npos) {
    last = first;
  } else if (!ParseInt(word.substr(dash + 1), last)) {
    return false;
  }
  if (first < 0 || last < first || last >= kSlotCount) return false;
  for (auto slot = first; slot <= last; ++slot) slots.push_back(static_cast<int>(slot));
  return true;
}

bool ParseLine(const std::string& line, NodeLine& node) {
  std::stringstream words(line);
  std::string address, flags, ping, pong, epoch, link;
  if (!(words >> node.id >> address >> flags >> node.master_id >> ping >> pong >> epoch >> link)) {
    return false;
  }
  if (!ParseAddress(address, node) || !ParseInt(epoch, node.config_epoch)) return false;
  ParseFlags(flags, node);
  if (node.master_id == "-") node.master_id.clear();
  node.connected = link == "connected";
  std::vector<int> slots;
  for (std::string word; words >> word;) {
    if (!ParseSlots(word, node, slots)) return false;
  }
  node.slots = ToPartitionSet(std::move(slots));
  return true;
}

}  // namespace

const NodeLine* ClusterNodes::Find(const std::string& id) const {
  const auto it = std::find_if(nodes.begin(), nodes.end(),
                               [&](const NodeLine& node) { return node.id == id; });
  return it == nodes.end() ? nullptr : &*it;
}

const NodeLine* ClusterNodes::Myself() const {
  const auto it =
      std::find_if(nodes.begin(), nodes.end(), [](const NodeLine& node) { return node.myself; });
  return it == nodes.end() ? nullptr : &*it;
}

std::string ClusterNodes::Owner(int slot) const {
  for (const auto& node : nodes) {
    if (Contains(node.slots, slot)) return node.id;
  }
  return "";
}

StatusOr<ClusterNodes> ParseClusterNodes(const std::string& text) {
  ClusterNodes parsed;
  std::stringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    NodeLine node;
    if (!ParseLine(line, node)) {
      return Error(StatusCode::kInternal, "CLUSTER NODES: cannot read the line '{}'", line);
    }
    parsed.nodes.push_back(std::move(node));
  }
  return parsed;
}

}  // namespace tidewright::redis
