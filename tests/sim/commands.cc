// What a simulated server answers, worded as Redis 7.0 words it.
#include <algorithm>

#include "tests/sim/cluster.h"

namespace tidewright::sim {
namespace {

constexpr char kAnyHost[] = "127.0.0.1";
constexpr Duration kPatience = std::chrono::milliseconds(100);  // of one look of WAIT

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Of a command on data.
std::vector<std::string> KeysOf(const redis::Command& command) {
  const std::string name = Lower(command.front());
  if (name == "memory") return {command[2]};
  if (name == "mget") return {command.begin() + 1, command.end()};
  std::vector<std::string> keys;
  if (name == "mset") {
    for (std::size_t i = 1; i < command.size(); i += 2) keys.push_back(command[i]);
    return keys;
  }
  return {command[1]};
}

}  // namespace

Answer Ok() { return "+OK\r\n"; }
Answer Fail(const std::string& text) { return "-" + text + "\r\n"; }
Answer Number(std::int64_t number) { return ":" + std::to_string(number) + "\r\n"; }
Answer Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
Answer Nil() { return "$-1\r\n"; }
Answer List(const std::vector<Answer>& items) {
  std::string text = "*" + std::to_string(items.size()) + "\r\n";
  for (const auto& item : items) text += item;
  return text;
}

Answer Cluster::Execute(int port, const redis::Command& command, Session& session) {
  Node& node = nodes_.at(port);
  const std::string name = Lower(command.front());
  if (name == "asking") {
    session.asking = true;
    return Ok();
  }
  const bool asked = std::exchange(session.asking, false);
  Answer answer;
  if (name == "multi" || name == "exec" || session.multi) {
    answer = Transaction(node, command, session, asked);
  } else if (name == "ping") {
    answer = "+PONG\r\n";
  } else if (name == "cluster") {
    answer = ClusterCommand(node, command);
  } else if (name == "info") {
    answer = Bulk(Info(node, command.size() > 1 ? Lower(command[1]) : ""));
  } else if (name == "migrate") {
    answer = Migrate(node, command);
  } else if (name == "module") {
    answer = List({});
  } else if (name == "config") {
    answer = Config(command);
  } else if (name == "wait") {
    answer = Wait(node, command, session);
  } else {
    answer = Data(node, command, asked);
  }
  session.written = node.offset;
  return answer;
}

Answer Cluster::Config(const redis::Command& command) {
  const bool timeout = command[2] == "cluster-node-timeout";
  if (Lower(command[1]) == "set" && timeout) {
    node_timeout = std::chrono::milliseconds(std::stoi(command[3]));
    return Ok();
  }
  const auto value = timeout ? node_timeout / std::chrono::milliseconds(1) : 0;
  return List({Bulk(command[2]), Bulk(std::to_string(value))});
}

/// Replicas that have what was written when the connection's last command was over: what others
/// wrote since then, such as a MIGRATE of another server, is not waited for.
Answer Cluster::Wait(const Node& node, const redis::Command& command, const Session& session) {
  const auto caught_up = [&] {
    return std::count_if(nodes_.begin(), nodes_.end(), [&](const auto& one) {
      const Node& other = one.second;
      return other.alive && !other.Master() && other.MasterId() == node.id && other.link_up &&
             other.offset >= session.written;
    });
  };
  const Duration until = now_ + std::chrono::milliseconds(std::stoi(command[2]));
  while (caught_up() < std::stoi(command[1]) && now_ < until) {
    Advance(std::min<Duration>(until - now_, kPatience));
  }
  return Number(caught_up());
}

Answer Cluster::Transaction(Node& node, const redis::Command& command, Session& session,
                            bool asked) {
  const std::string name = Lower(command.front());
  if (name == "multi") {
    session.multi = true;
    session.spoilt = false;
    session.queued.clear();
    return Ok();
  }
  if (name != "exec") {
    if (const auto redirection = Redirection(node, KeysOf(command), asked)) {
      session.spoilt = true;
      return *redirection;
    }
    session.queued.push_back(command);
    return "+QUEUED\r\n";
  }
  session.multi = false;
  if (session.spoilt) return Fail("EXECABORT Transaction discarded because of previous errors.");
  std::vector<Answer> answers;
  for (const auto& queued : session.queued) answers.push_back(Data(node, queued, asked));
  return List(answers);
}

std::optional<int> Cluster::Known(const Node& node, const std::string& id) const {
  for (const auto& [peer, what] : node.peers) {
    if (Id(peer) == id) return peer;
  }
  return std::nullopt;
}

Answer Cluster::ClusterCommand(Node& node, const redis::Command& command) {
  const std::string name = Lower(command[1]);
  const bool of_slot = name == "setslot" || name == "countkeysinslot" || name == "getkeysinslot";
  // Whoever only asks whether they may: none of these can be done.
  if (of_slot && std::stoi(command[2]) < 0) return Fail("ERR Invalid or out of range slot");
  const auto slot = [&] { return std::stoi(command[2]); };
  if (name == "nodes") return Bulk(NodesText(node));
  if (name == "myid") return Bulk(Id(node.id));
  if (name == "info") {
    return Bulk(std::string("cluster_state:") + (StateOk(node) ? "ok" : "fail") +
                "\r\ncluster_known_nodes:" + std::to_string(node.peers.size()) +
                "\r\ncluster_current_epoch:" + std::to_string(node.current_epoch) + "\r\n");
  }
  if (name == "countkeysinslot") return Number(node.KeysIn(slot()));
  if (name == "getkeysinslot") {
    std::vector<Answer> names;
    if (const auto it = node.data.find(slot()); it != node.data.end()) {
      for (const auto& [key, value] : it->second) {
        if (static_cast<int>(names.size()) < std::stoi(command[3])) names.push_back(Bulk(key));
      }
    }
    return List(names);
  }
  if (name == "setslot") return SetSlot(node, command);
  if (name == "bumpepoch") {
    const bool bumped = BumpEpoch(node);
    return "+" + std::string(bumped ? "BUMPED " : "STILL ") + std::to_string(node.Epoch()) + "\r\n";
  }
  if (name == "meet") {
    if (std::stoi(command[3]) <= 0) return Fail("ERR Invalid node address specified");
    meetings_.emplace_back(node.port, std::stoi(command[3]));
    return Ok();
  }
  if (name == "reset") {
    const std::string how = command.size() > 2 ? Lower(command[2]) : "soft";
    return how == "soft" || how == "hard" ? Reset(node) : Fail("ERR syntax error");
  }
  if (name == "forget" || name == "replicate") {
    const auto id = Known(node, command[2]);
    if (!id) return Fail("ERR Unknown node " + command[2]);
    return name == "forget" ? Forget(node, *id) : Replicate(node, *id);
  }
  return Fail("ERR unknown subcommand '" + command[1] + "'");
}

Answer Cluster::SetSlot(Node& node, const redis::Command& command) {
  if (!node.Master()) return Fail("ERR You can use SETSLOT only with masters.");
  const int slot = std::stoi(command[2]);
  const std::string what = Lower(command[3]);
  ++node.version;
  if (what == "stable") {
    node.migrating.erase(slot);
    node.importing.erase(slot);
    return Ok();
  }
  const auto id = Known(node, command[4]);
  if (what == "migrating") {
    if (!node.Owns(slot)) {
      return Fail("ERR I'm not the owner of hash slot " + std::to_string(slot));
    }
    if (!id) return Fail("ERR I don't know about node " + command[4]);
    if (!node.peers.at(*id).master) return Fail("ERR Target node is not a master");
    node.migrating[slot] = *id;
    return Ok();
  }
  if (what == "importing") {
    if (node.Owns(slot)) {
      return Fail("ERR I'm already the owner of hash slot " + std::to_string(slot));
    }
    if (!id) return Fail("ERR I don't know about node " + command[4]);
    if (!node.peers.at(*id).master) return Fail("ERR Target node is not a master");
    node.importing[slot] = *id;
    return Ok();
  }
  if (!id) return Fail("ERR Unknown node " + command[4]);
  return SetSlotNode(node, slot, *id);
}

Answer Cluster::SetSlotNode(Node& node, int slot, int id) {
  const auto s = static_cast<std::size_t>(slot);
  if (!node.peers.at(id).master) return Fail("ERR Target node is not a master");
  const bool was_mine = node.Owns(slot);
  if (was_mine && id != node.id && node.KeysIn(slot) > 0) {
    return Fail("ERR Can't assign hashslot " + std::to_string(slot) +
                " to a different node while I still hold keys for this hash slot.");
  }
  if (node.KeysIn(slot) == 0) node.migrating.erase(slot);
  node.owner[s] = static_cast<short>(id);
  if (was_mine && id != node.id && node.SlotsOwned(node.id) == 0) BecomeReplica(node, id);
  if (id == node.id && node.importing.count(slot) != 0) {
    BumpEpoch(node);
    node.importing.erase(slot);
    // It tells everybody at once; whoever imports does not listen.
    for (auto& [port, other] : nodes_) {
      const bool hears = other.alive && gossip_may_pass && other.port != node.port;
      if (hears && other.peers.count(node.id) != 0) Hear(other, node);
    }
  }
  return Ok();
}

Answer Cluster::Forget(Node& node, int id) {
  if (id == node.id) return Fail("ERR I tried hard but I can't forget myself...");
  if (!node.Master() && node.MasterId() == id) return Fail("ERR Can't forget my master!");
  node.shunned[id] = now_ + std::chrono::seconds(60);
  node.peers.erase(id);
  std::replace(node.owner.begin(), node.owner.end(), static_cast<short>(id),
               static_cast<short>(kNobody));
  ++node.version;
  return Ok();
}

Answer Cluster::Replicate(Node& node, int id) {
  if (id == node.id) return Fail("ERR Can't replicate myself");
  if (!node.peers.at(id).master) {
    return Fail("ERR I can only replicate a master, not a replica.");
  }
  if (node.Master() && (node.SlotsOwned(node.id) > 0 || !node.data.empty())) {
    return Fail("ERR To set a master the node must be empty and without assigned slots.");
  }
  BecomeReplica(node, id);
  return Ok();
}

Answer Cluster::Reset(Node& node) {
  if (node.Master() && !node.data.empty()) {
    return Fail("ERR CLUSTER RESET can't be called with master nodes containing keys");
  }
  Node fresh;
  fresh.port = node.port;
  fresh.durable = node.durable;
  fresh.run = node.run;
  fresh.id = NewId(node.port);
  fresh.peers[fresh.id] = {};
  fresh.owner.fill(kNobody);
  node = std::move(fresh);
  return Ok();
}

Answer Cluster::Migrate(Node& node, const redis::Command& command) {
  std::vector<std::string> keys;
  bool replace = false;
  bool copy = false;
  for (std::size_t i = 6; i < command.size(); ++i) {
    const std::string word = Lower(command[i]);
    if (word == "replace") replace = true;
    if (word == "copy") copy = true;
    if (word == "keys")
      keys.assign(command.begin() + static_cast<std::ptrdiff_t>(i) + 1, command.end());
    if (word == "keys") break;
  }
  if (keys.empty()) keys = {command[3]};
  std::erase_if(keys, [&](const std::string& key) {
    const auto it = node.data.find(SlotOf(key));
    return it == node.data.end() || it->second.count(key) == 0;
  });
  if (keys.empty()) return "+NOKEY\r\n";
  const auto target = nodes_.find(std::stoi(command[2]));
  const auto io_error = [&] {
    ++node.io_errors;
    return Fail("IOERR error or timeout writing to target instance");
  };
  if (target == nodes_.end() || !target->second.alive) return io_error();
  Node& to = target->second;
  std::string first_error;
  const bool doubt = random_.Uniform() < doubt_chance;
  std::size_t told = doubt ? random_.Below(keys.size()) : keys.size();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string& key = keys[i];
    const int slot = SlotOf(key);
    std::string error;
    if (!to.Master() || (!to.Owns(slot) && to.importing.count(slot) == 0)) {
      error = "MOVED " + std::to_string(slot);
    } else if (!replace && to.data.count(slot) != 0 && to.data[slot].count(key) != 0) {
      error = "BUSYKEY Target key name already exists.";
    }
    if (!error.empty()) {
      if (i >= told) continue;
      if (first_error.empty()) first_error = "ERR Target instance replied with error: " + error;
      continue;
    }
    to.data[slot][key] = node.data[slot][key];
    ++to.offset;
    if (copy) continue;
    if (i >= told) {
      if (on_doubt) on_doubt(key);
      continue;
    }
    node.data[slot].erase(key);
    if (node.data[slot].empty()) node.data.erase(slot);
    ++node.offset;
  }
  if (!first_error.empty()) return Fail(first_error);
  return doubt ? io_error() : Ok();
}

