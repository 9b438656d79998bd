// A child's share of a whole, for those that are not worth a forecast of their own. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/resource.h"
#include "core/status.h"
#include "core/time.h"

namespace tidewright {

/// What is remembered of one child's share of a whole: exponentially weighted sums over time,
/// paired, so that a missing sample changes no ratio. share = Σ w·child / Σ w·whole. 24 bytes.
struct ShareState {
  float child = 0;           ///< Σ w·child
  float whole = 0;           ///< Σ w·whole
  float error_squares = 0;   ///< Σ w·(child − share·whole)², share as it was before
  float whole_squares = 0;   ///< Σ w·whole²
  float weight = 0;          ///< Σ w
  std::uint32_t minute = 0;  ///< of the newest sample, since 1970

  static constexpr Duration kTimeConstant = std::chrono::hours(24);

  friend bool operator==(const ShareState&, const ShareState&) = default;
};

/// Of one partition.
using PartitionShares = PerResource<ShareState>;

/// Adds one pair of demands, at the same time and in the same unit. Nothing happens where either is
/// no number, negative or beyond 1e15, where the whole is zero, or where the time is before the
/// newest sample. A child that is gone has a demand of 0, not a missing one: its share decays with
/// the time constant, a day for partitions, and hours for a parent's rest, which is many.
void UpdateShare(ShareState& state, double child, double whole, WallTime at,
                 Duration time_constant = ShareState::kTimeConstant);

struct Share {
  double mean = 0;
  double deviation = 0;  ///< standard deviation of the share at any one time
};
/// Nothing seen is a share of 0. Without a sample for more than a day the share decays by the day.
/// The deviation is at least what a share that was just met may have: half of it, fading with
/// samples.
[[nodiscard]] Share ShareAt(const ShareState& state, WallTime now);

/// Versioned bytes, kShareBytes for a partition; old versions stay readable.
inline constexpr std::size_t kShareBytes = 1 + kResourceCount * 24;
[[nodiscard]] std::string EncodeShares(const PartitionShares& shares);
/// kDataLoss for what is no encoding: wrong version or size, or numbers that are not finite or
/// negative.
[[nodiscard]] StatusOr<PartitionShares> DecodeShares(const std::string& bytes);

/// Which children are worth a forecast of their own: the `budget` with the highest demand, rising
/// indices. One that has it keeps it until another demands a quarter more. Demands that are no
/// number or not above zero are never chosen. `full[i]` says who has it now; may be empty.
[[nodiscard]] std::vector<std::size_t> ChooseFull(std::span<const double> demand,
                                                  std::span<const std::uint8_t> full,
                                                  std::size_t budget);

}  // namespace tidewright
