// The cheapest schedule of capacity, held against trying every schedule.
#include "planner/sizing/capacity_schedule.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "core/random.h"

namespace tidewright::planner {
namespace {

constexpr int kScenarios = 7;

// [step][scenario], on the grid of DemandRisk so that tables are exact.
std::vector<std::vector<float>> MadeUpDemand(Random& random, int steps, int most) {
  std::vector<std::vector<float>> demand;
  for (int t = 0; t < steps; ++t) {
    std::vector<float> values;
    for (int k = 0; k < kScenarios; ++k) {
      values.push_back(static_cast<float>(
          static_cast<double>(random.Below(static_cast<std::uint64_t>(most * DemandRisk::kCells))) /
          DemandRisk::kCells));
    }
    demand.push_back(values);
  }
  return demand;
}

DemandRisk Tabulate(const std::vector<std::vector<float>>& demand, int most) {
  DemandRisk risk(static_cast<int>(demand.size()), most);
  for (std::size_t t = 0; t < demand.size(); ++t) {
    const std::vector<float> nothing(demand[t].size());
    risk.Add(static_cast<int>(t), demand[t], t > 0 ? demand[t - 1] : nothing, 1.0F);
  }
  risk.Finish();
  return risk;
}

// The least cost from step t on, by trying everything.
double Cheapest(const ScheduleProblem& p, int t, int from) {
  const RiskTerm& term = p.demand.front();
  const DemandRisk& risk = *term.risk;
  if (t >= risk.steps()) return 0;
  double best = 1e300;
  for (int to = p.fewest; to <= p.most; ++to) {
    const int steps = std::max(1, p.moves.Steps(from, to));
    double cost = to == from ? 0 : p.move_cost;
    for (int j = 0; j < steps && t + j < risk.steps(); ++j) {
      const int cell = risk.CellOf(from == to ? from : p.moves.Capacity(from, to, j));
      cost += std::max(from, to) + term.unserved_penalty * risk.Unserved(t + j, cell) +
              term.violation_penalty * risk.Above(t + j, cell) +
              term.episode_penalty * risk.Onset(t + j, cell);
    }
    best = std::min(best, cost + Cheapest(p, t + steps, to));
  }
  return best;
}

BOOST_AUTO_TEST_SUITE(capacity_schedule)

BOOST_AUTO_TEST_CASE(risk_tables_hold_the_mean_shortfall_and_its_probability) {
  const DemandRisk risk = Tabulate({{0.5F, 1.0F, 1.5F, 2.0F}}, 3);
  BOOST_CHECK_CLOSE(risk.Unserved(0, risk.CellOf(0)), 1.25F, 1e-3);
  BOOST_CHECK_CLOSE(risk.Unserved(0, risk.CellOf(1)), 0.375F, 1e-3);
  BOOST_CHECK_EQUAL(risk.Unserved(0, risk.CellOf(2)), 0.0F);
  BOOST_CHECK_EQUAL(risk.Above(0, risk.CellOf(1)), 0.5F);
  BOOST_CHECK_EQUAL(risk.Above(0, risk.CellOf(1.5)), 0.25F);
  BOOST_CHECK_EQUAL(risk.Above(0, risk.CellOf(2)), 0.0F);
}

BOOST_AUTO_TEST_CASE(demand_beyond_the_grid_is_unserved_in_full) {
  const DemandRisk risk = Tabulate({{10.0F, 0.0F}}, 2);
  BOOST_CHECK_CLOSE(risk.Unserved(0, risk.CellOf(2)), 4.0F, 1e-3);
  BOOST_CHECK_EQUAL(risk.Above(0, risk.CellOf(2)), 0.5F);
}

BOOST_AUTO_TEST_CASE(an_episode_begins_where_demand_rises_above_what_it_was_below) {
  // 2 after 1; 2 after 2; 1 after 2.
  const DemandRisk risk = Tabulate({{1.0F, 2.0F, 2.0F}, {2.0F, 2.0F, 1.0F}}, 3);
  BOOST_CHECK_CLOSE(risk.Above(1, risk.CellOf(1.5)), 2.0F / 3, 1e-3);
  BOOST_CHECK_CLOSE(risk.Onset(1, risk.CellOf(1.5)), 1.0F / 3, 1e-3);
  BOOST_CHECK_SMALL(risk.Onset(1, risk.CellOf(0.5)), 1e-6F);
  BOOST_CHECK_SMALL(risk.Onset(1, risk.CellOf(2)), 1e-6F);
}

BOOST_AUTO_TEST_CASE(doubt_lengthens_the_tails_and_leaves_the_median) {
  const auto tabulate = [](double doubt) {
    DemandRisk risk(1, 8);
    const std::vector<float> values = {1.0F, 2.0F, 3.0F, 4.0F, 5.0F};
    risk.Add(0, values, std::vector<float>(values.size(), 3.0F), 1.0F);
    risk.Finish(doubt);
    return risk;
  };
  const DemandRisk sure = tabulate(0);
  const DemandRisk doubted = tabulate(0.3);
  BOOST_CHECK_EQUAL(sure.Above(0, sure.CellOf(5)), 0.0F);
  BOOST_CHECK_CLOSE(doubted.Above(0, doubted.CellOf(5)), 1.0F / 15, 1e-3);  // 3 + 2·e^0.37 = 5.89
  BOOST_CHECK_EQUAL(doubted.Above(0, doubted.CellOf(6)), 0.0F);
  BOOST_CHECK_CLOSE(doubted.Onset(0, doubted.CellOf(5)), 1.0F / 15, 1e-3);
  BOOST_CHECK_CLOSE(doubted.Above(0, doubted.CellOf(3)), sure.Above(0, sure.CellOf(3)), 1e-3);
}

BOOST_AUTO_TEST_CASE(no_schedule_is_cheaper_than_the_one_that_is_made) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const int most = 2 + static_cast<int>(random.Below(2));
    const int steps = 3 + static_cast<int>(random.Below(5));
    const DemandRisk risk = Tabulate(MadeUpDemand(random, steps, most), most);
    ScheduleProblem problem;
    problem.from = 1 + static_cast<int>(random.Below(static_cast<std::uint64_t>(most)));
    problem.most = most;
    problem.moves = {.provisioning = static_cast<int>(random.Below(2)),
                     .full_migration = 0.5 + 4 * random.Uniform()};
    problem.demand = {{.risk = &risk,
                       .unserved_penalty = 5 * random.Uniform(),
                       .violation_penalty = random.Uniform(),
                       .episode_penalty = 2 * random.Uniform()}};
    problem.move_cost = 0.3 * random.Uniform();
    const CapacitySchedule made = MakeSchedule(problem);
    const double best = Cheapest(problem, 0, problem.from);
    BOOST_CHECK_MESSAGE(std::abs(made.Towards(made.to)->cost - best) < 1e-4 * (1 + best),
                        "seed " << seed << ": " << made.Towards(made.to)->cost << " and " << best);
    for (const ScheduleOption& option : made.options) {
      BOOST_CHECK_GE(option.cost, best - 1e-4 * (1 + best));
    }
  }
}

