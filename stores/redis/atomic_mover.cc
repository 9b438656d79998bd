#include "stores/redis/atomic_mover.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace tidewright::redis {
namespace {

/// Calls back the job ARGV[1], within the source: what is seen and what is done are one there. A
/// server cancels all of its jobs or none, so not while another one is under way; and not once the
/// target may take the slots, since writes that the source took after that would be lost.
constexpr char kCallBack[] = R"lua(#!lua flags=no-writes
local mine = false
for _, job in ipairs(redis.call('CLUSTER', 'GETSLOTMIGRATIONS')) do
  local of = {}
  for i = 1, #job, 2 do of[job[i]] = job[i + 1] end
  local ended = of.state == 'success' or of.state == 'failed' or of.state == 'cancelled'
  if of.operation == 'EXPORT' and not ended then
    if of.name ~= ARGV[1] then return 'others' end
    if of.state == 'failover-granted' then return 'granted' end
    mine = true
  end
end
if not mine then return 'over' end
redis.call('CLUSTER', 'CANCELSLOTMIGRATIONS')
return 'called back'
)lua";
/// Says whether it would be let do that.
constexpr char kMayCallBack[] = R"lua(#!lua flags=no-writes
if redis.acl_check_cmd('CLUSTER', 'CANCELSLOTMIGRATIONS') then return 1 end
return redis.error_reply("NOPERM no permissions to run the 'cluster|cancelslotmigrations' command")
)lua";

constexpr int kBeforeDoubling = 4;  ///< jobs of a size that must succeed before larger ones

const AtomicJob* Find(const std::vector<AtomicJob>& jobs, const std::string& name, bool exports) {
  const auto it = std::find_if(jobs.begin(), jobs.end(), [&](const AtomicJob& job) {
    return job.name == name && job.exports == exports;
  });
  return it == jobs.end() ? nullptr : &*it;
}

}  // namespace

std::string AtomicNote::Encode() const {
  return nlohmann::json{{"step", step},
                        {"slots", ToString(slots)},
                        {"tries", tries},
                        {"most", most},
                        {"gave_up", gave_up}}
      .dump();
}

StatusOr<AtomicNote> AtomicNote::Parse(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  AtomicNote note;
  if (!json.is_object() || !json.contains("step") || !json.contains("slots")) {
    return Error(StatusCode::kInternal, "'{}' is no note of an atomic migration", text);
  }
  note.step = json.value("step", "");
  note.tries = json.value("tries", 0);
  note.most = std::max(0, json.value("most", 0));
  note.gave_up = json.value("gave_up", "");
  const std::string slots = json.value("slots", "");
  if (!slots.empty()) {
    TW_ASSIGN_OR_RETURN(note.slots, ParsePartitionSet(slots));
  }
  return note;
}

/// A note that cannot be read is none: then a job that is under way is somebody else's.
AtomicNote AtomicMover::Note() const {
  const auto text = around_.context.Note(note_key_);
  if (!text) return {};
  auto note = AtomicNote::Parse(*text);
  return note.ok() ? *std::move(note) : AtomicNote{};
}

Status AtomicMover::Save(const AtomicNote& note) {
  return around_.context.SaveNote(note_key_, note.Encode());
}

StatusOr<bool> AtomicMover::KnownTo(const Server& server) {
  TW_ASSIGN_OR_RETURN(const InfoText info, link_.Info(server, "server"));
  return KnowsAtomicJobs(info.Field("valkey_version"));
}

StatusOr<AtomicMover::Jobs> AtomicMover::JobsOf(const Server& server) {
  TW_ASSIGN_OR_RETURN(const auto replies,
                      link_.CallChecked(server, {{"CLUSTER", "GETSLOTMIGRATIONS"}}));
  return ParseAtomicJobs(replies.front());
}

bool AtomicMover::IsOfUs(const AtomicJob& job, const std::set<int>& slots) const {
  const AtomicNote note = Note();
  const auto of_job = Expand(job.slots);
  return note.step == step_ && note.slots == job.slots && job.target == around_.parties.target.id &&
         std::all_of(of_job.begin(), of_job.end(),
                     [&](int slot) { return slots.count(slot) != 0; });
}

