// At which demand a schedule turns, held against making it again at that demand.
#include "planner/sizing/turning_point.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

namespace tidewright::planner {
namespace {

constexpr int kSteps = 24;
constexpr int kMost = 8;

// Demand around `level` shards' worth, the same in every step.
DemandRisk Around(double level) {
  DemandRisk risk(kSteps, kMost);
  for (int t = 0; t < kSteps; ++t) {
    std::vector<float> values;
    for (int k = 0; k < 20; ++k) values.push_back(static_cast<float>(level * (0.9 + 0.01 * k)));
    risk.Add(t, values, std::vector<float>(values.size()), 1.0F);
  }
  risk.Finish();
  return risk;
}

ScheduleProblem Problem(const DemandRisk& risk) {
  ScheduleProblem problem;
  problem.demand = {{.risk = &risk, .unserved_penalty = 50, .violation_penalty = 0}};
  problem.from = 4;
  problem.most = kMost;
  problem.moves = {.provisioning = 1, .full_migration = 4};
  return problem;
}

BOOST_AUTO_TEST_SUITE(turning_point)

BOOST_AUTO_TEST_CASE(tables_of_more_demand_are_near_those_made_of_it) {
  const DemandRisk risk = Around(3.2);
  for (const double factor : {0.6, 1.0, 1.7}) {
    const DemandRisk scaled = risk.TimesDemand(factor);
    const DemandRisk made = Around(3.2 * factor);
    for (int cell = 0; cell <= risk.CellOf(kMost); ++cell) {
      BOOST_TEST_CONTEXT("factor " << factor << " cell " << cell) {
        BOOST_TEST(std::abs(scaled.Unserved(5, cell) - made.Unserved(5, cell)) < 0.05);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(demand_on_either_side_of_the_factor_is_decided_either_way) {
  const DemandRisk risk = Around(3.2);
  const ScheduleProblem problem = Problem(risk);
  const int to = MakeSchedule(problem).to;
  BOOST_REQUIRE(to == 4);
  for (const bool more : {false, true}) {
    const auto point = FindTurningPoint(problem, to, more ? 2 : 0.5);
    BOOST_REQUIRE(point.has_value());
    BOOST_TEST((more ? point->shards > 4 : point->shards < 4));
    // Tables have eight cells a shard: what lies between two of them is near, not exact.
    for (const double side : {0.96, 1.04}) {
      const DemandRisk there = Around(3.2 * point->factor * side);
      const int choice = MakeSchedule(Problem(there)).to;
      BOOST_TEST((more ? choice > 4 : choice < 4) == ((side > 1) == more),
                 point->factor << " times " << side << ": " << choice);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_choice_that_no_demand_turns_has_no_turning_point) {
  const DemandRisk risk = Around(0.1);
  ScheduleProblem problem = Problem(risk);
  problem.fewest = problem.most = 4;
  BOOST_TEST(!FindTurningPoint(problem, 4, 2).has_value());
  BOOST_TEST(!FindTurningPoint(problem, 4, 0.5).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright::planner
