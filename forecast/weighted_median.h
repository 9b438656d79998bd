// The weighted median of some rows, column by column. Inside the room only.
#pragma once

#include <span>

#include "forecast/lanes.h"

namespace tidewright {

/// Rows are padded to a multiple of this many columns.
[[nodiscard]] constexpr int Padded(int columns) { return (columns + kLanes - 1) / kLanes * kLanes; }

/// out[h] is the median of rows[k][h] weighted by weights[k][h] ≥ 0; where exactly half of the
/// weight lies on each side, the mean of the two values between which it lies. Rows hold `columns`
/// values (a multiple of kLanes), finite. At most kMostRows rows, at least one.
inline constexpr int kMostRows = 16;
void WeightedMedian(std::span<const float* const> rows, std::span<const float* const> weights,
                    int columns, float* out);

}  // namespace tidewright
