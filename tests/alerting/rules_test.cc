#include "alerting/rules.h"

#include <boost/test/unit_test.hpp>

namespace tidewright {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const WallTime kNow = WallTime(hours(500'000));

/// A healthy cluster of three shards with enough of everything.
struct World {
  World() {
    topology.cluster = "cache";
    topology.partition_count = 30;
    topology.agreed = true;
    for (int i = 0; i < 3; ++i) {
      const std::string id = "node-" + std::to_string(i);
      Shard shard{.id = id, .master = {}, .replicas = {}, .partitions = {{10 * i, 10 * i + 9}}};
      shard.master.id = id;
      shard.master.host = "10.0.0." + std::to_string(i + 1);
      shard.master.port = 6379;
      topology.shards.push_back(shard);
      NodeLoad node;
      node.node_id = node.shard_id = id;
      for (Reading& reading : node.usage.values) reading = {100, Quality::kFresh};
      node.sampled = kNow - seconds(5);
      load.nodes.push_back(node);
    }
    for (Reading& reading : load.total.values) reading = {300, Quality::kFresh};
    load.fresh_share = 1;
    plan.cluster = "cache";
    plan.created = kNow;
    plan.from_shards = plan.to_shards = 3;
    plan.reasons = {{ReasonCode::kCapacityIsRight, "3 shards suffice"}};
    capacity[Resource::kRequests] = 1000;
  }

  void PlanScaleOut(Duration until_crossing, Duration lead_time) {
    plan.kind = PlanKind::kScaleOut;
    plan.to_shards = 5;
    plan.lead_time = lead_time;
    plan.crossing = kNow + until_crossing;
    plan.without = {800, 700, 0.125, {}};
    plan.with = {800, 1167, 0.004, {}};
    plan.reasons = {{ReasonCode::kForecastExceedsCapacity, "800 RU/s are expected"}};
  }

  ActionRecord& Act(ActionState state) {
    action.emplace();
    action->id = "a-0007";
    action->plan = plan;
    action->state = state;
    action->steps.resize(4);
    action->steps[0].state = StepState::kDone;
    return *action;
  }

  [[nodiscard]] AlertInput Input() const {
    AlertInput input;
    input.topology = &topology;
    input.load = &load;
    input.plan = &plan;
    input.last_action = action ? &*action : nullptr;
    input.cluster = "cache";
    input.now = now;
    input.acts_by_itself = acts_by_itself;
    input.capacity = capacity;
    return input;
  }
  [[nodiscard]] std::vector<Alert> Evaluate(const std::vector<Alert>& before = {}) const {
    return EvaluateAlerts(Input(), before);
  }

  Topology topology;
  LoadSnapshot load;
  Plan plan;
  std::optional<ActionRecord> action;
  WallTime now = kNow;
  bool acts_by_itself = false;
  PerResource<std::optional<double>> capacity;
};

std::string Names(const std::vector<Alert>& alerts) {
  std::string names;
  for (const Alert& alert : alerts) names += (names.empty() ? "" : " ") + alert.name.substr(10);
  return names;
}

bool Says(const Alert& alert, const std::string& annotation, const std::string& what) {
  const auto it = alert.annotations.find(annotation);
  return it != alert.annotations.end() && it->second.find(what) != std::string::npos;
}

BOOST_AUTO_TEST_SUITE(alert_rules)

BOOST_AUTO_TEST_CASE(a_healthy_cluster_raises_nothing) {
  BOOST_TEST(Names(World().Evaluate()) == "");
}

BOOST_AUTO_TEST_CASE(nothing_known_yet_raises_only_that_the_cluster_does_not_answer) {
  AlertInput input;
  input.cluster = "cache";
  input.topology_error = "10.0.0.1:6379: connection refused";
  const auto alerts = EvaluateAlerts(input, {});
  BOOST_TEST(Names(alerts) == "DataStale");
  BOOST_TEST(Says(alerts[0], "description", "connection refused"));
}

BOOST_AUTO_TEST_CASE(a_scale_out_that_waits_carries_forecast_crossing_hash_and_command) {
  World world;
  world.PlanScaleOut(hours(3), minutes(45));
  const auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "CapacityWillBeShort");
  const Alert& alert = alerts[0];
  const std::string hash = ShortHash(PlanHash(world.plan));
  BOOST_TEST((alert.severity == Severity::kWarning));
  BOOST_TEST(Says(alert, "summary", FormatTime(kNow + hours(3))));
  BOOST_TEST(alert.annotations.at("crossing") == FormatTime(kNow + hours(3)));
  BOOST_TEST(alert.annotations.at("since") == FormatTime(kNow));
  BOOST_TEST(alert.annotations.at("recommendation") == hash);
  BOOST_TEST(alert.annotations.at("command") == "tidectl recommendations approve " + hash);
  BOOST_TEST(Says(alert, "forecast", "800 RU/s against 700 RU/s usable, 12.5% chance"));
  BOOST_TEST(Says(alert, "forecast", "5 shards: 800 RU/s against 1167 RU/s usable, 0.4% chance"));
  BOOST_TEST(Says(alert, "reason", "800 RU/s are expected"));
  BOOST_TEST(Says(alert, "description", "begin by " + FormatTime(kNow + minutes(135))));
  BOOST_TEST(alert.annotations.at("runbook_url") == "docs/alerts.md#tidewrightcapacitywillbeshort");
}

BOOST_AUTO_TEST_CASE(in_auto_mode_a_scale_out_in_time_is_no_alert_but_one_too_late_is) {
  World world;
  world.acts_by_itself = true;
  world.PlanScaleOut(hours(3), minutes(45));
  BOOST_TEST(Names(world.Evaluate()) == "");
  world.PlanScaleOut(minutes(30), minutes(45));
  const auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "CapacityWillBeShort");
  BOOST_TEST(Says(alerts[0], "description", "too late"));
  BOOST_TEST(Says(alerts[0], "remedy", "begins by itself"));
  BOOST_TEST(!Says(alerts[0], "command", "approve"));
}

BOOST_AUTO_TEST_CASE(a_late_scale_out_stays_an_alert_while_its_action_runs) {
  World world;
  world.acts_by_itself = true;
  world.PlanScaleOut(minutes(30), minutes(45));
  const auto first = world.Evaluate();
  world.Act(ActionState::kRunning);
  world.plan.kind = PlanKind::kNone;
  world.plan.crossing.reset();
  world.now += minutes(5);
  const auto second = world.Evaluate(first);
  BOOST_REQUIRE(Names(second) == "CapacityWillBeShort");
  BOOST_TEST((second[0].since == kNow));
  BOOST_TEST(Says(second[0], "remedy", "action a-0007"));
  world.Act(ActionState::kDone);
  BOOST_TEST(Names(world.Evaluate(second)) == "");
}

BOOST_AUTO_TEST_CASE(a_need_that_the_maximum_forbids_is_an_alert_in_every_mode) {
  World world;
  world.acts_by_itself = true;
  world.plan.crossing = kNow + hours(20);
  BOOST_TEST(Names(world.Evaluate()) == "");
  world.plan.reasons = {{ReasonCode::kAtMaximum, "max_shards is 3"}};
  world.plan.rejections = {{ReasonCode::kForecastExceedsCapacity, "scale-out to 5: it grows"}};
  auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "CapacityWillBeShort");
  BOOST_TEST(Says(alerts[0], "description", "In the way: max_shards is 3."));
  BOOST_TEST(Says(alerts[0], "remedy", "no scale-out is planned: scale-out to 5: it grows"));
  world.plan.crossing.reset();
  alerts = world.Evaluate(alerts);
  BOOST_REQUIRE(Names(alerts) == "CapacityWillBeShort");
  BOOST_TEST(Says(alerts[0], "summary", "needs more than 3 shards"));
}

