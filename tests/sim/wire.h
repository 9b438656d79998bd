// A transport whose far end is the simulated cluster: RESP in, RESP out, no socket.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/transport.h"
#include "tests/sim/cluster.h"

namespace tidewright::sim {

/// What becomes of what is sent. Everything happens within Write, on the caller's thread.
struct WireRules {
  enum class Fate {
    kArrives,
    kReplyLost,  ///< executed; the connection breaks
    kLost,       ///< not executed; the connection breaks
  };
  /// Asked before a batch of commands is executed at a port.
  std::function<Fate(int port, const std::vector<redis::Command>& batch)> before;
  /// Told after each batch that was executed.
  std::function<void(int port, const std::vector<redis::Command>& batch)> after;
};

/// The commands of a text in RESP; what is incomplete stays in `text`.
[[nodiscard]] std::vector<redis::Command> TakeCommands(std::string& text);

[[nodiscard]] io::TransportFactory SimulatedTransport(Cluster& cluster, const WireRules& rules);

}  // namespace tidewright::sim
