// The leader of a cluster by a lease in etcd, for controllers on several hosts.
//
// Whoever made the key PREFIX/CLUSTER/leader leads for as long as its lease lives. Its revision of
// creation is the fencing token: every later leader has a higher one. A controller stops by itself
// `margin` before its lease can end, by CLOCK_BOOTTIME and counted from before it asked for the
// lease, whether etcd answers or not, so that a command that it has sent has an end before another
// controller begins.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "actuator/leadership.h"
#include "core/clock.h"
#include "io/etcd_client.h"

namespace tidewright {

struct EtcdLeaseOptions {
  io::EtcdOptions etcd;
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

class EtcdLease : public Leadership {
 public:
  /// Tries to lead from now on, on a thread of its own. The clock must outlive it.
  EtcdLease(EtcdLeaseOptions options, Clock& clock);
  /// Gives the lease back, so that another controller may lead at once: nothing must be written any
  /// more.
  ~EtcdLease() override;

  std::optional<Reason> Look() override;
  /// Marks PREFIX/CLUSTER/action in a transaction that holds for the leader alone, and takes one of
  /// the permits PREFIX/permits/1, 2, … where their number is limited: kResourceExhausted, with the
  /// clusters that act, when none is left. A permit ends with the lease.
  StatusOr<std::string> Begin(const std::string& action_id) override;
  void End() override;
  [[nodiscard]] Status MayWrite() const override;

 private:
  struct Term {
    std::int64_t lease = 0;
    std::int64_t revision = 0;  ///< of the leader's key: the fencing token
    MonoTime ends{};            ///< when the lease may end at the earliest
  };

  void Run(const std::stop_token& stop);
  /// One attempt to lead, or to go on leading; returns when the next one is due.
  MonoTime Turn();
  void Renew();
  void Campaign();
  StatusOr<io::EtcdClient::Claim> Claim(std::int64_t lease);
  Status TakePermit(std::int64_t lease);
  [[nodiscard]] std::string Permit(int number) const;
  void Forget(const std::string& why);
  [[nodiscard]] std::string Key(const char* name) const;

  const EtcdLeaseOptions options_;
  Clock& clock_;
  io::EtcdClient etcd_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable turned_;
  std::uint64_t turns_ = 0;
  std::optional<Term> term_;
  std::int64_t spare_lease_ = 0;  ///< one that lives, from an attempt that found another leading
  std::string permit_;            ///< the key of the one that we have; empty: none
  std::string why_not_ = "etcd has not answered yet";
  std::jthread thread_;
};

}  // namespace tidewright
