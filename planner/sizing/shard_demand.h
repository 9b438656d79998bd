// Demand in shards' worth: of what one shard may bear at target utilisation. Internal to the
// planner.
#pragma once

#include <optional>
#include <vector>

#include "planner/situation.h"

namespace tidewright::planner {

/// Resources folded into one: of each scenario and step, and of each past step, the one that asks
/// for the most shards.
struct ShardDemand {
  Duration step{0};
  WallTime from;  ///< of the first step ahead; not after now
  int steps = 0;  ///< ahead; 0: no forecast
  int scenarios = 0;
  std::vector<float> ahead;   ///< [step · scenarios + k]; finite and ≥ 0
  std::vector<float> recent;  ///< oldest first, NaN is a gap
  WallTime recent_end;        ///< end of its last step

  [[nodiscard]] const float* At(int i) const {
    return ahead.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(scenarios);
  }
  /// The newest value; nothing where it is a gap.
  [[nodiscard]] std::optional<float> Newest() const;
};

/// Of those binding resources that are flows, or of memory alone, which is a stock: what is above
/// capacity there is not served later but lost. Nothing where neither a forecast nor recent demand
/// is known.
enum class DemandKind { kFlows, kMemory };
[[nodiscard]] std::optional<ShardDemand> FoldDemand(const Situation& situation, DemandKind kind);

}  // namespace tidewright::planner
