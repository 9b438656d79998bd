// One randomised walk over placements: simulated annealing with steps of one and two items.
// Internal to the placement engine.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/random.h"
#include "planner/placing/board.h"
#include "planner/placing/search.h"

namespace tidewright::planner::placing {

class Trajectory {
 public:
  /// `gain`: by how much a good step lowers the cost. A bold walk begins so hot that it may take
  /// one back. How hot it begins, and how dear a move is to it while the number of moves is
  /// limited, is a matter of `random`.
  Trajectory(const Board& start, double gain, bool bold, Random random);

  std::int64_t Run(std::int64_t steps, const Stop& stop);
  [[nodiscard]] double best_cost() const { return best_cost_; }
  [[nodiscard]] std::vector<int> Best() const;

 private:
  struct Target {
    int to = kNowhere;
    double delta = 0;
  };

  void SetMood(double gain, bool bold);
  void Relocate();
  void GoHome();
  void Exchange();
  void MovePair();
  void Swap();
  [[nodiscard]] int AnyOf(const std::vector<int>& items) {
    return items[static_cast<std::size_t>(Below(items.size()))];
  }
  [[nodiscard]] int AnyNode() { return static_cast<int>(Below(nodes_)); }
  /// As good as uniform for such small bounds, without a division.
  [[nodiscard]] std::uint64_t Below(std::uint64_t bound) {
    return ((random_.Next() >> 32) * bound) >> 32;
  }
  [[nodiscard]] int AnyItem();
  [[nodiscard]] bool IsPinned(int item) const {
    return board_.problem().items[static_cast<std::size_t>(item)].pinned;
  }
  /// With what the walk itself charges for a move.
  [[nodiscard]] double Delta(int item, int to, const Board::Departure& departure) const;
  [[nodiscard]] Target FindTarget(int item);
  [[nodiscard]] double Allowance();
  void Move(int item, int to);
  void NoteBest();

  Board board_;
  Random random_;
  std::uint64_t nodes_ = 0;
  std::vector<int> free_;    // items that may move
  double hot_ = 0;           // temperature at the beginning
  double cold_ = 0;          // and at the end
  double shadow_price_ = 0;  // of a move
  double temperature_ = 0;
  double best_cost_ = 0;
  std::vector<Step> since_best_;  // item and the node it left, since the best placement
  std::vector<int> best_;         // set once since_best_ would have become too long
};

}  // namespace tidewright::planner::placing
