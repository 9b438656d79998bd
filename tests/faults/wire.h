// The controller's connections with a hand on them: seen before they are sent, and led elsewhere.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "io/transport.h"

namespace tidewright::faults {

/// Set up before the first connection; not changed afterwards.
struct WireHooks {
  /// Told on the event loop's thread what is about to be sent to which port. May block.
  std::function<void(int port, const std::string& text)> before_write;
  /// Port → where to connect instead (a proxy). The port that MIGRATE names is led there, too, so
  /// that the way from source to target is the proxy's as well. All have five digits.
  std::map<int, int> detours;
};

[[nodiscard]] io::TransportFactory HookedTransport(std::shared_ptr<const WireHooks> hooks);

}  // namespace tidewright::faults
