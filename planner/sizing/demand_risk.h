// What demand to come would cost at any capacity, tabulated for the capacity plan. Internal to the
// planner.
#pragma once

#include <cstddef>
#include <vector>

namespace tidewright::planner {

/// For each step ahead, over scenarios x of demand in shards' worth: the expected unserved demand
/// E[max(0, x − c)] and the probability P(x > c), for capacities c on a grid of kCells a shard.
class DemandRisk {
 public:
  static constexpr int kCells = 8;

  /// For `steps` steps ahead and capacities up to `most` shards.
  DemandRisk(int steps, int most);

  [[nodiscard]] int steps() const { return steps_; }
  [[nodiscard]] int most() const { return most_; }

  /// Scenario values of one step, each of this weight. Values are finite and ≥ 0.
  void Add(int step, const float* values, std::size_t count, std::size_t stride, float scale,
           float weight);
  /// After the last Add(): weights become shares of 1 a step, sums become tables. A step without
  /// scenarios repeats the one before it.
  void Finish();

  /// Of demand times `factor`, by interpolation between cells; after Finish().
  [[nodiscard]] DemandRisk TimesDemand(double factor) const;

  /// The nearest cell of the grid, at most the last.
  [[nodiscard]] int CellOf(double capacity) const;
  [[nodiscard]] float Unserved(int step, int cell) const { return unserved_[At(step, cell)]; }
  [[nodiscard]] float Above(int step, int cell) const { return above_[At(step, cell)]; }

 private:
  [[nodiscard]] std::size_t At(int step, int cell) const {
    return static_cast<std::size_t>(step) * static_cast<std::size_t>(cells_) +
           static_cast<std::size_t>(cell);
  }

  int steps_;
  int most_;
  int cells_;
  // Until Finish(): by the cell that a value lies in or below, weights and weighted values.
  std::vector<float> above_;
  std::vector<float> unserved_;
};

}  // namespace tidewright::planner
