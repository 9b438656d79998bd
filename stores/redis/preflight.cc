#include "stores/redis/preflight.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "stores/redis/atomic_jobs.h"

namespace tidewright::redis {
namespace {

Status CheckNothingOpen(const ClusterView& view) {
  for (const auto& open : view.Open()) {
    return Error(StatusCode::kFailedPrecondition,
                 "slot {} is open at {} already ({} {}): somebody else moves slots, or a move was "
                 "left unfinished",
                 open.slot, view.Name(open.teller),
                 open.importing ? "importing from" : "migrating to", view.Name(open.peer));
  }
  return OkStatus();
}

/// Valkey 9 moves slots without a flag at them. An account that may not ask is not told.
Status CheckNoneUnderWay(ClusterLink& link, const ClusterView& view) {
  for (const auto& master : view.Masters()) {
    TW_ASSIGN_OR_RETURN(const InfoText info, link.Info(master, "server"));
    if (!KnowsAtomicJobs(info.Field("valkey_version"))) continue;
    TW_ASSIGN_OR_RETURN(const auto replies, link.Call(master, {{"CLUSTER", "GETSLOTMIGRATIONS"}}));
    if (replies.front().IsError("NOPERM")) continue;
    TW_ASSIGN_OR_RETURN(const auto jobs, ParseAtomicJobs(replies.front()));
    for (const auto& job : jobs) {
      if (job.Ended()) continue;
      return Error(StatusCode::kFailedPrecondition,
                   "slots {} are on their way from {} to {} already ({}): somebody else moves slots, "
                   "or a move was left unfinished",
                   ToString(job.slots), view.Name(job.source), view.Name(job.target), job.state);
    }
  }
  return OkStatus();
}

bool Serves(const NodeLine* line) {
  return line != nullptr && line->master && !line->slots.empty();
}

/// Who speaks for a shard: its first master, or the one that took over from it.
const NodeLine* Speaker(const ClusterView& view, const ExpectedShard& shard) {
  const NodeLine* first = view.nodes.Find(shard.name);
  if (Serves(first)) return first;
  for (const auto& id : shard.replicas) {
    if (const NodeLine* other = view.nodes.Find(id); Serves(other)) return other;
  }
  return first;
}

/// A node that has failed and owns no slot (any more) is the store's to mend, and no reason to undo
/// what was done.
ClusterView WithoutFailed(ClusterView view) {
  for (const auto& [id, why] : std::map<std::string, Status>(view.silent)) {
    const NodeLine* line = view.nodes.Find(id);
    if (line == nullptr || line->health != NodeHealth::kFailed || !line->slots.empty()) continue;
    const auto remove = [&id = id](ClusterNodes& nodes) {
      std::erase_if(nodes.nodes, [&](const NodeLine& one) { return one.id == id; });
    };
    remove(view.nodes);
    for (auto& [teller, told] : view.told) remove(told);
    view.silent.erase(id);
  }
  return view;
}

/// Only masters that serve count. `by_any_node`: after a failover another node than the one that
/// the plan names may be a shard's master.
Status CheckOwners(const ClusterView& view, const std::vector<ExpectedShard>& shards,
                   bool by_any_node) {
  std::set<std::string> expected;
  for (const auto& shard : shards) {
    const NodeLine* line = by_any_node ? Speaker(view, shard) : view.nodes.Find(shard.name);
    expected.insert(line == nullptr ? shard.name : line->id);
    if (line != nullptr && line->master && line->slots == shard.slots) continue;
    if (line == nullptr && shard.slots.empty()) continue;
    return Error(StatusCode::kFailedPrecondition, "{} owns slots {} and not {}",
                 view.Name(shard.name),
                 line == nullptr || line->slots.empty() ? "none" : ToString(line->slots),
                 ToString(shard.slots));
  }
  for (const auto& line : view.nodes.nodes) {
    if (line.slots.empty() || expected.count(line.id) != 0) continue;
    return Error(StatusCode::kFailedPrecondition, "{} owns slots {}, unexpectedly",
                 view.Name(line.id), ToString(line.slots));
  }
  return OkStatus();
}

/// Replicas whose master has left follow another one, which the others learn by and by.
Status CheckReplicas(const ClusterView& view) {
  for (const auto& [teller, told] : view.told) {
    for (const auto& line : told.nodes) {
      const NodeLine* master = line.master ? &line : told.Find(line.master_id);
      if (master != nullptr && master->master) continue;
      return Error(StatusCode::kUnavailable, "{} knows no master of the replica {}",
                   view.Name(teller), view.Name(line.id));
    }
  }
  return OkStatus();
}

Status CheckIdle(const Server& server, const std::vector<Reply>& replies) {
  for (const auto& reply : replies) TW_RETURN_IF_ERROR(Checked(reply).status());
  const InfoText persistence(replies[0].text);
  const InfoText replication(replies[1].text);
  const auto& text = replication.text();
  std::string what;
  if (persistence.Number("loading") != 0) what = "is loading its data";
  if (persistence.Number("rdb_bgsave_in_progress") != 0) what = "is saving";
  if (replication.Number("master_sync_in_progress") != 0) what = "is synchronising";
  if (replication.Field("role") == "slave" && replication.Field("master_link_status") != "up") {
    what = "has lost its master";
  }
  if (text.find("state=wait_bgsave") != std::string::npos ||
      text.find("state=send_bulk") != std::string::npos) {
    what = "is synchronising a replica";
  }
  if (what.empty()) return OkStatus();
  return Error(StatusCode::kUnavailable, "{} {}", server.Address(), what);
}

/// Each is refused by its arguments where it is not refused by the account: whoever may run it is
/// told so by another error. CLUSTER BUMPEPOCH takes none and cannot be tried.
Batch Probes() {
  const std::string nobody(40, '0');
  return {{"CLUSTER", "SETSLOT", "-1", "STABLE"},
          {"CLUSTER", "MEET", "nowhere", "0"},
          {"CLUSTER", "FORGET", nobody},
          {"CLUSTER", "REPLICATE", nobody},
          {"CLUSTER", "RESET", "PROBE"},
          {"CLUSTER", "COUNTKEYSINSLOT", "-1"},
          {"CLUSTER", "GETKEYSINSLOT", "-1", "0"},
          {"MEMORY", "USAGE", "tidewright:probe"},
          // Without such a key nothing is sent anywhere, and no port 0 would take it.
          {"MIGRATE", "127.0.0.1", "0", "tidewright:probe", "0", "1"}};
}

std::string NameOf(const Command& command) {
  std::string name = command[0] == "MIGRATE" ? command[0] : command[0] + "|" + command[1];
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

}  // namespace

Status CheckRights(ClusterLink& link, const std::vector<Server>& servers) {
  const Batch probes = Probes();
  std::vector<ClusterLink::Request> requests;
  for (const auto& server : servers) requests.push_back({server, probes});
  const auto answers = link.CallAll(std::move(requests));
  std::map<std::vector<std::string>, std::vector<std::string>> refused;  // commands → addresses
  std::string hint;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    TW_RETURN_IF_ERROR(answers[i].status());
    std::vector<std::string> names;
    for (std::size_t p = 0; p < probes.size(); ++p) {
      const Reply& reply = (*answers[i])[p];
      const bool unknown = reply.text.find("unknown command") != std::string::npos;
      if (!reply.IsError("NOPERM") && !unknown) continue;
      names.push_back(NameOf(probes[p]));
      if (unknown) hint = "(the server does not know it: renamed or disabled in its configuration)";
      if (!unknown) hint = reply.text.substr(std::min(reply.text.find('('), reply.text.size()));
    }
    if (!names.empty()) refused[names].push_back(servers[i].Address());
  }
  if (refused.empty()) return OkStatus();
  std::vector<std::string> texts;
  for (const auto& [names, addresses] : refused) {
    texts.push_back(
        fmt::format("{} at {}", fmt::join(names, ", "), fmt::join(addresses, ", ")));
  }
  return Error(StatusCode::kPermissionDenied, "our account may not run {} {}",
               fmt::join(texts, "; "), hint);
}

Status CheckBefore(ClusterLink& link, const std::vector<ExpectedShard>& shards) {
  TW_ASSIGN_OR_RETURN(const ClusterView view, link.Read());
  TW_RETURN_IF_ERROR(CheckNothingOpen(view));
  TW_RETURN_IF_ERROR(view.Settled());
  TW_RETURN_IF_ERROR(CheckNoneUnderWay(link, view));
  TW_RETURN_IF_ERROR(CheckOwners(view, shards, /*by_any_node=*/false));
  TW_RETURN_IF_ERROR(link.StateOk(view));
  std::vector<ClusterLink::Request> requests;
  std::vector<Server> servers;
  for (const auto& master : view.Masters()) {
    TW_RETURN_IF_ERROR(link.MaySendKeysTo(master.host));
  }
  for (const auto& [id, told] : view.told) {
    servers.push_back(ServerOf(*told.Myself()));
    requests.push_back({servers.back(), {{"INFO", "persistence"}, {"INFO", "replication"}}});
  }
  const auto answers = link.CallAll(std::move(requests));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    TW_RETURN_IF_ERROR(answers[i].status());
    TW_RETURN_IF_ERROR(CheckIdle(servers[i], *answers[i]));
  }
  return CheckRights(link, servers);
}

