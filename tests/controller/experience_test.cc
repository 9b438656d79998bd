#include "controller/experience.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(experience)

namespace {

ActionRecord ScaleOut() {
  ActionRecord record;
  record.id = "a-0001";
  record.plan.kind = PlanKind::kScaleOut;
  record.plan.moves = {{{{0, 99}}, "m1", "new-1"}};
  for (const char* kind : {"provision", "move", "move", "verify"}) {
    StepRecord step;
    step.step.kind = kind;
    record.steps.push_back(step);
  }
  return record;
}

}  // namespace

BOOST_AUTO_TEST_CASE(lead_times_are_learned_from_an_action_that_ended_well) {
  ExperienceWatch watch;
  auto record = ScaleOut();
  BOOST_TEST(!watch.Observe(record, WallTime(0s)));
  record.steps[0].state = StepState::kDone;
  record.steps[1].state = StepState::kIntended;
  BOOST_TEST(!watch.Observe(record, WallTime(60s)));
  record.steps[1].state = record.steps[2].state = StepState::kDone;
  BOOST_TEST(!watch.Observe(record, WallTime(260s)));
  record.steps[3].state = StepState::kDone;
  record.state = ActionState::kDone;
  const auto learned = watch.Observe(record, WallTime(300s));
  BOOST_REQUIRE(learned.has_value());
  BOOST_TEST((learned->provisioning == 60s));
  BOOST_TEST((learned->per_partition == 2s));
}

BOOST_AUTO_TEST_CASE(an_action_that_failed_teaches_nothing) {
  ExperienceWatch watch;
  auto record = ScaleOut();
  (void)watch.Observe(record, WallTime(0s));
  record.steps[1].state = StepState::kIntended;
  record.state = ActionState::kFailed;
  BOOST_TEST(!watch.Observe(record, WallTime(60s)));
}

BOOST_AUTO_TEST_CASE(experience_survives_the_journal) {
  const MoveExperience experience{60s, 15ms};
  const auto parsed = ParseExperience(ToJson(experience));
  BOOST_REQUIRE(parsed.ok());
  BOOST_TEST((parsed->provisioning == experience.provisioning));
  BOOST_TEST((parsed->per_partition == experience.per_partition));
  BOOST_TEST(!ParseExperience("nonsense").ok());
  const auto blended = Blend({}, experience);
  BOOST_TEST((blended.per_partition == 15ms));
}

BOOST_AUTO_TEST_SUITE_END()
