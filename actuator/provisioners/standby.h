// Nodes from a pool that stands by: servers that a person has started, empty, in no cluster.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "actuator/provisioner.h"
#include "core/clock.h"

namespace tidewright {

struct StandbyNode {
  std::string host;
  int port = 0;
  std::string zone = {};
};

struct StandbyProvisionerOptions {
  std::vector<StandbyNode> nodes;
  std::string state_file;  ///< who has which node
  /// OK when the server answers, holds no key, owns no slot and knows no other node. Asked before a
  /// node is given away; kUnavailable lets another one be tried, as does any other error, which is
  /// told when there is none left.
  std::function<Status(const StandbyNode&, Duration timeout)> check_empty;
};

/// A node that was given back can be given away again once it is empty, which the one who gives it
/// back sees to: it is not stopped. A node that is not empty is never touched.
///
/// Thread-safe; calls wait for each other. One object for a state file at a time.
class StandbyProvisioner : public Provisioner {
 public:
  StandbyProvisioner(StandbyProvisionerOptions options, Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  /// kResourceExhausted: all are given away, or the rest is not fit, with the reason of each.
  /// kDataLoss: the state file cannot be read.
  StatusOr<ProvisionedNode> Acquire(const NodeRequest& request, Duration timeout) override;
  /// kNotFound for an address that is not in the pool.
  Status Release(const std::string& host, int port, Duration timeout) override;

 private:
  struct Lease {
    std::string host;
    int port = 0;
    std::string token;
    std::string cluster;
  };
  StatusOr<std::vector<Lease>> Load() const;
  Status Save(const std::vector<Lease>& leases) const;

  const StandbyProvisionerOptions options_;
  Clock& clock_;
  std::mutex mutex_;
};

}  // namespace tidewright
