// How many shards there should be, as any policy says it: ours or a baseline. Replay and shadow ask
// all of them the same question.
#pragma once

#include <string>

#include "core/series.h"
#include "planner/sizing/move_model.h"

namespace tidewright {

/// What a policy works within; the same for all that are compared.
struct ScalingTerms {
  double shard_capacity = 1;  ///< at full use, in the unit of demand
  int fewest = 1;
  int most = 64;
  Duration step = std::chrono::minutes(5);  ///< of demand and of decisions
  MoveModel moves;
};

/// The end of a step at which no move is under way.
struct ScalingQuestion {
  const Series&
      demand;      ///< observed so far, at terms.step; the last value is of the step that ended
  int shards = 1;  ///< that serve
};

/// Not thread-safe: one for each run. Questions come in the order of time; between two of them
/// demand grows by one step or more (while a move is under way nobody asks).
class ScalingPolicy {
 public:
  virtual ~ScalingPolicy() = default;
  [[nodiscard]] virtual std::string Name() const = 0;
  /// Once, before the first question: what was observed before it, to be tuned on.
  virtual void Learn(const Series& /*history*/) {}
  /// fewest…most; the present size is "do nothing".
  [[nodiscard]] virtual int Shards(const ScalingQuestion& question) = 0;
};

}  // namespace tidewright