/// Where the keys are served, if not here and now.
std::optional<Answer> Cluster::Redirection(const Node& node, const std::vector<std::string>& keys,
                                           bool asking) const {
  const int slot = SlotOf(keys.front());
  const auto elsewhere = [&](const std::string& key) { return SlotOf(key) != slot; };
  if (std::any_of(keys.begin(), keys.end(), elsewhere)) {
    return Fail("CROSSSLOT Keys in request don't hash to the same slot");
  }
  const int owner = node.owner[static_cast<std::size_t>(slot)];
  const auto place = [&](int id) {
    return std::to_string(slot) + " " + kAnyHost + ":" + std::to_string(PortOfId(id));
  };
  if (owner == kNobody) return Fail("CLUSTERDOWN Hash slot not served");
  if (!StateOk(node)) return Fail("CLUSTERDOWN The cluster is down");
  const auto count = static_cast<std::size_t>(
      std::count_if(keys.begin(), keys.end(), [&](const auto& key) { return node.Has(key); }));
  const bool several =
      std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return key != keys.front(); });
  const Answer again = Fail("TRYAGAIN Multiple keys request during rehashing of slot");
  if (owner == node.id) {
    const auto moving = node.migrating.find(slot);
    if (moving == node.migrating.end() || count == keys.size()) return std::nullopt;
    return count > 0 ? again : Fail("ASK " + place(moving->second));
  }
  if (!node.Master() || !asking || node.importing.count(slot) == 0) {
    return Fail("MOVED " + place(owner));
  }
  if (several && count < keys.size()) return again;
  return std::nullopt;
}