Status CheckAfter(ClusterLink& link, const std::vector<ExpectedShard>& shards,
                  const std::vector<std::string>& retired) {
  TW_ASSIGN_OR_RETURN(ClusterView read, link.Read());
  const ClusterView view = WithoutFailed(std::move(read));
  // Also a failed node that still owns slots: its replica is about to take over.
  if (const Status settled = view.Settled(); !settled.ok()) {
    return Error(StatusCode::kUnavailable, "{}", Message(settled));
  }
  TW_RETURN_IF_ERROR(CheckNothingOpen(view));
  TW_RETURN_IF_ERROR(CheckOwners(view, shards, /*by_any_node=*/true));
  std::map<std::int64_t, std::string> epochs;
  for (const auto& line : view.nodes.nodes) {
    if (!line.master || line.slots.empty()) continue;
    if (const auto [other, fresh] = epochs.emplace(line.config_epoch, line.id); !fresh) {
      return Error(StatusCode::kUnavailable, "{} and {} share the epoch {}", view.Name(line.id),
                   view.Name(other->second), line.config_epoch);
    }
    for (const auto& [teller, told] : view.told) {
      const NodeLine* seen = told.Find(line.id);
      if (seen != nullptr && seen->config_epoch == line.config_epoch) continue;
      return Error(StatusCode::kUnavailable, "{} does not know the epoch of {} yet",
                   view.Name(teller), view.Name(line.id));
    }
  }
  TW_RETURN_IF_ERROR(CheckReplicas(view));
  for (const auto& id : retired) {
    for (const auto& [teller, told] : view.told) {
      if (told.Find(id) == nullptr) continue;
      return Error(StatusCode::kUnavailable, "{} still lists {}", view.Name(teller), id);
    }
  }
  return link.StateOk(view);
}

}  // namespace tidewright::redis
