#include <algorithm>
#include <array>

#include "planner/explain.h"
#include "planner/guards/guard.h"

namespace tidewright::planner::guards {
namespace {

using std::chrono::days;

// What may be spent until when, and what was.
struct Allowance {
  const char* name;
  Money most;
  Money spent;
  double hours_left = 0;  ///< that an increase must fit into
};

double Hours(Duration d) { return Seconds(d) / 3600; }

std::array<Allowance, 2> Allowances(const Situation& s, double nodes) {
  const WallTime now = s.input.now;
  const auto today = std::chrono::floor<days>(now);
  const std::chrono::year_month_day date(today);
  const std::chrono::sys_days month(date.year() / date.month() / 1);
  const std::chrono::sys_days next_month(date.year() / date.month() / std::chrono::last);
  const Duration of_month = next_month + days(1) - now;
  const Money rate = s.policy.price_per_node_hour * nodes;
  const SpentSoFar spent = s.input.state.spent.value_or(
      SpentSoFar{.today = rate * Hours(now - today), .this_month = rate * Hours(now - month)});
  return {{{"budget_per_day", s.policy.budget_per_day, spent.today, Hours(today + days(1) - now)},
           {"budget_per_month", s.policy.budget_per_month, spent.this_month,
            Hours(std::min<Duration>(of_month, days(1)))}}};
}

}  // namespace

Verdict Budget(const Situation& s, const Proposal& p) {
  if (p.emergency && s.policy.emergency_ignores_budget) return Pass(p);
  const auto nodes = static_cast<double>(s.input.topology.Nodes().size());
  const auto committed = static_cast<double>(s.policy.billing.committed);
  const auto cost = [&](const Allowance& a, int to) {
    const double more = static_cast<double>(to - p.from) * (1 + s.policy.replicas_per_shard);
    return a.spent +
           s.policy.price_per_node_hour * (std::max(nodes + more, committed) * a.hours_left);
  };
  for (const Allowance& a : Allowances(s, nodes)) {
    if (a.most <= Money{} || cost(a, p.to) <= a.most) continue;
    int to = p.to;
    // The floor is a bound of the plan: no budget goes below it.
    const int least = std::clamp(s.policy.min_shards, p.from, p.to);
    while (to > least && cost(a, to) > a.most) --to;
    if (to == p.to) continue;
    return Weaken(to, ReasonCode::kBudget,
                  fmt::format("{} would bring what is spent to {}, {} is {}", Shards(p.to),
                              ToString(cost(a, p.to), s.policy.currency), a.name,
                              ToString(a.most, s.policy.currency)));
  }
  return Pass(p);
}

Verdict Maximum(const Situation& s, const Proposal& p) {
  const int most = p.emergency ? s.policy.hard_max_shards : s.policy.max_shards;
  const int limit = std::min(most, s.input.topology.partition_count);
  if (p.to <= limit) return Pass(p);
  const bool hard = p.emergency && s.policy.hard_max_shards > s.policy.max_shards;
  return Weaken(std::max(p.from, limit), ReasonCode::kAtMaximum,
                fmt::format("{} would be needed; {} is {}", Shards(p.to),
                            hard ? "hard_max_shards" : "max_shards", limit));
}

// A forecast that is hardly better than a guess may ask for one shard more than what is observed
// asks for, and only while something is observed.
Verdict PoorForecast(const Situation& s, const Proposal& p) {
  const bool by_forecast = std::any_of(p.reasons.begin(), p.reasons.end(), [](const Reason& r) {
    return r.code == ReasonCode::kForecastExceedsCapacity;
  });
  if (!by_forecast || s.ForecastTrust() >= Trust::kFair) return Pass(p);
  const Demand observed = s.ObservedDemand();
  const bool seen = std::any_of(observed.values.begin(), observed.values.end(),
                                [](const auto& d) { return d.has_value(); });
  const int now = std::max({s.capacity.ShardsFor(observed), p.from, s.policy.min_shards});
  const int allowed = seen ? now + 1 : p.from;
  if (p.to <= allowed) return Pass(p);
  return Weaken(allowed, ReasonCode::kForecastUntrusted,
                fmt::format("{} are forecast to be needed, but there is too little history or too "
                            "large an error to trust that; what is observed needs {}",
                            Shards(p.to), Shards(s.capacity.ShardsFor(observed))));
}

}  // namespace tidewright::planner::guards