Answer Cluster::Data(Node& node, const redis::Command& command, bool asking) {
  const std::string name = Lower(command.front());
  const auto keys = KeysOf(command);
  if (const auto redirection = Redirection(node, keys, asking)) return *redirection;
  const std::string& key = keys.front();
  const int slot = SlotOf(key);
  const bool exists = node.Has(key);
  if (name == "memory") {
    return exists ? Number(60 + static_cast<int>(node.data[slot][key].size())) : Nil();
  }
  if (name == "get") return exists ? Bulk(node.data[slot][key]) : Nil();
  if (name == "exists") return Number(exists ? 1 : 0);
  if (name == "mget") {
    std::vector<Answer> values;
    for (const auto& one : keys)
      values.push_back(node.Has(one) ? Bulk(node.data[slot][one]) : Nil());
    return List(values);
  }
  ++node.offset;
  if (name == "set" || name == "mset") {
    for (std::size_t i = 1; i + 1 < command.size(); i += 2) {
      node.data[slot][command[i]] = command[i + 1];
    }
    return Ok();
  }
  if (name == "del") {
    if (exists) node.data[slot].erase(key);
    if (node.KeysIn(slot) == 0) node.data.erase(slot);
    return Number(exists ? 1 : 0);
  }
  if (name == "incr") {
    std::string& value = node.data[slot][key];
    value = std::to_string((value.empty() ? 0 : std::stoll(value)) + 1);
    return Number(std::stoll(value));
  }
  --node.offset;
  return Fail("ERR unknown command '" + command.front() + "'");
}

