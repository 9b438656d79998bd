// How long auto mode leaves a cluster alone after actions that did not end well. Pure.
#pragma once

#include <optional>
#include <vector>

#include "actuator/action.h"
#include "core/time.h"

namespace tidewright {

/// 5 minutes after one failure, doubled by each further one in a row, at most 2 hours.
class FailureBackoff {
 public:
  void Ended(const ActionRecord& record);
  /// Until when nothing is started that no person asked for.
  [[nodiscard]] std::optional<WallTime> Until() const;
  [[nodiscard]] int failures_in_a_row() const { return failures_; }

 private:
  int failures_ = 0;
  WallTime last_;
};

}  // namespace tidewright
