#include "stores/redis/membership.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>
#include <set>

#include "stores/redis/preflight.h"
#include "stores/redis/step_args.h"

namespace tidewright::redis {
namespace {

/// Redis' MEET takes addresses, not names.
StatusOr<std::string> ResolveIp(const std::string& host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (!error) return address.to_string();
  boost::asio::io_context context;
  boost::asio::ip::tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, "", error);
  if (error || found.empty()) {
    return Error(StatusCode::kUnavailable, "{}: {}", host, error.message());
  }
  return found.begin()->endpoint().address().to_string();
}

bool IsMember(const std::vector<Server>& members, const std::string& id) {
  return std::any_of(members.begin(), members.end(), [&](const Server& m) { return m.id == id; });
}

/// "7.0.15" → "7.0".
std::string MinorVersion(const std::string& version) {
  return version.substr(0, version.find('.', version.find('.') + 1));
}

}  // namespace

StatusOr<std::vector<Server>> Membership::Noted(const std::vector<std::string>& names) const {
  std::vector<Server> servers;
  for (const auto& name : names) {
    const auto node = NotedNode(context_, name);
    if (!node) return Error(StatusCode::kFailedPrecondition, "{} has not been provisioned", name);
    servers.push_back(*node);
  }
  return servers;
}

Status Membership::Provision(const std::string& name, const std::string& token,
                             const std::string& cluster) {
  if (provisioner_ == nullptr) {
    return Error(StatusCode::kFailedPrecondition, "no provisioner is configured to get nodes from");
  }
  if (context_.StopRequested()) return Error(StatusCode::kCancelled, "stopped on request");
  TW_RETURN_IF_ERROR(link_.MayChange("asking for a server"));
  TW_RETURN_IF_ERROR(context_.SaveNote("asked:" + name, token));
  TW_ASSIGN_OR_RETURN(const ProvisionedNode node,
                      provisioner_->Acquire({token, cluster}, link_.options().provision_timeout));
  Server server{"", node.host, node.port};
  TW_ASSIGN_OR_RETURN(const std::string ip, ResolveIp(node.host));
  TW_RETURN_IF_ERROR(Annotate(link_.MaySendKeysTo(ip), "the provisioner gave " + server.Address()));
  TW_ASSIGN_OR_RETURN(const auto replies, link_.CallChecked(server, {{"CLUSTER", "MYID"}}));
  server.id = replies.front().text;
  return SaveNode(context_, name, server);
}

StatusOr<bool> Membership::Provisioned(const std::string& name) {
  const auto node = NotedNode(context_, name);
  if (!node) return false;
  const auto replies = link_.CallChecked(*node, {{"CLUSTER", "MYID"}});
  return replies.ok() && replies->front().text == node->id;
}

Status Membership::GiveBack(const std::string& name, const std::string& token,
                            const std::string& cluster) {
  if (provisioner_ == nullptr || !context_.Note("asked:" + name)) return OkStatus();
  TW_RETURN_IF_ERROR(link_.MayChange("giving back " + name));
  auto node = NotedNode(context_, name);
  if (!node) {
    // It may have been started without our hearing of it: the token finds it.
    const auto found = provisioner_->Acquire({token, cluster}, link_.options().provision_timeout);
    if (found.status().code() == StatusCode::kResourceExhausted) return OkStatus();
    TW_RETURN_IF_ERROR(found.status());
    node = Server{"", found->host, found->port};
  }
  return ReleaseOne(*node);
}

Status Membership::CopyFunctions(const Server& from, const Server& to) {
  TW_ASSIGN_OR_RETURN(const InfoText memory, link_.Info(from, "memory"));
  if (memory.Number("number_of_libraries") == 0) return OkStatus();
  TW_ASSIGN_OR_RETURN(const auto dump, link_.CallChecked(from, {{"FUNCTION", "DUMP"}}));
  return link_.CallChecked(to, {{"FUNCTION", "RESTORE", dump.front().text, "REPLACE"}}).status();
}

