#include "controller/memory.h"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>

#include "tests/storage_support.h"

namespace tidewright {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
const WallTime kStart = ParseTime("2026-03-01T00:00:00Z").value();

double LoadAt(WallTime at) {
  const double hour = Seconds(at - kStart) / 3600;
  return 1000 - 600 * std::cos(2 * std::numbers::pi * hour / 24) + 20 * std::sin(40 * hour);
}

Policy PolicyForTest() {
  Policy policy;
  policy.horizon = hours(4);  // a shorter horizon makes a faster test
  return policy;
}

// A week of load, five-minute means.
void ImportWeek(History& history) {
  Series week{.start = kStart - hours(7 * 24), .step = minutes(5), .values = {}, .flags = {}};
  while (week.end() < kStart) week.values.push_back(LoadAt(week.end()));
  const SeriesKey key{"c", Scope::kCluster, "", Resource::kRequests};
  BOOST_REQUIRE(history.Import({{key, week}}).ok());
}

// Observes and forecasts every five minutes of [from, to).
void Live(DemandMemory& memory, WallTime from, WallTime to) {
  for (WallTime now = from; now < to; now += minutes(5)) {
    LoadSnapshot load;
    load.at = now;
    load.total[Resource::kRequests] = {.value = LoadAt(now), .quality = Quality::kFresh};
    BOOST_REQUIRE(memory.Observe(load, nullptr, false, now).ok());
    BOOST_REQUIRE(memory.Forecast(now).ok());
  }
}

constexpr int kPartitions = 50;

// Partition p has 1 + p % 5 of 150 parts.
LoadSnapshot LoadWithPartitions(WallTime at) {
  LoadSnapshot load;
  load.at = load.partitions_sampled = at;
  load.total[Resource::kRequests] = {.value = LoadAt(at), .quality = Quality::kFresh};
  load.partitions.resize(kPartitions);
  for (int p = 0; p < kPartitions; ++p) {
    load.partitions[p].share[Resource::kRequests] = (1 + p % 5) / 150.0;
  }
  return load;
}

// The means of all partitions' forecasts at a step, added up.
double SumOfParts(const PartOutlook& outlook, std::size_t step) {
  const Resource r = Resource::kRequests;
  double sum = 0;
  for (int p = 0; p < kPartitions; ++p) {
    const std::vector<int> one = {p};
    sum += ForecastPart(*outlook.demand[r], outlook.shares[r], one).value().mean[step];
  }
  return sum;
}

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(partitions_are_forecast_at_once_after_a_restart_and_add_up_to_the_cluster) {
  const testing::TempFolder folder;
  auto history = History::Open(folder / "history.db").value();
  ImportWeek(*history);
  const Policy policy = PolicyForTest();
  const WallTime restart = kStart + hours(2);
  {
    DemandMemory memory("c", policy, *history, "");
    BOOST_REQUIRE(memory.Load(kStart).ok());
    BOOST_TEST(memory.outlook() == nullptr);
    for (WallTime now = kStart; now < restart; now += minutes(5)) {
      BOOST_REQUIRE(memory.Observe(LoadWithPartitions(now), nullptr, false, now).ok());
      BOOST_REQUIRE(memory.Forecast(now).ok());
    }
  }
  DemandMemory memory("c", policy, *history, "");
  BOOST_REQUIRE(memory.Load(restart).ok());
  BOOST_REQUIRE(memory.Forecast(restart).ok());
  BOOST_REQUIRE(memory.outlook() != nullptr);
  const auto& whole = memory.outlook()->demand[Resource::kRequests];
  BOOST_REQUIRE(whole.has_value());
  for (const std::size_t step : {0, 11, 47}) {
    BOOST_TEST(std::abs(SumOfParts(*memory.outlook(), step) / whole->mean[step] - 1) < 1e-4);
  }
  const auto& weights = memory.partition_weights()[Resource::kRequests];
  BOOST_REQUIRE(weights.size() == 1u * kPartitions);
  BOOST_TEST(std::abs(weights[4] - 5 / 150.0) < 1e-6);
  BOOST_TEST(memory.partition_weights()[Resource::kCpu].empty());
}

BOOST_AUTO_TEST_CASE(what_forecasts_have_learned_survives_a_restart) {
  const testing::TempFolder folder;
  auto history = History::Open(folder / "history.db").value();
  ImportWeek(*history);
  const Policy policy = PolicyForTest();
  const WallTime restart = kStart + hours(27);
  std::vector<RealisedCoverage> before;
  {
    DemandMemory memory("c", policy, *history, "");
    BOOST_REQUIRE(memory.Load(kStart).ok());
    Live(memory, kStart, restart);
    BOOST_REQUIRE(memory.demand()[Resource::kRequests].has_value());
    before = memory.demand()[Resource::kRequests]->realised;
    BOOST_TEST(!before.empty());
  }
  DemandMemory memory("c", policy, *history, "");
  BOOST_REQUIRE(memory.Load(restart).ok());
  BOOST_REQUIRE(memory.Forecast(restart).ok());
  BOOST_REQUIRE(memory.demand()[Resource::kRequests].has_value());
  const auto& after = memory.demand()[Resource::kRequests]->realised;
  BOOST_REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    BOOST_TEST(std::abs(after[i].held - before[i].held) < 0.05);
  }
}

