// The dimensions of demand and capacity.
#pragma once

#include <array>
#include <optional>
#include <string>

namespace tidewright {

enum class Resource {
  kRequests,  ///< request units per second
  kCpu,       ///< main-thread seconds per second
  kMemory,    ///< bytes
  kNetwork,   ///< bytes per second, in and out together
};
inline constexpr std::array<Resource, 4> kAllResources = {Resource::kRequests, Resource::kCpu,
                                                          Resource::kMemory, Resource::kNetwork};
inline constexpr std::size_t kResourceCount = kAllResources.size();

/// "requests", "cpu", "memory", "network": in configuration, tables and metrics' labels.
[[nodiscard]] const char* ResourceName(Resource resource);
/// "RU/s", "s/s", "B", "B/s".
[[nodiscard]] const char* ResourceUnit(Resource resource);
[[nodiscard]] std::optional<Resource> ParseResource(const std::string& name);

/// One T for each resource.
template <typename T>
struct PerResource {
  std::array<T, kResourceCount> values{};

  T& operator[](Resource r) { return values[static_cast<std::size_t>(r)]; }
  const T& operator[](Resource r) const { return values[static_cast<std::size_t>(r)]; }
  friend bool operator==(const PerResource&, const PerResource&) = default;
};

}  // namespace tidewright