BOOST_AUTO_TEST_CASE(partitions_that_cannot_be_placed_are_an_alert_only_while_a_crossing_is_near) {
  World world;
  world.acts_by_itself = true;
  world.plan.lead_time = minutes(45);
  world.plan.rejections = {{ReasonCode::kNotPlaceable, "one partition is all of the load"}};
  BOOST_TEST(Names(world.Evaluate()) == "");
  world.plan.crossing = kNow + minutes(45);
  BOOST_TEST(Names(world.Evaluate()) == "");
  world.plan.crossing = kNow + minutes(44);
  const auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "CapacityWillBeShort");
  BOOST_TEST(Says(alerts[0], "description", "one partition is all of the load"));
}

BOOST_AUTO_TEST_CASE(demand_above_full_capacity_is_short_and_replaces_will_be_short) {
  World world;
  world.PlanScaleOut(minutes(0), minutes(45));
  world.load.total[Resource::kRequests] = {1200, Quality::kFresh};
  const auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "CapacityIsShort");
  BOOST_TEST((alerts[0].severity == Severity::kCritical));
  BOOST_TEST(Says(alerts[0], "description", "1200 RU/s of 1000 RU/s"));
  BOOST_TEST(Says(alerts[0], "command", "tidectl recommendations approve "));
}