/// What a target receives, its source tells too, unless it is dead or has been restarted.
Status AtomicMover::CheckImports(const Jobs& at_source) {
  const auto jobs = JobsOf(around_.parties.target);
  if (jobs.status().code() == StatusCode::kPermissionDenied) return OkStatus();
  TW_RETURN_IF_ERROR(jobs.status());
  for (const auto& job : *jobs) {
    if (job.Ended() || job.exports || Find(at_source, job.name, /*exports=*/true) != nullptr) {
      continue;
    }
    return Error(
        StatusCode::kUnavailable,
        "{} still has slots {} in part, of a migration ({}) whose source does not know of it",
        around_.parties.target.Address(), ToString(job.slots), job.state);
  }
  return OkStatus();
}

StatusOr<bool> AtomicMover::Settle(const std::set<int>& slots, bool call_back) {
  const Server& source = around_.parties.source;
  TW_ASSIGN_OR_RETURN(const bool known, KnownTo(source));
  if (!known) return false;
  const auto jobs = JobsOf(source);
  // An account without the right has begun none.
  if (jobs.status().code() == StatusCode::kPermissionDenied) return false;
  TW_RETURN_IF_ERROR(jobs.status());
  TW_RETURN_IF_ERROR(CheckImports(*jobs));
  bool any = false;
  for (const auto& job : *jobs) {
    if (job.Ended() || !job.exports) continue;
    if (!IsOfUs(job, slots)) {
      return Error(StatusCode::kFailedPrecondition,
                   "{} is sending slots {} to {}, and not by this step: somebody else moves slots",
                   source.Address(), ToString(job.slots), job.target);
    }
    any = true;
    TW_ASSIGN_OR_RETURN(const Ended ended, Await(job.name, call_back));
    if (ended.end != End::kMoved) continue;
    TW_RETURN_IF_ERROR(Confirm(Expand(job.slots)));
    around_.context.Progress(Count(job.slots), 0, 0);
  }
  return any;
}

Status AtomicMover::May() {
  const AtomicNote note = Note();
  if (!note.gave_up.empty()) return Error(StatusCode::kUnimplemented, "{}", note.gave_up);
  const Server& source = around_.parties.source;
  const Server& target = around_.parties.target;
  for (const Server* server : {&source, &target}) {
    TW_ASSIGN_OR_RETURN(const InfoText info, link_.Info(*server, "server"));
    if (BeginsAtomicJobs(info.Field("valkey_version"))) continue;
    return Error(StatusCode::kUnimplemented, "{} is no Valkey of 9.1.2 or newer", server->Address());
  }
  const std::string nobody(40, '0');
  // The second is refused by its arguments.
  const Batch at_source = {{"CLUSTER", "GETSLOTMIGRATIONS"},
                           {"CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", "-1", "-1", "NODE", nobody},
                           {"EVAL", kMayCallBack, "0"}};
  const auto answers =
      link_.CallAll({{source, at_source}, {target, {{"CLUSTER", "GETSLOTMIGRATIONS"}}}});
  for (std::size_t i = 0; i < answers.size(); ++i) {
    TW_RETURN_IF_ERROR(answers[i].status());
    for (const auto& reply : *answers[i]) {
      const Status status = Checked(reply).status();
      if (status.code() == StatusCode::kPermissionDenied ||
          status.code() == StatusCode::kUnimplemented) {
        return Annotate(status, (i == 0 ? source : target).Address());
      }
    }
  }
  return OkStatus();
}

std::vector<int> AtomicMover::Take(SlotQueue& queue, const AtomicNote& note) const {
  const auto& options = link_.options();
  const double speed = around_.speed.speed();
  const int most = note.most > 0 ? std::min(note.most, options.atomic_slots) : options.atomic_slots;
  const auto of = [&](double all) { return std::max(1.0, all * speed); };
  return queue.Take(static_cast<int>(of(most)),
                    static_cast<std::int64_t>(of(static_cast<double>(options.atomic_keys))));
}

StatusOr<bool> AtomicMover::CallBack(const AtomicJob& job) {
  const ClusterLink::Ending ending(link_);
  const Server& source = around_.parties.source;
  TW_ASSIGN_OR_RETURN(const auto replies,
                      link_.CallChecked(source, {{"EVAL", kCallBack, "0", job.name}}));
  const std::string& word = replies.front().text;
  if (word == "others") {
    return Error(StatusCode::kFailedPrecondition,
                 "slots {} cannot be called back at {} without cancelling what somebody else moves",
                 ToString(job.slots), source.Address());
  }
  return word == "called back";
}

