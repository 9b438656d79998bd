// What people are told: few alerts, each with cause and remedy.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/time.h"

namespace tidewright {

enum class Severity { kInfo, kWarning, kCritical };
[[nodiscard]] const char* SeverityName(Severity severity);  ///< "info", "warning", "critical"

struct Alert {
  std::string name;  ///< "TidewrightCapacityWillBeShort": the mixin's names
  Severity severity = Severity::kWarning;
  std::map<std::string, std::string> labels;  ///< with the name its identity: cluster, action
  /// summary, description, since, runbook_url, and what the alert is about: crossing, forecast,
  /// reason, recommendation, command, remedy, nodes, error. Times are absolute and in wall time.
  std::map<std::string, std::string> annotations;
  WallTime since;

  friend bool operator==(const Alert&, const Alert&) = default;
};

}  // namespace tidewright
