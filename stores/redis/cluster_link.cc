#include "stores/redis/cluster_link.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <memory>
#include <optional>
#include <set>

#include "stores/redis/command_kind.h"

namespace tidewright::redis {
namespace {

using Address = std::pair<std::string, int>;

int SlotsTold(const ClusterNodes& nodes) {
  int slots = 0;
  for (const auto& line : nodes.nodes) slots += Count(line.slots);
  return slots;
}

/// A node that was retired and reset may still be among the seeds: it tells of itself alone, so the
/// one that knows more is believed.
bool BetterInformed(const ClusterNodes& a, const ClusterNodes& b) {
  return std::pair(SlotsTold(a), a.nodes.size()) > std::pair(SlotsTold(b), b.nodes.size());
}

/// For messages.
std::string NameOf(const Command& command) {
  const bool of_two_words = command.size() > 1 && command.front() != "EVAL";
  return command.front() + (of_two_words ? " " + command[1] : "");
}

StatusOr<ClusterNodes> Parse(StatusOr<std::vector<Reply>> replies, const Address& from) {
  TW_RETURN_IF_ERROR(replies.status());
  TW_ASSIGN_OR_RETURN(const Reply reply, Checked(std::move(replies->front())));
  TW_ASSIGN_OR_RETURN(ClusterNodes nodes, ParseClusterNodes(reply.text));
  for (auto& line : nodes.nodes) {
    if (!line.myself) continue;
    if (line.host.empty()) line.host = from.first;
    if (line.port == 0) line.port = from.second;
  }
  if (nodes.Myself() == nullptr) {
    return Error(StatusCode::kInternal, "{}:{} does not list itself", from.first, from.second);
  }
  return nodes;
}

}  // namespace

const ClusterNodes* ClusterView::Told(const std::string& id) const {
  const auto it = told.find(id);
  return it == told.end() ? nullptr : &it->second;
}

std::string ClusterView::Name(const std::string& id) const {
  const NodeLine* line = nodes.Find(id);
  return line == nullptr || line->host.empty() ? id : ServerOf(*line).Address();
}

std::string ClusterView::Unheard() const {
  for (const auto& [id, why] : silent) {
    const NodeLine* seen = nodes.Find(id);
    if (seen != nullptr && seen->health != NodeHealth::kFailed) return id;
  }
  return "";
}

std::vector<Server> ClusterView::Masters() const {
  std::vector<Server> masters;
  for (const auto& [id, view] : told) {
    if (view.Myself()->master) masters.push_back(ServerOf(*view.Myself()));
  }
  return masters;
}

std::vector<Server> ClusterView::ReplicasOf(const std::string& id) const {
  std::vector<Server> replicas;
  for (const auto& line : nodes.nodes) {
    if (!line.master && line.master_id == id && line.health == NodeHealth::kOnline) {
      replicas.push_back(ServerOf(line));
    }
  }
  return replicas;
}

std::vector<OpenSlot> ClusterView::Open() const {
  std::vector<OpenSlot> open;
  for (const auto& [id, view] : told) {
    for (const auto& [slot, peer] : view.Myself()->migrating)
      open.push_back({slot, id, peer, false});
    for (const auto& [slot, peer] : view.Myself()->importing)
      open.push_back({slot, id, peer, true});
  }
  return open;
}

bool SameSlots(const ClusterNodes& a, const ClusterNodes& b) {
  const auto covers = [](const ClusterNodes& x, const ClusterNodes& y) {
    return std::all_of(x.nodes.begin(), x.nodes.end(), [&](const NodeLine& line) {
      const NodeLine* other = y.Find(line.id);
      return line.slots.empty() || (other != nullptr && other->slots == line.slots);
    });
  };
  return covers(a, b) && covers(b, a);
}

Status ClusterView::Settled() const {
  for (const auto& [id, status] : silent) {
    const NodeLine* line = nodes.Find(id);
    const bool failed = line != nullptr && line->health == NodeHealth::kFailed;
    return Error(failed ? StatusCode::kFailedPrecondition : StatusCode::kUnavailable,
                 "node {} does not answer: {}", Name(id), Message(status));
  }
  for (const auto& [teller, view] : told) {
    for (const auto& line : view.nodes) {
      if (line.health != NodeHealth::kOnline || line.no_address) {
        return Error(StatusCode::kUnavailable, "node {} sees {} as {}", Name(teller), Name(line.id),
                     line.no_address ? "lost" : NodeHealthName(line.health));
      }
      if (told.count(line.id) == 0) {
        return Error(StatusCode::kUnavailable, "node {} knows {}, which others do not",
                     Name(teller), line.id);
      }
    }
    if (view.nodes.size() != told.size()) {
      return Error(StatusCode::kUnavailable, "node {} lists {} nodes of {}", Name(teller),
                   view.nodes.size(), told.size());
    }
    if (!SameSlots(view, nodes)) {
      return Error(StatusCode::kUnavailable, "node {} tells other owners of slots", Name(teller));
    }
  }
  return OkStatus();
}

std::string InfoText::Field(const std::string& name) const {
  const std::string key = name + ":";
  for (std::size_t at = text_.find(key); at != std::string::npos; at = text_.find(key, at + 1)) {
    if (at != 0 && text_[at - 1] != '\n') continue;
    const auto start = at + key.size();
    return text_.substr(start, text_.find_first_of("\r\n", start) - start);
  }
  return "";
}

std::int64_t InfoText::Number(const std::string& name) const {
  const std::string field = Field(name);
  std::int64_t value = 0;
  std::from_chars(field.data(), field.data() + field.size(), value);
  return value;
}

Status ClusterLink::MayChange(const std::string& what) const {
  if (options_.fence) TW_RETURN_IF_ERROR(Annotate(options_.fence(), what + " was not done"));
  if (endings_ > 0 || !options_.kill_switch || !options_.kill_switch()) return OkStatus();
  return Error(StatusCode::kCancelled, "the kill switch is thrown: {} was not done", what);
}

Status ClusterLink::MaySendKeysTo(const std::string& address) const {
  const Networks& allowed = options_.allowed_targets;
  if (allowed.empty() || allowed.Hold(address)) return OkStatus();
  return Error(StatusCode::kPermissionDenied,
               "{} is not among redis.allowed_targets: no key is sent there", address);
}

Status ClusterLink::MaySend(const Server& to, const Batch& batch) const {
  const Command* change = nullptr;
  for (const auto& command : batch) {
    if (OnlyReads(command)) continue;
    if (change == nullptr) change = &command;
    if (command.front() == "MIGRATE" && command.size() > 1) {
      TW_RETURN_IF_ERROR(MaySendKeysTo(command[1]));
    }
  }
  if (change == nullptr) return OkStatus();
  return MayChange(NameOf(*change) + " at " + to.Address());
}

std::vector<StatusOr<ClusterLink::Replies>> ClusterLink::CallAll(std::vector<Request> requests) {
  // All or none: half of what is meant to happen everywhere would be worse than either.
  for (const auto& request : requests) {
    if (const Status may = MaySend(request.to, request.batch); !may.ok()) {
      return std::vector<StatusOr<Replies>>(requests.size(), may);
    }
  }
  std::vector<std::future<StatusOr<Replies>>> futures;
  for (auto& request : requests) {
    auto promise = std::make_shared<std::promise<StatusOr<Replies>>>();
    futures.push_back(promise->get_future());
    client_.Send(request.to.host, request.to.port, std::move(request.batch),
                 options_.command_timeout,
                 [promise](StatusOr<Replies> replies) { promise->set_value(std::move(replies)); });
  }
  std::vector<StatusOr<Replies>> answers;
  answers.reserve(futures.size());
  for (auto& future : futures) answers.push_back(client_.Await(std::move(future)));
  return answers;
}

StatusOr<ClusterLink::Replies> ClusterLink::Call(const Server& to, Batch batch) {
  return Call(to, std::move(batch), options_.command_timeout);
}

StatusOr<ClusterLink::Replies> ClusterLink::Call(const Server& to, Batch batch, Duration timeout) {
  TW_RETURN_IF_ERROR(MaySend(to, batch));
  return client_.Call(to.host, to.port, std::move(batch), timeout);
}

StatusOr<ClusterLink::Replies> ClusterLink::CallChecked(const Server& to, Batch batch) {
  std::vector<std::string> names;
  for (const auto& command : batch) {
    names.push_back(NameOf(command));
  }
  TW_ASSIGN_OR_RETURN(Replies replies, Call(to, std::move(batch)));
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (!replies[i].IsError()) continue;
    return Annotate(Checked(replies[i]).status(), to.Address() + " " + names[i]);
  }
  return replies;
}

