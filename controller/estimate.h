// When the action under way will be complete. Pure.
#pragma once

#include <optional>
#include <string>

#include "actuator/action.h"
#include "actuator/executor.h"
#include "core/time.h"

namespace tidewright {

/// Partitions that the plan moves.
[[nodiscard]] int PartitionsToMove(const Plan& plan);

class ProgressEstimate {
 public:
  /// Each durable state of an action, in wall time.
  void Observe(const ActionRecord& record, WallTime now);
  /// From the pace since moving began or was resumed, from the plan's lead time before that. Absent
  /// while nobody can tell: paused, on its way back, or later than planned without a partition
  /// moved.
  [[nodiscard]] std::optional<WallTime> End(const ActionRecord& record,
                                            const ActionProgress& progress, WallTime now) const;

 private:
  std::string action_;
  std::optional<WallTime> since_;
  int moved_ = 0;  ///< by then
};

}  // namespace tidewright
