// Rules that can weaken or veto an action and never strengthen one. Each is pure and says why.
// Internal to the planner.
#pragma once

#include <optional>
#include <vector>

#include "core/reason.h"
#include "planner/plan.h"
#include "planner/situation.h"

namespace tidewright::planner {

/// A change of size that the demand asks for.
struct Proposal {
  PlanKind kind = PlanKind::kNone;
  int from = 0;
  int to = 0;
  bool emergency = false;
  std::vector<Reason> reasons;

  [[nodiscard]] int step() const { return to > from ? to - from : from - to; }
};

/// The shards that are left of the proposal, and what was said against it.
struct Judgement {
  int to = 0;
  std::vector<Reason> objections;
  bool vetoed = false;
};
[[nodiscard]] Judgement Judge(const Situation& situation, const Proposal& proposal);

/// Why the cluster cannot bear moves of its partitions; absent when it can.
[[nodiscard]] std::optional<Reason> MovesImpossible(const Topology& topology);

/// A decrease must leave this much of its usable capacity: 1 − scale_in_slack.
[[nodiscard]] double HighestFillAfterScaleIn(const Policy& policy);

}  // namespace tidewright::planner
