#include "forecast/domain.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "forecast/lanes.h"

namespace tidewright {

Bounds BoundsOf(const Track& track, int cutoff, Domain domain) {
  const auto range = Eigen::Map<const Eigen::ArrayXf>(track.y.data(), cutoff);
  const float lowest = range.minCoeff();
  const float highest = range.maxCoeff();
  const float margin = domain == Domain::kLog ? std::log(1.5F) : 0.5F * (highest - lowest);
  return {.lowest = lowest - margin, .highest = highest + margin};
}

void ToDemand(Domain domain, std::span<float> values) {
  constexpr float kLowest = std::numeric_limits<float>::lowest();
  ToDemand(domain, {.lowest = kLowest, .highest = -kLowest}, values);
}

void ToDemand(Domain domain, const Bounds& bounds, std::span<float> values) {
  const Floats lowest = Splat(bounds.lowest);
  const Floats highest = Splat(bounds.highest);
  const Floats shift = Splat(static_cast<float>(Prepared::kLogShift));
  const auto count = static_cast<int>(values.size());
  if (domain == Domain::kLog) {
    Transform(values.data(), count, [&](Floats v) {
      return Max(Exp(Clamp(v, lowest, highest)) - shift, Splat(0));
    });
  } else {
    Transform(values.data(), count,
              [&](Floats v) { return Max(Clamp(v, lowest, highest), Splat(0)); });
  }
}

}  // namespace tidewright