BOOST_AUTO_TEST_CASE(a_stale_total_is_never_read_as_a_shortage) {
  World world;
  world.load.total[Resource::kRequests] = {1200, Quality::kStale};
  BOOST_TEST(Names(world.Evaluate()) == "");
}

BOOST_AUTO_TEST_CASE(a_saturated_or_throttling_master_and_an_emergency_are_short) {
  World saturated;
  saturated.load.nodes[1].flags = kSaturated;
  BOOST_TEST(Says(saturated.Evaluate().at(0), "description", "10.0.0.2:6379 is at its limit"));
  World throttled;
  throttled.load.nodes[1].flags = kThrottled;
  BOOST_TEST(Says(throttled.Evaluate().at(0), "description", "refuses or delays clients"));
  throttled.load.nodes[1].master = false;
  BOOST_TEST(Names(throttled.Evaluate()) == "");
  World emergency;
  emergency.acts_by_itself = true;
  emergency.PlanScaleOut(minutes(0), minutes(45));
  emergency.plan.emergency = true;
  BOOST_TEST(Names(emergency.Evaluate()) == "CapacityIsShort");
}

BOOST_AUTO_TEST_CASE(stale_missing_and_implausible_nodes_are_named_with_their_reason) {
  World world;
  world.load.fresh_share = 0;
  world.load.nodes[0].usage[Resource::kCpu].quality = Quality::kStale;
  world.load.nodes[0].sampled = kNow - minutes(3);
  world.load.nodes[1].usage[Resource::kCpu].quality = Quality::kMissing;
  world.load.nodes[1].error = "timed out";
  world.load.nodes[2].usage[Resource::kMemory].quality = Quality::kImplausible;
  world.load.quarantine = {{kNow, "node-2", "used_memory", -1, "below 0"}};
  const auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "DataStale");
  const std::string nodes = alerts[0].annotations.at("nodes");
  BOOST_TEST(nodes == "10.0.0.1:6379 stale since " + FormatTime(kNow - minutes(3)) +
                          "; 10.0.0.2:6379 missing: timed out; "
                          "10.0.0.3:6379 implausible: used_memory = -1: below 0");
}

BOOST_AUTO_TEST_CASE(a_first_sample_under_way_and_a_master_without_partitions_are_not_stale_data) {
  World world;
  world.load.fresh_share = 0.5;
  for (Reading& reading : world.load.nodes[0].usage.values) reading = {};
  BOOST_TEST(Names(world.Evaluate()) == "");
  world.load.nodes[0].error = "timed out";
  BOOST_TEST(Names(world.Evaluate()) == "DataStale");
  world.topology.shards[0].partitions.clear();
  world.topology.shards[1].partitions = {{0, 19}};
  BOOST_TEST(Names(world.Evaluate()) == "");
}

