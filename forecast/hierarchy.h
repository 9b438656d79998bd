// Forecasts of parts that add up to the forecast of the whole: partitions to their shard or tenant,
// shards to the cluster. Pure.
//
// The parent and its hottest children are forecast in full. What the parent demands beyond these is
// its rest; every other child is a share of the rest, which costs a few numbers at rest and no
// model. All of them are sample paths, and path k is the same scenario everywhere, so sums are
// taken path by path and quantiles are read off afterwards.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/status.h"
#include "forecast/forecaster.h"
#include "forecast/share_state.h"

namespace tidewright {

/// Paths of a parent's rest: share_k × parent, with one share for each path, log-normal with the
/// share's mean and deviation, at most 1; decided by seed and path alone.
[[nodiscard]] SamplePaths DrawRest(const SamplePaths& parent, const Share& share,
                                   std::uint64_t seed);

/// Moves the children, step by step and path by path, so that they add up to the parent, which is
/// right where they disagree: child j is multiplied by 1 + λ·d_j, d_j being the dispersion
/// (variance ÷ mean) of its paths, so that those who know least give way most. That is least
/// squares weighted by variances (Wickramasuriya, Athanasopoulos, Hyndman: Optimal forecast
/// reconciliation, JASA 114, 2019, with a diagonal of variances that go with the level) under the
/// condition that the parent stays; where it would make a child negative, dispersions are drawn
/// together as far as needed, in the end to a common factor. Where all children are zero the last
/// one takes all: put the rest there. Values that are no number or negative count as zero; a
/// parent's as the sum of its children. All must have as many paths and steps as the parent;
/// kInvalidArgument otherwise.
[[nodiscard]] Status Reconcile(const SamplePaths& parent, std::span<SamplePaths* const> children);

/// The rest's children: [child][path] shares that add up to 1 on each path (all 0 where nobody has
/// one); each log-normal around its mean, decided by the seed, the child's id and the path.
/// Child i's demand on path k at step h is At(i, k) · rest.At(k, h).
struct SharePaths {
  int children = 0;
  int paths = 0;
  std::vector<float> values;

  [[nodiscard]] float At(int child, int path) const {
    return values[static_cast<std::size_t>(child) * static_cast<std::size_t>(paths) +
                  static_cast<std::size_t>(path)];
  }
};
[[nodiscard]] SharePaths DrawShares(std::span<const Share> shares,
                                    std::span<const std::uint64_t> ids, int paths,
                                    std::uint64_t seed);

/// The paths of one of them.
[[nodiscard]] SamplePaths ChildPaths(const SamplePaths& rest, const SharePaths& shares, int child);

/// Maxima of each path over its first `steps`.
[[nodiscard]] std::vector<float> PathMaxima(const SamplePaths& paths, int steps);
/// Quantiles of a child's maximum: `rest_maxima` are PathMaxima of the rest. The child's share does
/// not change along a path, so this is exact, and cheap enough for every partition of a fleet.
[[nodiscard]] std::vector<double> ChildMaximum(std::span<const float> rest_maxima,
                                               const SharePaths& shares, int child,
                                               const std::vector<double>& levels);

/// Reads means, quantiles and maxima off paths anew, after they were moved. `forecast` keeps what
/// else it holds; levels and windows as in the request.
void ReadOff(const SamplePaths& paths, const ForecastRequest& request, Forecast& forecast);

}  // namespace tidewright
