#include "stores/redis/key_mover.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

namespace tidewright::redis {
namespace {

using Json = nlohmann::json;

// What a server answers in one go it answers to nobody else: so many keys take about as long as a
// small MIGRATE does.
constexpr std::size_t kSizesAtOnce = 64;
constexpr std::size_t kSlotsAtOnce = 8;
constexpr std::int64_t kNameBytesAtOnce = 256 << 10;  // in one note
constexpr int kDrainRounds = 50;
constexpr int kReplaceAttempts = 3;

std::string Escape(const std::string& name) {
  std::string text;
  for (unsigned char c : name) {
    if (c > ' ' && c < 127 && c != '%') {
      text += static_cast<char>(c);
    } else {
      text += fmt::format("%{:02x}", c);
    }
  }
  return text;
}

std::string Unescape(const std::string& text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      unsigned value = 0;
      std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
      name += static_cast<char>(value);
      i += 2;
    } else {
      name += text[i];
    }
  }
  return name;
}

bool Done(const Reply& reply) {
  return reply.type == Reply::Type::kStatus && (reply.text == "OK" || reply.text == "NOKEY");
}

/// The source does not know what became of the keys, or the target has some of them already. The
/// first error of several is the one that is told, so any may hide an IOERR: what a drain finds on
/// both sides afterwards is settled all the same.
bool Doubtful(const Reply& reply) {
  return reply.IsError("IOERR") || reply.text.find("BUSYKEY") != std::string::npos;
}

Status MigrateError(const Reply& reply, const Server& source, const Server& target) {
  const auto says = [&](const char* word) { return reply.text.find(word) != std::string::npos; };
  StatusCode code = StatusCode::kUnavailable;
  if (says("NOAUTH") || says("WRONGPASS") || says("NOPERM")) code = StatusCode::kPermissionDenied;
  if (says("DUMP payload") || says("Bad data format")) code = StatusCode::kFailedPrecondition;
  return Error(code, "MIGRATE from {} to {}: {}", source.Address(), target.Address(), reply.text);
}

std::set<std::string> Names(const Reply& reply) {
  std::set<std::string> names;
  for (const auto& element : reply.elements) names.insert(element.text);
  return names;
}

}  // namespace

std::string BatchNote::Encode() const {
  Json slots = Json::object();
  for (const auto& [slot, names] : keys) {
    Json list = Json::array();
    for (const auto& name : names) list.push_back(Escape(name));
    slots[std::to_string(slot)] = std::move(list);
  }
  return Json{{"source", source}, {"run_id", run_id}, {"io_errors", io_errors}, {"keys", slots}}
      .dump();
}

StatusOr<BatchNote> BatchNote::Parse(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    BatchNote note;
    note.source = json.at("source").get<std::string>();
    note.run_id = json.at("run_id").get<std::string>();
    note.io_errors = json.at("io_errors").get<std::int64_t>();
    for (const auto& [slot, names] : json.at("keys").items()) {
      auto& keys = note.keys[std::stoi(slot)];
      for (const auto& name : names) keys.push_back(Unescape(name.get<std::string>()));
    }
    return note;
  } catch (const std::exception& error) {
    return Error(StatusCode::kInternal, "note about a batch: {}", error.what());
  }
}

StatusOr<std::vector<SlotKey>> KeyMover::List(const std::vector<int>& slots, std::int64_t limit) {
  std::vector<SlotKey> keys;
  for (std::size_t start = 0; start < slots.size(); start += kSlotsAtOnce) {
    const auto end = std::min(slots.size(), start + kSlotsAtOnce);
    Batch list;
    for (auto i = start; i < end; ++i) {
      list.push_back({"CLUSTER", "GETKEYSINSLOT", std::to_string(slots[i]), std::to_string(limit)});
    }
    TW_ASSIGN_OR_RETURN(auto listed, link_.CallChecked(source_, std::move(list)));
    for (auto i = start; i < end; ++i) {
      for (auto& key : listed[i - start].elements) keys.push_back({slots[i], std::move(key.text)});
    }
  }
  for (std::size_t start = 0; start < keys.size(); start += kSizesAtOnce) {
    const auto end = std::min(keys.size(), start + kSizesAtOnce);
    Batch sizes;
    for (auto i = start; i < end; ++i) sizes.push_back({"MEMORY", "USAGE", keys[i].name});
    TW_ASSIGN_OR_RETURN(const auto replies, link_.Call(source_, std::move(sizes)));
    for (auto i = start; i < end; ++i) {
      const Reply& reply = replies[i - start];
      // A key that went meanwhile has no size; in an open slot the source answers ASK for it.
      if (reply.IsError() && !reply.IsError("ASK")) {
        return Annotate(Checked(reply).status(), source_.Address() + " MEMORY USAGE");
      }
      keys[i].bytes = reply.type == Reply::Type::kInteger ? reply.integer : 0;
    }
  }
  return keys;
}

