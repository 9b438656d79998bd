#include "tests/faults/cases.h"

namespace tidewright::faults {

const char* FaultName(FaultKind kind) {
  switch (kind) {
    case FaultKind::kNone:
      return "none";
    case FaultKind::kControllerAtBoundary:
      return "controller SIGKILL, journal boundary";
    case FaultKind::kControllerAtRandom:
      return "controller SIGKILL, random instants";
    case FaultKind::kServerKill:
      return "SIGKILL, failed over";
    case FaultKind::kServerCrash:
      return "SIGKILL, back at once";
    case FaultKind::kServerStop:
      return "SIGSTOP 2.5 s";
    case FaultKind::kServerFreeze:
      return "SIGSTOP, failed over";
    case FaultKind::kDelay:
      return "proxy: delays";
    case FaultKind::kReset:
      return "proxy: resets";
    case FaultKind::kSilence:
      return "proxy: silence";
    case FaultKind::kDiskFull:
      return "journal: disk full";
    case FaultKind::kDiskSlow:
      return "journal: slow disk";
  }
  return "unknown";
}

bool OfServer(FaultKind kind) {
  return kind == FaultKind::kServerKill || kind == FaultKind::kServerCrash ||
         kind == FaultKind::kServerStop || kind == FaultKind::kServerFreeze;
}

bool OfNetwork(FaultKind kind) {
  return kind == FaultKind::kDelay || kind == FaultKind::kReset || kind == FaultKind::kSilence;
}

std::string Case::FaultText() const {
  const std::string name = FaultName(kind);
  return victim.empty() ? name : victim + " " + name;
}

std::string Case::PhaseText() const {
  if (!phase.empty()) return phase;
  return goal == 4 ? "scale-out" : "scale-in";
}

}  // namespace tidewright::faults
