// The control cycle as a whole, on a cluster that answers as it is told to: what goes round from
// one cycle to the next, and what people ask of it.
#include "controller/controller.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <thread>

#include "tests/collector/fake_source.h"
#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const WallTime kMidnight = ParseTime("2026-03-02T00:00:00Z").value();

class NoActuator : public StoreActuator {
 public:
  StatusOr<std::vector<Step>> Expand(const Plan&, const Topology&) override { return Refused(); }
  StatusOr<StepCheck> Check(const Step&, StepContext&) override { return Refused(); }
  Status Do(const Step&, StepContext&) override { return Refused(); }
  Status Undo(const Step&, StepContext&) override { return Refused(); }
  Status Verify(const Step&, StepContext&) override { return Refused(); }

 private:
  static Status Refused() { return Error(StatusCode::kFailedPrecondition, "no store here"); }
};

struct World {
  testing::TempFolder folder;
  SettlingClock clock{kMidnight};
  FakeSource source{clock};
  NoActuator actuator;
  MetricsExporter metrics;
  StopSwitch stop{{folder / "stop"}};
  std::unique_ptr<Journal> journal = Journal::Open(folder / "journal.db").value();
  std::unique_ptr<History> history = History::Open(folder / "history.db").value();
  std::unique_ptr<Collector> collector;
  ControllerOptions options;
  std::unique_ptr<Controller> controller;
  std::jthread cycles;

  World() {
    options.cluster = "c";
    options.mode = Mode::kApprove;
    options.health_interval = 1min;
    options.policy.shard_capacity[Resource::kRequests] = 200;  // 100 is what each of them serves
    options.policy.replicas_per_shard = 0;
    options.policy.horizon = 2h;
    options.policy.scale_in_window = 30min;
    options.shadow = {"reactive"};
    Topology topology;
    topology.cluster = "c";
    topology.partition_count = 60;
    topology.agreed = true;
    for (int i = 0; i < 3; ++i) {
      Shard shard;
      shard.id = std::string(1, static_cast<char>('a' + i));
      shard.master = {shard.id, "10.0.0.1", 7000 + i, NodeRole::kMaster, NodeHealth::kOnline, ""};
      shard.partitions = {{20 * i, 20 * i + 19}};
      topology.shards.push_back(shard);
    }
    source.topology = topology;
  }
  ~World() { Stop(); }

