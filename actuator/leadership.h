// Who may change a cluster where several controllers could run. Implemented in journal/ (etcd) and
// stores/ (by what the store's own servers show).
#pragma once

#include <optional>
#include <string>

#include "core/reason.h"
#include "core/status.h"

namespace tidewright {

/// Thread-safe.
class Leadership {
 public:
  virtual ~Leadership() = default;

  /// Looks again; blocks for some seconds at the most. Absent: this controller is the one. Else why
  /// nothing may begin.
  virtual std::optional<Reason> Look() = 0;

  /// Before an action begins or goes on: looks again, and leaves a mark where the others look, if
  /// there is such a place. Returns what tells this term from every other one, for the audit log;
  /// an error when this controller is not the one.
  virtual StatusOr<std::string> Begin(const std::string& action_id) = 0;

  /// Nothing of ours is under way: what Begin took may go to others.
  virtual void End() {}

  /// Before each command that changes anything; never blocks. kCancelled, with a message that
  /// begins with kLeadLost, as soon as another controller might be the one.
  [[nodiscard]] virtual Status MayWrite() const = 0;

  /// Before something is begun that the same controller must bring to an end, such as opening
  /// slots: as MayWrite, and says no while there is still time for that end.
  [[nodiscard]] virtual Status MayOpen() const { return MayWrite(); }

  static constexpr char kLeadLost[] = "this controller may no longer be the only one: ";
};

}  // namespace tidewright