Status Membership::CheckNewNode(const Server& node, const ClusterView& view,
                                const std::vector<Server>& all) {
  TW_ASSIGN_OR_RETURN(
      const auto replies,
      link_.CallChecked(node, {{"CLUSTER", "NODES"}, {"INFO", "keyspace"}, {"INFO", "server"}}));
  TW_ASSIGN_OR_RETURN(const ClusterNodes nodes, ParseClusterNodes(replies[0].text));
  const NodeLine* self = nodes.Myself();
  if (self == nullptr || self->id != node.id) {
    return Error(StatusCode::kFailedPrecondition, "{} is another node than the one provisioned",
                 node.Address());
  }
  for (const auto& line : nodes.nodes) {
    if (line.health == NodeHealth::kJoining || IsMember(all, line.id)) continue;
    if (view.nodes.Find(line.id) == nullptr) {
      return Error(StatusCode::kFailedPrecondition, "{} is a member of another cluster",
                   node.Address());
    }
  }
  if (!self->slots.empty() || replies[1].text.find("db") != std::string::npos) {
    return Error(StatusCode::kFailedPrecondition, "{} is not empty", node.Address());
  }
  const auto masters = view.Masters();
  if (masters.empty()) return Error(StatusCode::kUnavailable, "no master answers");
  TW_RETURN_IF_ERROR(CheckSameMakeUp(node, masters.front()));
  TW_RETURN_IF_ERROR(CheckRights(link_, {node}));
  TW_ASSIGN_OR_RETURN(const InfoText peer, link_.Info(masters.front(), "server"));
  const std::string theirs = peer.Field("redis_version");
  const std::string ours = InfoText(replies[2].text).Field("redis_version");
  if (MinorVersion(theirs) != MinorVersion(ours)) {
    return Error(StatusCode::kFailedPrecondition, "{} runs version {}, the cluster {}",
                 node.Address(), ours, theirs);
  }
  return OkStatus();
}

/// Modules, and settings that decide which keys a server can hold. What either side may not be
/// asked is not compared: CONFIG GET shows passwords, and an account may well not be allowed it.
Status Membership::CheckSameMakeUp(const Server& node, const Server& peer) {
  Batch questions = {{"MODULE", "LIST"}};
  const std::vector<std::string> settings = {"maxmemory", "maxmemory-policy", "databases"};
  for (const auto& setting : settings) questions.push_back({"CONFIG", "GET", setting});
  TW_ASSIGN_OR_RETURN(const auto ours, link_.Call(node, questions));
  TW_ASSIGN_OR_RETURN(const auto theirs, link_.Call(peer, questions));
  const auto modules = [](const Reply& reply) {
    std::set<std::string> found;
    for (const auto& module : reply.elements) {
      std::string text;  // name and version are told in pairs, with more since 7.0
      for (std::size_t i = 0; i + 1 < module.elements.size(); i += 2) {
        const std::string& key = module.elements[i].text;
        if (key == "name") text += module.elements[i + 1].text;
        if (key == "ver") text += " " + std::to_string(module.elements[i + 1].integer);
      }
      found.insert(text);
    }
    return found;
  };
  if (!ours[0].IsError() && !theirs[0].IsError() && modules(ours[0]) != modules(theirs[0])) {
    return Error(StatusCode::kFailedPrecondition, "{} has modules [{}], {} has [{}]",
                 node.Address(), fmt::join(modules(ours[0]), ", "), peer.Address(),
                 fmt::join(modules(theirs[0]), ", "));
  }
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const Reply& here = ours[i + 1];
    const Reply& there = theirs[i + 1];
    if (here.elements.size() != 2 || there.elements.size() != 2) continue;
    if (here.elements[1].text == there.elements[1].text) continue;
    return Error(StatusCode::kFailedPrecondition, "{} has {} {}, {} has {}", node.Address(),
                 settings[i], here.elements[1].text, peer.Address(), there.elements[1].text);
  }
  return OkStatus();
}

Status Membership::Converged(const std::vector<Server>& nodes) {
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  for (const auto& node : nodes) {
    if (view.told.count(node.id) == 0) {
      return Error(StatusCode::kUnavailable, "{} is not known to the cluster yet", node.Address());
    }
  }
  const Status settled = view.Settled();
  if (!settled.ok()) return Error(StatusCode::kUnavailable, "{}", Message(settled));
  return link_.StateOk(view);
}

