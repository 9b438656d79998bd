#include "stores/redis/slot_group.h"

#include <algorithm>

namespace tidewright::redis {
namespace {

constexpr char kNotAMaster[] = "SETSLOT only with masters";
constexpr Duration kGossipTime = std::chrono::seconds(5);
constexpr Duration kClaimTime = std::chrono::milliseconds(200);
constexpr Duration kLoneClaimTime = std::chrono::milliseconds(50);  // a lone slot is not heard of

Command SetSlot(int slot, const Command& what) {
  Command command = {"CLUSTER", "SETSLOT", std::to_string(slot)};
  command.insert(command.end(), what.begin(), what.end());
  return command;
}

bool Flagged(const std::map<int, std::string>& flags, int slot, const std::string& peer) {
  const auto it = flags.find(slot);
  return it != flags.end() && it->second == peer;
}

StatusOr<ClusterNodes> Nodes(ClusterLink& link, const Server& server) {
  TW_ASSIGN_OR_RETURN(const auto replies, link.CallChecked(server, {{"CLUSTER", "NODES"}}));
  return ParseClusterNodes(replies.front().text);
}

}  // namespace

Status SlotGroup::SetSlots(const Server& to, const std::vector<int>& slots, const Command& what) {
  Batch batch;
  for (int slot : slots) batch.push_back(SetSlot(slot, what));
  return link_.CallChecked(to, std::move(batch)).status();
}

Status SlotGroup::Open() {
  TW_ASSIGN_OR_RETURN(const auto at_target, Nodes(link_, parties_.target));
  TW_ASSIGN_OR_RETURN(const auto at_source, Nodes(link_, parties_.source));
  std::vector<int> astray;  // the target's idea of the owner is out of date
  std::vector<int> to_import;
  std::vector<int> to_migrate;
  for (int slot : slots_) {
    const std::string owner = at_target.Owner(slot);
    if (owner == parties_.target.id) continue;  // only the closing is left
    if (at_source.Owner(slot) != parties_.source.id) {
      return Error(StatusCode::kAborted, "{} does not own slot {} any more",
                   parties_.source.Address(), slot);
    }
    // Gossip does not change the owner of an importing slot: after a failover of the source the
    // target must be told.
    if (owner != parties_.source.id) astray.push_back(slot);
    if (!Flagged(at_target.Myself()->importing, slot, parties_.source.id)) {
      to_import.push_back(slot);
    }
    if (!Flagged(at_source.Myself()->migrating, slot, parties_.target.id)) {
      to_migrate.push_back(slot);
    }
  }
  TW_RETURN_IF_ERROR(SetSlots(parties_.target, astray, {"NODE", parties_.source.id}));
  TW_RETURN_IF_ERROR(SetSlots(parties_.target, to_import, {"IMPORTING", parties_.source.id}));
  return SetSlots(parties_.source, to_migrate, {"MIGRATING", parties_.target.id});
}

Status SlotGroup::CatchUp() {
  if (parties_.replicas.empty()) return OkStatus();
  TW_ASSIGN_OR_RETURN(const InfoText master, link_.Info(parties_.target, "replication"));
  const std::int64_t wanted = master.Number("master_repl_offset");
  const MonoTime deadline = link_.clock().Monotonic() + link_.options().catch_up_timeout;
  auto waiting = parties_.replicas;
  while (true) {
    std::vector<ClusterLink::Request> requests;
    for (const auto& replica : waiting) requests.push_back({replica, {{"INFO", "replication"}}});
    const auto answers = link_.CallAll(std::move(requests));
    std::vector<Server> late;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const InfoText info(answers[i].ok() ? answers[i]->front().text : "");
      if (info.Field("role") != "slave" || info.Field("master_link_status") != "up" ||
          info.Number("slave_repl_offset") < wanted) {
        late.push_back(waiting[i]);
      }
    }
    if (late.empty()) return OkStatus();
    if (link_.clock().Monotonic() >= deadline) {
      return Error(StatusCode::kUnavailable, "replica {} of {} has not caught up within {}",
                   late.front().Address(), parties_.target.Address(),
                   FormatDuration(link_.options().catch_up_timeout));
    }
    waiting = std::move(late);
    link_.Sleep(std::chrono::milliseconds(10));
  }
}

