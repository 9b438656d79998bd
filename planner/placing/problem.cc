#include "planner/placing/problem.h"

#include <fmt/format.h>

#include <cmath>

namespace tidewright::planner::placing {
namespace {

bool IsAmount(double value) { return value >= 0 && std::isfinite(value); }

Status CheckNode(const Problem& problem, int n) {
  const Node& node = problem.nodes[static_cast<std::size_t>(n)];
  const int nodes = static_cast<int>(problem.nodes.size());
  for (int d = 0; d < kDimensions; ++d) {
    const auto i = static_cast<std::size_t>(d);
    if (!IsAmount(node.capacity[i]) || !(node.limit[i] >= 0)) {
      return absl::InvalidArgumentError(
          fmt::format("node {}: capacity and limit are not negative", n));
    }
  }
  if (node.partner == kNowhere) return OkStatus();
  const bool mutual = node.partner >= 0 && node.partner < nodes && node.partner != n &&
                      problem.nodes[static_cast<std::size_t>(node.partner)].partner == n;
  if (!mutual)
    return absl::InvalidArgumentError(fmt::format("node {}: its partner is not its own", n));
  if (problem.nodes[static_cast<std::size_t>(node.partner)].host != node.host) {
    return absl::InvalidArgumentError(fmt::format("node {}: its partner is on another host", n));
  }
  return OkStatus();
}

Status CheckItem(const Problem& problem, int i) {
  const Item& item = problem.items[static_cast<std::size_t>(i)];
  if (item.node < 0 || item.node >= static_cast<int>(problem.nodes.size())) {
    return absl::InvalidArgumentError(fmt::format("item {}: there is no node {}", i, item.node));
  }
  for (double amount : item.demand) {
    if (!IsAmount(amount))
      return absl::InvalidArgumentError(
          fmt::format("item {}: a demand is not finite and positive", i));
  }
  if (!IsAmount(item.bytes))
    return absl::InvalidArgumentError(fmt::format("item {}: impossible bytes", i));
  if (item.both_halves && problem.nodes[static_cast<std::size_t>(item.node)].partner <= item.node) {
    return absl::InvalidArgumentError(
        fmt::format("item {}: lies on both halves, of which {} is not the lower", i, item.node));
  }
  return OkStatus();
}

}  // namespace

Status Validate(const Problem& problem) {
  if (problem.nodes.empty())
    return absl::InvalidArgumentError("there is no node to place anything on");
  for (int n = 0; n < static_cast<int>(problem.nodes.size()); ++n) {
    if (Status s = CheckNode(problem, n); !s.ok()) return s;
  }
  for (int i = 0; i < static_cast<int>(problem.items.size()); ++i) {
    if (Status s = CheckItem(problem, i); !s.ok()) return s;
  }
  const Goal& goal = problem.goal;
  if (goal.fragment_weight > 0 && (goal.fragment_size <= 0 || goal.fragment_dimension < 0 ||
                                   goal.fragment_dimension >= kDimensions)) {
    return absl::InvalidArgumentError("the goal counts fragments of no size");
  }
  return OkStatus();
}

}  // namespace tidewright::planner::placing