Status Membership::Join(const std::vector<std::string>& names) {
  TW_ASSIGN_OR_RETURN(const auto nodes, Noted(names));
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (view.nodes.Find(nodes[i].id) != nullptr) continue;
    TW_RETURN_IF_ERROR(CheckNewNode(nodes[i], view, nodes));
    if (!IsNewReplica(names[i])) {
      TW_RETURN_IF_ERROR(CopyFunctions(view.Masters().front(), nodes[i]));
    }
  }
  const Server introducer = view.Masters().front();
  MonoTime next_meeting = link_.clock().Monotonic();
  return link_.Await(link_.options().join_timeout, context_, [&]() -> Status {
    const Status converged = Converged(nodes);
    if (converged.ok() || link_.clock().Monotonic() < next_meeting) return converged;
    // A handshake that fails is given up by the nodes without a word: ask again now and then.
    TW_ASSIGN_OR_RETURN(const ClusterView now, link_.Read());
    for (const auto& node : nodes) {
      if (now.nodes.Find(node.id) != nullptr) continue;
      if (context_.StopRequested()) return Error(StatusCode::kCancelled, "stopped on request");
      TW_ASSIGN_OR_RETURN(const std::string ip, ResolveIp(node.host));
      TW_RETURN_IF_ERROR(
          link_.CallChecked(introducer, {{"CLUSTER", "MEET", ip, std::to_string(node.port)}})
              .status());
    }
    next_meeting = link_.clock().Monotonic() + std::chrono::seconds(5);
    return converged;
  });
}

StatusOr<bool> Membership::Joined(const std::vector<std::string>& names) {
  std::vector<Server> nodes;
  for (const auto& name : names) {
    const auto node = NotedNode(context_, name);
    if (!node) return false;
    nodes.push_back(*node);
  }
  return Converged(nodes).ok();
}

Status Membership::Leave(const std::vector<std::string>& names) {
  std::vector<Server> members;
  // Replicas first, then masters: the order in which they are forgotten.
  for (const bool replicas : {true, false}) {
    for (const auto& name : names) {
      const auto node = NotedNode(context_, name);
      if (node && IsNewReplica(name) == replicas) members.push_back(*node);
    }
  }
  return Remove(members);
}

Status Membership::Replicated(const std::vector<std::string>& names) {
  TW_ASSIGN_OR_RETURN(const auto nodes, Noted(names));
  const Server& master = nodes.front();
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    TW_ASSIGN_OR_RETURN(const auto replies, link_.CallChecked(nodes[i], {{"CLUSTER", "NODES"},
                                                                         {"INFO", "replication"}}));
    TW_ASSIGN_OR_RETURN(const auto told, ParseClusterNodes(replies[0].text));
    const InfoText info(replies[1].text);
    if (told.Myself()->master_id != master.id || info.Field("master_link_status") != "up") {
      return Error(StatusCode::kUnavailable, "{} is not in sync with {}", nodes[i].Address(),
                   master.Address());
    }
  }
  TW_ASSIGN_OR_RETURN(const InfoText info, link_.Info(master, "replication"));
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    const std::string online = fmt::format("port={},state=online", nodes[i].port);
    for (const auto& [id, told] : view.told) {
      const NodeLine* line = told.Find(nodes[i].id);
      if (line == nullptr || line->master_id != master.id) {
        return Error(StatusCode::kUnavailable, "{} does not see {} as a replica of {}",
                     view.Name(id), nodes[i].Address(), master.Address());
      }
    }
    if (info.text().find(online) == std::string::npos) {
      return Error(StatusCode::kUnavailable, "{} does not see its replica {} online",
                   master.Address(), nodes[i].Address());
    }
  }
  return OkStatus();
}

Status Membership::Replicate(const std::vector<std::string>& names) {
  TW_ASSIGN_OR_RETURN(const auto nodes, Noted(names));
  const Server& master = nodes.front();
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    if (context_.StopRequested()) return Error(StatusCode::kCancelled, "stopped on request");
    TW_ASSIGN_OR_RETURN(const auto replies, link_.CallChecked(nodes[i], {{"CLUSTER", "NODES"}}));
    TW_ASSIGN_OR_RETURN(const auto told, ParseClusterNodes(replies[0].text));
    if (told.Myself()->master_id == master.id) continue;
    TW_RETURN_IF_ERROR(link_.CallChecked(nodes[i], {{"CLUSTER", "REPLICATE", master.id}}).status());
  }
  return link_.Await(link_.options().sync_timeout, context_, [&] { return Replicated(names); });
}

