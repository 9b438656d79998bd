// Which server serves which hash slot, as a client sees it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/status.h"
#include "stores/redis/reply.h"

namespace tidewright::loadgen {

/// CRC16 (XMODEM) of the key, or of what stands between its first "{" and the next "}" when that is
/// not empty, modulo 16384 (Redis Cluster specification).
[[nodiscard]] int KeySlot(const std::string& key);

struct Address {
  std::string host;
  int port = 0;

  friend auto operator<=>(const Address&, const Address&) = default;
};

/// "MOVED 3999 127.0.0.1:6381" or "ASK …". An empty host means the server that answered.
struct Redirect {
  int slot = 0;
  Address to;
};
[[nodiscard]] std::optional<Redirect> ParseRedirect(const std::string& text, const Address& from);

/// Not thread-safe.
class SlotMap {
 public:
  static constexpr int kSlots = 16384;

  /// Takes the answer to CLUSTER SLOTS; slots it does not name stay as they were.
  Status Take(const redis::Reply& slots, const Address& from);
  void Set(int slot, const Address& owner);
  [[nodiscard]] std::optional<Address> Owner(int slot) const;
  /// Slots of the owner that has the most, as a share of all; 1 while nothing is known.
  [[nodiscard]] double LargestShare() const;
  /// Every owner, each once.
  [[nodiscard]] std::vector<Address> Owners() const;

 private:
  int IndexOf(const Address& address);

  std::vector<Address> addresses_;
  std::array<int, kSlots> owners_ = [] {
    std::array<int, kSlots> none{};
    none.fill(-1);
    return none;
  }();
};

}  // namespace tidewright::loadgen
