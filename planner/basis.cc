#include "planner/basis.h"

#include "planner/proposals.h"

namespace tidewright::planner {
namespace {

ForecastBasis Describe(Resource resource, const DemandProfile& profile) {
  const Forecast& forecast = profile.forecast();
  ForecastBasis out{.resource = resource,
                    .trust = TrustName(forecast.trust),
                    .recent_error = forecast.recent_error,
                    .made_from = forecast.start,
                    .held = {},
                    .notes = forecast.notes};
  for (const RealisedCoverage& one : forecast.realised) {
    out.held.push_back({one.level, one.ahead, one.held});
  }
  return out;
}

void FillSize(const SizeDecision& size, WallTime now, PlanBasis& out) {
  const double hours = Seconds(size.step) / 3600;
  for (const ScheduleOption& option : size.schedule.options) {
    out.options.push_back({.shards = option.to,
                           .billed = option.billed * hours,
                           .unserved = option.unserved * hours,
                           .violation = option.violation * hours});
  }
  for (const ScheduledMove& move : size.schedule.moves) {
    out.moves.push_back({now + size.step * move.step, move.from, move.to});
  }
  out.cheapest = size.to;
  out.more = size.more;
  out.less = size.less;
  out.horizon = size.horizon;
  out.forecast_share = size.shares[static_cast<std::size_t>(Opinion::kForecast)];
  out.analogues = size.analogues;
  out.seen = size.seen;
}

}  // namespace

PlanBasis MakeBasis(const Situation& s) {
  PlanBasis out;
  out.cheapest = out.wanted = s.shards;
  out.risk_quantile = s.policy.risk_quantile;
  if (s.size) FillSize(*s.size, s.input.now, out);
  for (Resource r : kAllResources) {
    if (s.forecast[r]) out.forecasts.push_back(Describe(r, *s.forecast[r]));
  }
  return out;
}

std::optional<double> ReactiveDemand(const Situation& s, Resource resource) {
  if (s.shards == 0 || !s.capacity.binds()[resource]) return std::nullopt;
  const double usable =
      s.capacity.Dependable(resource, s.shards, s.AchievableImbalance()[resource]);
  return usable * ReactiveLimit(s) / s.policy.target_utilisation;
}

}  // namespace tidewright::planner
