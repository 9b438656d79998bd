#include "planner/sizing/demand_risk.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner {

DemandRisk::DemandRisk(int steps, int most)
    : steps_(steps),
      most_(most),
      cells_(most * kCells + 2),  // the last one holds what lies beyond the grid until Finish()
      above_(static_cast<std::size_t>(steps) * static_cast<std::size_t>(cells_)),
      unserved_(above_.size()),
      onset_(above_.size()) {}

void DemandRisk::Add(int step, std::span<const float> values, std::span<const float> before,
                     float weight) {
  const auto last = static_cast<float>(cells_ - 1);
  const auto cell_of = [&](float x) {
    return static_cast<std::size_t>(std::min(std::ceil(x * kCells), last));
  };
  float* weights = above_.data() + At(step, 0);
  float* sums = unserved_.data() + At(step, 0);
  float* onsets = onset_.data() + At(step, 0);
  for (std::size_t k = 0; k < values.size(); ++k) {
    const std::size_t cell = cell_of(values[k]);
    weights[cell] += weight;
    sums[cell] += weight * values[k] * kCells;
    if (!(before[k] < values[k])) continue;
    onsets[cell] += weight;
    onsets[cell_of(before[k])] -= weight;
  }
}

// The log-normal factor at three points with a third of the weight each, which keeps its mean and
// deviation of the logarithm (to second order).
void DemandRisk::Smear(int step, double doubt) {
  const auto size = static_cast<std::size_t>(cells_);
  const std::size_t row = At(step, 0);
  double total = 0;
  for (std::size_t i = 0; i < size; ++i) total += above_[row + i];
  double below = 0;
  std::size_t median = 0;
  while (median + 1 < size && (below += above_[row + median]) < total / 2) ++median;
  std::vector<float> weights(size);
  std::vector<float> sums(size);
  std::vector<float> onsets(size);
  const double away = std::sqrt(1.5) * doubt;
  for (const double factor : {std::exp(-away), 1.0, std::exp(away)}) {
    const auto moved = [&](double x) {
      const auto middle = static_cast<double>(median);
      return std::max(0.0, middle + factor * (x - middle));
    };
    const auto cell_of = [&](double x) {
      return static_cast<std::size_t>(std::min(std::ceil(x), static_cast<double>(size - 1)));
    };
    for (std::size_t i = 0; i < size; ++i) {
      if (onset_[row + i] != 0)
        onsets[cell_of(moved(static_cast<double>(i)))] += onset_[row + i] / 3;
      const float weight = above_[row + i] / 3;
      if (weight == 0) continue;
      const double x = moved(unserved_[row + i] / above_[row + i]);
      weights[cell_of(x)] += weight;
      sums[cell_of(x)] += weight * static_cast<float>(x);
    }
  }
  std::copy(weights.begin(), weights.end(), above_.begin() + static_cast<std::ptrdiff_t>(row));
  std::copy(sums.begin(), sums.end(), unserved_.begin() + static_cast<std::ptrdiff_t>(row));
  std::copy(onsets.begin(), onsets.end(), onset_.begin() + static_cast<std::ptrdiff_t>(row));
}

void DemandRisk::Finish(double doubt) {
  for (int t = 0; t < steps_; ++t) {
    if (doubt > 0) Smear(t, doubt);
    float* weights = above_.data() + At(t, 0);
    float* sums = unserved_.data() + At(t, 0);
    float* onsets = onset_.data() + At(t, 0);
    float total = 0;
    for (int i = 0; i < cells_; ++i) total += weights[i];
    if (!(total > 0)) {
      if (t == 0) continue;
      std::copy_n(above_.data() + At(t - 1, 0), cells_, weights);
      std::copy_n(unserved_.data() + At(t - 1, 0), cells_, sums);
      std::copy_n(onset_.data() + At(t - 1, 0), cells_, onsets);
      continue;
    }
    // From above: what lies in the cells beyond i is above capacity i / kCells.
    double weight = 0;
    double sum = 0;
    double onset = 0;
    for (int i = cells_ - 1; i >= 0; --i) {
      const float own_weight = weights[i];
      const float own_sum = sums[i];
      const float own_onset = onsets[i];
      weights[i] = static_cast<float>(weight / total);
      sums[i] = static_cast<float>(std::max(0.0, sum - weight * i) / (total * kCells));
      onsets[i] = static_cast<float>(std::max(0.0, onset) / total);
      weight += own_weight;
      sum += own_sum;
      onset += own_onset;
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
      out.onset_[At(t, i)] = between(onset_);
    }
  }
  return out;
}

int DemandRisk::CellOf(double capacity) const {
  return std::clamp(static_cast<int>(std::lround(capacity * kCells)), 0, cells_ - 2);
}

}  // namespace tidewright::planner