BOOST_AUTO_TEST_CASE(what_promises_came_to_survives_a_restart) {
  const testing::TempFolder folder;
  auto history = History::Open(folder / "history.db").value();
  ImportWeek(*history);
  const Policy policy = PolicyForTest();
  ForecastGate gate;
  gate.loss = {3, 1, 2};
  gate.settled = kStart;
  {
    DemandMemory memory("c", policy, *history, "");
    BOOST_REQUIRE(memory.Load(kStart).ok());
    memory.SetGate(gate);
    Live(memory, kStart, kStart + hours(2));
  }
  DemandMemory memory("c", policy, *history, "");
  BOOST_REQUIRE(memory.Load(kStart + hours(2)).ok());
  BOOST_TEST(EncodeGate(memory.gate()) == EncodeGate(gate));
}

BOOST_AUTO_TEST_CASE(the_planner_looks_back_at_whole_steps_up_to_now) {
  const testing::TempFolder folder;
  auto history = History::Open(folder / "history.db").value();
  ImportWeek(*history);
  const Policy policy = PolicyForTest();
  DemandMemory memory("c", policy, *history, "");
  BOOST_REQUIRE(memory.Load(kStart).ok());
  BOOST_REQUIRE(memory.Forecast(kStart + minutes(2)).ok());
  const Series& recent = memory.recent()[Resource::kRequests];
  BOOST_TEST((recent.step == policy.step));
  BOOST_TEST((recent.end() == kStart));
  BOOST_TEST(recent.Observed() == 7u * 288);  // what lies before is a gap, not a zero
  BOOST_TEST(std::abs(recent.values.back() - LoadAt(kStart - minutes(5))) < 1);
  BOOST_TEST(memory.recent()[Resource::kMemory].empty());
}

BOOST_AUTO_TEST_CASE(a_broken_record_of_what_was_learned_is_learned_anew) {
  const testing::TempFolder folder;
  auto history = History::Open(folder / "history.db").value();
  ImportWeek(*history);
  const SeriesKey key{"c", Scope::kCluster, "", Resource::kRequests};
  BOOST_REQUIRE(history->KeepStates({{key, "nonsense"}}).ok());
  const Policy policy = PolicyForTest();
  DemandMemory memory("c", policy, *history, "");
  BOOST_TEST(memory.Load(kStart).ok());
  BOOST_TEST(memory.Forecast(kStart).ok());
  BOOST_REQUIRE(memory.demand()[Resource::kRequests].has_value());
  BOOST_TEST(memory.demand()[Resource::kRequests]->realised.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace tidewright