BOOST_AUTO_TEST_CASE(capacity_is_there_before_the_rise_and_gone_after_it) {
  // Two shards' worth of demand in steps 20 to 39 of 60, half a shard's else.
  std::vector<std::vector<float>> demand(60, {0.5F});
  for (int t = 20; t < 40; ++t) demand[static_cast<std::size_t>(t)] = {2.0F};
  ScheduleProblem problem;
  problem.from = 1;
  problem.most = 4;
  problem.moves = {.provisioning = 2, .full_migration = 8};
  const DemandRisk risk = Tabulate(demand, 4);
  problem.demand = {{.risk = &risk}};
  const CapacitySchedule made = MakeSchedule(problem);
  BOOST_CHECK_EQUAL(made.to, 1);  // it is too early
  BOOST_REQUIRE_EQUAL(made.moves.size(), 2U);
  BOOST_CHECK_EQUAL(made.moves[0].to, 2);
  BOOST_CHECK_EQUAL(made.moves[0].step, 20 - problem.moves.Steps(1, 2));
  BOOST_CHECK_EQUAL(made.moves[1].step, 40);
  BOOST_CHECK_EQUAL(made.Towards(1)->unserved, 0);
}

BOOST_AUTO_TEST_CASE(a_size_outside_the_bounds_is_left_at_once) {
  ScheduleProblem problem;
  problem.from = 1;
  problem.fewest = 3;
  problem.most = 5;
  problem.max_step_out = 1;
  const DemandRisk risk = Tabulate(std::vector<std::vector<float>>(10, {0.5F}), 5);
  problem.demand = {{.risk = &risk}};
  BOOST_CHECK_EQUAL(MakeSchedule(problem).to, 3);
}

