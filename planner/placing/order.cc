#include "planner/placing/order.h"

#include <algorithm>

#include "planner/placing/board.h"

namespace tidewright::planner::placing {

std::vector<Step> Order(const Problem& problem, std::vector<int>& at) {
  std::vector<int> home;
  for (const Item& item : problem.items) home.push_back(item.node);
  std::vector<int> waiting;
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (at[i] != home[i]) waiting.push_back(static_cast<int>(i));
  }
  Board board(problem, std::move(home));
  std::vector<Step> order;
  for (std::size_t before = waiting.size() + 1; waiting.size() < before;) {
    before = waiting.size();
    std::erase_if(waiting, [&](int i) {
      const int to = at[static_cast<std::size_t>(i)];
      if (!board.Allows(i, to)) return false;
      board.Move(i, to);
      order.push_back({i, to});
      return true;
    });
  }
  for (int i : waiting) at[static_cast<std::size_t>(i)] = board.home(i);
  return order;
}

}  // namespace tidewright::planner::placing
