#include "planner/placing/search.h"

#include <algorithm>

#include "planner/placing/board.h"
#include "planner/placing/greedy.h"
#include "planner/placing/order.h"
#include "planner/placing/trajectory.h"

namespace tidewright::planner::placing {
namespace {

std::vector<int> Homes(const Problem& problem) {
  std::vector<int> homes;
  homes.reserve(problem.items.size());
  for (const Item& item : problem.items) homes.push_back(item.node);
  return homes;
}

// Keeps the better of what there is and a new placement, once the latter can be carried out.
void Offer(const Problem& problem, std::vector<int> at, Solution& best) {
  std::vector<Step> order = Order(problem, at);
  const Board board(problem, at);
  const Score score = board.MakeScore();
  if (score.cost >= best.score.cost) return;
  best.at = std::move(at);
  best.order = std::move(order);
  best.score = score;
}

}  // namespace

Solution Descend(const Problem& problem) {
  Board board(problem, Homes(problem));
  Solution solution;
  solution.steps = SteepestDescent(board);
  solution.score.cost = kUnlimited;
  Offer(problem, board.placement(), solution);
  return solution;
}

Solution Solve(const Problem& problem, const Effort& effort, std::vector<int> start,
               const Stop& stop) {
  Board board(problem, start.empty() ? Homes(problem) : std::move(start));
  const double before = board.cost();
  const std::size_t moved_before = board.moved().size();
  Solution best;
  best.score.cost = kUnlimited;
  best.steps = Shed(board);
  Offer(problem, board.placement(), best);

  const double gain =
      (before - board.cost()) /
      std::max(1.0, static_cast<double>(board.moved().size()) - static_cast<double>(moved_before));
  const Random seeds(effort.seed);
  for (int t = 0; t < effort.trajectories && !(stop && stop()); ++t) {
    Trajectory trajectory(board, gain, /*bold=*/t % 2 == 1,
                          seeds.Fork(static_cast<std::uint64_t>(t)));
    best.steps += trajectory.Run(effort.steps, stop);
    ++best.trajectories;
    if (trajectory.best_cost() < best.score.cost) Offer(problem, trajectory.Best(), best);
  }
  return best;
}

}  // namespace tidewright::planner::placing
