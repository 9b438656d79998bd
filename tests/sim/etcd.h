// etcd in memory: leases, keys under them, and an answer that may never come.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/random.h"
#include "core/time.h"
#include "io/etcd_client.h"

namespace tidewright::sim {

class SimulatedEtcd : public io::Etcd {
 public:
  SimulatedEtcd(std::uint64_t seed, std::function<Duration()> now)
      : random_(seed), now_(std::move(now)) {}

  StatusOr<Lease> Grant(Duration ttl) override;
  StatusOr<Duration> KeepAlive(std::int64_t lease) override;
  Status Revoke(std::int64_t lease) override;
  StatusOr<Claim> PutIfAbsent(const std::string& key, const std::string& value,
                              std::int64_t lease) override;
  StatusOr<bool> PutIfHeld(const std::string& guard, std::int64_t guard_revision,
                           const std::string& key, const std::string& value) override;
  Status Delete(const std::string& key, const std::string& value) override;

  /// As it is in etcd, whether it answers or not.
  std::optional<io::EtcdEntry> Peek(const std::string& key);

  bool silent = false;
  double answer_lost = 0;
  /// Called on the way there and on the way back: time passes, processes stand still.
  std::function<void()> on_the_way;

 private:
  template <typename T>
  StatusOr<T> Answered(const std::function<StatusOr<T>()>& execute);
  void Expire();
  void End(std::int64_t lease);

  struct Held {
    Duration ttl{0};
    Duration ends{0};
  };
  Random random_;
  const std::function<Duration()> now_;
  std::map<std::int64_t, Held> leases_;
  std::map<std::string, io::EtcdEntry> entries_;
  std::int64_t newest_lease_ = 0;
  std::int64_t revision_ = 0;
};

/// What a controller's leases go by.
class LeaseClock : public Clock {
 public:
  explicit LeaseClock(std::function<Duration()> now) : now_(std::move(now)) {}
  [[nodiscard]] WallTime Wall() const override { return WallTime(now_()); }
  [[nodiscard]] MonoTime Monotonic() const override {
    return MonoTime(std::chrono::hours(1) + now_());
  }
  bool WaitUntil(MonoTime, std::stop_token) override { return false; }  // nobody waits by it

 private:
  const std::function<Duration()> now_;
};

}  // namespace tidewright::sim
