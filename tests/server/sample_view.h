// A view with something in every field, for tests of what is served.
#pragma once

#include "server/controller_api.h"

namespace tidewright {

inline ControllerView SampleView() {
  using namespace std::chrono_literals;
  ControllerView view;
  view.cluster = "cache";
  view.mode = Mode::kApprove;
  view.version = "0.0.1";
  view.now = WallTime(1'800'000'000s);
  view.cycles = 7;
  Topology topology;
  topology.cluster = "cache";
  topology.partition_count = 16384;
  topology.agreed = true;
  topology.shards.resize(2);
  topology.shards[0].id = topology.shards[0].master.id = "m1";
  topology.shards[0].partitions = {{0, 8191}};
  topology.shards[1].id = topology.shards[1].master.id = "m2";
  topology.shards[1].partitions = {{8192, 16383}};
  view.topology = topology;
  NodeLoad load;
  load.node_id = load.shard_id = "m1";
  load.usage[Resource::kRequests] = {1200, Quality::kFresh};
  load.latency_p99_seconds = {0.002, Quality::kFresh};
  view.load.nodes = {load};
  view.load.total[Resource::kRequests] = {2400, Quality::kFresh};
  view.load.fresh_share = 0.5;
  view.policy.shard_capacity[Resource::kRequests] = 3000;
  Forecast forecast;
  forecast.start = view.now;
  forecast.step = 5min;
  forecast.horizon = 2;
  forecast.mean = {2500, 2600};
  forecast.levels = {0.5, 0.95};
  forecast.quantiles = {{2450, 2550}, {2700, 2900}};
  forecast.maxima = {{30min, {2600, 3000}}, {1h, {2700, 3100}}};
  forecast.trust = Trust::kGood;
  view.demand[Resource::kRequests] = forecast;
  Plan plan;
  plan.cluster = "cache";
  plan.kind = PlanKind::kScaleOut;
  plan.from_shards = 2;
  plan.to_shards = 3;
  plan.created = view.now;
  plan.expires = view.now + 15min;
  plan.topology_fingerprint = view.topology->Fingerprint();
  plan.moves = {{{{0, 99}}, "m1", "new-1"}};
  plan.reasons = {{ReasonCode::kForecastExceedsCapacity, "demand is expected to pass capacity"}};
  plan.without.shortfall_probability = 0.25;
  plan.lead_time = 12min;
  PlanBasis basis;
  basis.options = {{2, 48, 40, 8}, {3, 72, 0.5, 0}};
  basis.cheapest = basis.wanted = 3;
  basis.less = {0.8, 2};
  basis.moves = {{view.now, 2, 3}};
  basis.horizon = 24h;
  basis.forecasts = {
      {Resource::kRequests, "good", 0.02, view.now, {{0.95, 1h, 0.94}}, {"repeats every 1d"}}};
  basis.observed = 2400;
  plan.basis = basis;
  view.plan = plan;
  view.totals.actions[{"scale-out", "done"}] = 2;
  const Spending used = {.node_hours = 12.5, .cost = Money::FromUnits(1.25)};
  view.totals.account = {
      .actual = used,
      .recorded = 3h,
      .missing = 10min,
      .against = {{.against = "static peak",
                   .estimated = false,
                   .compared = 3h,
                   .actual = used,
                   .otherwise = {.node_hours = 20, .cost = Money::FromUnits(2)}},
                  {.against = "reactive",
                   .estimated = true,
                   .compared = 1h,
                   .actual = {.node_hours = 5, .cost = Money::FromUnits(0.5)},
                   .otherwise = {.node_hours = 4, .cost = Money::FromUnits(0.4)}}}};
  PolicyTally shadow;
  shadow.policy = "reactive";
  shadow.estimated = true;
  shadow.since = view.now - 1h;
  shadow.shards = 3;
  shadow.moves_to = 4;
  shadow.tally.judged = 50min;
  shadow.tally.dark = 10min;
  shadow.tally.short_for = 7min;
  shadow.tally.episodes = 2;
  view.policies = {shadow};
  view.person_holds = {{"h-1", "ann", "index rebuild", view.now - 1h, view.now + 1h}};
  return view;
}

}  // namespace tidewright
