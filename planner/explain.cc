#include "planner/explain.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace tidewright::planner {
namespace {

std::string WithSeparators(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string Bytes(double value) {
  static constexpr std::array<const char*, 6> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100 ? 0 : 1, kUnits[unit]);
}

}  // namespace

std::string Amount(Resource resource, double value) {
  if (!std::isfinite(value)) return "unknown";
  switch (resource) {
    case Resource::kMemory:
      return Bytes(value);
    case Resource::kNetwork:
      return Bytes(value) + "/s";
    case Resource::kCpu:
      return fmt::format("{:.2f} {}", value, ResourceUnit(resource));
    case Resource::kRequests:
      break;
  }
  return Figure(value) + " " + ResourceUnit(resource);
}

std::string Figure(double value) {
  return value < 10 ? fmt::format("{:.1f}", value) : WithSeparators(value);
}

std::string QuantileName(double quantile) { return fmt::format("p{:.4g}", 100 * quantile); }

std::string Percent(double share) { return fmt::format("{:.3g}%", 100 * share); }

std::string Shards(int count) { return fmt::format("{} shard{}", count, count == 1 ? "" : "s"); }

}  // namespace tidewright::planner
