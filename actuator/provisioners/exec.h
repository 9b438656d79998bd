// Nodes from a person's script: docs/provisioners.md is its contract.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "actuator/provisioner.h"
#include "core/clock.h"

namespace tidewright {

struct ExecProvisionerOptions {
  std::vector<std::string> command;  ///< program and arguments
  std::string directory;             ///< for what goes to and comes from the script; created
};

/// Starts the command for each call, gives it one JSON document on stdin and reads one from its
/// stdout. It must answer a repeated token with the same node. A script that does not end in time
/// is killed with all that it started; the next call with its token may find the node half made:
/// making it whole is the script's.
///
/// Thread-safe; calls wait for each other.
class ExecProvisioner : public Provisioner {
 public:
  ExecProvisioner(ExecProvisionerOptions options, Clock& clock)
      : options_(std::move(options)), clock_(clock) {}

  /// kDeadlineExceeded: it did not end in time. kUnavailable: exit code 75, try again.
  /// kResourceExhausted: exit code 69, there is none to be had. kFailedPrecondition: any other,
  /// with the end of what it said on stderr; or its answer is not what the contract says.
  StatusOr<ProvisionedNode> Acquire(const NodeRequest& request, Duration timeout) override;
  /// kNotFound: exit code 66, not one of the script's.
  Status Release(const std::string& host, int port, Duration timeout) override;

 private:
  /// What it wrote to stdout.
  StatusOr<std::string> Run(const std::string& operation, const std::string& request,
                            Duration timeout);

  const ExecProvisionerOptions options_;
  Clock& clock_;
  std::mutex mutex_;
};

}  // namespace tidewright
