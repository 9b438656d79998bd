// Whether the world went on as we left it: a topology that somebody else changed, a clock that was
// set. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"

namespace tidewright {

/// A regular value that the planner's caller keeps between cycles.
struct Continuity {
  std::string fingerprint;  ///< of the topology when it was last looked at; empty: never
  std::optional<WallTime> looked;
  bool in_flight = false;                  ///< an action of ours ran then
  std::optional<WallTime> foreign_change;  ///< when the newest was found
  std::optional<WallTime> clock_jump;      ///< likewise, by the clock after it
  /// Since when hits are too few and keys are evicted, whenever that could be told.
  std::optional<WallTime> hits_low_since = {};
  /// Where it is asked for: the nodes by id, and since when each is there; nothing where it was
  /// there before anybody looked.
  std::map<std::string, std::optional<WallTime>> nodes = {};

  friend bool operator==(const Continuity&, const Continuity&) = default;
};

struct Look {
  std::string fingerprint;
  bool in_flight = false;
  std::optional<WallTime> last_action_ended;
  WallTime now;
  Duration step{0};  ///< what ended a step ago or less may not have been seen until now
  std::vector<std::string> nodes{};  ///< ids; empty: nobody wants to know since when they are there
  Duration provisioning{0};          ///< how long a node of ours was there before it was seen
  std::optional<bool> hits_low{};    ///< nothing: it cannot be told now
};

/// A change of the fingerprint is ours while an action runs and until the first look after it, and
/// for one step after it ended. The clock jumped when it went back by more than a step, or on by
/// more than three (and half an hour): nobody can tell that from nobody having looked.
[[nodiscard]] Continuity After(const Continuity& before, const Look& look);

/// Versioned text for keeping, and back. kDataLoss where it is no such thing.
[[nodiscard]] std::string EncodeContinuity(const Continuity& continuity);
[[nodiscard]] StatusOr<Continuity> DecodeContinuity(const std::string& text);

}  // namespace tidewright