Status Membership::CheckMayLeave(const ClusterView& view, const std::vector<Server>& members) {
  for (const auto& [teller, told] : view.told) {
    for (const auto& member : members) {
      const NodeLine* line = told.Find(member.id);
      if (line == nullptr || line->slots.empty()) continue;
      // What the member has given away is told to replicas by gossip, in its own time.
      const ClusterNodes* own = view.Told(member.id);
      const bool gossip = own != nullptr && own->Myself()->slots.empty();
      return Error(gossip ? StatusCode::kUnavailable : StatusCode::kFailedPrecondition,
                   "{} still owns slots {} as {} sees it", member.Address(), ToString(line->slots),
                   view.Name(teller));
    }
  }
  for (const auto& member : members) {
    const ClusterNodes* told = view.Told(member.id);
    if (told == nullptr || !told->Myself()->master) continue;
    TW_ASSIGN_OR_RETURN(const InfoText info, link_.Info(member, "keyspace"));
    if (info.text().find("db") == std::string::npos) continue;
    return Error(StatusCode::kFailedPrecondition, "{} owns no slot but holds keys: {}",
                 member.Address(), info.Field("db0"));
  }
  return OkStatus();
}

/// "Can't forget my master!": those that stay get another one.
Status Membership::RehomeReplicas(const ClusterView& view, const std::vector<Server>& members) {
  std::map<std::string, int> replicas;  // of the masters that stay and serve
  for (const auto& line : view.nodes.nodes) {
    if (line.master && !line.slots.empty() && !IsMember(members, line.id)) replicas[line.id];
  }
  for (const auto& line : view.nodes.nodes) {
    if (const auto it = replicas.find(line.master_id); it != replicas.end()) ++it->second;
  }
  for (const auto& [id, told] : view.told) {
    const NodeLine& self = *told.Myself();
    if (IsMember(members, id) || !IsMember(members, self.master_id)) continue;
    if (context_.StopRequested()) return Error(StatusCode::kCancelled, "stopped on request");
    const auto poorest =
        std::min_element(replicas.begin(), replicas.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (poorest == replicas.end()) {
      return Error(StatusCode::kFailedPrecondition, "no master is left to replicate");
    }
    ++poorest->second;
    const Server replica = ServerOf(self);
    TW_RETURN_IF_ERROR(
        link_.CallChecked(replica, {{"CLUSTER", "REPLICATE", poorest->first}}).status());
    TW_RETURN_IF_ERROR(link_.Await(link_.options().sync_timeout, context_, [&, this]() -> Status {
      TW_ASSIGN_OR_RETURN(const InfoText info, link_.Info(replica, "replication"));
      if (info.Field("master_link_status") != "up") {
        return Error(StatusCode::kUnavailable, "{} is not in sync with its new master",
                     replica.Address());
      }
      // A node that forgets a master before it has heard of the change knows of none.
      TW_ASSIGN_OR_RETURN(const ClusterView now, link_.Read());
      for (const auto& [teller, nodes] : now.told) {
        const NodeLine* line = nodes.Find(replica.id);
        if (line != nullptr && line->master_id == poorest->first) continue;
        return Error(StatusCode::kUnavailable, "{} does not see {} as a replica of {}",
                     now.Name(teller), replica.Address(), now.Name(poorest->first));
      }
      return OkStatus();
    }));
  }
  return OkStatus();
}

/// All in one go: a node that still knows a member would tell the others of it again, and they
/// refuse to listen for 60 s only.
Status Membership::ForgetEverywhere(const ClusterView& view, const std::vector<Server>& members) {
  std::vector<ClusterLink::Request> requests;
  std::vector<std::string> names;
  for (const auto& [id, told] : view.told) {
    if (IsMember(members, id)) continue;
    Batch batch;
    for (const auto& member : members) {
      if (told.Find(member.id) != nullptr) batch.push_back({"CLUSTER", "FORGET", member.id});
    }
    batch.push_back({"CLUSTER", "NODES"});
    requests.push_back({ServerOf(*told.Myself()), std::move(batch)});
    names.push_back(view.Name(id));
  }
  const auto answers = link_.CallAll(std::move(requests));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    TW_RETURN_IF_ERROR(Annotate(answers[i].status(), "forget at " + names[i]));
    TW_ASSIGN_OR_RETURN(const auto told, ParseClusterNodes(answers[i]->back().text));
    for (const auto& member : members) {
      if (told.Find(member.id) == nullptr) continue;
      const std::string why = answers[i]->front().IsError() ? answers[i]->front().text : "";
      return Error(StatusCode::kAborted, "{} does not forget {} {}", names[i], member.Address(),
                   why);
    }
  }
  return OkStatus();
}

