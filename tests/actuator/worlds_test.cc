// Whole actions by the real executor in seeded worlds, killed and resumed until they end.
#include <boost/test/unit_test.hpp>

#include "actuator/executor.h"
#include "tests/actuator/fake_world.h"

namespace tidewright {
namespace {

using testing::FakeWorld;
using testing::Faults;
using testing::InstantClock;
using testing::MakeAction;

constexpr int kSteps = 4;
constexpr int kMaxStarts = 300;

/// Starts it again after each death, failed save and pause, as the controller does.
void RunToEnd(FakeWorld& world) {
  InstantClock clock;
  for (int start = 0; start < kMaxStarts && world.durable().Open(); ++start) {
    world.Revive();
    Executor executor(world, world, clock, nullptr);
    world.trace += "start\n";
    if (executor.Start(world.durable()).ok()) executor.Wait();
  }
  world.CheckEnd();
}

void RequireNoViolations(const FakeWorld& world) {
  for (const auto& violation : world.violations) BOOST_ERROR(violation);
  if (!world.violations.empty()) BOOST_TEST_MESSAGE(world.trace);
  BOOST_REQUIRE(world.violations.empty());
}

Faults RandomFaults(std::uint64_t seed) {
  Random random(seed ^ 0xfa17);
  Faults faults;
  faults.transient = random.Below(10) == 0 ? 0.7 : 0.3 * random.Uniform();
  faults.save_fails = random.Below(3) == 0 ? 0.1 : 0;
  faults.stops = random.Below(4) == 0 ? 0.05 : 0;
  faults.death = 0.15 * random.Uniform();
  faults.deaths = static_cast<int>(random.Below(12));
  const auto some_step = [&] { return static_cast<int>(random.Below(kSteps)); };
  if (random.Below(3) == 0) faults.refused_step = some_step();
  if (random.Below(8) == 0) faults.throwing_step = some_step();
  if (random.Below(12) == 0) faults.refused_undo = some_step();
  if (random.Below(20) == 0) faults.lost_step = some_step();
  return faults;
}

BOOST_AUTO_TEST_CASE(a_thousand_seeded_worlds_end_done_or_rolled_back_and_replay_byte_for_byte) {
  std::map<ActionState, int> ends;
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    BOOST_TEST_INFO_SCOPE("seed " << seed);
    const Faults faults = RandomFaults(seed);
    FakeWorld world(MakeAction(kSteps), faults, seed);
    RunToEnd(world);
    RequireNoViolations(world);
    const ActionState end = world.durable().state;
    ++ends[end];
    const bool may_fail =
        faults.lost_step >= 0 || faults.refused_undo >= 0 || faults.transient > 0.5;
    BOOST_REQUIRE(end == ActionState::kDone || end == ActionState::kRolledBack ||
                  (may_fail && end == ActionState::kFailed));
    FakeWorld again(MakeAction(kSteps), faults, seed);
    RunToEnd(again);
    BOOST_REQUIRE_EQUAL(again.trace, world.trace);
  }
  // The worlds are worth something only if they reach every end.
  BOOST_TEST_MESSAGE("done " << ends[ActionState::kDone] << ", rolled back "
                             << ends[ActionState::kRolledBack] << ", failed "
                             << ends[ActionState::kFailed]);
  BOOST_TEST(ends[ActionState::kDone] > 300);
  BOOST_TEST(ends[ActionState::kRolledBack] > 100);
  BOOST_TEST(ends[ActionState::kFailed] > 10);
}

void KillAtEveryBoundary(Faults faults, ActionState expected) {
  FakeWorld undisturbed(MakeAction(kSteps), faults, 1);
  RunToEnd(undisturbed);
  RequireNoViolations(undisturbed);
  BOOST_REQUIRE(undisturbed.durable().state == expected);
  BOOST_REQUIRE_GT(undisturbed.boundaries(), 20);
  for (int boundary = 0; boundary < undisturbed.boundaries(); ++boundary) {
    BOOST_TEST_INFO_SCOPE("killed at boundary " << boundary);
    faults.death_at = boundary;
    FakeWorld world(MakeAction(kSteps), faults, 1);
    RunToEnd(world);
    RequireNoViolations(world);
    BOOST_REQUIRE(world.durable().state == expected);
    BOOST_REQUIRE(world.trace.find("killed") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(an_action_killed_at_any_boundary_is_finished_after_the_restart) {
  KillAtEveryBoundary({}, ActionState::kDone);
}

BOOST_AUTO_TEST_CASE(a_rollback_killed_at_any_boundary_is_finished_after_the_restart) {
  Faults faults;
  faults.refused_step = 2;
  KillAtEveryBoundary(faults, ActionState::kRolledBack);
}

BOOST_AUTO_TEST_CASE(what_was_done_before_the_kill_is_not_done_again) {
  Faults faults;
  FakeWorld undisturbed(MakeAction(1), faults, 1);
  RunToEnd(undisturbed);
  // Boundaries of one step: two of the first save, one of the check, two of the intent, one before
  // the effect, two of its note, one amidst, one after it.
  faults.death_at = 9;
  FakeWorld world(MakeAction(1), faults, 1);
  RunToEnd(world);
  RequireNoViolations(world);
  BOOST_TEST(world.trace ==
             "start\ncheck 0\nsaved intended 0\ndo 0\nkilled\n"
             "start\ncheck 0\nverify 0\nsaved done 0\ndone\n");
}

}  // namespace
}  // namespace tidewright
