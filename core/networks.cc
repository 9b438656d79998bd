#include "core/networks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace tidewright {
namespace {

using Bytes = std::vector<unsigned char>;

/// An IPv4 address in the dress of IPv6 counts as what it is.
std::optional<Bytes> ParseAddress(const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) {
    return Bytes(bytes.begin(), bytes.begin() + 4);
  }
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
  constexpr std::array<unsigned char, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool mapped = std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
  return Bytes(bytes.begin() + (mapped ? 12 : 0), bytes.end());
}

bool SameBits(const Bytes& a, const Bytes& b, int bits) {
  for (std::size_t i = 0; bits > 0; ++i, bits -= 8) {
    const unsigned mask = bits >= 8 ? 0xffU : (0xffU << (8 - bits)) & 0xffU;
    if ((a[i] & mask) != (b[i] & mask)) return false;
  }
  return true;
}

}  // namespace

StatusOr<Networks> Networks::Parse(const std::vector<std::string>& entries) {
  Networks list;
  for (const auto& entry : entries) {
    const auto slash = entry.find('/');
    const auto bytes = ParseAddress(entry.substr(0, slash));
    const int most = bytes ? static_cast<int>(8 * bytes->size()) : 0;
    int bits = most;
    bool ok = bytes.has_value();
    if (ok && slash != std::string::npos) {
      const char* const end = entry.data() + entry.size();
      const auto [rest, error] = std::from_chars(entry.data() + slash + 1, end, bits);
      ok = error == std::errc() && rest == end && bits >= 0 && bits <= most;
    }
    if (!ok) {
      return Error(StatusCode::kInvalidArgument,
                   "'{}' is neither an address nor a network; write one such as 10.0.0.7 or "
                   "10.0.0.0/8",
                   entry);
    }
    list.networks_.push_back({*bytes, bits});
  }
  return list;
}

std::optional<int> Networks::Bits(const std::string& address) const {
  const auto bytes = ParseAddress(address);
  std::optional<int> longest;
  if (!bytes) return longest;
  for (const Network& network : networks_) {
    const bool holds =
        network.bytes.size() == bytes->size() && SameBits(network.bytes, *bytes, network.bits);
    if (holds) longest = std::max(longest.value_or(0), network.bits);
  }
  return longest;
}

}  // namespace tidewright
