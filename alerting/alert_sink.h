// Where alerts go.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alerting/alert.h"
#include "core/clock.h"
#include "core/status.h"

namespace tidewright {

class AlertSink {
 public:
  virtual ~AlertSink() = default;
  /// The alerts firing now; those that were in the set before and are not any more are resolved.
  /// Re-sends by itself what its receiver needs to hear again. Bounded in time.
  virtual Status Push(const std::vector<Alert>& firing, MonoTime now) = 0;
};

/// Alertmanager's v2 API: POST <url>/api/v2/alerts. Wall times sent are real ones.
[[nodiscard]] std::unique_ptr<AlertSink> MakeAlertmanagerSink(std::string url, Duration resend,
                                                              Clock& clock);

}  // namespace tidewright
