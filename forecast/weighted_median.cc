#include "forecast/weighted_median.h"

#include <array>
#include <limits>
#include <utility>

namespace tidewright {
namespace {

using Rows = const float* const*;

// One for each number of rows, so that the loops over pairs of them are unrolled.
template <std::size_t kRows>
void MedianOf(Rows rows, Rows weights, int columns, float* out) {
  const Floats lowest = Splat(-std::numeric_limits<float>::max());
  for (int h = 0; h < columns; h += kLanes) {
    Floats value[kRows];
    Floats weight[kRows];
    Floats below[kRows];  // weight of the rows that come before, ties in the order of the rows
    Floats total = Splat(0);
    for (std::size_t k = 0; k < kRows; ++k) {
      value[k] = Load(rows[k] + h);
      weight[k] = Load(weights[k] + h);
      below[k] = Splat(0);
      total += weight[k];
    }
    for (std::size_t k = 1; k < kRows; ++k) {
      for (std::size_t j = 0; j < k; ++j) {
        const Mask before = value[j] <= value[k];
        below[k] += Only(before, weight[j]);
        below[j] += Only(~before, weight[k]);
      }
    }
    const Floats half = total * 0.5F;
    const Floats nearly = half * (1 - 1e-5F);
    const Floats just = half * (1 + 1e-5F);
    Floats lower = lowest;
    Floats upper = lowest;
    for (std::size_t k = 0; k < kRows; ++k) {
      lower = Max(lower, below[k] < nearly ? value[k] : lowest);
      upper = Max(upper, below[k] <= just ? value[k] : lowest);
    }
    Store((lower + upper) * 0.5F, out + h);
  }
}

template <std::size_t... kCounts>
constexpr auto Table(std::index_sequence<kCounts...>) {
  return std::array{&MedianOf<kCounts + 1>...};
}

}  // namespace

void WeightedMedian(std::span<const float* const> rows, std::span<const float* const> weights,
                    int columns, float* out) {
  static constexpr auto kMedianOf = Table(std::make_index_sequence<kMostRows>());
  kMedianOf[rows.size() - 1](rows.data(), weights.data(), columns, out);
}

}  // namespace tidewright
