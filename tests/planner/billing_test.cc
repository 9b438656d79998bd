// Nodes that are billed by the period, for a minimum, or in any case.
#include "planner/billing.h"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "planner/placement.h"
#include "planner/sizing/capacity_schedule.h"
#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;
using namespace std::chrono_literals;
using planner::DemandRisk;
using planner::MakeSchedule;
using planner::ScheduleProblem;

namespace {

DemandRisk Certain(const std::vector<float>& demand, int most) {
  DemandRisk risk(static_cast<int>(demand.size()), most);
  const std::vector<float> before(1);
  for (std::size_t t = 0; t < demand.size(); ++t) {
    risk.Add(static_cast<int>(t), std::vector<float>{demand[t]}, before, 1.0F);
  }
  risk.Finish();
  return risk;
}

// One of two shards is enough for all of the horizon; a move takes a step.
ScheduleProblem OneTooMany(const DemandRisk& risk) {
  ScheduleProblem problem;
  problem.from = 2;
  problem.most = 2;
  problem.moves = {.provisioning = 0, .full_migration = 1};
  problem.demand = {{.risk = &risk}};
  problem.move_cost = 0.1;
  return problem;
}

// Six shards bear 4,200 RU/s at 70 %; 1,500 are low by any measure; five must stay. Leaving takes
// ten minutes. In three hours the sixth is wanted again, if demand is to return at all.
World LowLoad(Duration age, bool returns = true) {
  World w;
  w.topology = EvenTopology(6);
  w.policy.min_shards = 5;
  w.policy.billing.granularity = 6h;
  w.Flat(1500);
  if (returns) {
    w.Predict(Resource::kRequests, [](int step) { return step < 36 ? 1500.0 : 4000.0; });
  }
  for (const Node& node : w.topology.Nodes()) w.state.continuity.nodes[node.id] = w.now - age;
  return w;
}

const Reason* Find(const std::vector<Reason>& reasons, ReasonCode code) {
  const auto found = std::find_if(reasons.begin(), reasons.end(),
                                  [&](const Reason& reason) { return reason.code == code; });
  return found == reasons.end() ? nullptr : &*found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(billing)

BOOST_AUTO_TEST_CASE(a_begun_period_is_paid_whole_and_never_less_than_the_minimum) {
  const BillingTerms seconds;
  BOOST_TEST((PaidTime(17min, seconds) == 17min));
  const BillingTerms hours{.granularity = 1h};
  BOOST_TEST((PaidTime(0s, hours) == 1h));
  BOOST_TEST((PaidTime(59min, hours) == 1h));
  BOOST_TEST((PaidTime(1h, hours) == 1h));
  BOOST_TEST((PaidTime(1h + 1s, hours) == 2h));
  const BillingTerms minimum{.minimum = 10min};
  BOOST_TEST((PaidTime(3min, minimum) == 10min));
  BOOST_TEST((PaidTime(11min, minimum) == 11min));
  const BillingTerms both{.granularity = 1h, .minimum = 90min};
  BOOST_TEST((PaidTime(5min, both) == 2h));
}

BOOST_AUTO_TEST_CASE(a_shard_that_is_paid_for_is_kept_where_it_is_wanted_again) {
  std::vector<float> demand(40, 1.5F);
  for (std::size_t t = 0; t < 10; ++t) demand[t] = 0.5F;
  const DemandRisk risk = Certain(demand, 2);
  ScheduleProblem problem = OneTooMany(risk);
  BOOST_TEST(MakeSchedule(problem).to == 1);  // by the step: it comes back in time
  problem.billing.period = 24;
  problem.billing.ages = {2.0, 2.0};  // paid for 22 steps more
  const auto made = MakeSchedule(problem);
  BOOST_TEST(made.to == 2);
  BOOST_TEST(made.moves.empty());
  BOOST_TEST(made.Towards(2)->billed == 2 * 40, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(made.Towards(2)->unused == 0);
  // What leaving now pays for nothing: it takes a step.
  BOOST_TEST(made.Towards(1)->unused == 21 * planner::ShardBilling::kUnused,
             boost::test_tools::tolerance(1e-6));
  problem.billing.ages = {2.0, 23.0};  // that one is paid for a step more
  BOOST_TEST(MakeSchedule(problem).to == 1);
}

// Within a period leaving costs the same at any time, and who waits may miss its end.
BOOST_AUTO_TEST_CASE(a_shard_that_is_not_wanted_again_leaves_at_once) {
  const DemandRisk risk = Certain(std::vector<float>(40, 0.5F), 2);
  ScheduleProblem problem = OneTooMany(risk);
  problem.billing.period = 24;
  problem.billing.ages = {2.0, 2.0};
  BOOST_TEST(MakeSchedule(problem).to == 1);
}

BOOST_AUTO_TEST_CASE(a_rest_after_a_decrease_is_billed_as_what_is_left) {
  const DemandRisk risk = Certain(std::vector<float>(40, 0.5F), 3);
  ScheduleProblem problem = OneTooMany(risk);
  problem.from = problem.most = 3;
  problem.max_step_in = 1;
  problem.rest_in = 4;
  const auto made = MakeSchedule(problem);
  BOOST_REQUIRE(made.moves.size() == 2u);
  BOOST_TEST(made.moves[0].step == 0);
  BOOST_TEST(made.moves[1].step == 5);  // a step of the move, four of rest
  // Three for a step, two for four and one of the next move, then one.
  BOOST_TEST(made.Towards(2)->billed == 3 + 2 * 5 + 34 + 2 * 0.1,
             boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(a_short_scale_out_costs_its_minimum) {
  std::vector<float> demand(60, 1.0F);
  for (int t = 1; t < 7; ++t) demand[static_cast<std::size_t>(t)] = 1.5F;
  const DemandRisk risk = Certain(demand, 2);
  ScheduleProblem problem = OneTooMany(risk);
  problem.from = 1;
  problem.demand[0].unserved_penalty = 5;  // six steps of half a shard: 15 where it is not served
  const auto by_step = MakeSchedule(problem);
  BOOST_TEST(by_step.to == 2);
  BOOST_TEST(by_step.Towards(2)->cost < by_step.Towards(1)->cost);
  problem.billing.ages = {0.0};  // whichever leaves is paid for as long
  problem.billing.period = 48;
  const auto by_period = MakeSchedule(problem);
  BOOST_TEST(by_period.to == 1);
  BOOST_TEST(by_period.Towards(2)->billed >= 60 + 8 + planner::ShardBilling::kUnused * 40);
  problem.billing.period = 0;
  problem.billing.least = 48;
  BOOST_TEST(MakeSchedule(problem).to == 1);
  BOOST_TEST(MakeSchedule(problem).Towards(2)->billed >=
             60 + 8 + planner::ShardBilling::kUnused * 40);
}

BOOST_AUTO_TEST_CASE(what_is_committed_is_not_worth_removing) {
  const DemandRisk risk = Certain(std::vector<float>(40, 0.5F), 4);
  ScheduleProblem problem = OneTooMany(risk);
  problem.from = problem.most = 4;
  problem.billing.committed = 4;
  BOOST_TEST(MakeSchedule(problem).to == 4);
  BOOST_TEST(MakeSchedule(problem).moves.empty());
  problem.billing.committed = 3;
  const auto made = MakeSchedule(problem);
  BOOST_TEST(made.to == 3);
  BOOST_TEST(made.moves.size() == 1u);
}

// Whatever a schedule does: what it is billed is what its shards are billed, one by one.
BOOST_AUTO_TEST_CASE(options_are_billed_as_every_shard_for_itself) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    const int steps = 200;
    planner::ShardBilling billing;
    billing.period = 1 + static_cast<double>(random.Below(20));
    billing.least = static_cast<double>(random.Below(30));
    std::vector<double> came;
    const int from = 1 + static_cast<int>(random.Below(5));
    for (int i = 0; i < from; ++i) {
      billing.ages.emplace_back(static_cast<double>(random.Below(40)));
      came.push_back(-*billing.ages.back());
    }
    planner::ScheduleBill bill(billing, from, steps);
    const auto paid_until = [&](double at, double end) {
      const double age = end - at;
      return at + std::ceil(std::max({age, billing.least, 1e-9}) / billing.period - 1e-9) *
                      billing.period;
    };
    for (int t = 0; t < steps; t += 1 + static_cast<int>(random.Below(10))) {
      if (random.Below(2) == 0 || came.size() < 2) {
        came.push_back(t);
        bill.Come(t, 1);
        continue;
      }
      const auto least = std::min_element(came.begin(), came.end(), [&](double a, double b) {
        return paid_until(a, t) < paid_until(b, t);
      });
      const double expected = std::min<double>(paid_until(*least, t), steps) - t;
      BOOST_TEST(std::abs(bill.Leave(t, 1, 1) - expected) < 1e-6, "seed " << seed << " at " << t);
      came.erase(least);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_shard_that_is_still_paid_for_is_kept_and_that_is_said) {
  const Plan early = LowLoad(20min).Decide();
  BOOST_TEST_CONTEXT(Text(early)) {
    BOOST_TEST((early.kind == PlanKind::kNone));
    const Reason* paid = Find(early.rejections, ReasonCode::kStillPaid);
    BOOST_REQUIRE(paid != nullptr);
    const std::string until = FormatTimeOfDay(LowLoad(20min).now + 5h + 40min);
    BOOST_TEST(paid->text.find("is paid until " + until + ", 6h at a time; it is kept") !=
               std::string::npos);
  }
  const Plan late = LowLoad(5h + 48min).Decide();  // gone at 5 h 58
  BOOST_TEST((late.kind == PlanKind::kScaleIn), Text(late));
  const Plan over = LowLoad(5h + 53min).Decide();  // it would be paid for six more hours by then
  BOOST_TEST((over.kind == PlanKind::kNone), Text(over));
  World by_second = LowLoad(20min);
  by_second.policy.billing = {};
  BOOST_TEST((by_second.Decide().kind == PlanKind::kScaleIn), Text(by_second.Decide()));
}

BOOST_AUTO_TEST_CASE(the_shard_that_is_paid_for_the_shortest_time_leaves) {
  World w = LowLoad(20min);
  w.state.continuity.nodes[ShardId(4)] = w.now - 5h - 48min;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleIn), Text(plan));
  BOOST_TEST(plan.retire.at(0) == ShardId(4));
}

BOOST_AUTO_TEST_CASE(what_is_not_known_of_an_age_keeps_nothing_for_good) {
  World w = LowLoad(20min, false);
  for (auto& [id, since] : w.state.continuity.nodes) since.reset();
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleIn), Text(plan));
}

BOOST_AUTO_TEST_CASE(committed_nodes_cost_the_same_whether_they_are_there_or_not) {
  World w = LowLoad(20min, false);
  w.policy.billing.committed = 12;
  const Plan plan = w.Decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  w.policy.billing.committed =
      11;  // of the sixth shard one node is not: it counts as not committed
  const Plan less = w.Decide();
  BOOST_TEST((less.kind == PlanKind::kScaleIn), Text(less));
  BOOST_TEST((less.with.cost_per_hour == Money::FromUnits(1.1)));
  BOOST_TEST((less.without.cost_per_hour == Money::FromUnits(1.2)));
}

BOOST_AUTO_TEST_CASE(nodes_are_known_by_when_they_were_first_seen) {
  const WallTime noon{std::chrono::hours(12)};
  const auto look = [&](WallTime now, std::vector<std::string> nodes, bool ours = false) {
    return Look{.fingerprint = "f",
                .in_flight = ours,
                .last_action_ended = {},
                .now = now,
                .step = 5min,
                .nodes = std::move(nodes),
                .provisioning = 3min};
  };
  Continuity c = After({}, look(noon, {"a", "b"}));
  BOOST_TEST(!c.nodes.at("a").has_value());  // they were there before
  c = After(c, look(noon + 1min, {"a", "b", "c"}, true));
  BOOST_TEST((c.nodes.at("c") == noon + 1min - 3min));
  c = After(c, look(noon + 1h, {"a", "c", "d"}));
  BOOST_TEST(c.nodes.size() == 3u);
  BOOST_TEST((c.nodes.at("c") == noon - 2min));
  const auto read = DecodeContinuity(EncodeContinuity(c));
  BOOST_REQUIRE_MESSAGE(read.ok(), read.status());
  BOOST_TEST((*read == c));
  BOOST_TEST(!DecodeContinuity(EncodeContinuity(c) + " e").ok());
  c = After(c, look(noon + 2h, {}));  // nobody asks any more
  BOOST_TEST(c.nodes.empty());
  BOOST_TEST(EncodeContinuity(c).starts_with("continuity-1 "));
}

BOOST_AUTO_TEST_SUITE_END()
