#include "controller/estimate.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const WallTime kStart = ParseTime("2026-03-01T12:00:00Z").value();

ActionRecord Action() {
  ActionRecord record;
  record.id = "a-0001";
  record.created = kStart;
  record.plan.lead_time = 20min;
  record.plan.moves = {{{{0, 99}}, "a", "b"}, {{{200, 299}}, "a", "c"}};
  record.steps.resize(2);
  record.steps[0].step.kind = "join";
  record.steps[1].step.kind = "move";
  return record;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(estimate)

BOOST_AUTO_TEST_CASE(before_anything_moves_the_plan_is_believed_as_long_as_it_can_be) {
  ProgressEstimate estimate;
  const ActionRecord record = Action();
  estimate.Observe(record, kStart);
  BOOST_TEST((estimate.End(record, {}, kStart + 5min) == kStart + 20min));
  BOOST_TEST(!estimate.End(record, {}, kStart + 21min).has_value());
}

BOOST_AUTO_TEST_CASE(afterwards_the_pace_since_moving_began_tells) {
  ProgressEstimate estimate;
  ActionRecord record = Action();
  estimate.Observe(record, kStart);
  record.steps[1].state = StepState::kIntended;
  estimate.Observe(record, kStart + 10min);
  ActionProgress progress;
  progress.action_id = record.id;
  progress.partitions_moved = 50;  // of 200, in 5 minutes
  BOOST_TEST((estimate.End(record, progress, kStart + 15min) == kStart + 30min));
  record.partitions_moved = 100;
  BOOST_TEST((estimate.End(record, progress, kStart + 15min) ==
              kStart + 15min + Duration(5min) * 50 / 150));
  progress.action_id = "another";
  BOOST_TEST((estimate.End(record, progress, kStart + 20min) == kStart + 30min));
}

BOOST_AUTO_TEST_CASE(nobody_can_tell_while_it_is_paused_or_goes_back) {
  ProgressEstimate estimate;
  ActionRecord record = Action();
  record.steps[1].state = StepState::kIntended;
  record.partitions_moved = 100;
  estimate.Observe(record, kStart);
  for (const ActionState state :
       {ActionState::kPaused, ActionState::kRollingBack, ActionState::kDone}) {
    record.state = state;
    BOOST_TEST(!estimate.End(record, {}, kStart + 1min).has_value());
  }
  // After the pause the pace is measured anew: the time that it took does not count.
  record.state = ActionState::kPaused;
  estimate.Observe(record, kStart + 1min);
  record.state = ActionState::kRunning;
  estimate.Observe(record, kStart + 60min);
  record.partitions_moved = 150;
  BOOST_TEST((estimate.End(record, {}, kStart + 61min) == kStart + 62min));
}

BOOST_AUTO_TEST_SUITE_END()
