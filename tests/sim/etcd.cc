#include "tests/sim/etcd.h"

#include <vector>

namespace tidewright::sim {

/// Leases end when their time is over, or a moment later.
void SimulatedEtcd::Expire() {
  std::vector<std::int64_t> over;
  for (const auto& [id, held] : leases_) {
    if (held.ends <= now_()) over.push_back(id);
  }
  for (const auto id : over) End(id);
}

void SimulatedEtcd::End(std::int64_t lease) {
  leases_.erase(lease);
  std::erase_if(entries_, [&](const auto& one) { return one.second.lease == lease; });
}

template <typename T>
StatusOr<T> SimulatedEtcd::Answered(const std::function<StatusOr<T>()>& execute) {
  const Status no_answer = Error(StatusCode::kUnavailable, "etcd does not answer");
  if (on_the_way) on_the_way();
  if (silent) return no_answer;
  Expire();
  StatusOr<T> answer = execute();
  if (on_the_way) on_the_way();
  if (random_.Uniform() < answer_lost) return no_answer;
  return answer;
}

StatusOr<io::Etcd::Lease> SimulatedEtcd::Grant(Duration ttl) {
  return Answered<Lease>([&]() -> StatusOr<Lease> {
    const Duration late = std::chrono::milliseconds(random_.Below(1000));
    leases_[++newest_lease_] = {ttl, now_() + ttl + late};
    return Lease{newest_lease_, ttl};
  });
}

StatusOr<Duration> SimulatedEtcd::KeepAlive(std::int64_t lease) {
  return Answered<Duration>([&]() -> StatusOr<Duration> {
    const auto it = leases_.find(lease);
    if (it == leases_.end()) return Error(StatusCode::kNotFound, "no such lease");
    it->second.ends = now_() + it->second.ttl + std::chrono::milliseconds(random_.Below(1000));
    return it->second.ttl;
  });
}

Status SimulatedEtcd::Revoke(std::int64_t lease) {
  return Answered<bool>([&]() -> StatusOr<bool> {
           if (leases_.count(lease) == 0) return Error(StatusCode::kNotFound, "no such lease");
           End(lease);
           return true;
         })
      .status();
}

StatusOr<io::Etcd::Claim> SimulatedEtcd::PutIfAbsent(const std::string& key,
                                                     const std::string& value, std::int64_t lease) {
  return Answered<Claim>([&]() -> StatusOr<Claim> {
    if (leases_.count(lease) == 0) return Error(StatusCode::kNotFound, "no such lease");
    const auto [it, made] = entries_.try_emplace(key, io::EtcdEntry{key, value, 0, lease});
    if (made) it->second.create_revision = ++revision_;
    return Claim{made, it->second};
  });
}

StatusOr<bool> SimulatedEtcd::PutIfHeld(const std::string& guard, std::int64_t guard_revision,
                                        const std::string& key, const std::string& value) {
  return Answered<bool>([&]() -> StatusOr<bool> {
    const auto it = entries_.find(guard);
    if (it == entries_.end() || it->second.create_revision != guard_revision) return false;
    entries_[key] = {key, value, ++revision_, 0};
    return true;
  });
}

Status SimulatedEtcd::Delete(const std::string& key, const std::string& value) {
  return Answered<bool>([&]() -> StatusOr<bool> {
           const auto it = entries_.find(key);
           if (it != entries_.end() && it->second.value == value) entries_.erase(it);
           return true;
         })
      .status();
}

std::optional<io::EtcdEntry> SimulatedEtcd::Peek(const std::string& key) {
  Expire();
  const auto it = entries_.find(key);
  return it == entries_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace tidewright::sim
