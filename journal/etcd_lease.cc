#include "journal/etcd_lease.h"

#include <utility>

namespace tidewright {

EtcdLease::EtcdLease(EtcdLeaseOptions options, Clock& clock)
    : clock_(clock),
      etcd_(options.etcd),
      term_(etcd_, std::move(options), clock),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

EtcdLease::~EtcdLease() {
  thread_.request_stop();
  thread_.join();
  term_.GiveBack();
}

void EtcdLease::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const MonoTime next = term_.Turn();
    {
      std::scoped_lock lock(mutex_);
      ++turns_;
    }
    turned_.notify_all();
    clock_.WaitUntil(next, stop);
  }
}

Status EtcdLease::MayWrite() const { return term_.MayWrite(); }
Status EtcdLease::MayOpen() const { return term_.MayOpen(); }
void EtcdLease::End() { term_.End(); }

std::optional<Reason> EtcdLease::Look() {
  {
    // The first attempt is under way for as long as etcd takes.
    std::unique_lock lock(mutex_);
    turned_.wait(lock, [&] { return turns_ > 0; });
  }
  if (term_.MayWrite().ok()) return std::nullopt;
  return Reason{ReasonCode::kNotLeader,
                fmt::format("this controller does not lead: {}", term_.WhyNot())};
}

StatusOr<std::string> EtcdLease::Begin(const std::string& action_id) {
  return term_.Begin(action_id);
}

}  // namespace tidewright