  void ImportWeek() {
    Series week{.start = kMidnight - 7 * 24h, .step = 5min, .values = {}, .flags = {}};
    while (week.end() < kMidnight) {
      const double hour = Seconds(week.end() - week.start) / 3600;
      week.values.push_back(300 + 15 * std::sin(hour * M_PI / 12) + std::sin(37 * hour));
    }
    BOOST_REQUIRE(history->Import({{{"c", Scope::kCluster, "", Resource::kRequests}, week}}).ok());
  }
  void Start() {
    collector = std::make_unique<Collector>(
        source, clock,
        CollectorOptions{.interval = 15s, .topology_interval = 30s, .stale_after = 90s});
    controller = std::make_unique<Controller>(
        options, ControllerParts{clock, *collector, *history, *journal, actuator, metrics, stop});
    const Status opened = controller->Open();
    BOOST_REQUIRE_MESSAGE(opened.ok(), opened);
    collector->Start();
    cycles = std::jthread([this](std::stop_token token) { controller->Run(std::move(token)); });
    clock.Settle(3);
  }
  void Stop() {
    if (!controller) return;
    cycles.request_stop();
    cycles.join();
    collector->Stop();
    controller.reset();
  }
  void Run(Duration span) {
    for (Duration passed{0}; passed < span; passed += 15s) {
      clock.Advance(15s);
      clock.Settle(3);
    }
  }
  [[nodiscard]] static bool Has(const std::vector<Reason>& reasons, ReasonCode code) {
    return std::any_of(reasons.begin(), reasons.end(),
                       [&](const Reason& reason) { return reason.code == code; });
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(controller, World)

// What Decide() learned of promises is kept, and given to the next Decide(): only what was promised
// in one cycle and handed over can be settled in a later one.
BOOST_AUTO_TEST_CASE(what_promises_came_to_goes_round_from_cycle_to_cycle) {
  ImportWeek();
  Start();
  Run(62min);
  Stop();
  const SeriesKey key{"c", Scope::kCluster, "forecast-gate", Resource::kRequests};
  const auto gate = DecodeGate(history->ReadState(key).value());
  BOOST_REQUIRE_MESSAGE(gate.ok(), gate.status());
  BOOST_TEST(!gate->open.empty());
  BOOST_TEST(gate->loss[0] > 0);
  BOOST_TEST(gate->loss[1] > 0);
  BOOST_TEST((gate->settled >= kMidnight + 50min));
}

BOOST_AUTO_TEST_CASE(a_plan_is_explained_when_somebody_asks_and_when_it_is_another_one) {
  ImportWeek();
  Start();
  Run(3min);
  const auto turns = [](const ControllerView& view) {
    BOOST_REQUIRE((view.plan && view.plan->basis));
    return view.plan->basis->more.has_value() || view.plan->basis->less.has_value();
  };
  BOOST_TEST((controller->View().plan->kind == PlanKind::kNone));
  BOOST_TEST(!turns(controller->View()));
  const ControllerView explained = controller->ExplainedView();
  BOOST_TEST(turns(explained));
  clock.Settle(3);
  Run(2min);
  BOOST_TEST(!turns(controller->View()));
  Stop();
  // A plan that does something, explained without being asked; twice the demand asks for more.
  options.policy.min_shards = 4;
  options.policy.shard_capacity[Resource::kRequests] = 140;
  Start();
  Run(4min);
  BOOST_TEST((controller->View().plan->kind == PlanKind::kScaleOut));
  BOOST_TEST(turns(controller->View()));
  const auto recommended = controller->Recommendations(1);
  BOOST_REQUIRE((recommended.ok() && recommended->size() == 1u));
  BOOST_TEST((recommended->front().plan.basis->more || recommended->front().plan.basis->less));
}

BOOST_AUTO_TEST_CASE(nothing_begins_while_a_person_holds_it) {
  options.policy.min_shards = 4;
  Start();
  Run(2min);
  const ControllerView before = controller->View();
  BOOST_REQUIRE((before.plan->kind == PlanKind::kScaleOut));
  const std::string hash = PlanHash(*before.plan);
  const auto hold = controller->AddHold(clock.Wall() + 6h, "ann", "index rebuild");
  BOOST_REQUIRE_MESSAGE(hold.ok(), hold.status());
  clock.Settle(3);
  Run(1min);
  const ControllerView held = controller->View();
  BOOST_TEST((held.plan->kind == PlanKind::kNone));
  BOOST_TEST(Has(held.plan->reasons, ReasonCode::kHeld));
  BOOST_TEST(Has(held.holds, ReasonCode::kHeld));
  BOOST_TEST(held.person_holds.size() == 1u);
  // Nor does what was recommended before.
  const auto approved = controller->Approve(hash, "bob", "");
  BOOST_TEST((approved.status().code() == StatusCode::kFailedPrecondition));
  BOOST_TEST(Message(approved.status()).find("by ann: index rebuild") != std::string::npos);
  Stop();
  Start();  // it outlives a restart
  Run(2min);
  BOOST_TEST(Has(controller->View().holds, ReasonCode::kHeld));
  BOOST_REQUIRE(controller->ClearHold(hold->id, "ann", "done").ok());
  clock.Settle(3);
  Run(1min);
  BOOST_TEST((controller->View().plan->kind == PlanKind::kScaleOut));
  BOOST_TEST(controller->View().person_holds.empty());
}

// Six nodes since midnight are known to have been paid for; the budget leaves no room for a fourth
// shard, though today's three nodes alone would.
BOOST_AUTO_TEST_CASE(a_budget_counts_what_was_spent_and_not_what_is_there) {
  clock.Advance(20h);
  for (const int nodes : {30, 3}) {
    const CapacityRecord record{.at = nodes == 30 ? kMidnight : kMidnight + 19h,
                                .nodes = nodes,
                                .shards = nodes,
                                .static_peak_nodes = 4,
                                .price_per_node_hour = options.policy.price_per_node_hour};
    BOOST_REQUIRE(journal->Audit(record.at, "tidewright", kAuditCapacity, ToJson(record)).ok());
  }
  options.policy.shard_capacity[Resource::kRequests] = 130;  // 300 are more than usable of three
  options.policy.budget_per_day = Money::FromUnits(0.1 * 24 * 5);
  Start();
  Run(3min);
  const Plan plan = *controller->View().plan;
  BOOST_TEST((plan.kind == PlanKind::kNone));
  BOOST_TEST((Has(plan.reasons, ReasonCode::kBudget) || Has(plan.rejections, ReasonCode::kBudget)));
}

BOOST_AUTO_TEST_CASE(policies_run_in_shadow_and_the_account_is_compared_with_them) {
  Start();
  Run(25min);
  const ControllerView view = controller->View();
  BOOST_REQUIRE(view.policies.size() == 2u);
  BOOST_TEST(view.policies[0].policy == kRealPolicy);
  BOOST_TEST((view.policies[0].tally.judged >= 15min));
  BOOST_TEST(view.policies[1].policy == "reactive");
  BOOST_TEST((view.policies[1].tally.judged >= 15min));
  BOOST_TEST(view.totals.account.actual.node_hours > 1);
  BOOST_TEST(view.totals.account.Against("reactive")->estimated);
  BOOST_TEST(view.problems.empty());
}

BOOST_AUTO_TEST_SUITE_END()
