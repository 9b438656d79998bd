// A policy in shadow: it decides on live demand beside the real one, and owns a simulated size that
// follows what it decides as the simulated store of a replay would. Pure; nothing of it can act.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/series.h"
#include "core/status.h"
#include "planner/planner.h"
#include "planner/policy.h"
#include "planner/savings.h"
#include "planner/scaling_policy.h"
#include "planner/tally.h"

namespace tidewright {

/// What a cluster sets its policies, demand being in shards' worth: the bounds of the policy, and
/// provisioning and move times as past moves took them.
[[nodiscard]] ScalingTerms LiveTerms(const Policy& policy, const MoveExperience& experience,
                                     int partition_count);

/// A regular value that survives restarts, encoded.
struct ShadowState {
  struct Move {
    WallTime decided;  ///< end of a step
    int from = 0;
    int to = 0;
    MoveModel model;  ///< as it was known then
  };

  std::string policy;
  WallTime since;  ///< judged from here on
  WallTime until;  ///< end of the newest step that was walked
  Duration step{0};
  int shards = 0;           ///< that serve; of a move under way, before it
  std::vector<Move> moves;  ///< of the last two days and the one under way, oldest first
  bool moving = false;      ///< the newest one is under way
  Tally tally;
  CapacityPoint told;  ///< the newest point that the account was told; no nodes: none
};

/// With the size that there is, at the end of a step of `terms.step`.
[[nodiscard]] ShadowState BeginShadow(std::string policy, WallTime at, int shards,
                                      const ScalingTerms& terms);

/// A step that has ended.
struct ShadowStep {
  /// Of each minute of it, in shards' worth; NaN where it is not known.
  std::span<const double> minutes;
  int nodes_per_shard = 1;
  Money price_per_node_hour{};
};
/// Serves the step after `state.until`. Returns a point for the account where what is billed has
/// changed, or whether it is known: a step counts as known when any minute of it is.
[[nodiscard]] std::optional<CapacityPoint> Serve(ShadowState& state, const ShadowStep& step,
                                                 const ScalingTerms& terms);
/// Asks at the end of the newest step, while no move is under way. `demand` is all that was
/// observed, in shards' worth at `terms.step`, and ends at `state.until`.
void Ask(ShadowState& state, ScalingPolicy& policy, const Series& demand,
         const ScalingTerms& terms);

/// Gives a policy that was made anew the memory of the one before it: asks it what that one was
/// asked in the last two days, its answers being known. `demand` as above.
void Remind(ScalingPolicy& policy, const ShadowState& state, const Series& demand);

/// Versioned text for keeping, and back. kDataLoss where it is no such thing.
[[nodiscard]] std::string EncodeShadow(const ShadowState& state);
[[nodiscard]] StatusOr<ShadowState> DecodeShadow(const std::string& text);
[[nodiscard]] std::string EncodeTally(const Tally& tally);
[[nodiscard]] StatusOr<Tally> DecodeTally(const std::string& text);

}  // namespace tidewright
