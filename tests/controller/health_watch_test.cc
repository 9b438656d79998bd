#include "controller/health_watch.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

struct World {
  World() {
    action.id = "a-0001";
    action.plan.kind = PlanKind::kScaleIn;
    action.state = ActionState::kRunning;
  }
  static LoadSnapshot Load(double latency, double rejected = 0, double evictions = 0,
                           double lag = 0) {
    LoadSnapshot load;
    for (int i = 0; i < 2; ++i) {
      NodeLoad node;
      node.latency_p99_seconds = {latency / (i + 1), Quality::kFresh};
      node.rejected_per_second = {rejected / 2, Quality::kFresh};
      node.evictions_per_second = {evictions / 2, Quality::kFresh};
      node.replication_lag_bytes = {lag, Quality::kFresh};
      load.nodes.push_back(node);
    }
    return load;
  }
  HealthAdvice Look(const LoadSnapshot& load, bool ours = false) {
    now += 5s;
    return watch.Observe(load, begun ? &action : nullptr, ours, policy, now);
  }
  void Quiet(int looks = 20) {
    for (int i = 0; i < looks; ++i) Look(Load(0.01, 1, 5));
  }
  /// Looks until the advice; how long it took.
  std::optional<Duration> Until(HealthAdvice wanted, const LoadSnapshot& load, bool ours = false) {
    const MonoTime from = now;
    for (int i = 0; i < 1000; ++i) {
      const HealthAdvice advice = Look(load, ours);
      if (advice == wanted) return now - from;
      if (advice != HealthAdvice::kNone) return std::nullopt;
    }
    return std::nullopt;
  }

  Policy policy;
  HealthWatch watch;
  ActionRecord action;
  bool begun = false;
  MonoTime now{1h};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(health_watch, World)

BOOST_AUTO_TEST_CASE(each_signal_that_stays_worse_than_before_pauses_after_the_patience) {
  const std::vector<LoadSnapshot> worse = {Load(0.2), Load(0.01, 100), Load(0.01, 1, 100),
                                           Load(0.01, 1, 5, 100e6)};
  for (const auto& load : worse) {
    watch = {};
    begun = false;
    Quiet();
    begun = true;
    BOOST_TEST((Look(Load(0.012, 1, 5)) == HealthAdvice::kNone));
    const auto took = Until(HealthAdvice::kPause, load);
    BOOST_REQUIRE(took.has_value());
    BOOST_TEST((*took == policy.health_patience + 5s));
    BOOST_TEST(watch.worse().size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_short_spike_and_what_was_so_before_pause_nothing) {
  for (int i = 0; i < 20; ++i) Look(Load(0.2, 50, 500, 90e6));
  begun = true;
  for (int i = 0; i < 100; ++i) {
    BOOST_TEST((Look(Load(0.3, 60, 600, 100e6)) == HealthAdvice::kNone));
  }
  for (int i = 0; i < 50; ++i) {
    const bool spike = i % 5 == 0;
    BOOST_TEST((Look(Load(spike ? 5 : 0.2)) == HealthAdvice::kNone));
  }
}

BOOST_AUTO_TEST_CASE(a_pause_of_ours_ends_with_the_recovery_or_in_a_rollback_by_policy) {
  Quiet();
  begun = true;
  BOOST_REQUIRE(Until(HealthAdvice::kPause, Load(0.3)).has_value());
  action.state = ActionState::kPaused;
  BOOST_TEST((Look(Load(0.3), true) == HealthAdvice::kNone));
  const auto recovered = Until(HealthAdvice::kResume, Load(0.01), true);
  BOOST_REQUIRE(recovered.has_value());
  BOOST_TEST((*recovered == policy.health_recovery + 5s));

  action.state = ActionState::kRunning;
  BOOST_REQUIRE(Until(HealthAdvice::kPause, Load(0.3)).has_value());
  action.state = ActionState::kPaused;
  BOOST_TEST(!Until(HealthAdvice::kRollBack, Load(0.3), true).has_value());  // waits for a person
  policy.health_roll_back = true;
  BOOST_TEST((Look(Load(0.3), true) == HealthAdvice::kRollBack));
}

BOOST_AUTO_TEST_CASE(a_persons_pause_is_left_alone) {
  Quiet();
  begun = true;
  Look(Load(0.01));
  action.state = ActionState::kPaused;
  policy.health_roll_back = true;
  for (int i = 0; i < 500; ++i) BOOST_TEST((Look(Load(0.01)) == HealthAdvice::kNone));
}

BOOST_AUTO_TEST_CASE(an_emergency_and_a_rollback_are_not_paused) {
  Quiet();
  begun = true;
  action.plan.emergency = true;
  for (int i = 0; i < 100; ++i) BOOST_TEST((Look(Load(1)) == HealthAdvice::kNone));
  action.plan.emergency = false;
  action.state = ActionState::kRollingBack;
  for (int i = 0; i < 100; ++i) BOOST_TEST((Look(Load(1)) == HealthAdvice::kNone));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_no_verdict) {
  Quiet();
  begun = true;
  LoadSnapshot blind = Load(9, 9999, 9999, 1e12);
  for (auto& node : blind.nodes) {
    node.latency_p99_seconds.quality = Quality::kStale;
    node.rejected_per_second.quality = Quality::kMissing;
    node.evictions_per_second.quality = Quality::kImplausible;
    node.replication_lag_bytes.quality = Quality::kStale;
  }
  for (int i = 0; i < 100; ++i) BOOST_TEST((Look(blind) == HealthAdvice::kNone));
  // Nor is it a recovery.
  BOOST_REQUIRE(Until(HealthAdvice::kPause, Load(0.3)).has_value());
  action.state = ActionState::kPaused;
  BOOST_TEST(!Until(HealthAdvice::kResume, blind, true).has_value());
}

BOOST_AUTO_TEST_CASE(a_store_that_got_worse_is_remembered_for_a_while_after_the_action) {
  Quiet();
  begun = true;
  Look(Load(0.01));
  action.state = ActionState::kDone;
  Look(Load(0.3));
  BOOST_TEST(watch.Text().find("latency p99 is 300ms, 10ms before") != std::string::npos,
             watch.Text());
  for (int i = 0; i < 70; ++i) Look(Load(0.3));  // health_after: 5 min
  BOOST_TEST(watch.Text() == "");
}

BOOST_AUTO_TEST_SUITE_END()
