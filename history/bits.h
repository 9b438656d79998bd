// Bytes and bits in a row, and reading them back without ever leaving the buffer.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tidewright {

/// Low bits first.
class BitWriter {
 public:
  /// The lowest `count` bits of `value`; at most 56.
  void Bits(std::uint64_t value, int count) {
    pending_ |= (value & ((std::uint64_t{1} << count) - 1)) << used_;
    for (used_ += count; used_ >= 8; used_ -= 8) {
      bytes_.push_back(static_cast<char>(pending_));
      pending_ >>= 8;
    }
  }
  /// All bytes, the last one filled up with zeros.
  [[nodiscard]] std::string Finish() {
    if (used_ > 0) bytes_.push_back(static_cast<char>(pending_));
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  std::uint64_t pending_ = 0;
  int used_ = 0;  ///< bits of `pending_`
};

/// After the end it answers zeros and `failed` is true.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

  /// At most 56.
  std::uint64_t Bits(int count) {
    while (have_ < count) {
      if (next_ == bytes_.size()) {
        failed_ = true;
        return 0;
      }
      pending_ |= std::uint64_t{static_cast<unsigned char>(bytes_[next_++])} << have_;
      have_ += 8;
    }
    const std::uint64_t value = pending_ & ((std::uint64_t{1} << count) - 1);
    pending_ >>= count;
    have_ -= count;
    return value;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  /// Whether less than a whole byte is left.
  [[nodiscard]] bool AtEnd() const { return next_ == bytes_.size() && have_ < 8; }

 private:
  std::string_view bytes_;
  std::size_t next_ = 0;
  std::uint64_t pending_ = 0;
  int have_ = 0;
  bool failed_ = false;
};

/// Seven bits a byte, low ones first.
inline void PutVarint(std::uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

[[nodiscard]] inline std::uint64_t VarintSize(std::uint64_t value) {
  return static_cast<std::uint64_t>(std::bit_width(value | 1) + 6) / 7;
}

/// Takes it off the front of `bytes`; false when there is none.
[[nodiscard]] inline bool TakeVarint(std::string_view& bytes, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

/// Small whole numbers of either sign become small ones without: 0, -1, 1, -2, …
inline std::uint64_t ZigZag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
inline std::int64_t UnZigZag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

}  // namespace tidewright
