#include "controller/admission.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const WallTime kStart = ParseTime("2026-03-01T12:00:00Z").value();

PastAction Ended(WallTime at, bool done) {
  PastAction action;
  action.created = action.ended = at;
  action.open = false;
  action.done = done;
  action.failed = !done;
  action.error = "no room";
  return action;
}

Plan ScaleOut(int shards) {
  Plan plan;
  plan.kind = PlanKind::kScaleOut;
  plan.from_shards = 3;
  plan.to_shards = 3 + shards;
  plan.replicas_per_shard = 1;
  return plan;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(the_breaker_opens_at_the_policys_number_of_failures_within_its_window) {
  const Policy policy;  // 3 within 6 h, cool-off 2 h
  std::vector<PastAction> actions = {Ended(kStart, false), Ended(kStart + 1h, false)};
  BOOST_TEST(!Breaker(actions, {}, policy, kStart + 2h).open);
  BOOST_TEST(Breaker(actions, {}, policy, kStart + 2h).failures == 2);
  actions.push_back(Ended(kStart + 3h, false));
  const BreakerState open = Breaker(actions, {}, policy, kStart + 3h);
  BOOST_TEST(open.open);
  BOOST_TEST(open.failures == 3);
  BOOST_TEST((open.probe_at == kStart + 5h));
  const auto hold = BreakerHold(open, kStart + 4h);
  BOOST_REQUIRE(hold.has_value());
  BOOST_TEST(ReasonName(hold->code) == "breaker_open");
  BOOST_TEST(hold->text.find("no room") != std::string::npos);
  // Too far apart: never three within the window.
  const std::vector<PastAction> rare = {Ended(kStart, false), Ended(kStart + 5h, false),
                                        Ended(kStart + 7h, false)};
  BOOST_TEST(!Breaker(rare, {}, policy, kStart + 7h).open);
}

BOOST_AUTO_TEST_CASE(after_the_cool_off_one_probe_decides) {
  const Policy policy;
  std::vector<PastAction> actions = {Ended(kStart, false), Ended(kStart, false),
                                     Ended(kStart, false)};
  BOOST_TEST(Breaker(actions, {}, policy, kStart + 1h).Holds(kStart + 1h));
  BOOST_TEST(!Breaker(actions, {}, policy, kStart + 2h).Holds(kStart + 2h));
  // A probe that fails lets it begin anew …
  actions.push_back(Ended(kStart + 3h, false));
  BOOST_TEST(Breaker(actions, {}, policy, kStart + 4h).Holds(kStart + 4h));
  BOOST_TEST(!Breaker(actions, {}, policy, kStart + 5h).Holds(kStart + 5h));
  // … also long after, and one that ends well closes it.
  actions.push_back(Ended(kStart + 100h, false));
  BOOST_TEST(Breaker(actions, {}, policy, kStart + 101h).Holds(kStart + 101h));
  actions.push_back(Ended(kStart + 103h, true));
  actions.push_back(Ended(kStart + 104h, false));
  BOOST_TEST(!Breaker(actions, {}, policy, kStart + 104h).open);
}

BOOST_AUTO_TEST_CASE(a_reset_forgets_what_was_before_it) {
  const Policy policy;
  std::vector<PastAction> actions = {Ended(kStart, false), Ended(kStart, false),
                                     Ended(kStart, false)};
  BOOST_TEST(!Breaker(actions, kStart, policy, kStart).open);
  actions.push_back(Ended(kStart + 1min, false));
  BOOST_TEST(Breaker(actions, kStart, policy, kStart + 1min).failures == 1);
}

BOOST_AUTO_TEST_CASE(what_a_person_wanted_back_is_no_failure_what_the_health_watch_did_is) {
  ActionRecord record;
  record.plan = ScaleOut(2);
  record.state = ActionState::kRolledBack;
  BOOST_TEST(Brief(record).failed);
  BOOST_TEST(Brief(record).nodes_added == 4);
  record.cancelled_by = "ann";
  BOOST_TEST(!Brief(record).failed);
  record.cancelled_by = kHealthActor;
  BOOST_TEST(Brief(record).failed);
  record.cancelled_by = "ann";
  record.state = ActionState::kCancelled;
  BOOST_TEST(!Brief(record).failed);
  BOOST_TEST(!Brief(record).open);
}

BOOST_AUTO_TEST_CASE(nodes_an_hour_and_actions_a_day_are_limited_each_with_its_reason) {
  Policy policy;
  policy.max_nodes_added_per_hour = 8;
  policy.max_actions_per_day = 3;
  std::vector<PastAction> actions;
  BOOST_TEST(!RateHold(ScaleOut(4), actions, policy, kStart));
  BOOST_TEST(ReasonName(RateHold(ScaleOut(5), actions, policy, kStart)->code) == "node_rate");
  PastAction out = Ended(kStart, true);
  out.kind = PlanKind::kScaleOut;
  out.nodes_added = 6;
  actions.push_back(out);
  BOOST_TEST(ReasonName(RateHold(ScaleOut(2), actions, policy, kStart + 59min)->code) ==
             "node_rate");
  BOOST_TEST(!RateHold(ScaleOut(2), actions, policy, kStart + 60min));
  Plan in;
  in.kind = PlanKind::kScaleIn;
  for (int i = 0; i < 2; ++i) {
    PastAction action = Ended(kStart + 2h, true);
    action.kind = PlanKind::kScaleIn;
    actions.push_back(action);
  }
  BOOST_TEST(ReasonName(RateHold(in, actions, policy, kStart + 3h)->code) == "action_rate");
  // Decreases never stand in the way of an increase.
  BOOST_TEST(!RateHold(ScaleOut(1), actions, policy, kStart + 3h));
  BOOST_TEST(!RateHold(in, actions, policy, kStart + 24h));
}

BOOST_AUTO_TEST_SUITE_END()
