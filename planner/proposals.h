// Which size the demand asks for, before any guard is asked. Internal to the planner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "planner/guards.h"
#include "planner/situation.h"

namespace tidewright::planner {

/// More shards, because the forecast passes usable capacity before they could be there, because
/// what is observed passes it now, or because there are fewer than the minimum. `rejections`
/// receives what more shards would not cure.
[[nodiscard]] std::optional<Proposal> ProposeScaleOut(const Situation& situation,
                                                      std::vector<Reason>& rejections);

/// Share of full capacity above which observed demand adds shards by itself: higher where there is
/// a trusted forecast, the target where there is none.
[[nodiscard]] double ReactiveLimit(const Situation& situation);

/// The same shards with their partitions spread anew, because a shard bears more than its share and
/// passes what it may bear, while all together would not: when that is seen since kSettledRounds
/// (at once where a shard is at its limit) and gains enough. `rejections` receives why not yet.
[[nodiscard]] std::optional<Proposal> ProposeRebalance(const Situation& situation,
                                                       std::vector<Reason>& rejections);

/// The fewest shards that bear, with slack, what is forecast for the whole scale-in window and the
/// time it takes to come back. `rejections` receives the decrease that only the present would
/// allow.
[[nodiscard]] std::optional<Proposal> ProposeScaleIn(const Situation& situation,
                                                     std::vector<Reason>& rejections);

/// By what the memory of a cache is sized; nothing where it is none, or nobody named its memory.
[[nodiscard]] std::optional<Reason> CacheReason(const Situation& situation);

/// Why `to` shards suffice.
[[nodiscard]] Reason ScaleInReason(const Situation& situation, int to);

/// The time that a scale-in to `to` shards must be right for.
[[nodiscard]] Duration ScaleInWindow(const Situation& situation, int to);

/// That there is none of a resource, and why where it is known.
[[nodiscard]] Reason NoForecast(const Situation& situation, Resource resource);

/// "demand is forecast (p95) to reach 11,200 RU/s by 08:40", or what is observed where that is more
/// or all there is.
[[nodiscard]] std::string DemandText(const Situation& situation, Resource resource,
                                     Duration window);

}  // namespace tidewright::planner
