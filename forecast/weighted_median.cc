#include "forecast/weighted_median.h"

#include <limits>

namespace tidewright {

void WeightedMedian(std::span<const float* const> rows, std::span<const float* const> weights,
                    int columns, float* out) {
  const std::size_t count = rows.size();
  Floats value[kMostRows];
  Floats weight[kMostRows];
  Floats below[kMostRows];  // weight of the rows that come before, ties in the order of the rows
  for (int h = 0; h < columns; h += kLanes) {
    Floats total = Splat(0);
    for (std::size_t k = 0; k < count; ++k) {
      value[k] = Load(rows[k] + h);
      weight[k] = Load(weights[k] + h);
      below[k] = Splat(0);
      total += weight[k];
    }
    for (std::size_t k = 1; k < count; ++k) {
      for (std::size_t j = 0; j < k; ++j) {
        const Mask before = value[j] <= value[k];
        below[k] += Only(before, weight[j]);
        below[j] += Only(~before, weight[k]);
      }
    }
    const Floats half = total * 0.5F;
    const Floats nearly = half * (1 - 1e-5F);
    const Floats just = half * (1 + 1e-5F);
    Floats lower = Splat(-std::numeric_limits<float>::max());
    Floats upper = lower;
    for (std::size_t k = 0; k < count; ++k) {
      const Mask is_lower = (below[k] < nearly) & (value[k] > lower);
      lower = is_lower ? value[k] : lower;
      const Mask is_upper = (below[k] <= just) & (value[k] > upper);
      upper = is_upper ? value[k] : upper;
    }
    const Floats median = (lower + upper) * 0.5F;
    Store(median, out + h);
  }
}

}  // namespace tidewright
