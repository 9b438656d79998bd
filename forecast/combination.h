// The members' forecasts made one: from past origins, to learn errors from, and from the end.
#pragma once

#include <memory>
#include <vector>

#include "forecast/member.h"

namespace tidewright {

/// What the combined forecast would have said at past origins, and what it says now. In the
/// prepared series' scaled unit.
struct Combined {
  std::vector<float> point;  ///< [step] from the end of the series
  int spacing = 1;           ///< steps between past origins; the newest lies one before the end
  std::vector<int> origins;  ///< newest first
  /// Every so manyth origin was followed to the end of the horizon, those between for four hours.
  int long_every = 1;
  /// [origin][h], so long; or as long as what has been observed since.
  std::vector<std::vector<float>> past;
  /// Of each member in `point`, mean over the horizon, sum 1; 0 for one that could not forecast.
  std::vector<double> weights;
};

/// Learns at the end of the series and at two points among the past origins.
void FitMembers(const Prepared& p, int horizon, std::vector<std::unique_ptr<Member>>& members);

/// Combines members, which were fitted to this series or to an earlier state of it, by a weighted
/// median (weigher.h).
[[nodiscard]] Combined Combine(const Prepared& p,
                               const std::vector<std::unique_ptr<Member>>& members, int horizon);

}  // namespace tidewright