StatusOr<ServerState> KeyMover::SourceState() {
  TW_ASSIGN_OR_RETURN(const auto replies,
                      link_.CallChecked(source_, {{"INFO", "server"}, {"INFO", "errorstats"}}));
  ServerState state;
  state.run_id = InfoText(replies[0].text).Field("run_id");
  const std::string count = InfoText(replies[1].text).Field("errorstat_IOERR");  // "count=3"
  if (const auto equals = count.find('='); equals != std::string::npos) {
    std::from_chars(count.data() + equals + 1, count.data() + count.size(), state.io_errors);
  }
  return state;
}

Status KeyMover::Begin(const std::vector<int>& slots, const std::vector<SlotKey>& keys) {
  TW_ASSIGN_OR_RETURN(const ServerState state, SourceState());
  note_ = {source_.id, state.run_id, state.io_errors, {}};
  for (int slot : slots) note_.keys[slot];
  return Journal(keys);
}

Status KeyMover::Journal(const std::vector<SlotKey>& keys) {
  for (auto& [slot, names] : note_.keys) names.clear();
  for (const auto& key : keys) note_.keys[key.slot].push_back(key.name);
  return context_.SaveNote(note_key_, note_.Encode());
}

Status KeyMover::Resume(const std::vector<int>& slots) {
  const auto text = context_.Note(note_key_);
  TW_ASSIGN_OR_RETURN(const ServerState state, SourceState());
  bool suspected = false;
  // Without a note nothing is known of who opened the slots: then nothing may be replaced.
  note_ = {source_.id, "", state.io_errors, {}};
  if (text && !text->empty()) {
    TW_ASSIGN_OR_RETURN(note_, BatchNote::Parse(*text));
    suspected = note_.run_id == state.run_id && note_.io_errors != state.io_errors;
  }
  Suspects suspects;
  for (int slot : slots) {
    const auto& keys = note_.keys[slot];
    suspects[slot] = {keys.begin(), keys.end()};
  }
  TW_RETURN_IF_ERROR(SettleDoubt(suspects, suspected));
  note_.io_errors = state.io_errors;
  return OkStatus();
}

Duration KeyMover::MigrateTimeout() const {
  Duration timeout = link_.options().migrate_timeout;
  if (node_timeout_ > Duration(0)) {
    // Those of several groups may run into it one after the other, without a pause for the bus.
    timeout = std::min(timeout, node_timeout_ / (2 * link_.options().limits.groups_at_once));
  }
  return std::max<Duration>(timeout, std::chrono::milliseconds(100));
}

KeyMover::Parcel KeyMover::NextParcel(const std::vector<SlotKey>& keys, std::size_t first,
                                      bool replace) const {
  const auto& options = link_.options();
  Parcel parcel;
  Command& command = parcel.command;
  command = {"MIGRATE", target_.host, std::to_string(target_.port),
             "",        "0",          std::to_string(MigrateTimeout().count() / 1000)};
  if (replace) command.emplace_back("REPLACE");
  const auto& credentials = options.migrate_credentials;
  if (!credentials.password.empty()) {
    if (credentials.username.empty()) {
      command.insert(command.end(), {"AUTH", credentials.password});
    } else {
      command.insert(command.end(), {"AUTH2", credentials.username, credentials.password});
    }
  }
  command.emplace_back("KEYS");
  const auto most_keys = static_cast<std::size_t>(speed_.Size(options.keys_per_migrate));
  const auto most_bytes = static_cast<double>(speed_.Size(options.bytes_per_migrate));
  const int slot = keys[first].slot;
  std::size_t i = first;
  for (; i < keys.size() && keys[i].slot == slot && i - first < most_keys; ++i) {
    const auto more = static_cast<double>(keys[i].bytes);
    if (i > first && parcel.bytes + more > most_bytes) break;
    parcel.bytes += more;
    command.push_back(keys[i].name);
  }
  parcel.end = i;
  return parcel;
}

StatusOr<Reply> KeyMover::Run(Parcel parcel, int keys) {
  const auto& options = link_.options();
  const Duration timeout =
      options.command_timeout + 2 * MigrateTimeout() * options.limits.groups_at_once;
  const MonoTime start = link_.clock().Monotonic();
  TW_ASSIGN_OR_RETURN(auto replies, link_.Call(source_, {std::move(parcel.command)}, timeout));
  const MonoTime end = link_.clock().Monotonic();
  const Duration wait = speed_.Took(keys, end - start, options.limits, end);
  // Who is to stop closes what is open first, and soon.
  if (wait > Duration(0) && !context_.StopRequested()) link_.Sleep(wait);
  return std::move(replies.front());
}

