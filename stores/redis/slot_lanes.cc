#include "stores/redis/slot_lanes.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

namespace tidewright::redis {
namespace {

int Gravity(const Status& status) {
  if (status.ok()) return 0;
  if (status.code() == StatusCode::kCancelled) return 1;
  if (IsTransient(status)) return 2;
  return status.code() == StatusCode::kDataLoss ? 4 : 3;
}

}  // namespace

std::vector<int> SlotQueue::Take(int slots, std::int64_t keys) {
  std::scoped_lock lock(mutex_);
  if (closed_ || slots_.empty()) return {};
  if (std::exchange(one_first_, false)) {
    const auto least = std::min_element(slots_.begin(), slots_.end(),
                                        [&](int a, int b) { return keys_.at(a) < keys_.at(b); });
    const int slot = *least;
    slots_.erase(least);
    return {slot};
  }
  std::vector<int> taken;
  std::int64_t sum = 0;
  for (const int slot : slots_) {
    sum += keys_.at(slot);
    if (static_cast<int>(taken.size()) >= slots || (!taken.empty() && sum > keys)) break;
    taken.push_back(slot);
  }
  slots_.erase(slots_.begin(), slots_.begin() + static_cast<std::ptrdiff_t>(taken.size()));
  return taken;
}

void SlotQueue::PutBack(const std::vector<int>& slots) {
  std::scoped_lock lock(mutex_);
  slots_.insert(slots_.begin(), slots.begin(), slots.end());
}

void SlotQueue::Close() {
  std::scoped_lock lock(mutex_);
  closed_ = true;
}

int SlotQueue::left() const {
  std::scoped_lock lock(mutex_);
  return static_cast<int>(slots_.size());
}

SlotLane::SlotLane(const LaneSurroundings& around, std::string note_key)
    : around_(around), link_(around.link.OfTheSame()), note_key_(std::move(note_key)) {}

KeyMover SlotLane::Mover() {
  return KeyMover(link_, around_.context, around_.parties.source, around_.parties.target,
                  around_.node_timeout, around_.speed, note_key_);
}

std::vector<int> SlotLane::Take(SlotQueue& queue) const {
  const auto& options = link_.options();
  const auto& limits = options.limits;
  std::int64_t keys = around_.speed.GroupKeys(limits.max_open, options.open_keys);
  if (limits.keys_per_second > 0) {
    const double at_most = limits.keys_per_second * Seconds(limits.max_open);
    keys = std::clamp<std::int64_t>(static_cast<std::int64_t>(at_most), 1, keys);
  }
  return queue.Take(options.open_slots, keys);
}

Status SlotLane::CheckSizes(const std::vector<SlotKey>& keys) const {
  for (const auto& key : keys) {
    if (key.bytes <= link_.options().big_key_bytes) continue;
    return Error(StatusCode::kFailedPrecondition,
                 "key '{}' in slot {} at {} takes {} bytes, more than {}: moving it would block "
                 "both servers",
                 key.name, key.slot, around_.parties.source.Address(), key.bytes,
                 link_.options().big_key_bytes);
  }
  return OkStatus();
}

/// Leaves in `slots` and `keys` what may be open together, and puts the rest back.
void SlotLane::Trim(SlotQueue& queue, std::vector<int>& slots, std::vector<SlotKey>& keys) const {
  std::map<int, std::int64_t> bytes;
  for (const auto& key : keys) bytes[key.slot] += key.bytes;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    total += bytes[slots[i]];
    if (i == 0 || total <= link_.options().open_bytes) continue;
    const std::vector<int> rest(slots.begin() + static_cast<std::ptrdiff_t>(i), slots.end());
    std::erase_if(keys, [&](const SlotKey& key) {
      return std::find(rest.begin(), rest.end(), key.slot) != rest.end();
    });
    queue.PutBack(rest);
    slots.resize(i);
    return;
  }
}

/// The kill switch may come between the flag at the target and the one at the source: until the
/// latter no client has been sent to the target, so the former is simply taken back.
Status SlotLane::Open(SlotGroup& group) {
  open_ = true;
  Status opened = group.Open();
  if (opened.code() != StatusCode::kCancelled) return opened;
  const ClusterLink::Ending ending(link_);
  TW_RETURN_IF_ERROR(group.Cancel());
  open_ = false;
  return opened;
}

