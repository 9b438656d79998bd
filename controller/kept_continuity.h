// What was known of the world when it was last looked at, over restarts.
#pragma once

#include <string>

#include "core/status.h"
#include "history/history.h"
#include "planner/continuity.h"

namespace tidewright {

/// Not thread-safe: belongs to the control cycle.
class KeptContinuity {
 public:
  KeptContinuity(const std::string& cluster, History& history);

  /// What cannot be read is as if nobody had looked before.
  Status Load();
  [[nodiscard]] const Continuity& Get() const { return now_; }
  /// Durable when something but the time of the look has changed, and else after each `step`.
  Status Keep(Continuity continuity, Duration step);

 private:
  SeriesKey key_;
  History& history_;
  Continuity now_;
  Continuity kept_;
};

}  // namespace tidewright
