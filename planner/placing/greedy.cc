#include "planner/placing/greedy.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace tidewright::planner::placing {
namespace {

constexpr double kNoGain = -1e-9;
constexpr int kCandidates = 8;  // items of a node that are tried, the most relieving first

struct Target {
  int to = kNowhere;
  double delta = kUnlimited;
};

Target BestTarget(const Board& board, int item) {
  Target best;
  const Board::Departure departure = board.Leave(item);
  for (int to = 0; to < static_cast<int>(board.problem().nodes.size()); ++to) {
    if (!board.Allows(item, to)) continue;
    const double delta = board.Delta(item, to, departure);
    if (delta < best.delta) best = {to, delta};
  }
  return best;
}

// Moves one item off a node; false when nothing helps.
bool Relieve(Board& board, int node, std::int64_t& looked) {
  const Problem& problem = board.problem();
  std::vector<std::pair<double, int>> candidates;  // relief for its price, item
  for (int i : board.ItemsOn(node)) {
    const Item& item = problem.items[static_cast<std::size_t>(i)];
    if (item.pinned) continue;
    const double relief = board.Relief(i);
    if (relief <= 0) continue;
    const double price = problem.goal.move_weight + problem.goal.bytes_weight * item.bytes;
    candidates.emplace_back(-relief / (price + 1e-12), i);
  }
  looked += static_cast<std::int64_t>(board.ItemsOn(node).size());
  const std::size_t count = std::min<std::size_t>(candidates.size(), kCandidates);
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count),
                    candidates.end());
  for (std::size_t k = 0; k < count; ++k) {
    const int item = candidates[k].second;
    const Target target = BestTarget(board, item);
    looked += static_cast<std::int64_t>(problem.nodes.size());
    if (target.delta >= kNoGain) continue;
    board.Move(item, target.to);
    return true;
  }
  return false;
}

}  // namespace

std::int64_t SteepestDescent(Board& board) {
  const Problem& problem = board.problem();
  std::int64_t looked = 0;
  for (bool better = true; better;) {
    Target best{kNowhere, kNoGain};
    int item = 0;
    for (int i = 0; i < static_cast<int>(problem.items.size()); ++i) {
      const Target target = BestTarget(board, i);
      looked += static_cast<std::int64_t>(problem.nodes.size());
      if (target.delta < best.delta) {
        best = target;
        item = i;
      }
    }
    better = best.to != kNowhere;
    if (better) board.Move(item, best.to);
  }
  return looked;
}

std::int64_t Shed(Board& board) {
  std::vector<int> nodes(board.problem().nodes.size());
  std::iota(nodes.begin(), nodes.end(), 0);
  std::stable_sort(nodes.begin(), nodes.end(),
                   [&](int a, int b) { return board.NodeCost(a) > board.NodeCost(b); });
  std::int64_t looked = 0;
  for (int node : nodes) {
    while (board.NodeCost(node) > 0 && Relieve(board, node, looked)) {
    }
  }
  return looked;
}

}  // namespace tidewright::planner::placing
