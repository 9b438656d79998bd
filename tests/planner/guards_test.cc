// Each guard alone: what it holds back, what it says, and what passes it.
#include "planner/guards.h"

#include <boost/test/unit_test.hpp>

#include "tests/planner/world.h"

using namespace tidewright;
using namespace tidewright::test;
using namespace std::chrono_literals;

namespace {

World HighLoad() {  // 3 shards bear 2,100; 3,300 is more than they have
  World w;
  w.Flat(2500);
  return w;
}

World Emergency() {
  World w;
  w.Flat(6000);
  return w;
}

World LowLoad() {
  World w;
  w.topology = EvenTopology(6);
  w.Flat(1500);
  return w;
}

bool Refused(const World& w, ReasonCode code) {
  const Plan plan = w.Decide();
  const bool refused =
      plan.kind == PlanKind::kNone && (Has(plan.rejections, code) || Has(plan.reasons, code));
  BOOST_TEST_INFO_SCOPE(Text(plan));
  BOOST_TEST(refused);
  return refused;
}

WallTime At(const std::string& text) { return *ParseTime(text); }
ActionWindow Window(const std::string& text) {
  auto window = ParseWindow(text);
  BOOST_REQUIRE_MESSAGE(window.ok(), Message(window.status()));
  return *window;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(guards)

BOOST_AUTO_TEST_CASE(an_emergency_passes_the_maximum_and_never_the_hard_one) {
  World w = Emergency();
  w.policy.max_shards = 4;
  BOOST_TEST(w.Decide().emergency);
  BOOST_TEST(w.Decide().to_shards == 4);
  w.policy.hard_max_shards = 6;
  const Plan plan = w.Decide();
  BOOST_TEST(plan.to_shards == 6, Text(plan));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kAtMaximum));
  w.topology = EvenTopology(6);
  w.Flat(6000);
  BOOST_TEST(Refused(w, ReasonCode::kAtMaximum));
  // What is no emergency keeps to the maximum.
  World calm = HighLoad();
  calm.policy.max_shards = 3;
  calm.policy.hard_max_shards = 6;
  BOOST_TEST(Refused(calm, ReasonCode::kAtMaximum));
}

BOOST_AUTO_TEST_CASE(a_spent_budget_of_decreases_blocks_no_increase) {
  World w = LowLoad();
  for (int i = 0; i < 2; ++i) {
    w.state.recent_actions.push_back({w.now - 50min + 10min * i, PlanKind::kScaleIn});
  }
  BOOST_TEST(Refused(w, ReasonCode::kRateLimit));
  World out = HighLoad();
  out.state.recent_actions = w.state.recent_actions;
  BOOST_TEST((out.Decide().kind == PlanKind::kScaleOut));
  w.now += 11min;
  w.Flat(1500);
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleIn));  // the first is an hour ago
  for (int i = 0; i < 23; ++i) {
    w.state.recent_actions.push_back({w.now - 2h - 30min * i, PlanKind::kScaleIn});
  }
  BOOST_TEST(Refused(w, ReasonCode::kRateLimit));
  w.policy.max_scale_ins_per_day = 0;
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleIn));
}

BOOST_AUTO_TEST_CASE(the_rate_of_increases_holds_back_no_emergency) {
  World w = HighLoad();
  for (int i = 0; i < 6; ++i) {
    w.state.recent_actions.push_back({w.now - 5min * (i + 1), PlanKind::kScaleOut});
  }
  BOOST_TEST(Refused(w, ReasonCode::kRateLimit));
  World emergency = Emergency();
  emergency.state.recent_actions = w.state.recent_actions;
  BOOST_TEST((emergency.Decide().kind == PlanKind::kScaleOut));
}

BOOST_AUTO_TEST_CASE(a_person_holds_everything_back_until_a_time_but_an_emergency_by_policy) {
  for (World w : {HighLoad(), LowLoad()}) {
    BOOST_TEST((w.Decide().kind != PlanKind::kNone));
    w.state.holds = {{"h-1", "ann", "index rebuild", w.now - 1h, w.now + 1h}};
    BOOST_TEST(Refused(w, ReasonCode::kHeld));
    w.state.holds[0].until = w.now;
    BOOST_TEST((w.Decide().kind != PlanKind::kNone));
  }
  World w = Emergency();
  w.state.holds = {{"h-1", "ann", "index rebuild", w.now - 1h, w.now + 1h}};
  BOOST_TEST(Refused(w, ReasonCode::kHeld));
  w.policy.emergency_ignores_windows = true;
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleOut));
}

