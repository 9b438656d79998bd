// A TCP proxy on loopback that delays what passes, breaks connections, or swallows everything.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "core/time.h"

namespace tidewright::faults {

struct ProxyFaults {
  Duration delay{0};        ///< of each piece, in each direction
  double reset_chance = 0;  ///< of each piece: instead of being passed on, both sides get a reset
  bool swallow = false;     ///< connections are accepted and stay; nothing passes
  std::uint64_t seed = 1;
};

/// One listener for each port that it stands before. Thread-safe; one thread of its own.
class Proxy {
 public:
  explicit Proxy(const std::vector<int>& ports);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  /// Port → where the proxy listens for it.
  [[nodiscard]] const std::map<int, int>& listeners() const;
  /// From now on, for connections that there are as well.
  void Set(const ProxyFaults& faults);
  [[nodiscard]] long resets() const;
  [[nodiscard]] long pieces() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewright::faults
