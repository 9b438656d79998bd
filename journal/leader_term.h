// The leader of a cluster by a lease in etcd: what is asked, what is concluded, and for how long it
// holds. No thread: EtcdLease gives it one, a simulated world its turns.
//
// Whoever made the key PREFIX/CLUSTER/leader leads for as long as its lease lives. Its revision of
// creation is the fencing token: every later leader has a higher one. A controller stops by itself
// `margin` before its lease can end, by CLOCK_BOOTTIME and counted from before it asked for the
// lease, whether etcd answers or not, so that a command that it has sent has an end before another
// controller begins. It opens no further slots some time earlier (MayOpen), so that those that are
// open can be brought to their end while it still may.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/status.h"
#include "io/etcd_client.h"

namespace tidewright {

struct LeaseOptions {
  std::string prefix = "/tidewright";
  std::string cluster;
  /// Who we are. The same after a restart, and never another process's at the same time: then what
  /// we held before we died is ours again at once.
  std::string instance;
  Duration ttl = std::chrono::seconds(15);    ///< of the lease
  Duration margin = std::chrono::seconds(5);  ///< before its end; more than a command takes
  /// Clusters below `prefix` that may act at the same time; 0: any number.
  int clusters_at_once = 0;
};

/// Thread-safe; Turn is called by one thread at a time.
class LeaderTerm {
 public:
  LeaderTerm(io::Etcd& etcd, LeaseOptions options, Clock& clock)
      : etcd_(etcd), options_(std::move(options)), clock_(clock) {}

  /// One attempt to lead, or to go on leading; returns when the next one is due.
  MonoTime Turn();
  /// So that another controller may lead at once: nothing must be written any more.
  void GiveBack();

  /// As Leadership has them.
  StatusOr<std::string> Begin(const std::string& action_id);
  void End();
  [[nodiscard]] Status MayWrite() const;
  [[nodiscard]] Status MayOpen() const;
  /// Why MayWrite says no, for people.
  [[nodiscard]] std::string WhyNot() const;

 private:
  struct Term {
    std::int64_t lease = 0;
    std::int64_t revision = 0;  ///< of the leader's key: the fencing token
    MonoTime ends{};            ///< when the lease may end at the earliest
  };

  void Renew();
  void Campaign();
  StatusOr<io::Etcd::Claim> Claim(std::int64_t lease);
  Status TakePermit(std::int64_t lease);
  [[nodiscard]] Status Lasts(Duration at_least) const;
  [[nodiscard]] std::string Permit(int number) const;
  void Forget(const std::string& why);
  [[nodiscard]] std::string Key(const char* name) const;

  io::Etcd& etcd_;
  const LeaseOptions options_;
  Clock& clock_;
  mutable std::mutex mutex_;  // guards what follows
  std::optional<Term> term_;
  std::int64_t spare_lease_ = 0;  ///< one that lives, from an attempt that found another leading
  std::string permit_;            ///< the key of the one that we have; empty: none
  std::string why_not_ = "etcd has not answered yet";
};

}  // namespace tidewright