BOOST_AUTO_TEST_CASE(windows_hold_back_what_they_name_until_they_expire) {
  World in = LowLoad();
  World out = HighLoad();
  const auto both = [&](const std::string& window) {
    in.policy.windows = out.policy.windows = {Window(window)};
  };
  both("no_scale_in always: sale");  // 2023-11-14 22:13 UTC, a Tuesday
  BOOST_TEST(Refused(in, ReasonCode::kWindow));
  BOOST_TEST((out.Decide().kind == PlanKind::kScaleOut));
  both("no_scale_out tue 22:00-23:00");
  BOOST_TEST((in.Decide().kind == PlanKind::kScaleIn));
  BOOST_TEST(Refused(out, ReasonCode::kWindow));
  both("hold until 2023-11-15T00:00:00Z: upgrade, asked for by ann");
  BOOST_TEST(Refused(in, ReasonCode::kWindow));
  BOOST_TEST(Refused(out, ReasonCode::kWindow));
  BOOST_TEST(Text(out.Decide()).find("asked for by ann") != std::string::npos);
  both("hold until 2023-11-14T22:13:00Z");
  BOOST_TEST((in.Decide().kind == PlanKind::kScaleIn));
  BOOST_TEST((out.Decide().kind == PlanKind::kScaleOut));
  both("maintenance daily 01:00-05:00");
  BOOST_TEST(Refused(in, ReasonCode::kWindow));
  BOOST_TEST((out.Decide().kind == PlanKind::kScaleOut));  // it cannot wait
  both("maintenance daily 22:00-05:00");
  BOOST_TEST((in.Decide().kind == PlanKind::kScaleIn));
}

BOOST_AUTO_TEST_CASE(a_window_stops_an_emergency_unless_the_policy_says_otherwise) {
  World w = Emergency();
  w.policy.windows = {Window("no_actions always")};
  BOOST_TEST(Refused(w, ReasonCode::kWindow));
  w.policy.emergency_ignores_windows = true;
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleOut));
}

BOOST_AUTO_TEST_CASE(windows_are_read_and_cover_what_they_say) {
  const ActionWindow night = Window("no_actions fri-sat,mon 22:30-06:00");
  BOOST_TEST(Covers(night, At("2026-11-27T22:30:00Z")));  // Friday
  BOOST_TEST(Covers(night, At("2026-11-28T05:59:00Z")));
  BOOST_TEST(!Covers(night, At("2026-11-28T06:00:00Z")));
  BOOST_TEST(Covers(night, At("2026-11-29T01:00:00Z")));   // of Saturday
  BOOST_TEST(!Covers(night, At("2026-11-29T23:00:00Z")));  // Sunday
  BOOST_TEST(Covers(night, At("2026-12-01T00:00:00Z")));   // of Monday
  for (const char* text :
       {"no_scale_in mon,tue 08:00-20:00 until 2027-01-31T00:00:00Z: quarter close",
        "no_actions always until 2027-01-31T00:00:00Z: why", "maintenance daily 01:00-05:00",
        "no_scale_out sun 00:00-24:00"}) {
    BOOST_TEST(ToString(Window(text)) == text);
  }
  for (const char* text : {"", "never", "hold", "hold until", "hold until soon", "no_actions",
                           "no_actions xyz 01:00-02:00", "no_actions mon", "no_actions mon 1-2",
                           "no_actions mon 01:00-25:00", "no_actions always forever"}) {
    BOOST_TEST(!ParseWindow(text).ok(), text);
  }
}

BOOST_AUTO_TEST_CASE(growth_beyond_the_budget_is_refused_or_cut) {
  World w = Emergency();  // 6 nodes at 0.10; 22:13 UTC, 1.78 hours of the day are left
  w.policy.emergency_ignores_budget = true;
  BOOST_TEST(w.Decide().to_shards == 7);
  w.policy.budget_per_day = Money::FromUnits(14.4 + 0.2 * 1.78 * 2.5);  // room for two shards
  BOOST_TEST(w.Decide().to_shards == 7);
  w.policy.emergency_ignores_budget = false;
  Plan plan = w.Decide();
  BOOST_TEST(plan.to_shards == 5, Text(plan));
  BOOST_TEST(Has(plan.rejections, ReasonCode::kBudget));
  w.state.spent = SpentSoFar{.today = Money::FromUnits(20), .this_month = {}};
  BOOST_TEST(Refused(w, ReasonCode::kBudget));
  w.state.spent = SpentSoFar{.today = {}, .this_month = Money::FromUnits(499)};
  BOOST_TEST(w.Decide().to_shards == 7);
  w.policy.budget_per_month = Money::FromUnits(500);
  BOOST_TEST(Refused(w, ReasonCode::kBudget));
  w.policy.min_shards = 4;  // a floor is no guard
  BOOST_TEST(w.Decide().to_shards == 4);
}

