#include "bench/loadgen/slot_map.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace tidewright::loadgen {
namespace {

constexpr std::array<std::uint16_t, 256> MakeTable() {
  std::array<std::uint16_t, 256> table{};
  for (unsigned i = 0; i < 256; ++i) {
    unsigned crc = i << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000u) ? (crc << 1) ^ 0x1021u : crc << 1;
    table[i] = static_cast<std::uint16_t>(crc);
  }
  return table;
}
constexpr auto kCrcTable = MakeTable();

bool IsSlot(std::int64_t slot) { return slot >= 0 && slot < SlotMap::kSlots; }

}  // namespace

int KeySlot(const std::string& key) {
  std::size_t first = 0;
  std::size_t end = key.size();
  if (const auto open = key.find('{'); open != std::string::npos) {
    const auto close = key.find('}', open + 1);
    if (close != std::string::npos && close > open + 1) {
      first = open + 1;
      end = close;
    }
  }
  unsigned crc = 0;
  for (std::size_t i = first; i < end; ++i) {
    crc = (crc << 8) ^ kCrcTable[((crc >> 8) ^ static_cast<unsigned char>(key[i])) & 0xff];
  }
  return static_cast<int>(crc & 0x3fff);
}

std::optional<Redirect> ParseRedirect(const std::string& text, const Address& from) {
  const auto first = text.find(' ');
  const auto second = first == std::string::npos ? first : text.find(' ', first + 1);
  const auto colon = text.rfind(':');
  if (second == std::string::npos || colon == std::string::npos || colon < second)
    return std::nullopt;
  Redirect redirect;
  redirect.slot = std::atoi(text.c_str() + first + 1);
  redirect.to.host = text.substr(second + 1, colon - second - 1);
  redirect.to.port = std::atoi(text.c_str() + colon + 1);
  if (redirect.to.host.empty()) redirect.to.host = from.host;
  if (!IsSlot(redirect.slot) || redirect.to.port <= 0) return std::nullopt;
  return redirect;
}

int SlotMap::IndexOf(const Address& address) {
  const auto it = std::find(addresses_.begin(), addresses_.end(), address);
  if (it != addresses_.end()) return static_cast<int>(it - addresses_.begin());
  addresses_.push_back(address);
  return static_cast<int>(addresses_.size()) - 1;
}

Status SlotMap::Take(const redis::Reply& slots, const Address& from) {
  if (slots.type != redis::Reply::Type::kArray) {
    return Error(StatusCode::kInternal, "CLUSTER SLOTS answered '{}'", slots.text);
  }
  for (const auto& range : slots.elements) {
    if (range.elements.size() < 3 || range.elements[2].elements.size() < 2) {
      return Error(StatusCode::kInternal, "CLUSTER SLOTS: a range without its master");
    }
    const auto& master = range.elements[2].elements;
    const std::int64_t first = range.elements[0].integer;
    const std::int64_t last = range.elements[1].integer;
    if (!IsSlot(first) || !IsSlot(last)) {
      return Error(StatusCode::kInternal, "CLUSTER SLOTS: range {}-{}", first, last);
    }
    const Address owner{master[0].text.empty() ? from.host : master[0].text,
                        static_cast<int>(master[1].integer)};
    for (auto slot = first; slot <= last; ++slot) Set(static_cast<int>(slot), owner);
  }
  return OkStatus();
}

void SlotMap::Set(int slot, const Address& owner) {
  owners_[static_cast<std::size_t>(slot)] = IndexOf(owner);
}

std::optional<Address> SlotMap::Owner(int slot) const {
  const int index = owners_[static_cast<std::size_t>(slot)];
  if (index < 0) return std::nullopt;
  return addresses_[static_cast<std::size_t>(index)];
}

double SlotMap::LargestShare() const {
  std::vector<int> counts(addresses_.size() + 1);
  for (const int index : owners_) ++counts[static_cast<std::size_t>(index + 1)];
  if (addresses_.empty()) return 1;
  return static_cast<double>(*std::max_element(counts.begin() + 1, counts.end())) / kSlots;
}

std::vector<Address> SlotMap::Owners() const {
  std::vector<bool> used(addresses_.size());
  for (const int index : owners_) {
    if (index >= 0) used[static_cast<std::size_t>(index)] = true;
  }
  std::vector<Address> owners;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) owners.push_back(addresses_[i]);
  }
  return owners;
}

}  // namespace tidewright::loadgen
