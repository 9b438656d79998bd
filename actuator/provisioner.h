// Where new nodes come from and where retired ones go.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"

namespace tidewright {

struct NodeRequest {
  std::string
      token;  ///< the same token gives the same node: a repeated request starts no second one
  std::string cluster;
  NodeRequest() = default;
  NodeRequest(std::string t, std::string c) : token(std::move(t)), cluster(std::move(c)) {}
};

struct ProvisionedNode {
  std::string host;
  int port = 0;
  std::string zone;
};

struct NodeAddress {
  std::string host;
  int port = 0;
};

/// Thread-safe; calls block.
class Provisioner {
 public:
  virtual ~Provisioner() = default;

  /// An empty node that answers. kResourceExhausted when there is none to be had.
  virtual StatusOr<ProvisionedNode> Acquire(const NodeRequest& request, Duration timeout) = 0;
  /// Stops the node and gives it back; OK when it is already gone. kNotFound for a node that this
  /// provisioner never gave and may not stop: the caller leaves it running, empty.
  virtual Status Release(const std::string& host, int port, Duration timeout) = 0;
  /// Asked before anything is moved away from nodes that are to be released, all together.
  /// kFailedPrecondition where others must go first, by name.
  virtual Status MayRelease(const std::vector<NodeAddress>& /*nodes*/, Duration /*timeout*/) {
    return OkStatus();
  }
};

}  // namespace tidewright