BOOST_AUTO_TEST_CASE(a_figure_that_is_not_mandatory_may_be_stale) {
  World world;
  world.load.nodes[0].usage[Resource::kNetwork].quality = Quality::kStale;
  BOOST_TEST(Names(world.Evaluate()) == "");
}

BOOST_AUTO_TEST_CASE(a_rebalance_that_waits_for_approval_is_told_with_what_it_moves) {
  World world;
  world.PlanScaleOut(hours(0), minutes(10));
  world.plan.kind = PlanKind::kRebalance;
  world.plan.to_shards = 3;
  world.plan.moves = {{{{0, 119}}, "a", "b"}};
  const auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "CapacityWillBeShort");
  BOOST_TEST(Says(alerts[0], "remedy", "spread 120 partitions anew over 3 shards"));
  BOOST_TEST(Says(alerts[0], "command", "tidectl recommendations approve"));
}

BOOST_AUTO_TEST_CASE(long_lists_are_cut) {
  World world;
  world.load.fresh_share = 0;
  world.load.nodes.resize(8, world.load.nodes[0]);
  for (NodeLoad& node : world.load.nodes) {
    node.shard_id = "node-0";
    node.usage[Resource::kCpu].quality = Quality::kStale;
  }
  BOOST_TEST(Says(world.Evaluate().at(0), "nodes", " and 3 more"));
}

BOOST_AUTO_TEST_CASE(a_failed_action_says_its_step_and_error_until_the_next_one_or_a_day) {
  World world;
  world.PlanScaleOut(hours(3), minutes(45));
  ActionRecord& action = world.Act(ActionState::kFailed);
  world.plan.kind = PlanKind::kNone;
  action.error = "step 2 (move 64 slots): data loss: a key was not found";
  action.ended = kNow - minutes(10);
  const auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "ActionFailed");
  BOOST_TEST((alerts[0].severity == Severity::kCritical));
  BOOST_TEST(alerts[0].labels.at("action") == "a-0007");
  BOOST_TEST((alerts[0].since == kNow - minutes(10)));
  BOOST_TEST(Says(alerts[0], "summary", "scale-out a-0007 failed"));
  BOOST_TEST(Says(alerts[0], "description", "1 of 4 steps"));
  BOOST_TEST(alerts[0].annotations.at("error") == action.error);
  action.ended = kNow - hours(24);
  BOOST_TEST(Names(world.Evaluate()) == "");
  action.ended = kNow;
  world.Act(ActionState::kRunning);
  BOOST_TEST(Names(world.Evaluate()) == "");
}

BOOST_AUTO_TEST_CASE(a_rolled_back_action_is_a_warning_for_an_hour) {
  World world;
  world.Act(ActionState::kRolledBack).ended = kNow - minutes(59);
  BOOST_TEST((world.Evaluate().at(0).severity == Severity::kWarning));
  world.now += minutes(1);
  BOOST_TEST(Names(world.Evaluate()) == "");
}

BOOST_AUTO_TEST_CASE(open_partitions_are_unhealthy_unless_our_own_action_runs) {
  World world;
  world.topology.open = {{4, "node-0", "node-1"}, {3, "node-0", "node-1"}};
  const auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "ClusterUnhealthy");
  BOOST_TEST((alerts[0].severity == Severity::kCritical));
  BOOST_TEST(Says(alerts[0], "summary", "2 partitions open without an action of ours: 3-4"));
  world.Act(ActionState::kRollingBack);
  BOOST_TEST(Names(world.Evaluate()) == "");
  world.Act(ActionState::kPaused);
  BOOST_TEST(Names(world.Evaluate()) == "ClusterUnhealthy ActionPaused");
}

