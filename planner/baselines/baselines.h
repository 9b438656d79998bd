// Policies that ours is compared with, by name. Replay and shadow ask here.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "planner/scaling_policy.h"

namespace tidewright::baselines {

struct Kind {
  const char* name;
  const char* what;  ///< for people, one line
};
/// In the order in which tables show them.
[[nodiscard]] std::span<const Kind> Kinds();

/// Null for an unknown name. `penalty` is what those that are tuned on history are tuned for:
/// shard-hours for each shard-hour of demand unserved.
[[nodiscard]] std::unique_ptr<ScalingPolicy> Make(std::string_view name, const ScalingTerms& terms,
                                                  double penalty = 20);

}  // namespace tidewright::baselines
