// What a decision rests on, in the words of the plan. Internal to the planner.
#pragma once

#include <optional>

#include "planner/plan.h"
#include "planner/situation.h"

namespace tidewright::planner {

/// Of the present size until a proposal says otherwise; nothing in it depends on the plan's kind.
[[nodiscard]] PlanBasis MakeBasis(const Situation& situation);

/// Observed demand of a resource that adds shards whatever is forecast; absent while no shard or no
/// capacity is known.
[[nodiscard]] std::optional<double> ReactiveDemand(const Situation& situation, Resource resource);

}  // namespace tidewright::planner
