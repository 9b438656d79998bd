// The controller's gRPC service, with health checking and reflection.
#pragma once

#include <memory>
#include <string>

#include "core/status.h"
#include "server/controller_api.h"

namespace tidewright {

/// Serves until destroyed. Plaintext: the caller has made sure that the address is a loopback one.
class GrpcServer {
 public:
  virtual ~GrpcServer() = default;
  /// Port 0 takes a free one. kUnavailable when the address cannot be bound. `api` must outlive it.
  [[nodiscard]] static StatusOr<std::unique_ptr<GrpcServer>> Start(const std::string& host,
                                                                   int port, ControllerApi& api);
  [[nodiscard]] virtual int port() const = 0;
};

}  // namespace tidewright
