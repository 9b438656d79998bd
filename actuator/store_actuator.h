// What a store must be able to do so that plans can be applied to it. Implemented in stores/.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actuator/action.h"
#include "core/status.h"
#include "core/time.h"
#include "core/topology.h"
#include "planner/plan.h"

namespace tidewright {

/// What a step may ask of its surroundings. Lives as long as the call.
class StepContext {
 public:
  virtual ~StepContext() = default;

  /// Asked before each command that changes the store: then return kCancelled at the next point at
  /// which the store is safe to be left alone (no slot open).
  [[nodiscard]] virtual bool StopRequested() const = 0;
  /// Durable before it returns. Notes belong to the action and are seen by all of its steps.
  [[nodiscard]] virtual Status SaveNote(const std::string& key, const std::string& value) = 0;
  [[nodiscard]] virtual std::optional<std::string> Note(const std::string& key) const = 0;
  /// What was moved since the last call. For people and metrics only.
  virtual void Progress(int partitions_moved, double keys_moved, double bytes_moved) = 0;
};

enum class StepCheck {
  kReady,  ///< may be done now
  kDone,   ///< the live store shows that it already is
};

/// Calls block, one at a time for one cluster. Errors: transient ones (IsTransient) are tried again
/// with backoff; kCancelled stops at a safe boundary; kFailedPrecondition ends the attempt to go
/// forward, as does every other code: what was done is undone; kDataLoss stops everything and calls
/// a person. An exception counts as kInternal.
class StoreActuator {
 public:
  virtual ~StoreActuator() = default;

  /// The steps of a plan, or why it cannot be executed on the store as it is.
  virtual StatusOr<std::vector<Step>> Expand(const Plan& plan, const Topology& topology) = 0;
  /// Re-derived from the live store alone.
  virtual StatusOr<StepCheck> Check(const Step& step, StepContext& context) = 0;
  /// Idempotent: also right when an earlier attempt was cut off anywhere.
  virtual Status Do(const Step& step, StepContext& context) = 0;
  /// Makes the store as if the step had not been; idempotent. kFailedPrecondition when it cannot.
  virtual Status Undo(const Step& step, StepContext& context) = 0;
  /// Sees on the live store that the step holds.
  virtual Status Verify(const Step& step, StepContext& context) = 0;
};

}  // namespace tidewright
