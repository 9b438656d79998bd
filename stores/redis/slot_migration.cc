#include "stores/redis/slot_migration.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "stores/redis/move_watch.h"

namespace tidewright::redis {
namespace {

const std::string* Flag(const std::map<int, std::string>& flags, int slot) {
  const auto it = flags.find(slot);
  return it == flags.end() ? nullptr : &it->second;
}

/// The shard's master of now, absent when none of its nodes is a healthy master.
std::optional<Server> MasterOf(const ClusterView& view, const ShardParty& shard) {
  std::optional<Server> found;
  bool serves = false;
  for (const auto& id : shard.ids) {
    const ClusterNodes* told = view.Told(id);
    if (told == nullptr || !told->Myself()->master) continue;
    const NodeLine* seen = view.nodes.Find(id);
    if (seen == nullptr || seen->health == NodeHealth::kFailed) continue;
    // Of two that call themselves master the one that others see serving is it.
    const bool seen_serving = !seen->slots.empty();
    if (!found || (seen_serving && !serves)) {
      found = ServerOf(*told->Myself());
      found->host = seen->host;
      found->port = seen->port;
      serves = seen_serving;
    }
  }
  return found;
}

}  // namespace

bool ShardParty::Has(const std::string& id) const {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

Status SlotMigration::Move() { return Persist(/*only_open=*/false); }
Status SlotMigration::FinishOpen() {
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  return GaveAllBack(view) ? OkStatus() : Persist(/*only_open=*/true);
}

/// With its last slot a master becomes a replica of whoever took it, and closes what it imports.
bool SlotMigration::GaveAllBack(const ClusterView& view) const {
  return std::all_of(to_.ids.begin(), to_.ids.end(), [&](const std::string& id) {
    const ClusterNodes* told = view.Told(id);
    return told != nullptr && from_.Has(told->Myself()->master_id);
  });
}

/// Clients of an open slot see ASK and TRYAGAIN: it is not left so for the executor's backoff.
Status SlotMigration::Persist(bool only_open) {
  const MonoTime deadline = link_.clock().Monotonic() + link_.options().open_patience;
  Duration wait = std::chrono::milliseconds(50);
  while (true) {
    Status status = Attempt(only_open);
    if (status.ok() || !open_) return status;
    if (!IsTransient(status)) {
      if (status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kCancelled) {
        return status;
      }
      const Status cancelled = CancelOpen();
      if (cancelled.ok()) return status;
      return Annotate(status, fmt::format("slots stay open ({})", Message(cancelled)));
    }
    if (link_.clock().Monotonic() >= deadline) return status;
    link_.Sleep(wait);
    wait = std::min<Duration>(wait * 2, std::chrono::seconds(1));
  }
}

StatusOr<bool> SlotMigration::Moved() {
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  if (!view.Unheard().empty()) return false;
  for (const auto& [id, told] : view.told) {
    for (int slot : slots_) {
      if (!to_.Has(told.Owner(slot))) return false;
      if (Flag(told.Myself()->migrating, slot) || Flag(told.Myself()->importing, slot)) {
        return false;
      }
    }
  }
  return true;
}

Status SlotMigration::FindParties(Situation& now) const {
  const auto target = MasterOf(now.view, to_);
  if (!target) {
    for (const auto& id : to_.ids) {
      const ClusterNodes* told = now.view.Told(id);
      if (told == nullptr || !from_.Has(told->Myself()->master_id)) continue;
      return Error(StatusCode::kFailedPrecondition,
                   "{} gave away its last slot and is a replica of {} now: it cannot take slots",
                   to_.name, from_.name);
    }
    return Error(StatusCode::kUnavailable, "{} has no master that answers", to_.name);
  }
  now.parties.target = *target;
  const auto source = MasterOf(now.view, from_);
  now.has_source = source.has_value();
  if (source) now.parties.source = *source;
  for (const auto& master : now.view.Masters()) {
    if (master.id == target->id || (source && master.id == source->id)) continue;
    now.parties.others.push_back(master);
  }
  now.parties.replicas = now.view.ReplicasOf(target->id);
  now.target_is_empty = now.view.Told(target->id)->Myself()->slots.empty();
  return OkStatus();
}

StatusOr<SlotMigration::Where> SlotMigration::WhereIs(int slot, const Situation& now) const {
  const ClusterNodes& at_target = *now.view.Told(now.parties.target.id);
  if (at_target.Owner(slot) == now.parties.target.id) {
    for (const auto& [id, told] : now.view.told) {
      const NodeLine& self = *told.Myself();
      if (!self.master) continue;
      if (told.Owner(slot) != now.parties.target.id || Flag(self.migrating, slot) ||
          Flag(self.importing, slot)) {
        return Where::kClosing;
      }
    }
    return Where::kMoved;
  }
  if (!now.has_source) {
    return Error(StatusCode::kUnavailable, "{} has no master that answers, and slot {} is its own",
                 from_.name, slot);
  }
  const ClusterNodes& at_source = *now.view.Told(now.parties.source.id);
  const std::string owner = at_source.Owner(slot);
  if (owner != now.parties.source.id) {
    // Nothing but a word to the target mends what each takes for the other's.
    if (owner == now.parties.target.id && at_target.Owner(slot) == now.parties.source.id) {
      return Where::kClosing;
    }
    if (to_.Has(owner) || from_.Has(owner)) {
      return Error(StatusCode::kUnavailable, "{} sees {} as the owner of slot {}: not settled",
                   now.parties.source.Address(), now.view.Name(owner), slot);
    }
    return Error(StatusCode::kFailedPrecondition, "slot {} belongs to {} and not to {}", slot,
                 owner.empty() ? "nobody" : now.view.Name(owner), from_.name);
  }
  const bool open = Flag(at_source.Myself()->migrating, slot) != nullptr ||
                    Flag(at_target.Myself()->importing, slot) != nullptr;
  return open ? Where::kOpen : Where::kUntouched;
}

bool SlotMigration::IsOfUs(const OpenSlot& open) const {
  if (slots_.count(open.slot) == 0) return false;
  return open.importing ? to_.Has(open.teller) && from_.Has(open.peer)
                        : from_.Has(open.teller) && to_.Has(open.peer);
}

bool SlotMigration::HasOpen(const ClusterView& view) const {
  const auto open = view.Open();
  return std::any_of(open.begin(), open.end(), [&](const auto& one) { return IsOfUs(one); });
}

/// Another agent's open slots are left alone, and nothing is opened beside them. Ours have a note,
/// which is older than the first flag.
Status SlotMigration::CheckForeign(const Situation& now, bool own_slots_only) const {
  const bool noted = !Notes().empty();
  for (const auto& open : now.view.Open()) {
    const bool own = slots_.count(open.slot) != 0;
    // Whoever moves it for this step looks whether it is ours.
    if (!own && (own_slots_only || step_slots_.count(open.slot) != 0)) continue;
    if (IsOfUs(open) && noted) continue;
    return Error(StatusCode::kFailedPrecondition,
                 "slot {} is open at {} ({} {}), and not by this step: somebody else moves slots, "
                 "or a move was left unfinished",
                 open.slot, now.view.Name(open.teller),
                 open.importing ? "importing from" : "migrating to", now.view.Name(open.peer));
  }
  return OkStatus();
}

Status SlotMigration::Classify(Situation& now) const {
  for (int slot : slots_) {
    TW_ASSIGN_OR_RETURN(const Where where, WhereIs(slot, now));
    if (where == Where::kOpen) now.open.push_back(slot);
    if (where == Where::kClosing) now.closing.push_back(slot);
    if (where == Where::kUntouched) now.untouched.push_back(slot);
  }
  return OkStatus();
}

StatusOr<SlotMigration::Situation> SlotMigration::Look() {
  Situation now;
  TW_ASSIGN_OR_RETURN(now.view, link_.Read());
  TW_RETURN_IF_ERROR(FindParties(now));
  TW_RETURN_IF_ERROR(Classify(now));
  return now;
}

Status SlotMigration::CountKeys(Situation& now) {
  Batch count;
  for (int slot : now.untouched) {
    count.push_back({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
  }
  const auto answers = link_.CallAll({{now.parties.source, count}, {now.parties.target, count}});
  for (const auto& answer : answers) TW_RETURN_IF_ERROR(answer.status());
  for (std::size_t i = 0; i < now.untouched.size(); ++i) {
    const int slot = now.untouched[i];
    TW_ASSIGN_OR_RETURN(const Reply at_source, Checked((*answers[0])[i]));
    TW_ASSIGN_OR_RETURN(const Reply at_target, Checked((*answers[1])[i]));
    now.source_keys[slot] = at_source.integer;
    if (at_target.integer != 0) {
      return Error(StatusCode::kFailedPrecondition,
                   "{} already holds {} keys of slot {}, which it does not own: they would come "
                   "back to life",
                   now.parties.target.Address(), at_target.integer, slot);
    }
  }
  return OkStatus();
}

/// Of slots that go key by key.
Status SlotMigration::CheckKeyCounts(const Situation& now) const {
  for (const auto& [slot, keys] : now.source_keys) {
    if (keys <= link_.options().max_slot_keys) continue;
    return Error(StatusCode::kFailedPrecondition, "slot {} has {} keys, more than {}", slot, keys,
                 link_.options().max_slot_keys);
  }
  return OkStatus();
}

/// Nothing moves while a server forks or synchronises, nor to where a crash would lose it.
Status SlotMigration::CheckServers(Situation& now) {
  const Batch info = {{"INFO", "persistence"},
                      {"INFO", "replication"},
                      {"CONFIG", "GET", "cluster-node-timeout"},
                      {"INFO", "memory"}};
  const auto answers = link_.CallAll({{now.parties.source, info}, {now.parties.target, info}});
  const Server* servers[] = {&now.parties.source, &now.parties.target};
  for (int i = 0; i < 2; ++i) {
    TW_RETURN_IF_ERROR(answers[i].status());
    TW_ASSIGN_OR_RETURN(const Reply persistence_text, Checked((*answers[i])[0]));
    TW_ASSIGN_OR_RETURN(const Reply replication_text, Checked((*answers[i])[1]));
    const InfoText persistence(persistence_text.text);
    const InfoText replication(replication_text.text);
    if (persistence.Number("loading") != 0 || persistence.Number("rdb_bgsave_in_progress") != 0 ||
        replication.text().find("state=wait_bgsave") != std::string::npos ||
        replication.text().find("state=send_bulk") != std::string::npos) {
      return Error(StatusCode::kUnavailable, "{} is loading, saving or synchronising a replica",
                   servers[i]->Address());
    }
    const Reply& timeout = (*answers[i])[2];  // refused where the account may not read it
    if (timeout.elements.size() == 2) {
      now.node_timeout = std::chrono::milliseconds(std::atoll(timeout.elements[1].text.c_str()));
    }
    if (i == 0) continue;
    TW_ASSIGN_OR_RETURN(const Reply memory_text, Checked((*answers[i])[3]));
    TW_RETURN_IF_ERROR(CheckRoom(FeelingOf(InfoText(""), InfoText(memory_text.text)),
                                 link_.options().limits, now.parties.target.Address()));
    TW_RETURN_IF_ERROR(link_.CheckMigrateCredentials(now.parties.target));
    const bool replicated = replication.text().find("state=online") != std::string::npos;
    if (!replicated && persistence.Number("aof_enabled") == 0 &&
        !link_.options().allow_unprotected_targets) {
      // One that it had when the action began may only be away: after a failover it comes back.
      const bool away = to_.ids.size() > 1;
      return Error(away ? StatusCode::kUnavailable : StatusCode::kFailedPrecondition,
                   "{} has neither a replica nor an append-only file: a crash would lose what is "
                   "moved to it (allow_unprotected_targets permits it)",
                   now.parties.target.Address());
    }
  }
  return OkStatus();
}

/// Those that there are. An earlier attempt may have had more lanes than are allowed now.
std::vector<std::string> SlotMigration::Notes() const {
  std::vector<std::string> notes;
  for (int lane = 0; lane < kMostGroupsAtOnce; ++lane) {
    const std::string key = LaneNote(note_key_, lane);
    if (context_.Note(key)) notes.push_back(key);
  }
  return notes;
}

/// Each by the note that names its slots; those that none names by the first.
Status SlotMigration::FinishGroups(const LaneSurroundings& around, std::vector<int> slots) {
  std::map<std::string, std::vector<int>> groups;
  for (const auto& key : Notes()) {
    const auto text = context_.Note(key);
    if (text->empty()) continue;
    TW_ASSIGN_OR_RETURN(const BatchNote note, BatchNote::Parse(*text));
    std::erase_if(slots, [&](int slot) {
      if (note.keys.count(slot) == 0) return false;
      groups[key].push_back(slot);
      return true;
    });
  }
  for (const int slot : slots) groups[note_key_].push_back(slot);
  while (!groups.empty()) {
    const auto next = groups.begin();
    SlotLane lane(around, next->first);
    const Status status = lane.Finish(next->second);
    groups.erase(next);
    open_ = lane.open() || !groups.empty();
    TW_RETURN_IF_ERROR(status);
  }
  return OkStatus();
}

AtomicMover SlotMigration::Atomic(const LaneSurroundings& around) const {
  return AtomicMover(around, "atomic:" + from_.name + ">" + to_.name, note_key_);
}

StatusOr<SlotMigration::Whole> SlotMigration::MoveAsAWhole(
    const LaneSurroundings& around, SlotQueue& queue, const std::map<int, std::int64_t>& keys) {
  const MoveBy by = link_.options().move_by;
  if (by == MoveBy::kSlotBySlot) return Whole::kNot;
  AtomicMover mover = Atomic(around);
  const Status may = mover.May();
  if (may.code() == StatusCode::kUnimplemented || may.code() == StatusCode::kPermissionDenied) {
    if (by == MoveBy::kAuto) return Whole::kNot;
    return Error(StatusCode::kFailedPrecondition,
                 "{}; actuator.move_by: auto would move the slots one by one", Message(may));
  }
  TW_RETURN_IF_ERROR(may);
  TW_ASSIGN_OR_RETURN(const bool done, mover.Run(queue, keys));
  return done ? Whole::kDone : Whole::kAgain;
}

Status SlotMigration::Attempt(bool only_open) {
  while (true) {
    TW_ASSIGN_OR_RETURN(const bool again, Pass(only_open));
    if (!again) return OkStatus();
  }
}

StatusOr<bool> SlotMigration::Pass(bool only_open) {
  TW_ASSIGN_OR_RETURN(Situation now, Look());
  LaneSurroundings around{link_, context_, speed_, now.parties, now.node_timeout, nullptr};
  if (now.has_source) {
    TW_ASSIGN_OR_RETURN(const bool settled, Atomic(around).Settle(slots_, only_open));
    if (settled) {
      TW_ASSIGN_OR_RETURN(now, Look());
    }
  }
  TW_RETURN_IF_ERROR(CheckForeign(now, /*own_slots_only=*/true));
  open_ = !now.open.empty() || !now.closing.empty();
  if (!now.closing.empty()) {
    const ClusterLink::Ending ending(link_);
    if (!now.has_source) now.parties.source = now.parties.target;  // it has become a replica
    TW_RETURN_IF_ERROR(SlotGroup(link_, now.parties, now.closing).Close());
    context_.Progress(static_cast<int>(now.closing.size()), 0, 0);
    open_ = !now.open.empty();
  }
  if (!now.open.empty()) TW_RETURN_IF_ERROR(FinishGroups(around, now.open));
  if (only_open) return false;
  TW_RETURN_IF_ERROR(CheckForeign(now, /*own_slots_only=*/false));
  if (now.untouched.empty()) return false;
  TW_RETURN_IF_ERROR(CountKeys(now));
  TW_RETURN_IF_ERROR(CheckServers(now));
  // What earlier groups noted must not be taken for the word on those to come.
  for (const auto& key : Notes()) {
    if (!context_.Note(key)->empty()) TW_RETURN_IF_ERROR(context_.SaveNote(key, ""));
  }
  around.node_timeout = now.node_timeout;
  std::optional<MoveWatch> watch;
  if (link_.Concurrent()) {
    watch.emplace(watching_, link_.clock(), link_.options().limits, now.parties.source,
                  now.parties.target, speed_);
  }
  around.may_open = [&watch, &may_lead = link_.options().fence_before_opening]() -> Status {
    if (may_lead) TW_RETURN_IF_ERROR(Annotate(may_lead(), "no further slots are opened"));
    return watch ? watch->Room() : OkStatus();
  };
  SlotQueue queue(std::move(now.untouched), now.source_keys, now.target_is_empty);
  TW_ASSIGN_OR_RETURN(const Whole moved, MoveAsAWhole(around, queue, now.source_keys));
  if (moved != Whole::kNot) return moved == Whole::kAgain;
  TW_RETURN_IF_ERROR(CheckKeyCounts(now));
  TW_RETURN_IF_ERROR(RunLanes(around, note_key_, queue, open_));
  return false;
}

Status SlotMigration::CancelOpen() {
  const ClusterLink::Ending ending(link_);
  TW_ASSIGN_OR_RETURN(const Situation now, Look());
  if (!now.open.empty()) {
    TW_RETURN_IF_ERROR(SlotGroup(link_, now.parties, now.open).Cancel());
  }
  TW_ASSIGN_OR_RETURN(const Situation after, Look());
  if (after.open.empty() && after.closing.empty()) return OkStatus();
  return Error(StatusCode::kFailedPrecondition, "slot {} has been moved in part",
               after.open.empty() ? after.closing.front() : after.open.front());
}

}  // namespace tidewright::redis
