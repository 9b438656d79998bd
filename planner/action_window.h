// Times in which the policy allows less, or some things only then. Pure.
#pragma once

#include <optional>
#include <string>

#include "core/time.h"

namespace tidewright {

enum class WindowRule {
  kNoActions,    ///< nothing begins
  kNoScaleIn,    ///< nothing is removed
  kNoScaleOut,   ///< nothing is added: down only
  kMaintenance,  ///< where there is one, what is not urgent (scale-in, rebalance) begins in it
                 ///< alone
};
/// "no_actions", "no_scale_in", "no_scale_out", "maintenance"
[[nodiscard]] const char* WindowRuleName(WindowRule rule);

/// Weekly, in UTC. A hold is kNoActions at all times until it expires.
struct ActionWindow {
  static constexpr unsigned kAllDays = 0x7f;
  static constexpr int kDayMinutes = 24 * 60;

  WindowRule rule = WindowRule::kNoActions;
  unsigned days = kAllDays;            ///< on which it begins: bit 0 is Monday
  int from_minute = 0;                 ///< of the day
  int to_minute = kDayMinutes;         ///< not included; not above from_minute: on the next day
  std::optional<WallTime> until = {};  ///< expires; absent: never
  std::string comment = {};            ///< who wanted it, and why

  friend bool operator==(const ActionWindow&, const ActionWindow&) = default;
};

[[nodiscard]] bool Expired(const ActionWindow& window, WallTime now);
[[nodiscard]] bool Covers(const ActionWindow& window, WallTime now);
/// "no_scale_in mon,tue 08:00-20:00 until 2027-01-31T00:00:00Z: quarter close"
[[nodiscard]] std::string ToString(const ActionWindow& window);
/// The same back; "daily", "always" and ranges of days ("mon-fri") may stand for days and times,
/// and "hold until TIME: comment" for no_actions always. kInvalidArgument says what is wrong.
[[nodiscard]] StatusOr<ActionWindow> ParseWindow(const std::string& text);

/// What a person said while the controller runs: nothing begins until then. Kept in the journal.
struct PersonHold {
  std::string id;  ///< "h-1", …
  std::string who;
  std::string why;
  WallTime since;
  WallTime until;

  [[nodiscard]] bool Active(WallTime now) const { return now < until; }
  friend bool operator==(const PersonHold&, const PersonHold&) = default;
};
/// "h-1 until 2027-01-31T00:00:00Z by ann: quarter close"
[[nodiscard]] std::string ToString(const PersonHold& hold);

}  // namespace tidewright
