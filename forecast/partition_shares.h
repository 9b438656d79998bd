// What each partition of a cluster is of the whole, remembered between forecasts, and forecasts of
// partitions made of the whole's. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/resource.h"
#include "core/status.h"
#include "forecast/forecast.h"
#include "forecast/share_state.h"

namespace tidewright {

/// The shares of all partitions, in all resources. A regular value.
class ShareMemory {
 public:
  /// Shares follow what changes within about these hours: the load on a partition moves faster than
  /// the whole's shape.
  static constexpr Duration kTimeConstant = std::chrono::hours(2);
  static constexpr std::size_t kMostPartitions = 1 << 20;

  /// `shares` of the whole's demand, one for each partition. Another number of partitions is
  /// another cluster: what was remembered of it is forgotten. Ignored as by UpdateShare.
  void Update(Resource resource, std::span<const double> shares, double whole, WallTime at);

  /// One for each partition; empty while nothing is known of the resource.
  [[nodiscard]] std::vector<Share> Shares(Resource resource, WallTime now) const;
  /// Their means, made to add up to 1.
  [[nodiscard]] std::vector<double> Means(Resource resource, WallTime now) const;

  [[nodiscard]] int partitions() const { return static_cast<int>(partitions_.size()); }

  /// Versioned bytes: 24 for each partition and each resource that is known.
  [[nodiscard]] std::string Encode() const;
  /// kDataLoss for what is no encoding.
  [[nodiscard]] static StatusOr<ShareMemory> Decode(const std::string& bytes);

 private:
  std::vector<PartitionShares> partitions_;
};

/// The forecast of some partitions together, out of the whole's, which must hold its paths. On each
/// path a partition has one share; all partitions' paths add up to the whole's, so their means do.
/// Rising partitions; kFailedPrecondition without paths or shares, kInvalidArgument for a partition
/// that is none.
[[nodiscard]] StatusOr<Forecast> ForecastPart(const Forecast& whole, std::span<const Share> shares,
                                              std::span<const int> partitions);

}  // namespace tidewright
