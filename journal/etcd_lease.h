// The leader of a cluster by a lease in etcd (LeaderTerm), for controllers on several hosts.
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
#include "journal/leader_term.h"

namespace tidewright {

struct EtcdLeaseOptions : LeaseOptions {
  io::EtcdOptions etcd;
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
  [[nodiscard]] Status MayOpen() const override;

 private:
  void Run(const std::stop_token& stop);

  Clock& clock_;
  io::EtcdClient etcd_;
  LeaderTerm term_;
  std::mutex mutex_;  // guards turns_
  std::condition_variable turned_;
  std::uint64_t turns_ = 0;
  std::jthread thread_;
};

}  // namespace tidewright