/// A node that does not answer is left to Release; one that has another id was reset before.
Status Membership::ResetMember(const Server& member) {
  const auto replies = link_.CallChecked(member, {{"CLUSTER", "MYID"}});
  if (!replies.ok()) {
    return replies.status().code() == StatusCode::kUnavailable ? OkStatus() : replies.status();
  }
  if (replies->front().text != member.id) return OkStatus();
  return link_.CallChecked(member, {{"CLUSTER", "RESET", "HARD"}}).status();
}

Status Membership::Remove(const std::vector<Server>& members) {
  if (members.empty()) return OkStatus();
  TW_ASSIGN_OR_RETURN(ClusterView view, link_.Read());
  for (const auto& [id, why] : view.silent) {
    if (IsMember(members, id)) continue;
    return Error(StatusCode::kUnavailable, "{} cannot be told to forget nodes: {}", view.Name(id),
                 Message(why));
  }
  TW_RETURN_IF_ERROR(CheckMayLeave(view, members));
  TW_RETURN_IF_ERROR(RehomeReplicas(view, members));
  if (context_.StopRequested()) return Error(StatusCode::kCancelled, "stopped on request");
  TW_RETURN_IF_ERROR(ForgetEverywhere(view, members));
  for (const auto& member : members) TW_RETURN_IF_ERROR(ResetMember(member));
  for (const auto& member : members) link_.Forget(member);
  TW_ASSIGN_OR_RETURN(const bool removed, Removed(members));
  if (removed) return OkStatus();
  return Error(StatusCode::kAborted, "gossip has brought a removed node back");
}

StatusOr<bool> Membership::Removed(const std::vector<Server>& members) {
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  for (const auto& [id, told] : view.told) {
    for (const auto& member : members) {
      if (told.Find(member.id) != nullptr) return false;
    }
  }
  for (const auto& member : members) {
    const auto replies = link_.CallChecked(member, {{"CLUSTER", "MYID"}});
    if (replies.ok() && replies->front().text == member.id) return false;  // not reset yet
  }
  return true;
}

StatusOr<bool> Membership::AllListed(const std::vector<Server>& members) {
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  for (const auto& [id, told] : view.told) {
    for (const auto& member : members) {
      if (told.Find(member.id) == nullptr) return false;
    }
  }
  return true;
}

Status Membership::ReleaseOne(const Server& member) {
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  for (const auto& line : view.nodes.nodes) {
    if (line.host != member.host || line.port != member.port) continue;
    return Error(StatusCode::kFailedPrecondition, "{} is a node of the cluster: not released",
                 member.Address());
  }
  link_.Forget(member);
  if (provisioner_ == nullptr) return OkStatus();
  TW_RETURN_IF_ERROR(link_.MayChange("stopping " + member.Address()));
  const Status released =
      provisioner_->Release(member.host, member.port, link_.options().provision_timeout);
  // Not the provisioner's own: it is left running, empty and alone.
  return released.code() == StatusCode::kNotFound ? OkStatus() : released;
}

Status Membership::Release(const std::vector<Server>& members) {
  for (const auto& member : members) {
    const std::string note = "released:" + member.id;
    if (context_.Note(note)) continue;
    if (context_.StopRequested()) return Error(StatusCode::kCancelled, "stopped on request");
    TW_RETURN_IF_ERROR(ReleaseOne(member));
    const Status noted = context_.SaveNote(note, member.Address());
    // There is no way back from here: a disk that is full gets time.
    if (noted.code() == StatusCode::kResourceExhausted) {
      return Error(StatusCode::kUnavailable, "{}", Message(noted));
    }
    TW_RETURN_IF_ERROR(noted);
  }
  return OkStatus();
}

bool Membership::Released(const std::vector<Server>& members) const {
  return std::all_of(members.begin(), members.end(), [&](const Server& member) {
    return context_.Note("released:" + member.id).has_value();
  });
}

}  // namespace tidewright::redis
