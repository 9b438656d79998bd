// The simulated store that every policy, baseline and optimum is judged in ("replay model 1"): one
// resource, identical nodes, data spread evenly, moves that cannot be interrupted. Plain
// arithmetic.
#pragma once

#include <functional>
#include <vector>

#include "core/series.h"
#include "core/status.h"
#include "planner/sizing/move_walk.h"

namespace tidewright::replay {

/// What the store is made of. A node serves node_capacity of demand in each step.
struct StoreModel {
  double node_capacity = 1;  ///< Q, the trace's unit
  int min_nodes = 1;
  int max_nodes = 64;  ///< Z; sizes are min…Z
  Duration step = std::chrono::minutes(5);
  MoveModel moves;
  int first = 0;        ///< the first step that is judged; what lies before it is history
  int start_nodes = 1;  ///< serving at the beginning of step `first`

  [[nodiscard]] double StepHours() const { return Seconds(step) / 3600; }
};

struct StoreOptions {
  double node_capacity = 0;  ///< 0: (the trace's 99.5th percentile) / 12, its maximum if that is 0
  int min_nodes = 1;
  int max_nodes = 0;  ///< 0: min(64, ⌈maximum / Q⌉ + 2), min_nodes at least
  Duration full_migration_time = std::chrono::hours(4);
  Duration provisioning_time = std::chrono::minutes(5);
};
/// The model for a trace. Judged from day 14 of 28 or more, day 7 of 14 or more, else from the
/// middle. kInvalidArgument where the trace has gaps, negative values, fewer than 4 steps, more
/// than kMostSteps, or no demand at all.
inline constexpr std::size_t kMostSteps = 500'000;
[[nodiscard]] StatusOr<StoreModel> ModelFor(const Series& trace, const StoreOptions& options);

/// A move that was decided at the end of step `decided`.
struct Move {
  int decided = 0;
  int from = 0;
  int to = 0;
};

/// What a run came to, over the judged steps.
struct Outcome {
  double node_hours = 0;      ///< during a move the larger of both sizes is billed
  double unserved_hours = 0;  ///< node-hours of demand above capacity
  int steps = 0;
  int violating = 0;        ///< steps with demand above capacity
  int episodes = 0;         ///< violating steps no more than 30 minutes apart count as one
  double demand_hours = 0;  ///< node-hours of demand
  std::vector<Move> moves;

  /// J = node-hours + penalty × unserved node-hours.
  [[nodiscard]] double Cost(double penalty) const { return node_hours + penalty * unserved_hours; }
  [[nodiscard]] double ViolatingShare() const { return steps > 0 ? double(violating) / steps : 0; }
  [[nodiscard]] double UnservedShare() const {
    return demand_hours > 0 ? unserved_hours / demand_hours : 0;
  }
};

/// One judged step as it was served.
struct ServedStep {
  int index = 0;
  double capacity = 0;  ///< the trace's unit
  int billed = 0;       ///< nodes
};

/// Asked at the end of step t while no move is under way: how many nodes there should be.
using Decide = std::function<int(int t, int nodes)>;
/// How a move that is decided at the end of step t will go.
using SetOut = std::function<void(int t, int from, int to, MoveCourse& course)>;
/// Runs the trace through the store. Answers outside min…Z are clamped. `decided` and `served`,
/// where given, are told every answer and every judged step; `set_out`, where given, makes moves go
/// otherwise than the model says.
[[nodiscard]] Outcome Run(const Series& trace, const StoreModel& store, const Decide& decide,
                          const std::function<void(int t, int target)>& decided = {},
                          const std::function<void(const ServedStep&)>& served = {},
                          const SetOut& set_out = {});

/// Counts violating steps into episodes.
class Episodes {
 public:
  explicit Episodes(Duration step) : apart_(std::chrono::minutes(30) / step) {}
  void Violated(int t);
  [[nodiscard]] int count() const { return count_; }

 private:
  Duration::rep apart_;
  int last_ = 0;
  int count_ = 0;
};

}  // namespace tidewright::replay