bool Cluster::StateOk(const Node& node) const {
  if (node.Master() && now_ < node.serves_from) return false;
  if (node.state_version == node.version) return node.state_ok;
  node.state_version = node.version;
  node.state_ok = true;
  int last = kNobody - 1;
  for (const int owner : node.owner) {
    if (owner == last) continue;
    last = owner;
    const auto peer = node.peers.find(owner);
    if (peer == node.peers.end() || peer->second.failed) node.state_ok = false;
  }
  return node.state_ok;
}

Answer Cluster::Info(const Node& node, const std::string& section) {
  std::string text;
  const auto line = [&](const std::string& name, const auto& value) {
    text += fmt::format("{}:{}\r\n", name, value);
  };
  if (section == "server") {
    line("redis_version", "7.0.15");
    line("run_id", fmt::format("{}-{}", node.port, node.run));
  } else if (section == "errorstats" && node.io_errors > 0) {
    line("errorstat_IOERR", fmt::format("count={}", node.io_errors));
  } else if (section == "persistence") {
    line("loading", 0);
    line("rdb_bgsave_in_progress", 0);
    line("aof_enabled", node.durable ? 1 : 0);
  } else if (section == "memory") {
    line("number_of_libraries", 0);
  } else if (section == "keyspace") {
    int keys = 0;
    for (const auto& [slot, in_slot] : node.data) keys += static_cast<int>(in_slot.size());
    if (keys > 0) line("db0", fmt::format("keys={},expires=0,avg_ttl=0", keys));
  } else if (section == "replication") {
    line("role", node.Master() ? "master" : "slave");
    if (!node.Master()) {
      line("master_link_status", node.link_up ? "up" : "down");
      line("master_sync_in_progress", node.link_up ? 0 : 1);
      line("slave_repl_offset", node.offset);
    }
    int index = 0;
    for (const auto& [port, other] : nodes_) {
      if (!other.alive || other.Master() || other.MasterId() != node.id || !other.link_up) continue;
      line(fmt::format("slave{}", index++),
           fmt::format("ip=127.0.0.1,port={},state=online,offset={},lag=0", port, other.offset));
    }
    line("master_repl_offset", node.offset);
  }
  return text;
}

