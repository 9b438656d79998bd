// The placement engine on made-up items and nodes.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <set>

#include "core/random.h"
#include "planner/placing/board.h"
#include "planner/placing/order.h"
#include "planner/placing/search.h"

using namespace tidewright;
using namespace tidewright::planner::placing;

namespace {

std::size_t At(int i) { return static_cast<std::size_t>(i); }

Node Machine(double capacity, int host, int zone = kNowhere) {
  Node node;
  node.capacity = {capacity, capacity};
  node.limit = {capacity, capacity, kUnlimited, kUnlimited};
  node.host = host;
  node.zone = zone;
  return node;
}

Item Thing(double first, double second, int node) {
  Item item;
  item.demand = {first, second};
  item.bytes = second;
  item.node = node;
  return item;
}

// Everything at once: hosts of two halves, items on both, groups, pins, zones, borders, fragments.
Problem Everything(std::uint64_t seed) {
  Random random(seed);
  Problem problem;
  for (int n = 0; n < 12; ++n) {
    Node node = Machine(20, n / 2, n / 4);
    node.partner = n ^ 1;
    problem.nodes.push_back(node);
  }
  std::set<std::pair<int, int>> taken;
  for (int i = 0; i < 60; ++i) {
    Item item = Thing(static_cast<double>(1 + random.Below(4)), random.Uniform(),
                      static_cast<int>(random.Below(12)));
    item.both_halves = random.Below(5) == 0;
    if (item.both_halves) item.node &= ~1;
    item.pinned = random.Below(10) == 0;
    const int group = static_cast<int>(random.Below(20));
    if (taken.insert({group, item.node / 2}).second) item.group = group;
    problem.items.push_back(item);
  }
  problem.goal.level = 0.5;
  problem.goal.level_weight = 10;
  problem.goal.excess_weight = 1;
  problem.goal.bytes_weight = 0.1;
  problem.goal.zone_weight = 0.05;
  problem.goal.move_weight = 0.01;
  problem.goal.border_weight = 0.01;
  problem.goal.fragment_weight = 0.02;
  problem.goal.fragment_size = 4;
  return problem;
}

std::vector<int> Homes(const Problem& problem) {
  std::vector<int> homes;
  for (const Item& item : problem.items) homes.push_back(item.node);
  return homes;
}

std::vector<Amounts> Loads(const Problem& problem, const std::vector<int>& at) {
  std::vector<Amounts> loads(problem.nodes.size());
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Item& item = problem.items[i];
    for (std::size_t d = 0; d < kDimensions; ++d) {
      loads[At(at[i])][d] += item.demand[d];
      if (item.both_halves) loads[At(problem.nodes[At(at[i])].partner)][d] += item.demand[d];
    }
  }
  return loads;
}

// Carries a solution out step by step and looks at every bound on the way.
void CheckOnTheWay(const Problem& problem, const Solution& solution) {
  std::vector<int> at = Homes(problem);
  const auto start = Loads(problem, at);
  std::set<int> moved;
  for (const Step& step : solution.order) {
    const Item& item = problem.items[At(step.item)];
    BOOST_TEST(!item.pinned);
    BOOST_TEST(moved.insert(step.item).second);
    at[At(step.item)] = step.to;
    const auto loads = Loads(problem, at);
    for (std::size_t n = 0; n < loads.size(); ++n) {
      for (std::size_t d = 0; d < kDimensions; ++d) {
        const double bound = std::max(problem.nodes[n].limit[d], start[n][d]);
        BOOST_TEST(loads[n][d] <= bound * (1 + 1e-6));
      }
    }
    if (item.group < 0) continue;
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (static_cast<int>(i) == step.item || problem.items[i].group != item.group) continue;
      BOOST_TEST(problem.nodes[At(at[i])].host != problem.nodes[At(step.to)].host);
    }
  }
  BOOST_TEST((at == solution.at));
  BOOST_TEST(static_cast<int>(moved.size()) <= problem.goal.max_moves);
}

