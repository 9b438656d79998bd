// What an action taught about lead times. Pure.
#pragma once

#include <optional>
#include <string>

#include "actuator/action.h"
#include "core/status.h"
#include "core/time.h"
#include "planner/planner.h"

namespace tidewright {

/// Watches one action's records as they change.
class ExperienceWatch {
 public:
  /// `now` in wall time. Returns what was learned when the action has just ended well.
  std::optional<MoveExperience> Observe(const ActionRecord& record, WallTime now);

 private:
  std::string action_id_;
  WallTime started_;
  std::optional<WallTime> first_move_;
  std::optional<WallTime> last_move_;
};

/// Old and new figures half and half, so that one odd action does not rule.
[[nodiscard]] MoveExperience Blend(const MoveExperience& old, const MoveExperience& fresh);
[[nodiscard]] std::string ToJson(const MoveExperience& experience);
[[nodiscard]] StatusOr<MoveExperience> ParseExperience(const std::string& json);

}  // namespace tidewright
