#include "bench/placement/cases.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/random.h"

namespace tidewright::bench {
namespace {

using planner::placing::Amounts;
using planner::placing::Item;
using planner::placing::kDimensions;
using planner::placing::kUnlimited;
using planner::placing::Node;
using planner::placing::Problem;

int Below(Random& random, int bound) {
  return static_cast<int>(random.Below(static_cast<std::uint64_t>(bound)));
}

bool Fits(const Problem& problem, const Item& item, int node) {
  Amounts load = item.demand;
  for (const Item& other : problem.items) {
    if (other.node != node) continue;
    for (std::size_t d = 0; d < kDimensions; ++d) load[d] += other.demand[d];
  }
  for (std::size_t d = 0; d < kDimensions; ++d) {
    if (load[d] > problem.nodes[static_cast<std::size_t>(node)].limit[d]) return false;
  }
  return true;
}

// Puts the item on a node with room, the first ones preferred, so that the start is uneven.
void Put(Problem& problem, Item item, Random& random) {
  const int nodes = static_cast<int>(problem.nodes.size());
  for (int tries = 0; tries < 50; ++tries) {
    item.node = std::min(Below(random, nodes), Below(random, nodes));
    if (!Fits(problem, item, item.node)) continue;
    problem.items.push_back(item);
    return;
  }
}

Problem Spread(Random& random) {
  Problem problem;
  const int nodes = 3 + Below(random, 3);
  const int items = 10 + Below(random, 5);
  const auto dimensions = static_cast<std::size_t>(2 + Below(random, 3));
  const double even = static_cast<double>(items) / nodes;
  for (int n = 0; n < nodes; ++n) {
    Node node;
    for (std::size_t d = 0; d < dimensions; ++d) {
      node.capacity[d] = even;
      node.limit[d] = even * 1.8;
    }
    node.host = n;
    node.zone = n % 3;
    problem.nodes.push_back(node);
  }
  for (int i = 0; i < items; ++i) {
    Item item;
    for (std::size_t d = 0; d < dimensions; ++d) item.demand[d] = 0.3 + 1.4 * random.Uniform();
    item.bytes = item.demand[dimensions - 1];
    Put(problem, item, random);
  }
  std::set<std::pair<int, int>> taken;
  for (Item& item : problem.items) {
    const int group = Below(random, items / 2);
    if (Below(random, 3) == 0 && taken.insert({group, item.node}).second) item.group = group;
  }
  problem.goal.level = 1;
  problem.goal.level_weight = 10;
  problem.goal.excess_weight = 1;
  problem.goal.bytes_weight = 0.02;
  problem.goal.zone_weight = 0.01;
  problem.goal.move_weight = 0.01;
  if (Below(random, 2) == 0) problem.goal.max_moves = 2 + Below(random, 3);
  return problem;
}

Problem Fragments(Random& random) {
  Problem problem;
  const int hosts = 2 + Below(random, 2);
  for (int n = 0; n < 2 * hosts; ++n) {
    Node node;
    node.capacity = {32, 64};
    node.limit = {32, 64, kUnlimited, kUnlimited};
    node.host = n / 2;
    node.partner = n ^ 1;
    problem.nodes.push_back(node);
  }
  const std::vector<double> sizes = {2, 4, 4, 8};
  for (int i = 0; i < 14; ++i) {
    Item item;
    const double size = sizes[static_cast<std::size_t>(Below(random, 4))];
    item.demand = {size, 2 * size};
    item.bytes = 2 * size;
    Put(problem, item, random);
  }
  problem.goal.fragment_weight = 1;
  problem.goal.fragment_size = 16;
  problem.goal.move_weight = 0.1;
  problem.goal.max_moves = 3 + Below(random, 4);
  return problem;
}

void Share(Problem& problem) {
  Amounts total{};
  for (const Item& item : problem.items) {
    for (std::size_t d = 0; d < kDimensions; ++d) total[d] += item.demand[d];
  }
  for (Item& item : problem.items) {
    for (std::size_t d = 0; d < kDimensions; ++d) item.demand[d] /= total[d];
    item.bytes = item.demand[2];
  }
}

// `old` shards own the slots, the rest is new.
Problem Slots(int slots, int shards, int old, std::uint64_t seed) {
  Random random(seed);
  Problem problem;
  std::vector<double> heat;
  for (int n = 0; n < shards; ++n) {
    Node node;
    for (double& capacity : node.capacity) capacity = 1.0 / shards;
    node.host = n;
    node.zone = n % 3;
    problem.nodes.push_back(node);
    heat.push_back(std::exp(0.5 * random.Normal()));
  }
  for (int i = 0; i < slots; ++i) {
    Item item;
    item.node = static_cast<int>(static_cast<std::int64_t>(i) * old / slots);
    const double hot = heat[static_cast<std::size_t>(item.node)];
    const double together = random.Normal();
    item.demand = {hot * std::exp(1.2 * together),
                   hot * std::exp(1.0 * together + 0.5 * random.Normal()), 0.5 + random.Uniform(),
                   hot * std::exp(0.8 * together + 0.9 * random.Normal())};
    problem.items.push_back(item);
  }
  Share(problem);
  const double one = 1.0 / slots;
  problem.goal.level = 1.03;
  problem.goal.level_weight = 10;
  problem.goal.excess_weight = 1;
  problem.goal.bytes_weight = 1;
  problem.goal.zone_weight = 0.25;
  problem.goal.move_weight = 0.5 * one;
  problem.goal.border_weight = 0.25 * one;
  return problem;
}

}  // namespace

Case SmallCase(std::uint64_t seed) {
  Random random(seed);
  if (seed % 2 == 0) return {fmt::format("fragments {}", seed), Fragments(random)};
  return {fmt::format("spread {}", seed), Spread(random)};
}

std::vector<Case> SlotCases(int slots, int shards, std::uint64_t seed) {
  std::vector<Case> cases;
  cases.push_back({"uneven", Slots(slots, shards, shards, seed)});
  Case hot{"uneven, 2 hot", Slots(slots, shards, shards, seed + 1)};
  for (int k = 1; k <= 2; ++k) {
    hot.problem.items[static_cast<std::size_t>(slots * k / 3)].demand[0] += 1.5 / shards;
  }
  Share(hot.problem);
  cases.push_back(std::move(hot));
  const int added = std::max(1, shards / 8);
  cases.push_back({fmt::format("{} new", added), Slots(slots, shards, shards - added, seed + 2)});
  const int drained = std::max(1, shards / 16);
  Case drain{fmt::format("{} drained", drained), Slots(slots, shards, shards, seed + 3)};
  for (int n = 0; n < shards; ++n) {
    Node& node = drain.problem.nodes[static_cast<std::size_t>(n)];
    for (double& capacity : node.capacity) capacity = 1.0 / (shards - drained);
    node.drains = n % (shards / drained) == 0;
  }
  cases.push_back(std::move(drain));
  return cases;
}

double LeastBytes(const Problem& problem) {
  std::vector<std::vector<const Item*>> on(problem.nodes.size());
  for (const Item& item : problem.items) on[static_cast<std::size_t>(item.node)].push_back(&item);
  double least = 0;
  for (std::size_t n = 0; n < on.size(); ++n) {
    const Node& node = problem.nodes[n];
    double most = 0;
    for (std::size_t d = 0; d < kDimensions; ++d) {
      double surplus = node.drains ? 0 : -problem.goal.level * node.capacity[d];
      for (const Item* item : on[n]) surplus += item->demand[d];
      std::sort(on[n].begin(), on[n].end(), [&](const Item* a, const Item* b) {
        return a->demand[d] * b->bytes > b->demand[d] * a->bytes;
      });
      double bytes = 0;
      for (const Item* item : on[n]) {
        if (surplus <= 0) break;
        bytes += item->bytes * std::min(1.0, surplus / item->demand[d]);
        surplus -= item->demand[d];
      }
      most = std::max(most, bytes);
    }
    least += most;
  }
  return least;
}

}  // namespace tidewright::bench