Status SlotGroup::CheckBeforeClosing(std::vector<int>& to_tell_target, bool& epoch_known) {
  Batch source_batch = {{"CLUSTER", "NODES"}};
  for (int slot : slots_) {
    source_batch.push_back({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
  }
  const auto answers = link_.CallAll(
      {{parties_.source, std::move(source_batch)}, {parties_.target, {{"CLUSTER", "NODES"}}}});
  for (const auto& answer : answers) {
    TW_RETURN_IF_ERROR(answer.status());
    for (const auto& reply : *answer) TW_RETURN_IF_ERROR(Checked(reply).status());
  }
  TW_ASSIGN_OR_RETURN(const auto at_source, ParseClusterNodes((*answers[0])[0].text));
  TW_ASSIGN_OR_RETURN(const auto at_target, ParseClusterNodes((*answers[1])[0].text));
  // NODE raises the target's epoch above those that it knows. A source whose epoch was raised a
  // moment ago, unknown to the target, may have sent claims that would win over the target's.
  const NodeLine* seen = at_target.Find(parties_.source.id);
  epoch_known = !at_source.Myself()->master ||
                (seen != nullptr && seen->config_epoch >= at_source.Myself()->config_epoch);
  if (!epoch_known) return OkStatus();
  std::vector<int> to_import;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const int slot = slots_[i];
    const auto keys = (*answers[0])[i + 1].integer;
    const bool source_owns = parties_.source.id != parties_.target.id &&
                             at_source.Myself()->master &&
                             at_source.Owner(slot) == parties_.source.id;
    if (at_target.Owner(slot) == parties_.target.id) {
      if (source_owns && keys > 0) {
        return Error(StatusCode::kDataLoss,
                     "slot {} was given to {} while {} still holds {} keys of it: it will delete "
                     "them",
                     slot, parties_.target.Address(), parties_.source.Address(), keys);
      }
      continue;
    }
    // Each takes the other for the owner: nobody serves the slot, and the source has no key of it.
    const bool given = at_source.Owner(slot) == parties_.target.id;
    const bool ready =
        given || (source_owns && Flagged(at_source.Myself()->migrating, slot, parties_.target.id));
    if (!ready || keys > 0) {
      return Error(StatusCode::kAborted, "slot {} at {} is not ready to be closed ({} keys)", slot,
                   parties_.source.Address(), keys);
    }
    // Without this flag NODE would raise no epoch, and gossip could take the slot back.
    if (!Flagged(at_target.Myself()->importing, slot, parties_.source.id)) {
      to_import.push_back(slot);
    }
    to_tell_target.push_back(slot);
  }
  return SetSlots(parties_.target, to_import, {"IMPORTING", parties_.source.id});
}

Status SlotGroup::CheckOwner(const Server& teller, const ClusterNodes& told,
                             const std::vector<int>& slots) const {
  for (int slot : slots) {
    if (told.Owner(slot) != parties_.target.id) {
      return Error(StatusCode::kAborted, "{} does not see {} as the owner of slot {}",
                   teller.Address(), parties_.target.Address(), slot);
    }
    const NodeLine& self = *told.Myself();
    if (self.migrating.count(slot) + self.importing.count(slot) != 0) {
      return Error(StatusCode::kAborted, "slot {} is still open at {}", slot, teller.Address());
    }
  }
  return OkStatus();
}

/// NODE; returns what the node believes afterwards.
StatusOr<ClusterNodes> SlotGroup::Tell(const Server& to, const std::vector<int>& slots) {
  Batch batch;
  for (int slot : slots) batch.push_back(SetSlot(slot, {"NODE", parties_.target.id}));
  batch.push_back({"CLUSTER", "NODES"});
  TW_ASSIGN_OR_RETURN(const auto replies, link_.Call(to, std::move(batch)));
  TW_ASSIGN_OR_RETURN(const auto nodes_reply, Checked(replies.back()));
  TW_ASSIGN_OR_RETURN(auto nodes, ParseClusterNodes(nodes_reply.text));
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!replies[i].IsError()) continue;
    // The source has given away its last slot and become a replica of the new owner: done.
    if (replies[i].text.find(kNotAMaster) != std::string::npos && !nodes.Myself()->master) continue;
    return Annotate(
        Checked(replies[i]).status(),
        fmt::format("give slot {} to {} at {}", slots[i], parties_.target.Address(), to.Address()));
  }
  TW_RETURN_IF_ERROR(CheckOwner(to, nodes, slots));
  return nodes;
}

/// The target's claim must be newer than the source's, else gossip could revert it.
Status SlotGroup::RaiseEpoch(ClusterNodes at_target) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::int64_t epoch = at_target.Myself()->config_epoch;
    const bool highest =
        std::all_of(at_target.nodes.begin(), at_target.nodes.end(), [&](const NodeLine& line) {
          return line.myself || !line.master || line.config_epoch < epoch;
        });
    if (highest) return OkStatus();
    TW_RETURN_IF_ERROR(link_.CallChecked(parties_.target, {{"CLUSTER", "BUMPEPOCH"}}).status());
    TW_ASSIGN_OR_RETURN(at_target, Nodes(link_, parties_.target));
  }
  return Error(StatusCode::kUnavailable, "{} does not get the highest epoch",
               parties_.target.Address());
}

