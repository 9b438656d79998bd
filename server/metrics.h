// What Prometheus sees. Names and labels are a contract with dashboards/ and with people's own
// rules.
#pragma once

#include <memory>
#include <string>

#include "core/time.h"
#include "server/controller_api.h"

namespace tidewright {

/// Thread-safe.
class MetricsExporter {
 public:
  MetricsExporter();
  ~MetricsExporter();

  /// Into tidewright_cycle_duration_seconds.
  void ObserveCycle(const std::string& cluster, Duration took);
  /// Text exposition format 0.0.4. A figure that is not known is absent, never zero.
  [[nodiscard]] std::string Expose(const ControllerView& view) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tidewright
