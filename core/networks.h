// Addresses and networks that a person has listed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/status.h"

namespace tidewright {

/// IPv4 and IPv6. No name is ever looked up: whoever answers for it would decide.
class Networks {
 public:
  /// "10.0.0.7", "10.0.0.0/8", "fd00::/8"; kInvalidArgument names what is neither.
  [[nodiscard]] static StatusOr<Networks> Parse(const std::vector<std::string>& entries);

  [[nodiscard]] bool empty() const { return networks_.empty(); }
  /// False for what is no address, such as a name.
  [[nodiscard]] bool Hold(const std::string& address) const { return Bits(address).has_value(); }
  /// The length of the longest prefix among those that hold it.
  [[nodiscard]] std::optional<int> Bits(const std::string& address) const;

 private:
  struct Network {
    std::vector<unsigned char> bytes;  ///< 4 or 16
    int bits = 0;
  };
  std::vector<Network> networks_;
};

}  // namespace tidewright
