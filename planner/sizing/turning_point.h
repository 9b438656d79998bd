// At which demand a schedule would begin otherwise. Pure. Internal to the planner.
#pragma once

#include <optional>

#include "planner/plan.h"
#include "planner/sizing/capacity_schedule.h"

namespace tidewright::planner {

/// The factor on all demand, nearest to 1 and between 1 and `farthest`, at which the cheapest
/// schedule goes to more shards than `to` now (`farthest` above 1) or to fewer (below 1), to a
/// hundredth; nothing where even `farthest` does not turn it. Solves eight schedules at most.
[[nodiscard]] std::optional<TurningPoint> FindTurningPoint(const ScheduleProblem& problem, int to,
                                                           double farthest);

}  // namespace tidewright::planner
