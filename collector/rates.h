// Counters of one node to rates, across restarts. Pure.
#pragma once

#include <deque>
#include <optional>

#include "collector/load_source.h"

namespace tidewright {

struct RateOptions {
  /// Rates are means over about this long (at least 4/5 of it once that much was seen), so that
  /// samples in quick succession do not make them noisy.
  Duration span = std::chrono::seconds(10);
  /// Two samples farther apart make no rate: what lies between is unknown.
  Duration max_gap = std::chrono::seconds(60);
  /// Samples are kept for at least so long, for rates over longer spans.
  Duration keep{0};
};

/// The newest samples of one process of one node, oldest first.
using SampleWindow = std::deque<NodeSample>;

/// Adds a sample. One of another incarnation empties the window first: no rate spans a restart.
/// One that is not newer than the newest is dropped. What no rate will need any more is forgotten.
void Append(SampleWindow& window, NodeSample sample, const RateOptions& options);

struct Rate {
  double per_second = 0;
  MonoTime since;  ///< of the older one of the two samples
};

/// Of the newest sample against an earlier one about `span` before it. Nothing when the newest does
/// not tell the counter, when nothing earlier does, or when the counter restarted in between (then
/// it takes one more sample). Never negative.
[[nodiscard]] std::optional<Rate> RateOf(const SampleWindow& window, Metric metric,
                                         const RateOptions& options);

}  // namespace tidewright
