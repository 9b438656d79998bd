#include "planner/continuity.h"

#include <algorithm>

namespace tidewright {
namespace {

constexpr Duration kShortestGap = std::chrono::minutes(30);

bool IsOurs(const Continuity& before, const Look& look) {
  if (look.in_flight || before.in_flight) return true;
  if (!look.last_action_ended) return false;
  if (before.looked && *look.last_action_ended > *before.looked) return true;
  return std::chrono::abs(look.now - *look.last_action_ended) <= look.step;
}

// By a clock that was set back it would lie ahead, and last longer than it should.
void Rebase(std::optional<WallTime>& found, WallTime now) {
  if (found) found = std::min(*found, now);
}

}  // namespace

Continuity After(const Continuity& before, const Look& look) {
  Continuity after = before;
  after.fingerprint = look.fingerprint;
  after.looked = look.now;
  after.in_flight = look.in_flight;
  Rebase(after.foreign_change, look.now);
  Rebase(after.clock_jump, look.now);
  if (!before.fingerprint.empty() && before.fingerprint != look.fingerprint &&
      !IsOurs(before, look)) {
    after.foreign_change = look.now;
  }
  if (before.looked) {
    const Duration passed = look.now - *before.looked;
    if (passed < -look.step || passed > std::max(3 * look.step, kShortestGap)) {
      after.clock_jump = look.now;
    }
  }
  return after;
}

}  // namespace tidewright
