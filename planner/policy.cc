#include "planner/policy.h"

namespace tidewright {

const char* ModeName(Mode mode) {
  switch (mode) {
    case Mode::kObserve:
      return "observe";
    case Mode::kApprove:
      return "approve";
    case Mode::kAuto:
      return "auto";
  }
  return "unknown";
}

std::optional<Mode> ParseMode(const std::string& name) {
  for (Mode mode : {Mode::kObserve, Mode::kApprove, Mode::kAuto}) {
    if (name == ModeName(mode)) return mode;
  }
  return std::nullopt;
}

}  // namespace tidewright