BOOST_AUTO_TEST_CASE(unowned_partitions_and_failed_masters_are_unhealthy_even_during_our_action) {
  World world;
  world.Act(ActionState::kRunning);
  world.topology.shards[2].partitions = {{20, 24}};
  world.topology.shards[1].master.health = NodeHealth::kFailed;
  const auto alerts = world.Evaluate();
  BOOST_REQUIRE(Names(alerts) == "ClusterUnhealthy");
  BOOST_TEST(Says(alerts[0], "description", "10.0.0.2:6379 has failed with 10 partitions"));
  BOOST_TEST(Says(alerts[0], "description", "5 partitions without an owner"));
}

BOOST_AUTO_TEST_CASE(since_is_kept_while_an_alert_fires_and_begins_anew_after_a_pause) {
  World world;
  world.topology.open = {{4, "node-0", "node-1"}};
  auto alerts = world.Evaluate();
  world.now += minutes(10);
  world.topology.open.push_back({5, "node-0", "node-1"});
  alerts = world.Evaluate(alerts);
  BOOST_REQUIRE(alerts.size() == 1);
  BOOST_TEST((alerts[0].since == kNow));
  BOOST_TEST(alerts[0].annotations.at("since") == FormatTime(kNow));
  BOOST_TEST((World(world).Evaluate({}).at(0).since == kNow + minutes(10)));
}

BOOST_AUTO_TEST_CASE(the_kill_switch_is_told_with_who_and_why_and_covers_the_pause_it_caused) {
  World world;
  world.Act(ActionState::kPaused).error = "the kill switch is thrown";
  AlertInput input = world.Input();
  input.stop = AlertInput::Stop{"ann", "latency doubled", "/var/lib/tidewright/stop"};
  const auto alerts = EvaluateAlerts(input, {});
  BOOST_TEST(Names(alerts) == "Stopped");
  BOOST_TEST(Says(alerts[0], "summary", "by ann"));
  BOOST_TEST(Says(alerts[0], "reason", "latency doubled"));
  BOOST_TEST(Says(alerts[0], "description", "/var/lib/tidewright/stop"));
  BOOST_TEST(Says(alerts[0], "command", "tidectl stop --clear"));
  // Slots that were open when the controller died are closed by nobody now.
  world.Act(ActionState::kRunning);
  world.topology.open = {{5, "node-0", "node-1"}};
  input = world.Input();
  input.stop = AlertInput::Stop{};
  BOOST_TEST(Names(EvaluateAlerts(input, {})) == "ClusterUnhealthy Stopped");
}

BOOST_AUTO_TEST_CASE(a_paused_action_is_told_with_why) {
  World world;
  world.Act(ActionState::kPaused).error = "the store became worse: latency p99 is 300ms";
  const auto alerts = world.Evaluate();
  BOOST_TEST(Names(alerts) == "ActionPaused");
  BOOST_TEST(Says(alerts[0], "error", "latency p99 is 300ms"));
  BOOST_TEST(alerts[0].labels.at("action") == "a-0007");
}

BOOST_AUTO_TEST_CASE(a_rollback_that_a_person_asked_for_is_no_failure) {
  World world;
  ActionRecord& action = world.Act(ActionState::kRolledBack);
  action.ended = kNow;
  action.cancelled_by = "ann";
  BOOST_TEST(Names(world.Evaluate()) == "");
  action.cancelled_by = "health watch";
  BOOST_TEST(Names(world.Evaluate()) == "ActionFailed");
}

BOOST_AUTO_TEST_CASE(an_open_breaker_is_told_other_holds_are_not) {
  const World world;
  std::vector<Reason> holds = {{ReasonCode::kAutoLocked, "locked"}};
  AlertInput input = world.Input();
  input.holds = &holds;
  BOOST_TEST(Names(EvaluateAlerts(input, {})) == "");
  holds.push_back({ReasonCode::kBreakerOpen, "3 actions failed"});
  const auto alerts = EvaluateAlerts(input, {});
  BOOST_TEST(Names(alerts) == "BreakerOpen");
  BOOST_TEST(Says(alerts[0], "reason", "3 actions failed"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
