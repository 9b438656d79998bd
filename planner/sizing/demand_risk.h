// What demand to come would cost at any capacity, tabulated for the capacity plan. Internal to the
// planner.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace tidewright::planner {

/// For each step ahead, over scenarios x of demand in shards' worth: the expected unserved demand
/// E[max(0, x − c)], the probability P(x > c), and the probability that an episode begins,
/// P(x > c ≥ the highest demand of the steps before), for capacities c on a grid of kCells a shard.
class DemandRisk {
 public:
  static constexpr int kCells = 8;

  /// For `steps` steps ahead and capacities up to `most` shards.
  DemandRisk(int steps, int most);

  [[nodiscard]] int steps() const { return steps_; }
  [[nodiscard]] int most() const { return most_; }

  /// Scenario values of one step, each of this weight, and the highest that each came to in the
  /// steps just before (those of one episode). All are finite and ≥ 0.
  void Add(int step, std::span<const float> values, std::span<const float> before, float weight);
  /// After the last Add(): weights become shares of 1 a step, sums become tables. A step without
  /// scenarios repeats the one before it. `doubt`: what lies away from a step's median is taken to
  /// lie off by a log-normal factor with this deviation of its logarithm, as a handful of scenarios
  /// knows little of what is rare.
  void Finish(double doubt = 0);

  /// Of demand times `factor`, by interpolation between cells; after Finish().
  [[nodiscard]] DemandRisk TimesDemand(double factor) const;

  /// The nearest cell of the grid, at most the last.
  [[nodiscard]] int CellOf(double capacity) const;
  [[nodiscard]] float Unserved(int step, int cell) const { return unserved_[At(step, cell)]; }
  [[nodiscard]] float Above(int step, int cell) const { return above_[At(step, cell)]; }
  [[nodiscard]] float Onset(int step, int cell) const { return onset_[At(step, cell)]; }

 private:
  void Smear(int step, double doubt);

  [[nodiscard]] std::size_t At(int step, int cell) const {
    return static_cast<std::size_t>(step) * static_cast<std::size_t>(cells_) +
           static_cast<std::size_t>(cell);
  }

  int steps_;
  int most_;
  int cells_;
  // Until Finish(): by the cell that a value lies in or below, weights and weighted values; and
  // weights of what an episode ends at, less those of what it begins at.
  std::vector<float> above_;
  std::vector<float> unserved_;
  std::vector<float> onset_;
};

}  // namespace tidewright::planner
