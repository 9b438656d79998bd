// Sees that the kill switch was thrown or cleared, by whomever and whenever, and writes it into the
// audit log: the switch itself works without the journal.
#pragma once

#include <optional>
#include <string>

#include "core/status.h"
#include "journal/journal.h"
#include "journal/stop_file.h"

namespace tidewright {

/// Not thread-safe: belongs to the control cycle.
class StopWatch {
 public:
  StopWatch(const StopSwitch& stop, Journal& journal) : switch_(stop), journal_(journal) {}

  /// What was audited last, so that a change while the controller was down is audited too.
  Status Load();
  /// Also to be called where nothing can be written: the notice is right, the error is told once
  /// more the next time.
  std::optional<StopNotice> Look(WallTime now, Status& audited);

 private:
  const StopSwitch& switch_;
  Journal& journal_;
  std::string audited_;  ///< path and time of the throw that was audited last; empty: cleared
};

}  // namespace tidewright
