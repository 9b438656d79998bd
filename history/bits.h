// Bytes and bits in a row, and reading them back without ever leaving the buffer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tidewright {

class BitWriter {
 public:
  void Bits(std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) Bit((value >> i) & 1u);
  }
  void Ones(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) Bit(1);
  }
  void Bit(std::uint64_t bit) {
    if (used_ == 0) bytes_.push_back('\0');
    if (bit != 0) bytes_.back() = static_cast<char>(bytes_.back() | (1 << used_));
    used_ = (used_ + 1) % 8;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  int used_ = 0;  ///< bits of the last byte
};

/// After the end it answers zeros and `failed` is true.
class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Bit() {
    const std::size_t byte = position_ / 8;
    if (byte >= bytes_.size()) {
      failed_ = true;
      return 0;
    }
    const std::uint64_t bit = (static_cast<unsigned char>(bytes_[byte]) >> (position_ % 8)) & 1u;
    ++position_;
    return bit;
  }
  std::uint64_t Bits(int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i) value |= Bit() << i;
    return value;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  /// Whether less than a whole byte is left.
  [[nodiscard]] bool AtEnd() const { return (position_ + 7) / 8 == bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t position_ = 0;
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