/// `called_back`: why we did.
StatusOr<AtomicMover::Ended> AtomicMover::EndOf(const AtomicJob& job,
                                                const std::string& called_back) {
  if (job.Succeeded()) return Ended{};
  const std::string slots = ToString(job.slots);
  if (job.Cancelled() && !called_back.empty()) return Ended{End::kCalledBack, called_back};
  if (job.Cancelled()) {
    return Error(StatusCode::kFailedPrecondition,
                 "the migration of slots {} was cancelled at {}, and not by this controller", slots,
                 around_.parties.source.Address());
  }
  Ended ended{End::kFailed, job.message, job.Hopeless()};
  // What the target says of it tells more, if it lives.
  if (const auto jobs = JobsOf(around_.parties.target); jobs.ok()) {
    const AtomicJob* other = Find(*jobs, job.name, /*exports=*/false);
    if (other != nullptr && !other->message.empty()) {
      ended.why += "; the target: " + other->message;
      ended.hopeless = ended.hopeless || other->Hopeless();
    }
  }
  if (!job.MayHaveLostWrites()) return ended;
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  const ClusterNodes* at_target = view.Told(around_.parties.target.id);
  if (at_target != nullptr &&
      at_target->Owner(job.slots.front().first) != around_.parties.target.id) {
    return ended;
  }
  return Error(StatusCode::kDataLoss,
               "{} took slots {} or does not answer, after {} had waited for that and let its "
               "clients write again: what they wrote to these slots may be lost",
               around_.parties.target.Address(), slots, around_.parties.source.Address());
}

StatusOr<AtomicMover::Ended> AtomicMover::Await(const std::string& name, bool call_back) {
  std::string state;
  MonoTime since = link_.clock().Monotonic();
  std::string why = call_back ? "called back" : "";
  std::string called_back;
  while (true) {
    TW_ASSIGN_OR_RETURN(const Jobs jobs, JobsOf(around_.parties.source));
    const AtomicJob* job = Find(jobs, name, /*exports=*/true);
    if (job == nullptr) {
      return Error(StatusCode::kUnavailable, "{} does not know its migration {} any more",
                   around_.parties.source.Address(), name);
    }
    if (job->Ended()) return EndOf(*job, called_back);
    const MonoTime now = link_.clock().Monotonic();
    if (job->state != state) since = now;
    state = job->state;
    if (why.empty() && around_.context.StopRequested()) why = "stopped on request";
    // A snapshot takes as long as it takes, and the servers watch over each other meanwhile.
    if (why.empty() && state != "snapshotting" && now - since > link_.options().atomic_patience) {
      why = fmt::format("no further than '{}' for {}", state,
                        FormatDuration(link_.options().atomic_patience));
    }
    if (!why.empty() && called_back.empty() && !job->Granted()) {
      TW_ASSIGN_OR_RETURN(const bool done, CallBack(*job));
      if (done) called_back = why;
      continue;
    }
    // An answer is as long as the server's memory of jobs.
    link_.Sleep(std::chrono::milliseconds(20 + jobs.size()));
  }
}

StatusOr<AtomicMover::Ended> AtomicMover::Move(const PartitionSet& slots) {
  const Server& source = around_.parties.source;
  TW_RETURN_IF_ERROR(link_.MaySendKeysTo(around_.parties.target.host));
  Command command = {"CLUSTER", "MIGRATESLOTS"};
  for (auto& word : SlotsRange(slots)) command.push_back(std::move(word));
  command.insert(command.end(), {"NODE", around_.parties.target.id});
  const auto begun = link_.CallChecked(source, {std::move(command)});
  if (begun.status().code() == StatusCode::kFailedPrecondition) {
    return Ended{End::kFailed, Message(begun.status())};
  }
  TW_RETURN_IF_ERROR(begun.status());
  TW_ASSIGN_OR_RETURN(const Jobs jobs, JobsOf(source));
  const auto job = std::find_if(jobs.begin(), jobs.end(), [&](const AtomicJob& one) {
    return one.exports && one.slots == slots && one.target == around_.parties.target.id;
  });
  if (job == jobs.end()) {
    return Error(StatusCode::kUnavailable, "{} does not know the migration that it began",
                 source.Address());
  }
  return Await(job->name, /*call_back=*/false);
}

