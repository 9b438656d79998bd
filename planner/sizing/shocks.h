// What came out of nothing lately may come again at any time. Internal to the planner.
#pragma once

#include <span>
#include <vector>

namespace tidewright::planner {

/// Rises of demand above all of the half hour before them: the largest, in shards' worth.
struct Shocks {
  std::vector<float> rises;  ///< falling, each > 0
  double each = 0;           ///< probability of one of them in a step, as often as lately
};

struct ShockOptions {
  int before = 6;         ///< steps that a rise must be above
  int look_back = 4032;   ///< steps: 14 days of five minutes
  std::size_t most = 20;  ///< rises that are kept
};

/// `demand` is the newest at its end; NaN is a gap. None before `before` steps are known.
[[nodiscard]] Shocks FindShocks(std::span<const float> demand, const ShockOptions& options);

}  // namespace tidewright::planner
