#include "stores/redis/move_speed.h"

#include <fmt/format.h>

#include <cmath>

#include "stores/redis/actuator_options.h"

namespace tidewright::redis {

std::optional<MovePreset> FindMovePreset(std::string_view name) {
  MovePreset preset;
  MoveLimits& limits = preset.limits;
  if (name == "normal") return preset;
  if (name == "gentle") {
    limits.pairs_at_once = 1;
    limits.groups_at_once = 1;
    limits.keys_per_second = 4000;
    limits.max_pause = std::chrono::milliseconds(2);
    limits.max_latency = std::chrono::milliseconds(20);
    limits.max_asks_per_second = 500;
    limits.max_tryagains_per_second = 5;
    preset.migrate_share = 0.2;
    preset.atomic_keys = 50'000;
    return preset;
  }
  if (name == "fast") {
    limits.pairs_at_once = 16;
    limits.groups_at_once = 4;
    limits.max_pause = std::chrono::milliseconds(50);
    limits.max_open = std::chrono::seconds(1);
    limits.max_latency = std::chrono::milliseconds(500);
    limits.max_asks_per_second = 100'000;
    limits.max_tryagains_per_second = 1000;
    preset.migrate_share = 2;
    preset.open_keys = 4000;
    preset.atomic_keys = 5'000'000;
    return preset;
  }
  return std::nullopt;
}

std::optional<MoveBy> FindMoveBy(std::string_view name) {
  if (name == "auto") return MoveBy::kAuto;
  if (name == "atomic") return MoveBy::kAtomic;
  if (name == "slot-by-slot") return MoveBy::kSlotBySlot;
  return std::nullopt;
}

std::string PassedLimit(const MoveFeeling& now, const MoveFeeling& before, Duration between,
                        const MoveLimits& limits) {
  if (now.latency > limits.max_latency) {
    return fmt::format("a PING took {}, more than max_latency, {}", FormatDuration(now.latency),
                       FormatDuration(limits.max_latency));
  }
  if (now.replication_lag_bytes > limits.max_replication_lag_bytes) {
    return fmt::format("a replica of the target is {} bytes behind, more than {}",
                       now.replication_lag_bytes, limits.max_replication_lag_bytes);
  }
  const double seconds = Seconds(between);
  if (seconds <= 0) return "";
  // A server that was restarted counts from zero again.
  const double asks = std::max(0.0, now.asks - before.asks) / seconds;
  if (asks > limits.max_asks_per_second) {
    return fmt::format("{:.0f} ASK a second, more than {:.0f}", asks, limits.max_asks_per_second);
  }
  const double tryagains = std::max(0.0, now.tryagains - before.tryagains) / seconds;
  if (tryagains > limits.max_tryagains_per_second) {
    return fmt::format("{:.0f} TRYAGAIN a second, more than {:.0f}", tryagains,
                       limits.max_tryagains_per_second);
  }
  return "";
}

Status CheckRoom(const MoveFeeling& now, const MoveLimits& limits, const std::string& target) {
  if (now.max_memory_bytes == 0 ||
      static_cast<double>(now.used_memory_bytes) <=
          limits.max_target_memory_share * static_cast<double>(now.max_memory_bytes)) {
    return OkStatus();
  }
  return Error(StatusCode::kFailedPrecondition,
               "{} uses {} of its {} bytes of maxmemory, more than a share of {}: it takes no "
               "further slot (max_target_memory_share)",
               target, now.used_memory_bytes, now.max_memory_bytes, limits.max_target_memory_share);
}

std::int64_t MoveSpeed::Size(std::int64_t most) const {
  std::scoped_lock lock(mutex_);
  return std::max<std::int64_t>(1, std::llround(size_ * static_cast<double>(most)));
}

Duration MoveSpeed::Took(int keys, Duration elapsed, const MoveLimits& limits, MonoTime now) {
  std::scoped_lock lock(mutex_);
  if (elapsed > limits.max_pause) {
    size_ = std::max(kLeast, size_ / 2);
  } else if (elapsed < limits.max_pause / 2) {
    size_ = std::min(1.0, size_ + kStep);
  }
  if (limits.keys_per_second <= 0) return Duration(0);
  next_ = std::max(next_, now - elapsed) + FromSeconds(keys / double(limits.keys_per_second));
  return std::max(Duration(0), std::chrono::duration_cast<Duration>(next_ - now));
}

void MoveSpeed::Felt(bool hurts) {
  std::scoped_lock lock(mutex_);
  speed_ = hurts ? std::max(kLeast, speed_ / 2) : std::min(1.0, speed_ + kStep);
}

Duration MoveSpeed::Rest(Duration group, std::int64_t keys) {
  std::scoped_lock lock(mutex_);
  if (keys > 0 && group > Duration(0)) {
    const double rate = static_cast<double>(keys) / Seconds(group);
    keys_per_second_ = keys_per_second_ == 0 ? rate : (keys_per_second_ + rate) / 2;
  }
  return FromSeconds(Seconds(group) * (1 / speed_ - 1));
}

std::int64_t MoveSpeed::GroupKeys(Duration open, std::int64_t most) const {
  std::scoped_lock lock(mutex_);
  if (keys_per_second_ == 0) return most;
  return std::clamp<std::int64_t>(std::llround(keys_per_second_ * Seconds(open)), 1, most);
}

double MoveSpeed::speed() const {
  std::scoped_lock lock(mutex_);
  return speed_;
}

}  // namespace tidewright::redis