Status SlotLane::Close(SlotGroup& group, std::size_t slots) {
  // A replica that lags is no reason to leave slots open, but one to open no more.
  Status caught_up = group.CatchUp();
  TW_RETURN_IF_ERROR(group.Close());
  open_ = false;
  around_.context.Progress(static_cast<int>(slots), 0, 0);
  return caught_up;
}

Status SlotLane::Finish(const std::vector<int>& slots) {
  const ClusterLink::Ending ending(link_);
  KeyMover mover = Mover();
  open_ = true;
  TW_RETURN_IF_ERROR(mover.Resume(slots));
  SlotGroup group(link_, around_.parties, slots);
  TW_RETURN_IF_ERROR(Open(group));
  TW_RETURN_IF_ERROR(mover.Drain(slots, {}));
  return Close(group, slots.size());
}

Status SlotLane::MoveNext(SlotQueue& queue, std::vector<int> slots) {
  KeyMover mover = Mover();
  TW_ASSIGN_OR_RETURN(auto keys, mover.List(slots, link_.options().max_slot_keys));
  TW_RETURN_IF_ERROR(CheckSizes(keys));
  Trim(queue, slots, keys);
  TW_RETURN_IF_ERROR(mover.Begin(slots, keys));
  const MonoTime start = link_.clock().Monotonic();
  const auto count = static_cast<std::int64_t>(keys.size());
  SlotGroup group(link_, around_.parties, slots);
  TW_RETURN_IF_ERROR(Open(group));
  const ClusterLink::Ending ending(link_);
  TW_RETURN_IF_ERROR(mover.Drain(slots, std::move(keys)));
  TW_RETURN_IF_ERROR(Close(group, slots.size()));
  const Duration rest = around_.speed.Rest(link_.clock().Monotonic() - start, count);
  return rest > Duration(0) ? link_.Pause(rest, around_.context) : OkStatus();
}

Status SlotLane::Run(SlotQueue& queue) {
  while (true) {
    if (queue.left() > 0 && around_.context.StopRequested()) {
      queue.Close();
      return Error(StatusCode::kCancelled, "stopped on request, {} slots were left alone",
                   queue.left());
    }
    Status status = around_.may_open();
    if (status.ok()) {
      auto slots = Take(queue);
      if (slots.empty()) return OkStatus();
      status = MoveNext(queue, std::move(slots));
    }
    if (status.ok()) continue;
    queue.Close();
    return status;
  }
}

Status Gravest(const std::vector<Status>& ends) {
  if (ends.empty()) return OkStatus();
  return *std::max_element(ends.begin(), ends.end(), [](const Status& a, const Status& b) {
    return Gravity(a) < Gravity(b);
  });
}

std::string LaneNote(const std::string& step_note, int lane) {
  return lane == 0 ? step_note : fmt::format("{}/{}", step_note, lane);
}

void AtOnce(ClusterLink& link, std::vector<std::function<void()>> jobs) {
  if (link.options().at_once) return link.options().at_once(std::move(jobs));
  if (!link.Concurrent()) {
    for (const auto& job : jobs) job();
    return;
  }
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < jobs.size(); ++i) threads.emplace_back(jobs[i]);
  jobs.front()();
}

Status RunLanes(const LaneSurroundings& around, const std::string& step_note, SlotQueue& queue,
                bool& open) {
  const auto& options = around.link.options();
  const bool several = around.link.Concurrent() || options.at_once;
  const int count = several ? std::max(1, options.limits.groups_at_once) : 1;
  std::vector<std::unique_ptr<SlotLane>> lanes;
  std::vector<Status> ends(static_cast<std::size_t>(count));
  std::vector<std::function<void()>> jobs;
  for (int i = 0; i < count; ++i) {
    lanes.push_back(std::make_unique<SlotLane>(around, LaneNote(step_note, i)));
    jobs.emplace_back([&lane = *lanes.back(), &end = ends[static_cast<std::size_t>(i)], &queue] {
      end = lane.Run(queue);
    });
  }
  AtOnce(around.link, std::move(jobs));
  open = std::any_of(lanes.begin(), lanes.end(), [](const auto& lane) { return lane->open(); });
  return Gravest(ends);
}

}  // namespace tidewright::redis
