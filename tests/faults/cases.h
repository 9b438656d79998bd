// What is done to whom, when: one fault in one leg (3 → 4 shards, or 4 → 3) of a real cluster.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/time.h"

namespace tidewright::faults {

enum class FaultKind {
  kNone,
  kControllerAtBoundary,  ///< SIGKILL before or after one of its saves
  kControllerAtRandom,    ///< SIGKILL at instants of the seed's choice, up to three in a leg
  kServerKill,            ///< SIGKILL; started again when it was failed over
  kServerCrash,           ///< SIGKILL; started again at once, before it is failed over
  kServerStop,            ///< SIGSTOP for less than cluster-node-timeout
  kServerFreeze,          ///< SIGSTOP until it was failed over
  kDelay,                 ///< each piece of the controller's traffic and of MIGRATE's waits
  kReset,                 ///< their connections are reset now and then
  kSilence,               ///< nothing of theirs passes for some seconds
  kDiskFull,              ///< some saves in a row fail for want of room
  kDiskSlow,              ///< each save takes long
};
[[nodiscard]] const char* FaultName(FaultKind kind);
[[nodiscard]] bool OfServer(FaultKind kind);
[[nodiscard]] bool OfNetwork(FaultKind kind);

struct Case {
  FaultKind kind = FaultKind::kNone;
  int goal = 4;        ///< shards after the leg
  std::string phase;   ///< of a server's: provision, join, move, close, drain, forget
  std::string victim;  ///< likewise: source, target, bystander
  int boundary = 0;    ///< of kControllerAtBoundary and kDiskFull
  std::uint64_t seed = 1;

  /// "SIGKILL of the source", "move".
  [[nodiscard]] std::string FaultText() const;
  [[nodiscard]] std::string PhaseText() const;
};

/// What a leg came to.
struct Outcome {
  bool injected = false;  ///< else it proves nothing
  int boundaries = 0;     ///< of the controller that came through
  /// Seconds from the controller's death until its successor had completed what was under way.
  /// Negative: not measured.
  double resumed = -1;
  /// Seconds from the failover, or from the victim's return where there is none, until the slots
  /// concerned were whole and had one owner. Negative: not measured.
  double settled = -1;
  std::int64_t lost = 0;  ///< acknowledged writes
  std::int64_t undone = 0;
  std::int64_t store_lost = 0;  ///< of them, those that the store itself did not keep
  std::int64_t ambiguous = 0;   ///< of them, those whose key the controller has reported by name
  int open_slots = 0;
  int disputed_slots = 0;  ///< without one owner that all nodes name
  int rolled_back = 0;     ///< actions, before one came through
  std::int64_t acknowledged = 0;
  std::vector<std::string> problems;  ///< in words; empty is good
  std::string story;                  ///< what the controllers told, where there are problems

  [[nodiscard]] bool Good() const { return problems.empty(); }
};

}  // namespace tidewright::faults
