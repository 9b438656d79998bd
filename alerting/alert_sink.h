// Where alerts go.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "core/clock.h"
#include "core/status.h"

namespace tidewright {

/// Not thread-safe.
class AlertSink {
 public:
  virtual ~AlertSink() = default;
  /// The alerts firing now; those that were in the set before and are not any more are resolved.
  /// Re-sends by itself what its receiver needs to hear again. Bounded in time. An error means that
  /// the receiver has not heard all of it; the next Push tries again.
  virtual Status Push(const std::vector<Alert>& firing, MonoTime now) = 0;
};

/// Alertmanager's v2 API: POST <url>/api/v2/alerts, at once when an alert begins, changes or ends,
/// else every `resend` while one fires; at most 3 s a call.
///
/// Labels sent: alertname, severity, source="controller" (so that they are not taken for those of
/// the Prometheus rules of the same names) and the alert's own. Times sent are real ones, whatever
/// the wall clock's speed: startsAt is the clock's real wall time less the monotonic time since
/// this sink first saw the alert (the alert's own `since` is in its annotations); endsAt lies 4 ×
/// resend ahead while it fires, so that alerts of a controller that died end by themselves, and is
/// the time at which it ended afterwards.
[[nodiscard]] std::unique_ptr<AlertSink> MakeAlertmanagerSink(std::string url, Duration resend,
                                                              Clock& clock);

}  // namespace tidewright
