// What people are told: few alerts, each with cause and remedy.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/time.h"

namespace tidewright {

enum class Severity { kInfo, kWarning, kCritical };
[[nodiscard]] const char* SeverityName(Severity severity);

struct Alert {
  std::string name;  ///< "TidewrightCapacityWillBeShort": the mixin's names
  Severity severity = Severity::kWarning;
  std::map<std::string, std::string> labels;       ///< identity: cluster, resource
  std::map<std::string, std::string> annotations;  ///< summary, description, runbook_url, remedy
  WallTime since;

  friend bool operator==(const Alert&, const Alert&) = default;
};

}  // namespace tidewright
