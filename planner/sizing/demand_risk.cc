#include "planner/sizing/demand_risk.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner {

DemandRisk::DemandRisk(int steps, int most)
    : steps_(steps),
      most_(most),
      cells_(most * kCells + 2),  // the last one holds what lies beyond the grid until Finish()
      above_(static_cast<std::size_t>(steps) * static_cast<std::size_t>(cells_)),
      unserved_(above_.size()) {}

void DemandRisk::Add(int step, const float* values, std::size_t count, std::size_t stride,
                     float scale, float weight) {
  const auto last = static_cast<float>(cells_ - 1);
  const float to_cells = scale * kCells;
  float* weights = above_.data() + At(step, 0);
  float* sums = unserved_.data() + At(step, 0);
  for (std::size_t k = 0; k < count; ++k) {
    const float x = values[k * stride] * to_cells;
    const auto cell = static_cast<std::size_t>(std::min(std::ceil(x), last));
    weights[cell] += weight;
    sums[cell] += weight * x;
  }
}

void DemandRisk::Finish() {
  for (int t = 0; t < steps_; ++t) {
    float* weights = above_.data() + At(t, 0);
    float* sums = unserved_.data() + At(t, 0);
    float total = 0;
    for (int i = 0; i < cells_; ++i) total += weights[i];
    if (!(total > 0)) {
      if (t == 0) continue;
      std::copy_n(above_.data() + At(t - 1, 0), cells_, weights);
      std::copy_n(unserved_.data() + At(t - 1, 0), cells_, sums);
      continue;
    }
    // From above: what lies in the cells beyond i is above capacity i / kCells.
    double weight = 0;
    double sum = 0;
    for (int i = cells_ - 1; i >= 0; --i) {
      const float own_weight = weights[i];
      const float own_sum = sums[i];
      weights[i] = static_cast<float>(weight / total);
      sums[i] = static_cast<float>(std::max(0.0, sum - weight * i) / (total * kCells));
      weight += own_weight;
      sum += own_sum;
    }
  }
}

// E[max(0, f·x − c)] = f · E[max(0, x − c/f)], and P(f·x > c) = P(x > c/f).
DemandRisk DemandRisk::TimesDemand(double factor) const {
  DemandRisk out(steps_, most_);
  const int last = cells_ - 2;
  for (int i = 0; i < cells_; ++i) {
    const double at = std::min<double>(i / factor, last);
    const int low = std::min(static_cast<int>(at), last - 1);
    const auto share = static_cast<float>(at - low);
    for (int t = 0; t < steps_; ++t) {
      const auto between = [&](const std::vector<float>& table) {
        return (1 - share) * table[At(t, low)] + share * table[At(t, low + 1)];
      };
      out.unserved_[At(t, i)] = static_cast<float>(factor) * between(unserved_);
      out.above_[At(t, i)] = between(above_);
    }
  }
  return out;
}

int DemandRisk::CellOf(double capacity) const {
  return std::clamp(static_cast<int>(std::lround(capacity * kCells)), 0, cells_ - 2);
}

}  // namespace tidewright::planner
