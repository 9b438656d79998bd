// Whether a member works on demand itself or on its logarithm.
#pragma once

#include <span>

#include "forecast/prepared.h"

namespace tidewright {

enum class Domain { kLevel, kLog };

[[nodiscard]] inline const Track& TrackOf(const Prepared& p, Domain domain) {
  return domain == Domain::kLog ? p.log : p.level;
}

/// What a member may forecast, in its domain: the range of history and a margin, half of the range
/// (in logs: half as much again above and below).
struct Bounds {
  float lowest = 0;
  float highest = 0;
};
/// Of the steps before `cutoff`.
[[nodiscard]] Bounds BoundsOf(const Track& track, int cutoff, Domain domain);

/// From the domain to demand, never below zero, in place.
void ToDemand(Domain domain, std::span<float> values);
/// The same of what is first brought within bounds.
void ToDemand(Domain domain, const Bounds& bounds, std::span<float> values);

}  // namespace tidewright
