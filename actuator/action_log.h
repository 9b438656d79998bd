// Where the executor makes its intents durable. Implemented by journal/, faked in tests.
#pragma once

#include <map>
#include <string>

#include "actuator/action.h"
#include "core/status.h"

namespace tidewright {

/// Thread-safe. Every call is durable before it returns OK.
class ActionLog {
 public:
  virtual ~ActionLog() = default;

  virtual Status SaveAction(const ActionRecord& record) = 0;
  virtual Status SaveNote(const std::string& action_id, const std::string& key,
                          const std::string& value) = 0;
  virtual StatusOr<std::map<std::string, std::string>> Notes(
      const std::string& action_id) const = 0;
};

}  // namespace tidewright