Status KeyMover::Send(const std::vector<SlotKey>& keys) {
  for (std::size_t next = 0; next < keys.size();) {
    Parcel parcel = NextParcel(keys, next, /*replace=*/false);
    const std::size_t first = std::exchange(next, parcel.end);
    const double bytes = parcel.bytes;
    TW_ASSIGN_OR_RETURN(const Reply reply, Run(std::move(parcel), static_cast<int>(next - first)));
    if (Done(reply)) {
      context_.Progress(0, static_cast<double>(next - first), bytes);
      continue;
    }
    if (!Doubtful(reply)) return MigrateError(reply, source_, target_);
    Suspects doubtful;
    for (auto k = first; k < next; ++k) doubtful[keys[k].slot].insert(keys[k].name);
    TW_RETURN_IF_ERROR(SettleDoubt(doubtful, /*certain=*/true));
  }
  return OkStatus();
}

Status KeyMover::Drain(const std::vector<int>& slots, std::vector<SlotKey> keys) {
  const auto& options = link_.options();
  bool journaled = true;  // by Begin
  for (int round = 0; round < kDrainRounds; ++round) {
    for (std::size_t start = 0; start < keys.size();) {
      auto end = start;
      std::int64_t names = 0;
      while (end < keys.size() && static_cast<int>(end - start) < options.open_keys &&
             (end == start ||
              names + static_cast<std::int64_t>(keys[end].name.size()) < kNameBytesAtOnce)) {
        names += static_cast<std::int64_t>(keys[end++].name.size());
      }
      const std::vector<SlotKey> part(keys.begin() + static_cast<std::ptrdiff_t>(start),
                                      keys.begin() + static_cast<std::ptrdiff_t>(end));
      if (!journaled || part.size() != keys.size()) TW_RETURN_IF_ERROR(Journal(part));
      TW_RETURN_IF_ERROR(Send(part));
      start = end;
    }
    journaled = false;
    Batch count;
    for (int slot : slots) count.push_back({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
    TW_ASSIGN_OR_RETURN(const auto counts, link_.CallChecked(source_, std::move(count)));
    std::vector<int> left;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (counts[i].integer > 0) left.push_back(slots[i]);
    }
    if (left.empty()) return OkStatus();
    // Expired keys are counted until the server has noticed.
    if (round > 0) link_.Sleep(std::chrono::milliseconds(20));
    TW_ASSIGN_OR_RETURN(keys, List(left, options.max_slot_keys));
  }
  return Error(StatusCode::kUnavailable, "{} keeps keys in slots that are being moved",
               source_.Address());
}

struct KeyMover::BothSides {
  ClusterNodes source_nodes;
  std::string source_run_id;
  ClusterNodes target_nodes;
  std::vector<SlotKey> both;  ///< keys that both have
  Suspects gone;              ///< suspects that the target alone has
};

StatusOr<KeyMover::BothSides> KeyMover::LookAtBothSides(const Suspects& suspects) {
  Batch source_batch = {{"CLUSTER", "NODES"}, {"INFO", "server"}};
  Batch target_batch = {{"CLUSTER", "NODES"}};
  for (const auto& [slot, names] : suspects) {
    const Command list = {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot),
                          std::to_string(link_.options().max_slot_keys)};
    source_batch.push_back(list);
    target_batch.push_back(list);
  }
  auto answers =
      link_.CallAll({{source_, std::move(source_batch)}, {target_, std::move(target_batch)}});
  for (const auto& answer : answers) {
    TW_RETURN_IF_ERROR(Annotate(answer.status(), "look for keys on both sides"));
    for (const auto& reply : *answer) TW_RETURN_IF_ERROR(Checked(reply).status());
  }
  const auto& at_source = *answers[0];
  const auto& at_target = *answers[1];
  BothSides sides;
  TW_ASSIGN_OR_RETURN(sides.source_nodes, ParseClusterNodes(at_source[0].text));
  sides.source_run_id = InfoText(at_source[1].text).Field("run_id");
  TW_ASSIGN_OR_RETURN(sides.target_nodes, ParseClusterNodes(at_target[0].text));
  std::size_t i = 0;
  for (const auto& [slot, names] : suspects) {
    const auto source_names = Names(at_source[2 + i]);
    const auto target_names = Names(at_target[1 + i]);
    ++i;
    for (const auto& name : target_names) {
      if (source_names.count(name) != 0) {
        sides.both.push_back({slot, name});
      } else if (names.count(name) != 0) {
        sides.gone[slot].insert(name);
      }
    }
  }
  return sides;
}

