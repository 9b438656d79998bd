// A regular time series in which a gap is a gap, never a zero.
#pragma once

#include <cmath>
#include <compare>
#include <limits>
#include <string>
#include <vector>

#include "core/resource.h"
#include "core/time.h"

namespace tidewright {

/// What a value belongs to.
enum class Scope { kCluster, kShard, kPartition, kTenant };
[[nodiscard]] const char* ScopeName(Scope scope);

/// Names one series. `id` is empty for the cluster itself, else the shard's, partition's or
/// tenant's identity.
struct SeriesKey {
  std::string cluster;
  Scope scope = Scope::kCluster;
  std::string id;
  Resource resource = Resource::kRequests;

  friend auto operator<=>(const SeriesKey&, const SeriesKey&) = default;
};
/// "cache/cluster/requests", "cache/shard/07c3…/cpu".
[[nodiscard]] std::string ToString(const SeriesKey& key);

/// What was true of an observation when it was made; bits.
enum SampleFlag : unsigned {
  kSaturated = 1u << 0,  ///< the server was at its limit: demand was at least this
  kThrottled = 1u << 1,  ///< clients were refused or delayed: likewise
  kMoving = 1u << 2,     ///< our own moves were part of what was seen
};

/// values[i] is the mean over [start + i·step, start + (i+1)·step); NaN is a gap. flags is empty or
/// as long as values, each a set of SampleFlag.
struct Series {
  WallTime start;
  Duration step{0};
  std::vector<double> values;
  std::vector<unsigned> flags;

  static constexpr double kGap = std::numeric_limits<double>::quiet_NaN();
  static bool IsGap(double v) { return std::isnan(v); }

  [[nodiscard]] bool empty() const { return values.empty(); }
  [[nodiscard]] std::size_t size() const { return values.size(); }
  [[nodiscard]] WallTime TimeOf(std::size_t i) const {
    return start + step * static_cast<Duration::rep>(i);
  }
  [[nodiscard]] WallTime end() const { return TimeOf(values.size()); }
  /// How many values are no gaps.
  [[nodiscard]] std::size_t Observed() const;
};

/// The series at a coarser step (a multiple of its own, aligned to 1970): means over what is there;
/// a cell with less than half of its values observed is a gap; flags are united.
[[nodiscard]] StatusOr<Series> Coarsen(const Series& series, Duration step);

}  // namespace tidewright