// Over every assignment of items to nodes that Board allows to be built up.
double ExactCost(const Problem& problem) {
  const int nodes = static_cast<int>(problem.nodes.size());
  const std::size_t items = problem.items.size();
  std::vector<int> at(items, 0);
  double best = kUnlimited;
  while (true) {
    const Board board(problem, at);
    const Score score = board.MakeScore();
    if (score.over_limit <= 0 && score.moves <= problem.goal.max_moves) {
      best = std::min(best, score.cost);
    }
    std::size_t i = 0;
    while (i < items && ++at[i] == nodes) at[i++] = 0;
    if (i == items) return best;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(placing)

BOOST_AUTO_TEST_CASE(what_does_not_fit_together_is_refused) {
  BOOST_TEST(Validate(Everything(1)).ok());
  const auto refused = [](auto break_it) {
    Problem problem = Everything(1);
    break_it(problem);
    return !Validate(problem).ok();
  };
  BOOST_TEST(refused([](Problem& p) { p.nodes.clear(); }));
  BOOST_TEST(refused([](Problem& p) { p.nodes[2].partner = 5; }));
  BOOST_TEST(refused([](Problem& p) { p.nodes[2].host = 9; }));
  BOOST_TEST(refused([](Problem& p) { p.nodes[2].capacity[0] = -1; }));
  BOOST_TEST(refused([](Problem& p) { p.nodes[2].limit[1] = std::nan(""); }));
  BOOST_TEST(refused([](Problem& p) { p.items[3].node = 12; }));
  BOOST_TEST(refused([](Problem& p) { p.items[3].demand[1] = std::nan(""); }));
  BOOST_TEST(refused([](Problem& p) { p.items[3].bytes = kUnlimited; }));
  BOOST_TEST(refused([](Problem& p) {
    p.items[3].both_halves = true;
    p.items[3].node = 1;
  }));
  BOOST_TEST(refused([](Problem& p) { p.goal.fragment_size = 0; }));
}

BOOST_AUTO_TEST_CASE(a_step_is_judged_as_if_everything_were_added_up_anew) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Problem problem = Everything(seed);
    Board board(problem, Homes(problem));
    Random random(seed);
    int steps = 0;
    for (int k = 0; k < 3000; ++k) {
      const int item = static_cast<int>(random.Below(problem.items.size()));
      const int to = static_cast<int>(random.Below(problem.nodes.size()));
      if (!board.Allows(item, to)) continue;
      const double expected = board.cost() + board.Delta(item, to);
      board.Move(item, to);
      ++steps;
      const Score anew = Board(problem, board.placement()).MakeScore();
      BOOST_TEST_REQUIRE(board.cost() == expected, boost::test_tools::tolerance(1e-9));
      BOOST_TEST_REQUIRE(board.cost() == anew.cost, boost::test_tools::tolerance(1e-9));
      BOOST_TEST_REQUIRE(board.MakeScore().borders == anew.borders);
      BOOST_TEST_REQUIRE(board.MakeScore().moves == anew.moves);
    }
    BOOST_TEST(steps > 100);
  }
}

BOOST_AUTO_TEST_CASE(every_bound_is_kept_at_every_step) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      Problem problem = Everything(seed);
      problem.goal.max_moves = seed % 2 == 0 ? 8 : 1000;
      const Solution solution = Solve(problem, {4, 5000, seed});
      BOOST_TEST(solution.score.moves > 0);
      CheckOnTheWay(problem, solution);
      CheckOnTheWay(problem, Descend(problem));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_placement_and_trajectories_only_help) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Problem problem = Everything(seed);
    const Solution one = Solve(problem, {3, 3000, seed});
    const Solution again = Solve(problem, {3, 3000, seed});
    BOOST_TEST((one.at == again.at));
    BOOST_TEST(one.score.cost == again.score.cost);
    BOOST_TEST(Solve(problem, {0, 0, seed}).score.cost >= one.score.cost);
    BOOST_TEST(Solve(problem, {6, 3000, seed}).score.cost <= one.score.cost);
    BOOST_TEST(one.score.cost < Board(problem, Homes(problem)).cost());
  }
}

BOOST_AUTO_TEST_CASE(small_cases_are_solved_exactly) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Random random(seed);
    Problem problem;
    for (int n = 0; n < 3; ++n) problem.nodes.push_back(Machine(10, n, n));
    for (int i = 0; i < 8; ++i) {
      problem.items.push_back(
          Thing(1 + 2 * random.Uniform(), random.Uniform(), static_cast<int>(random.Below(2))));
    }
    problem.goal.level = 0.5;
    problem.goal.level_weight = 10;
    problem.goal.excess_weight = 1;
    problem.goal.bytes_weight = 0.05;
    problem.goal.zone_weight = seed % 3 == 0 ? 0.02 : 0.0;
    problem.goal.max_moves = seed % 2 == 0 ? 3 : 8;
    for (Node& node : problem.nodes) node.limit = {kUnlimited, kUnlimited, kUnlimited, kUnlimited};
    const Solution solution = Solve(problem, {8, 4000, seed});
    BOOST_TEST(solution.score.cost == ExactCost(problem), boost::test_tools::tolerance(1e-9));
  }
}

