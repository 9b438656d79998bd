// Watches a cluster: samples every node on its own schedule and tells its load at any moment.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "collector/load_snapshot.h"
#include "collector/load_source.h"
#include "collector/node_record.h"
#include "core/clock.h"
#include "core/status.h"
#include "core/topology.h"

namespace tidewright {

/// All durations are real (monotonic) time.
struct CollectorOptions {
  Duration interval = std::chrono::seconds(10);  ///< between samples of a node, ±5 %
  Duration timeout = std::chrono::seconds(2);    ///< of one sample of one node
  Duration topology_interval = std::chrono::seconds(10);
  Duration partition_interval = std::chrono::minutes(5);
  /// Of one sample of all partitions of a node, which is taken in many small pieces.
  Duration partition_timeout = std::chrono::seconds(30);
  /// Samples under way at once, at least 2. Nodes that did not answer last time get a quarter of
  /// it, so that dead nodes never hold up the living.
  int concurrency = 64;
  Duration stale_after = std::chrono::seconds(60);
  /// Rates are means over about this long. 0: one interval, but where intervals are short up to
  /// three of them or a second, whichever is less, so that rates stay sane.
  Duration rate_span{0};
  int missing_after_failures = 2;  ///< see AssessOptions, as for the next two
  double saturation_cpu = 0.95;
  double moving_own_cpu = 0.02;
  std::size_t quarantine_capacity = 256;
};

class CollectorState;

/// How figures are judged under these options.
[[nodiscard]] AssessOptions AssessOptionsOf(const CollectorOptions& options);

/// The last topology that could be read.
struct TopologyView {
  std::optional<Topology> topology;  ///< none: never read
  Duration age{0};                   ///< since then
  std::string error;                 ///< why the newest attempt failed, empty when it did not
};

/// Thread-safe. Runs two threads between Start and Stop: one that starts samples and never waits
/// for an answer, one that reads the topology. `source` and `clock` must outlive it.
class Collector {
 public:
  Collector(LoadSource& source, Clock& clock, CollectorOptions options);
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  void Start();
  /// Returns when both threads have ended, within about one timeout. Answers that come later are
  /// dropped.
  void Stop();

  /// Every node of the last topology, judged as of now. `now` is only written into it: ages are
  /// monotonic. The total is over masters that own partitions.
  [[nodiscard]] LoadSnapshot Snapshot(WallTime now) const;

  [[nodiscard]] TopologyView View() const;
  /// The last one that could be read, whatever its age; the newest error when there is none.
  [[nodiscard]] StatusOr<Topology> topology() const;
  /// Reads it now, on the caller's thread, for at most `timeout`.
  StatusOr<Topology> RefreshTopology();

  /// Values refused by their contracts so far.
  [[nodiscard]] std::int64_t quarantined() const;

 private:
  LoadSource& source_;
  Clock& clock_;
  CollectorOptions options_;
  std::shared_ptr<CollectorState> state_;  // shared with answers that come after the end
  std::jthread sampler_;
  std::jthread topologist_;
};

}  // namespace tidewright