BOOST_AUTO_TEST_CASE(nothing_begins_while_a_foreign_change_settles) {
  World w = HighLoad();
  const auto decide = [&] {
    Decision decision =
        ::tidewright::Decide({w.topology, w.load, w.demand, w.policy, w.state, w.now});
    w.state.continuity = decision.continuity;
    return decision.plan;
  };
  w.Flat(1800);
  BOOST_TEST((decide().kind == PlanKind::kNone));
  w.topology.shards[0].partitions[0].last -= 100;
  w.topology.shards[1].partitions[0].first -= 100;
  w.now += 5min;
  w.Flat(3500);
  Plan plan = decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Has(plan.reasons, ReasonCode::kForeignChange));
  w.now += 10min;
  w.Flat(3500);
  BOOST_TEST(Has(decide().reasons, ReasonCode::kForeignChange));
  w.now += 5min;
  w.Flat(3500);
  plan = decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  // What an action of ours changed is ours.
  w.state.action_in_flight = true;
  w.now += 5min;
  w.Flat(3500);
  decide();
  w.topology = Apply(w.topology, plan);
  w.state.action_in_flight = false;
  w.now += 5min;
  w.Flat(5000);
  plan = decide();
  BOOST_TEST(!Has(plan.reasons, ReasonCode::kForeignChange), Text(plan));
}

BOOST_AUTO_TEST_CASE(a_clock_that_was_set_begins_nothing_but_emergencies) {
  for (const Duration jump : {Duration(-1h), Duration(1h)}) {
    World w = HighLoad();
    w.state.continuity.looked = w.now;
    w.now += jump;
    w.Flat(2500);
    BOOST_TEST(Refused(w, ReasonCode::kClockJumped));
    w.Flat(6000);
    BOOST_TEST((w.Decide().kind == PlanKind::kScaleOut));
  }
}

BOOST_AUTO_TEST_CASE(missing_stale_implausible_and_zero_are_told_apart) {
  const auto refused = [](ReasonCode code, const Reading& reading) {
    World w = LowLoad();
    w.load.nodes[4].usage[Resource::kRequests] = reading;
    return Refused(w, code) && Text(w.Decide()).find("10.0.0.1:7004") != std::string::npos;
  };
  BOOST_TEST(refused(ReasonCode::kDataMissing, {0, Quality::kMissing}));
  BOOST_TEST(refused(ReasonCode::kDataStale, {250, Quality::kStale}));
  BOOST_TEST(refused(ReasonCode::kDataImplausible, {1e9, Quality::kImplausible}));
  BOOST_TEST(refused(ReasonCode::kDataImplausible, {std::nan(""), Quality::kFresh}));
  BOOST_TEST(refused(ReasonCode::kDataZero, {0, Quality::kFresh}));
  // A cluster that nobody uses, and nobody is expected to use, is no fault.
  World idle = LowLoad();
  idle.Flat(0);
  BOOST_TEST((idle.Decide().kind == PlanKind::kScaleIn));
}

BOOST_AUTO_TEST_CASE(partitions_without_data_count_beside_nodes_without_data) {
  World w = LowLoad();
  w.policy.min_fresh_share = 0.8;  // one of six may be silent …
  w.load.nodes[0].usage[Resource::kRequests].quality = Quality::kMissing;
  w.load.total[Resource::kRequests].quality = Quality::kMissing;
  w.policy.min_fresh_partition_share = 0.8;
  BOOST_TEST((w.Decide().kind == PlanKind::kScaleIn));
  w.policy.min_fresh_partition_share = 0.9;  // … but not with a sixth of the partitions
  BOOST_TEST(Refused(w, ReasonCode::kDataMissing));
}

// Dark metrics: an increase that was forecast from data that ended lately still comes.
BOOST_AUTO_TEST_CASE(
    an_increase_forecast_before_metrics_went_dark_comes_until_the_forecast_is_old) {
  World w;
  w.Predict(Resource::kRequests, [](int step) { return step < 10 ? 1500.0 : 3400.0; });
  w.Observe(Resource::kRequests, 1500);
  RecentDemand recent;
  recent[Resource::kRequests] = {.start = w.now - 48h, .step = 5min, .values = {}, .flags = {}};
  recent[Resource::kRequests].values.assign(48 * 12, 1500.0);
  const auto decide = [&] {
    return MakePlan({w.topology, w.load, w.demand, w.policy, w.state, w.now, &recent});
  };
  BOOST_TEST((decide().kind == PlanKind::kNone), Text(decide()));
  for (auto& node : w.load.nodes) node.usage[Resource::kRequests].quality = Quality::kMissing;
  w.load.total[Resource::kRequests].quality = Quality::kMissing;
  w.load.fresh_share = 0;
  w.now += 45min;  // similar times, who know of no rise, are not asked any more
  Plan plan = decide();
  BOOST_TEST((plan.kind == PlanKind::kScaleOut), Text(plan));
  BOOST_TEST(plan.to_shards == 5, Text(plan));
  w.now += 20min;  // 65 minutes old
  plan = decide();
  BOOST_TEST((plan.kind == PlanKind::kNone), Text(plan));
  BOOST_TEST(Text(plan).find("max_forecast_age") != std::string::npos, Text(plan));
}

BOOST_AUTO_TEST_SUITE_END()