StatusOr<InfoText> ClusterLink::Info(const Server& to, const std::string& section) {
  TW_ASSIGN_OR_RETURN(Replies replies, CallChecked(to, {{"INFO", section}}));
  return InfoText(std::move(replies.front().text));
}

StatusOr<ClusterView> ClusterLink::Read() {
  ClusterView view;
  std::set<Address> asked;
  Status last = Error(StatusCode::kUnavailable, "no node of the cluster is known");
  std::map<Address, Status> failures;
  std::optional<ClusterNodes> best;
  std::map<std::string, ClusterNodes> told;
  const auto ask = [&](const std::vector<Address>& addresses) {
    std::vector<Request> requests;
    std::vector<Address> order;
    for (const auto& address : addresses) {
      if (!asked.insert(address).second) continue;
      order.push_back(address);
      requests.push_back({{"", address.first, address.second}, {{"CLUSTER", "NODES"}}});
    }
    auto answers = CallAll(std::move(requests));
    for (std::size_t i = 0; i < answers.size(); ++i) {
      auto nodes = Parse(std::move(answers[i]), order[i]);
      if (!nodes.ok()) {
        last = failures[order[i]] = nodes.status();
        continue;
      }
      if (!best || BetterInformed(*nodes, *best)) best = *nodes;
      told[nodes->Myself()->id] = *std::move(nodes);
    }
  };
  std::vector<Address> known;
  {
    std::scoped_lock lock(mutex_);
    known = known_;
  }
  ask(known);
  if (!best || SlotsTold(*best) == 0) ask(options_.seeds);
  if (!best) return Annotate(last, "read the cluster");
  std::vector<Address> listed;
  for (const auto& line : best->nodes) {
    if (line.health == NodeHealth::kOnline || line.health == NodeHealth::kSuspected) {
      if (!line.no_address && !line.host.empty()) listed.emplace_back(line.host, line.port);
    }
  }
  ask(listed);
  // Asked again: a later answer may be better informed than the first.
  view.nodes = *best;
  for (const auto& line : view.nodes.nodes) {
    if (const auto it = told.find(line.id); it != told.end()) {
      view.told[line.id] = it->second;
    } else if (const auto why = failures.find({line.host, line.port}); why != failures.end()) {
      view.silent[line.id] = why->second;
    } else {
      view.silent[line.id] = Error(StatusCode::kUnavailable, "{}", NodeHealthName(line.health));
    }
  }
  // The newest line about a node is its own: role, master and flags change there first.
  for (auto& line : view.nodes.nodes) {
    if (line.host.empty()) {
      if (const auto* own = view.Told(line.id)) line.host = own->Myself()->host;
    }
  }
  std::scoped_lock lock(mutex_);
  known_ = listed;
  return view;
}