Status KeyMover::CheckAuthority(const BothSides& sides) const {
  const NodeLine* self = sides.source_nodes.Myself();
  const NodeLine* seen = sides.target_nodes.Find(source_.id);
  for (const auto& key : sides.both) {
    std::string why;
    if (note_.run_id.empty()) {
      why = "it is not known who opened it";
    } else if (self == nullptr || self->id != note_.source || sides.source_run_id != note_.run_id) {
      why = "the source is another process than when it was opened";
    } else if (const auto flag = self->migrating.find(key.slot);
               !self->master || !Contains(self->slots, key.slot) || flag == self->migrating.end() ||
               flag->second != target_.id) {
      why = "the source does not own it as a migrating slot any more";
    } else if (seen == nullptr || !seen->master || seen->health == NodeHealth::kFailed ||
               sides.target_nodes.Owner(key.slot) == target_.id) {
      why = "the target does not see the source as its owner any more";
    }
    if (why.empty()) continue;
    return Error(
        StatusCode::kDataLoss,
        "source failed over while slot {} was half moved: {}; {} and {} both have key '{}' "
        "and nobody can tell which is right",
        key.slot, why, source_.Address(), target_.Address(), Escape(key.name));
  }
  return OkStatus();
}

Status KeyMover::ReportAmbiguous(int slot, const std::set<std::string>& keys) {
  const std::string name = "ambiguous:" + std::to_string(slot);
  std::set<std::string> all;
  if (const auto before = context_.Note(name)) {
    const Json json = Json::parse(*before, nullptr, /*allow_exceptions=*/false);
    if (json.is_array()) all = json.get<std::set<std::string>>();
  }
  for (const auto& key : keys) all.insert(Escape(key));
  return context_.SaveNote(name, Json(all).dump());
}

Status KeyMover::Replace(const std::vector<SlotKey>& keys, Suspects& open, Suspects& ambiguous) {
  open.clear();
  for (const auto& key : keys) open[key.slot].insert(key.name);
  for (const auto& key : keys) {
    // One by one: MIGRATE passes over those that are gone without a word when others are there.
    TW_ASSIGN_OR_RETURN(const Reply reply, Run(NextParcel({key}, 0, /*replace=*/true), 1));
    if (Doubtful(reply)) return OkStatus();
    if (!Done(reply)) return MigrateError(reply, source_, target_);
    // Deleted at the source since we looked: the target's copy of it is older.
    if (reply.text == "NOKEY") ambiguous[key.slot].insert(key.name);
    if (auto& names = open[key.slot]; names.erase(key.name) != 0 && names.empty()) {
      open.erase(key.slot);
    }
  }
  return OkStatus();
}

Status KeyMover::SettleDoubt(const Suspects& suspects, bool certain) {
  Suspects ambiguous;
  const Status settled = ReplaceWhatBothHave(suspects, certain, ambiguous);
  // After the REPLACE, not before: each millisecond is time for clients to change the source's
  // copy.
  for (const auto& [slot, names] : ambiguous) {
    if (!names.empty()) TW_RETURN_IF_ERROR(ReportAmbiguous(slot, names));
  }
  return settled;
}

Status KeyMover::ReplaceWhatBothHave(const Suspects& suspects, bool certain, Suspects& ambiguous) {
  Suspects asked = suspects;
  Suspects open;  // both had them, and no REPLACE of them has been answered
  for (int attempt = 0; attempt < kReplaceAttempts; ++attempt) {
    TW_ASSIGN_OR_RETURN(const BothSides sides, LookAtBothSides(asked));
    // A key on both sides is itself the trace of a MIGRATE that ended in doubt. What a REPLACE
    // moved afterwards is not.
    if (attempt == 0 && (certain || !sides.both.empty())) ambiguous = sides.gone;
    for (const auto& [slot, names] : open) {
      const auto gone = sides.gone.find(slot);
      if (gone == sides.gone.end()) continue;
      std::set_intersection(names.begin(), names.end(), gone->second.begin(), gone->second.end(),
                            std::inserter(ambiguous[slot], ambiguous[slot].end()));
    }
    if (sides.both.empty()) return OkStatus();
    TW_RETURN_IF_ERROR(CheckAuthority(sides));
    for (const auto& key : sides.both) asked[key.slot].insert(key.name);
    TW_RETURN_IF_ERROR(Replace(sides.both, open, ambiguous));
    if (open.empty()) return OkStatus();
  }
  return Error(StatusCode::kUnavailable, "{} cannot reach {} to settle keys that both have",
               source_.Address(), target_.Address());
}

}  // namespace tidewright::redis
