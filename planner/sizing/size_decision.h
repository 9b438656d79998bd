// The size that is cheapest for what may come: the schedule over forecast and analogues, mixed by
// what their promises came to. Internal to the planner.
#pragma once

#include <array>
#include <optional>

#include "core/time.h"
#include "planner/plan.h"
#include "planner/sizing/capacity_schedule.h"
#include "planner/sizing/forecast_gate.h"

namespace tidewright::planner {

struct Situation;

struct SizeDecision {
  int to = 0;  ///< shards to go to now; the present size is "stay"
  CapacitySchedule schedule;
  std::array<double, kOpinions> shares{};  ///< of the opinions in the risk that was planned for
  int analogues = 0;                       ///< similar past times that were found
  Duration seen{0};                        ///< observed demand that they were looked for in
  Duration horizon{0};
  Duration step{0};
  std::optional<TurningPoint> more;  ///< where PlanInput::explain asks for it
  std::optional<TurningPoint> less;
  /// Of the shard that would leave first, were it to leave now: what it is paid for then. Absent
  /// where shards are billed by the second, or nobody knows since when they are.
  std::optional<WallTime> paid_until;

  /// What a choice costs more than the cheapest one, in shard-hours.
  [[nodiscard]] double Regret(int shards) const;
  /// What a choice pays for shards that leave before their paid time is over, in shard-hours.
  [[nodiscard]] double Unused(int shards) const;
};

/// Settles and notes the gate's promises on the way. Nothing where neither a forecast nor enough
/// recent demand is known, or no resource binds.
[[nodiscard]] std::optional<SizeDecision> DecideSize(const Situation& situation,
                                                     ForecastGate& gate);

}  // namespace tidewright::planner