BOOST_AUTO_TEST_CASE(what_takes_two_steps_to_gain_is_found_where_descent_is_stuck) {
  // Two thirds full by fours: a whole sixteen comes free only when two leave one node together.
  Problem problem;
  for (int n = 0; n < 4; ++n) problem.nodes.push_back(Machine(32, n));
  for (int n = 0; n < 4; ++n) {
    for (int i = 0; i < 6; ++i) problem.items.push_back(Thing(4, 1, n));
  }
  problem.goal.fragment_weight = 1;
  problem.goal.fragment_size = 16;
  problem.goal.move_weight = 0.1;
  problem.goal.max_moves = 4;
  const Solution stuck = Descend(problem);
  BOOST_TEST(stuck.score.fragments == 32);
  const Solution solution = Solve(problem, {4, 2000, 1});
  BOOST_TEST(solution.score.fragments == 0);
  BOOST_TEST(solution.score.moves == 4);
  CheckOnTheWay(problem, solution);
}

BOOST_AUTO_TEST_CASE(a_node_that_drains_ends_empty_and_a_closed_one_gets_nothing) {
  Problem problem;
  for (int n = 0; n < 4; ++n) problem.nodes.push_back(Machine(100, n));
  problem.nodes[1].drains = true;
  problem.nodes[2].receives = false;
  for (int i = 0; i < 40; ++i) problem.items.push_back(Thing(1 + i % 5, i % 3, i % 4));
  problem.goal.level_weight = 1;
  problem.goal.bytes_weight = 0.001;
  const Solution solution = Solve(problem, {2, 2000, 1});
  for (std::size_t i = 0; i < solution.at.size(); ++i) {
    BOOST_TEST(solution.at[i] != 1);
    if (solution.at[i] == 2) BOOST_TEST(problem.items[i].node == 2);
  }
  CheckOnTheWay(problem, solution);
}

BOOST_AUTO_TEST_CASE(an_item_that_alone_is_too_much_gets_a_node_to_itself) {
  Problem problem;
  for (int n = 0; n < 4; ++n) {
    Node node = Machine(25, n);
    node.limit = {kUnlimited, kUnlimited, kUnlimited, kUnlimited};
    problem.nodes.push_back(node);
  }
  problem.items.push_back(Thing(40, 1, 0));
  for (int i = 0; i < 60; ++i) problem.items.push_back(Thing(1, 1, i / 15));
  problem.goal.level = 1;
  problem.goal.level_weight = 10;
  problem.goal.excess_weight = 1;
  problem.goal.bytes_weight = 0.001;
  const Solution solution = Solve(problem, {2, 5000, 1});
  BOOST_TEST(std::count(solution.at.begin(), solution.at.end(), solution.at[0]) == 1);
  BOOST_TEST(solution.score.level == 1.6, boost::test_tools::tolerance(1e-9));
}

BOOST_AUTO_TEST_CASE(a_step_within_a_zone_is_preferred_to_one_across) {
  Problem problem;
  for (int n = 0; n < 4; ++n) problem.nodes.push_back(Machine(100, n, n / 2));
  for (int i = 0; i < 20; ++i) problem.items.push_back(Thing(4, 1, 0));
  for (int i = 0; i < 20; ++i) problem.items.push_back(Thing(4, 1, 2));
  problem.goal.level = 0.4;
  problem.goal.level_weight = 10;
  problem.goal.bytes_weight = 0.001;
  problem.goal.zone_weight = 0.001;
  const Solution solution = Solve(problem, {2, 5000, 1});
  BOOST_TEST(solution.score.level <= 0.4 + 1e-9);
  BOOST_TEST(solution.score.zone_bytes == 0);
  BOOST_TEST(solution.score.moves == 20);
}

BOOST_AUTO_TEST_CASE(what_waits_for_each_other_in_a_circle_stays) {
  Problem problem;
  for (int n = 0; n < 3; ++n) problem.nodes.push_back(Machine(10, n));
  problem.items = {Thing(6, 1, 0), Thing(7, 1, 1), Thing(3, 1, 0), Thing(9, 1, 2)};
  std::vector<int> at = {1, 0, 0, 2};  // 6 and 7 change places: no room for either to go first
  BOOST_TEST(Order(problem, at).empty());
  BOOST_TEST((at == std::vector<int>{0, 1, 0, 2}));
  at = {0, 0, 1, 2};  // once the 3 has gone, the 7 still finds no room
  const auto order = Order(problem, at);
  BOOST_TEST(order.size() == 1u);
  BOOST_TEST((at == std::vector<int>{0, 1, 1, 2}));
}

BOOST_AUTO_TEST_CASE(a_stop_ends_the_search_with_what_there_is) {
  const Problem problem = Everything(3);
  int asked = 0;
  const Solution solution = Solve(problem, {1000, 1'000'000, 1}, {}, [&] { return ++asked > 5; });
  BOOST_TEST(solution.steps < 10'000);
  BOOST_TEST(solution.score.moves > 0);
  CheckOnTheWay(problem, solution);
}

BOOST_AUTO_TEST_SUITE_END()
