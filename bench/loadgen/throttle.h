// Holds processes to a share of a core each, so that a small machine shows what a big one would: a
// shard that is short of cpu, and a further one that helps.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/loadgen/throttle_means.h"
#include "core/clock.h"
#include "core/status.h"

namespace tidewright::loadgen {

enum class ThrottleKind { kBest, kCgroup2, kCgroup1, kSignals };

struct ThrottleOptions {
  double share = 0.06;       ///< of one core, for each process; 0 < share ≤ 1
  std::string watch_folder;  ///< not empty: every redis-server below it is found and held
  ThrottleKind kind = ThrottleKind::kBest;
};

/// Thread-safe. A thread of its own. The destructor lifts every limit and cleans up.
class Throttle {
 public:
  /// kPermissionDenied or kUnimplemented when the kind that was asked for is not to be had; kBest
  /// always is.
  [[nodiscard]] static StatusOr<std::unique_ptr<Throttle>> Start(ThrottleOptions options);
  ~Throttle();

  Status Add(pid_t pid);
  /// Lifts the limit.
  void Remove(pid_t pid);
  [[nodiscard]] std::vector<pid_t> Held() const;
  /// How it is done, in words.
  [[nodiscard]] std::string Name() const { return means_->Name(); }
  /// The limits outlast this object where the means allows that (not with signals).
  void KeepLimits();

 private:
  Throttle(ThrottleOptions options, std::unique_ptr<Means> means);
  void Work(const std::stop_token& stop);
  void Scan();

  ThrottleOptions options_;
  std::unique_ptr<Means> means_;
  std::unique_ptr<Means> fallback_ = MakeSignalMeans();
  RealClock clock_;
  mutable std::mutex mutex_;
  std::map<pid_t, std::unique_ptr<Leash>> leashes_;  ///< guarded by mutex_
  std::jthread thread_;
};

/// Ids of the redis-server processes that work below `folder`, judged by /proc alone: whoever
/// started them, whatever files they keep.
[[nodiscard]] std::vector<pid_t> RedisServersBelow(const std::string& folder);

}  // namespace tidewright::loadgen
