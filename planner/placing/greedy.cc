#include "planner/placing/greedy.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace tidewright::planner::placing {
namespace {

constexpr double kNoGain = -1e-9;
constexpr int kCandidates = 8;         // items of a node that are tried in vain
constexpr std::size_t kRankings = 64;  // of a node's items, if all of them go

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

// Items of the node that would relieve it, the most relief for its price first.
std::vector<int> Rank(const Board& board, int node) {
  const Problem& problem = board.problem();
  std::vector<std::pair<double, int>> ranked;
  for (int i : board.ItemsOn(node)) {
    const Item& item = problem.items[static_cast<std::size_t>(i)];
    if (item.pinned) continue;
    const double relief = board.Relief(i);
    if (relief <= 0) continue;
    const double price = problem.goal.move_weight + problem.goal.bytes_weight * item.bytes;
    ranked.emplace_back(-relief / (price + 1e-12), i);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<int> items;
  for (const auto& [rank, item] : ranked) items.push_back(item);
  return items;
}

// Moves some items off a node; false when nothing helps. The ranking is made anew when a few have
// gone, since another dimension may be the worst then; not for every one of thousands.
bool Relieve(Board& board, int node, std::int64_t& looked) {
  const std::vector<int> ranked = Rank(board, node);
  looked += static_cast<std::int64_t>(board.ItemsOn(node).size());
  const std::size_t enough = 1 + ranked.size() / kRankings;
  std::size_t moved = 0;
  int failed = 0;
  for (int item : ranked) {
    if (moved == enough || failed == kCandidates || board.NodeCost(node) <= 0) break;
    const Target target = board.Relief(item) > 0 ? BestTarget(board, item) : Target{};
    looked += static_cast<std::int64_t>(board.problem().nodes.size());
    if (target.delta >= kNoGain) {
      ++failed;
      continue;
    }
    board.Move(item, target.to);
    ++moved;
  }
  return moved > 0;
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