std::string Cluster::NodesText(const Node& node) const {
  if (node.text_version == node.version) return node.text;
  std::map<int, std::string> ranges;
  for (int slot = 0; slot < kSlots;) {
    const int owner = node.owner[static_cast<std::size_t>(slot)];
    int last = slot;
    while (last + 1 < kSlots && node.owner[static_cast<std::size_t>(last) + 1] == owner) ++last;
    if (owner != kNobody) {
      ranges[owner] += slot == last ? fmt::format(" {}", slot) : fmt::format(" {}-{}", slot, last);
    }
    slot = last + 1;
  }
  std::string text;
  for (const auto& [id, peer] : node.peers) {
    const bool self = id == node.id;
    const int port = PortOfId(id);
    text += fmt::format("{} 127.0.0.1:{}@{} {}{}{} {} 0 0 {} connected{}", Id(id), port,
                        port + 10000, self ? "myself," : "", peer.master ? "master" : "slave",
                        peer.failed ? ",fail" : "",
                        peer.master || peer.master_of_it == kNobody ? "-" : Id(peer.master_of_it),
                        peer.config_epoch, ranges[id]);
    if (self) {
      for (const auto& [slot, to] : node.migrating) text += fmt::format(" [{}->-{}]", slot, Id(to));
      for (const auto& [slot, of] : node.importing) text += fmt::format(" [{}-<-{}]", slot, Id(of));
    }
    text += "\n";
  }
  node.text_version = node.version;
  return node.text = text;
}

}  // namespace tidewright::sim