/// A server that was told of a new owner, and then hears a packet of that owner from before it took
/// the slot, keeps in mind that the owner does not claim it. Redis 7.0 forgets that at the next
/// difference only (mended by its pull request 12564): given the slot back, it takes the first
/// claim of the other side for newer than its own, and deletes the keys. NODE broadcasts what the
/// target claims after each slot but the last one; once the source has heard that, no older packet
/// is under way. What it does not hear in time it is told all the same: a slot must not stay split.
Status SlotGroup::AwaitClaims() {
  const MonoTime begin = link_.clock().Monotonic();
  const Duration patience = slots_.size() > 1 ? kClaimTime : kLoneClaimTime;
  while (true) {
    TW_ASSIGN_OR_RETURN(const auto at_source, Nodes(link_, parties_.source));
    const auto heard = std::count_if(slots_.begin(), slots_.end(), [&](int slot) {
      return at_source.Owner(slot) == parties_.target.id;
    });
    const auto all = static_cast<std::ptrdiff_t>(slots_.size());
    if (heard == all || (all > 1 && heard == all - 1)) return OkStatus();
    if (link_.clock().Monotonic() - begin >= patience) return OkStatus();
    link_.Sleep(std::chrono::milliseconds(1));
  }
}

Status SlotGroup::Close() {
  const MonoTime deadline = link_.clock().Monotonic() + kGossipTime;
  std::vector<int> to_tell_target;
  bool epoch_known = false;
  while (true) {
    TW_RETURN_IF_ERROR(CheckBeforeClosing(to_tell_target, epoch_known));
    if (epoch_known) break;
    if (link_.clock().Monotonic() >= deadline) {
      return Error(StatusCode::kUnavailable, "{} does not learn the epoch of {}",
                   parties_.target.Address(), parties_.source.Address());
    }
    link_.Sleep(std::chrono::milliseconds(10));
  }
  TW_ASSIGN_OR_RETURN(auto at_target, Tell(parties_.target, to_tell_target));
  TW_RETURN_IF_ERROR(RaiseEpoch(std::move(at_target)));
  TW_RETURN_IF_ERROR(AwaitClaims());
  TW_RETURN_IF_ERROR(Tell(parties_.source, slots_).status());
  std::vector<ClusterLink::Request> requests;
  for (const auto& other : parties_.others) {
    Batch batch;
    for (int slot : slots_) batch.push_back(SetSlot(slot, {"NODE", parties_.target.id}));
    batch.push_back({"CLUSTER", "NODES"});
    requests.push_back({other, std::move(batch)});
  }
  const auto answers = link_.CallAll(std::move(requests));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const Server& other = parties_.others[i];
    TW_RETURN_IF_ERROR(Annotate(answers[i].status(), "tell " + other.Address()));
    TW_ASSIGN_OR_RETURN(const auto told, ParseClusterNodes(answers[i]->back().text));
    if (!told.Myself()->master) continue;  // it learns by gossip
    TW_RETURN_IF_ERROR(CheckOwner(other, told, slots_));
  }
  return OkStatus();
}

Status SlotGroup::AwaitOwner() {
  const MonoTime deadline = link_.clock().Monotonic() + kGossipTime;
  while (true) {
    TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
    Status agreed = OkStatus();
    if (const std::string unheard = view.Unheard(); !unheard.empty()) {
      agreed = Error(StatusCode::kUnavailable, "{} does not answer", view.Name(unheard));
    }
    for (const auto& [id, told] : view.told) {
      if (!told.Myself()->master || !agreed.ok()) continue;  // replicas learn by gossip
      agreed = CheckOwner(ServerOf(*told.Myself()), told, slots_);
    }
    const ClusterNodes* at_target = view.Told(parties_.target.id);
    if (at_target == nullptr) {
      agreed = Error(StatusCode::kUnavailable, "{} does not answer", parties_.target.Address());
    }
    if (agreed.ok()) return RaiseEpoch(*at_target);
    if (link_.clock().Monotonic() >= deadline) return agreed;
    link_.Sleep(std::chrono::milliseconds(10));
  }
}

/// First the target. From then on it takes no key of these slots any more: what it has is counted
/// behind that, on the same connection, and cannot grow. A client that the source sends there with
/// ASK in the meantime is sent back with MOVED and comes round again until the source's flag is
/// gone too, a round trip later. The other way round a write acknowledged by the target after the
/// count would be left behind there.
Status SlotGroup::Cancel() {
  TW_ASSIGN_OR_RETURN(const auto at_target, Nodes(link_, parties_.target));
  std::vector<int> slots;
  for (const int slot : slots_) {
    if (at_target.Owner(slot) != parties_.target.id) slots.push_back(slot);
  }
  Batch batch;
  for (const int slot : slots) batch.push_back(SetSlot(slot, {"STABLE"}));
  for (const int slot : slots)
    batch.push_back({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
  TW_ASSIGN_OR_RETURN(const auto replies, link_.CallChecked(parties_.target, std::move(batch)));
  std::vector<int> empty;
  std::vector<int> written;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    (replies[slots.size() + i].integer == 0 ? empty : written).push_back(slots[i]);
  }
  TW_RETURN_IF_ERROR(SetSlots(parties_.target, written, {"IMPORTING", parties_.source.id}));
  TW_RETURN_IF_ERROR(SetSlots(parties_.source, empty, {"STABLE"}));
  for (const int slot : slots_) {
    if (std::find(empty.begin(), empty.end(), slot) != empty.end()) continue;
    return Error(StatusCode::kFailedPrecondition, "slot {} has been moved in part", slot);
  }
  return OkStatus();
}

}  // namespace tidewright::redis
