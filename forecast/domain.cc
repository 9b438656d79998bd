#include "forecast/domain.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace tidewright {

Bounds BoundsOf(const Track& track, int cutoff, Domain domain) {
  const auto range = Eigen::Map<const Eigen::ArrayXf>(track.y.data(), cutoff);
  const float lowest = range.minCoeff();
  const float highest = range.maxCoeff();
  const float margin = domain == Domain::kLog ? std::log(1.5F) : 0.5F * (highest - lowest);
  return {.lowest = lowest - margin, .highest = highest + margin};
}

void ToDemand(Domain domain, std::span<float> values) {
  Eigen::Map<Eigen::ArrayXf> v(values.data(), static_cast<Eigen::Index>(values.size()));
  if (domain == Domain::kLog) v = v.exp() - static_cast<float>(Prepared::kLogShift);
  v = v.max(0.0F);
}

}  // namespace tidewright
