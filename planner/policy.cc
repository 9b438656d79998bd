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

const char* SurviveLossName(SurviveLoss loss) {
  switch (loss) {
    case SurviveLoss::kNone:
      return "none";
    case SurviveLoss::kHost:
      return "host";
    case SurviveLoss::kZone:
      return "zone";
  }
  return "unknown";
}

std::optional<SurviveLoss> ParseSurviveLoss(const std::string& name) {
  for (SurviveLoss loss : {SurviveLoss::kNone, SurviveLoss::kHost, SurviveLoss::kZone}) {
    if (name == SurviveLossName(loss)) return loss;
  }
  return std::nullopt;
}

}  // namespace tidewright
