// Whether an action may begin that no person asked for: the breaker after repeated failures, and
// limits of rate. Pure. What a person approved is held back by neither.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actuator/action.h"
#include "core/reason.h"
#include "core/time.h"
#include "planner/policy.h"

namespace tidewright {

/// Who cancels an action in the name of the store's health; such an end counts as a failure.
inline constexpr char kHealthActor[] = "health watch";

/// What is remembered of an action.
struct PastAction {
  std::string id;
  PlanKind kind = PlanKind::kNone;
  WallTime created;
  WallTime ended;
  bool open = true;
  bool failed = false;  ///< failed, or rolled back without a person having asked for it
  bool done = false;
  int nodes_added = 0;  ///< that its plan adds
  std::string error;
};
[[nodiscard]] PastAction Brief(const ActionRecord& record);

struct BreakerState {
  bool open = false;
  WallTime since;     ///< of the newest failure
  WallTime probe_at;  ///< from then on one action may begin by itself, to see
  int failures = 0;   ///< within the window, when it opened or now
  std::string last_error;

  [[nodiscard]] bool Holds(WallTime now) const { return open && now < probe_at; }
};
/// `actions` in the order in which they ended. It opens at the policy's number of failures within
/// its window. A person's reset closes it, as does an action that ends well; a failed probe lets
/// the cool-off begin anew. Whatever was before `reset` is forgotten.
[[nodiscard]] BreakerState Breaker(const std::vector<PastAction>& actions,
                                   std::optional<WallTime> reset, const Policy& policy,
                                   WallTime now);
[[nodiscard]] std::optional<Reason> BreakerHold(const BreakerState& breaker, WallTime now);

/// Whether the policy's rates leave room for this plan. A scale-out is counted against other
/// scale-outs alone: decreases never stand in its way.
[[nodiscard]] std::optional<Reason> RateHold(const Plan& plan,
                                             const std::vector<PastAction>& actions,
                                             const Policy& policy, WallTime now);

}  // namespace tidewright
