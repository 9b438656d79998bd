// What is known of one node, and how far it may be believed. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "collector/load_snapshot.h"
#include "collector/load_source.h"
#include "collector/rates.h"

namespace tidewright {

struct AssessOptions {
  RateOptions rates;
  Duration stale_after = std::chrono::seconds(60);
  /// So many samples in a row without an answer, and the node counts as missing; before that its
  /// last figures stand, until they are stale.
  int missing_after_failures = 2;
  /// Main-thread seconds per second at which a server is at its limit. Less than 1 where the server
  /// is throttled to a share of a core.
  double saturation_cpu = 0.95;
  /// Main-thread seconds per second of our own commands at which a node's figures count as
  /// disturbed by our moves; watching alone stays far below.
  double moving_own_cpu = 0.02;
};

struct NodeRecord {
  SampleWindow window;                           ///< sanitised: what broke its contract is absent
  std::array<bool, kMetricCount> implausible{};  ///< of the newest sample
  int failures = 0;                              ///< in a row
  std::string error;                             ///< of the newest sample, when it failed

  [[nodiscard]] const NodeSample* newest() const {
    return window.empty() ? nullptr : &window.back();
  }
};

/// Takes a sample in. Returns what broke a contract; those metrics are implausible until the next
/// one.
std::vector<QuarantineEntry> Accept(NodeRecord& record, NodeSample sample,
                                    const AssessOptions& options);
void Fail(NodeRecord& record, std::string error);

/// The node's load as of `now`. `moving`: partitions of the node are between owners.
[[nodiscard]] NodeLoad Assess(const NodeRecord& record, const Node& node,
                              const std::string& shard_id, bool moving,
                              const AssessOptions& options, MonoTime now);

/// What clients caused on the node, as a mean over about `span` that is not older than the owner's
/// `since`. Absent where there is no such mean, and for memory, which is no flow.
[[nodiscard]] std::optional<double> MeanUsage(const NodeRecord& record, Resource resource,
                                              Duration span, MonoTime since);

/// Whether every metric that its role owes is fresh.
[[nodiscard]] bool MandatoryFresh(const NodeRecord& record, NodeRole role,
                                  const AssessOptions& options, MonoTime now);

/// Sum of the masters' readings; its quality is that of the worst of them (missing before
/// implausible before stale). Missing when there are none.
[[nodiscard]] Reading Sum(const std::vector<Reading>& readings);

}  // namespace tidewright