Status AtomicMover::Confirm(const std::vector<int>& slots) {
  SlotGroup group(link_, around_.parties, slots);
  // A replica that lags is a reason to begin no further job, once this one is known everywhere.
  const Status caught_up = group.CatchUp();
  TW_RETURN_IF_ERROR(group.AwaitOwner());
  return caught_up;
}

Status AtomicMover::Failed(AtomicNote note, const Ended& ended) {
  ++note.tries;
  note.most = std::max(1, Count(note.slots) / 2);
  const auto& options = link_.options();
  const bool last = ended.hopeless || note.tries >= options.atomic_tries;
  if (last) {
    note.gave_up = fmt::format("{} failed as a whole {} times in a row, the last time: {}",
                               "slots " + ToString(note.slots), note.tries, ended.why);
  }
  note.slots.clear();
  TW_RETURN_IF_ERROR(Save(note));
  if (last) return OkStatus();
  return link_.Pause(options.atomic_backoff * (1 << (note.tries - 1)), around_.context);
}

/// A job goes as fast as the servers can: what is to be spared is spared between two of them.
Status AtomicMover::Rest(Duration took, std::int64_t keys) {
  Duration rest = FromSeconds(Seconds(took) * (1 / around_.speed.speed() - 1));
  const int rate = link_.options().limits.keys_per_second;
  if (rate > 0) rest = std::max(rest, FromSeconds(static_cast<double>(keys) / rate) - took);
  return rest > Duration(0) ? link_.Pause(rest, around_.context) : OkStatus();
}

/// By all exports of the source; what it does not tell counts as 0.
StatusOr<std::int64_t> AtomicMover::BytesSent() {
  TW_ASSIGN_OR_RETURN(const InfoText info, link_.Info(around_.parties.source, "stats"));
  return info.Number("total_net_cluster_slot_export_bytes");
}

StatusOr<bool> AtomicMover::Run(SlotQueue& queue, const std::map<int, std::int64_t>& keys) {
  AtomicNote note = Note();
  int in_a_row = 0;
  while (queue.left() > 0) {
    if (around_.context.StopRequested()) {
      return Error(StatusCode::kCancelled, "stopped on request, {} slots were left alone",
                   queue.left());
    }
    TW_RETURN_IF_ERROR(around_.may_open());
    const auto slots = Take(queue, note);
    note.step = step_;
    note.slots = ToPartitionSet(slots);
    TW_RETURN_IF_ERROR(Save(note));
    TW_ASSIGN_OR_RETURN(const std::int64_t sent, BytesSent());
    const MonoTime start = link_.clock().Monotonic();
    TW_ASSIGN_OR_RETURN(const Ended ended, Move(note.slots));
    if (ended.end == End::kCalledBack && around_.context.StopRequested()) {
      return Error(StatusCode::kCancelled, "stopped on request, slots {} stay where they are",
                   ToString(note.slots));
    }
    if (ended.end != End::kMoved) {
      TW_RETURN_IF_ERROR(Failed(std::move(note), ended));
      return false;
    }
    TW_RETURN_IF_ERROR(Confirm(slots));
    std::int64_t moved = 0;
    for (const int slot : slots) moved += keys.at(slot);
    TW_ASSIGN_OR_RETURN(const std::int64_t sent_now, BytesSent());
    around_.context.Progress(static_cast<int>(slots.size()), static_cast<double>(moved),
                             static_cast<double>(std::max<std::int64_t>(0, sent_now - sent)));
    note.tries = 0;
    // What failed once fails again soon: sizes come back slowly.
    if (++in_a_row % kBeforeDoubling == 0) {
      note.most = std::min(note.most * 2, link_.options().atomic_slots);
    }
    TW_RETURN_IF_ERROR(Rest(link_.clock().Monotonic() - start, moved));
  }
  note.slots.clear();
  TW_RETURN_IF_ERROR(Save(note));
  return true;
}

}  // namespace tidewright::redis