BOOST_AUTO_TEST_CASE(a_partition_that_cannot_be_split_is_no_reason_to_buy) {
  // Beyond two shards nothing more is served: the third would be paid for nothing.
  ScheduleProblem problem;
  problem.from = 2;
  problem.most = 4;
  problem.served = {0, 1, 2, 2, 2};
  const DemandRisk risk = Tabulate(std::vector<std::vector<float>>(40, {3.0F}), 4);
  problem.demand = {{.risk = &risk}};
  BOOST_CHECK_EQUAL(MakeSchedule(problem).to, 2);
  problem.served.clear();
  BOOST_CHECK_GE(MakeSchedule(problem).to, 3);
}

// As with two tables of the same capacity where both are what n shards serve.
BOOST_AUTO_TEST_CASE(demand_may_be_held_against_a_capacity_of_its_own) {
  const DemandRisk flow = Tabulate(std::vector<std::vector<float>>(40, {1.5F}), 6);
  const DemandRisk stock = Tabulate(std::vector<std::vector<float>>(40, {2.5F}), 6);
  ScheduleProblem problem;
  problem.from = 3;
  problem.most = 6;
  problem.moves = {.provisioning = 0, .full_migration = 1};
  problem.served = {0, 0, 1, 1, 2, 3, 4};  // four of them serve two
  const std::vector<double> all = {0, 1, 2, 3, 4, 5, 6};
  problem.demand = {{.risk = &flow, .unserved_penalty = 100},
                    {.risk = &stock, .unserved_penalty = 100, .served = all}};
  BOOST_CHECK_EQUAL(MakeSchedule(problem).to, 4);  // for the flow
  problem.demand[1].served.clear();
  BOOST_CHECK_EQUAL(MakeSchedule(problem).to, 5);
  problem.served = all;
  const double shared = MakeSchedule(problem).Towards(3)->cost;
  problem.demand[1].served = all;
  BOOST_CHECK_CLOSE(MakeSchedule(problem).Towards(3)->cost, shared, 1e-4);
}

BOOST_AUTO_TEST_CASE(moves_take_and_eat_what_their_source_says) {
  const MoveModel moves{.provisioning = 1, .full_migration = 48};
  BOOST_CHECK_EQUAL(moves.Steps(3, 3), 0);
  BOOST_CHECK_EQUAL(moves.Migration(3, 5), 10);  // (1 − 3/5)·48 / 2 = 9.6
  BOOST_CHECK_EQUAL(moves.Steps(3, 5), 11);
  BOOST_CHECK_EQUAL(moves.Steps(5, 3), 10);
  BOOST_CHECK_EQUAL(moves.Capacity(3, 5, 0), 3);  // being provisioned
  BOOST_CHECK_CLOSE(moves.Capacity(3, 5, 1), 3, 1e-9);
  BOOST_CHECK_CLOSE(moves.Capacity(3, 5, 6), 1 / (1.0 / 3 - 0.5 * (1.0 / 3 - 1.0 / 5)), 1e-9);
  BOOST_CHECK_EQUAL(moves.Capacity(3, 5, 11), 5);
  BOOST_CHECK_CLOSE(moves.Capacity(5, 3, 9), 3, 1e-9);
  BOOST_CHECK_LT(moves.Capacity(5, 3, 0), 5);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::planner