Status ClusterLink::StateOk(const ClusterView& view) {
  std::vector<Request> requests;
  for (const auto& [id, told] : view.told) {
    requests.push_back({ServerOf(*told.Myself()), {{"CLUSTER", "INFO"}}});
  }
  const auto servers = requests;
  auto answers = CallAll(std::move(requests));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    TW_RETURN_IF_ERROR(answers[i].status());
    const InfoText info(answers[i]->front().text);
    if (info.Field("cluster_state") != "ok") {
      return Error(StatusCode::kUnavailable, "{} says cluster_state:{}", servers[i].to.Address(),
                   info.Field("cluster_state"));
    }
  }
  return OkStatus();
}

Status ClusterLink::CheckMigrateCredentials(const Server& target) {
  TW_RETURN_IF_ERROR(MaySendKeysTo(target.host));
  const Credentials& shown = options_.migrate_credentials;
  if (shown.password.empty()) return OkStatus();
  // Nothing can be restored from an empty payload: what counts is whether it would be allowed.
  const Batch attempt = {{"SELECT", "0"}, {"RESTORE-ASKING", "tidewright", "0", ""}};
  const auto asked = [&](Client& client) {
    return client.Call(target.host, target.port, attempt, options_.command_timeout);
  };
  const Credentials& own = client_.options().credentials;
  StatusOr<Replies> replies = Replies{};
  if (own.username == shown.username && own.password == shown.password) {
    replies = asked(client_);
  } else {
    ClientOptions stranger = client_.options();
    stranger.credentials = shown;
    Client client(std::move(stranger));
    replies = asked(client);
  }
  Status refused = replies.status();
  for (std::size_t i = 0; replies.ok() && i < replies->size(); ++i) {
    const Status status = Checked((*replies)[i]).status();
    if (status.code() == StatusCode::kPermissionDenied && refused.ok()) refused = status;
  }
  return Annotate(refused, "the account that MIGRATE shows to " + target.Address());
}

void ClusterLink::Forget(const Server& server) {
  client_.Forget(server.host, server.port);
  std::scoped_lock lock(mutex_);
  std::erase(known_, Address(server.host, server.port));
}

Status ClusterLink::Pause(Duration d, const StepContext& context) {
  const MonoTime end = clock_.Monotonic() + d;
  while (clock_.Monotonic() < end) {
    if (context.StopRequested()) return Error(StatusCode::kCancelled, "stopped on request");
    clock_.WaitFor(std::min<Duration>(end - clock_.Monotonic(), std::chrono::milliseconds(50)), {});
  }
  return OkStatus();
}

}  // namespace tidewright::redis
