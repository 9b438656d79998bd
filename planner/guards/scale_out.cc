#include <algorithm>

#include "planner/explain.h"
#include "planner/guards/guard.h"

namespace tidewright::planner::guards {

Verdict Maximum(const Situation& s, const Proposal& p) {
  const int limit = std::min(s.policy.max_shards, s.input.topology.partition_count);
  if (p.to <= limit) return Pass(p);
  return Weaken(std::max(p.from, limit), ReasonCode::kAtMaximum,
                fmt::format("{} would be needed; max_shards is {}", Shards(p.to), limit));
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
