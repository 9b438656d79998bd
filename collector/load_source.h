// What a store must tell so that it can be watched. Implemented in stores/, faked in tests.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/time.h"
#include "core/topology.h"

namespace tidewright {

/// Everything that one node reports. Counters rise from the start of the process ("incarnation")
/// and restart at zero with it; gauges are as of the sample. metric_contract.h has unit, range and
/// duty.
enum class Metric {
  kRequestUnits,         ///< counter, RU served to clients; own sampling and moves left out
  kCommands,             ///< counter, commands served to clients
  kCpuSeconds,           ///< counter, main-thread seconds, everything included
  kOwnCpuSeconds,        ///< counter, the part of it that our sampling and moves cost (estimate)
  kNetworkBytes,         ///< counter, in and out, replication left out where the store tells it
  kMemoryBytes,          ///< gauge, used by the data set and its overhead
  kMemoryLimitBytes,     ///< gauge, 0 = no limit
  kKeys,                 ///< gauge
  kHits,                 ///< counter
  kMisses,               ///< counter
  kEvictions,            ///< counter
  kRejected,             ///< counter, connections and commands refused for lack of something
  kRedirects,            ///< counter, ASK, MOVED, TRYAGAIN, CLUSTERDOWN told to clients
  kLatencyP99Seconds,    ///< gauge, server side, where the store tells it
  kReplicationLagBytes,  ///< gauge, on a master: the farthest of its replicas
  kBlockingWork,         ///< gauge, 1 while loading, saving by fork or in a full sync
  kEvictsAnyKey,  ///< gauge, 1 where there is a memory limit, at which any key may be evicted
};
inline constexpr std::size_t kMetricCount = static_cast<std::size_t>(Metric::kEvictsAnyKey) + 1;

/// One answer of one node. A metric that the node does not tell is absent, never zero.
struct NodeSample {
  std::string node_id;
  std::string incarnation;  ///< changes when the process restarts
  MonoTime at;              ///< middle of the request; the time line of rates
  WallTime wall;
  std::string version;  ///< "redis 7.0.15"
  std::array<std::optional<double>, kMetricCount> metrics;

  std::optional<double>& operator[](Metric m) { return metrics[static_cast<std::size_t>(m)]; }
  const std::optional<double>& operator[](Metric m) const {
    return metrics[static_cast<std::size_t>(m)];
  }
};

/// What is known of one partition on its owner. Counters where the store has them, else absent.
struct PartitionSample {
  int partition = 0;
  double keys = 0;
  std::optional<double> memory_bytes;   ///< told, or keys × sampled mean size
  std::optional<double> cpu_seconds;    ///< counter
  std::optional<double> network_bytes;  ///< counter
};

/// Thread-safe. Callbacks come exactly once, from any thread, within about `timeout`, also when the
/// source is destroyed.
class LoadSource {
 public:
  virtual ~LoadSource() = default;

  /// Asks every known node (the seeds at first) at the same time and merges their views. Blocks for
  /// at most `timeout`. kUnavailable when nobody answers, with each address and its reason.
  virtual StatusOr<Topology> ReadTopology(Duration timeout) = 0;

  using NodeCallback = std::function<void(StatusOr<NodeSample>)>;
  virtual void SampleNode(const Node& node, Duration timeout, NodeCallback done) = 0;

  using PartitionCallback = std::function<void(StatusOr<std::vector<PartitionSample>>)>;
  /// `node` is a master. Costs the server some milliseconds, in small pieces: call it rarely.
  virtual void SamplePartitions(const Node& node, const PartitionSet& partitions, Duration timeout,
                                PartitionCallback done) = 0;
};

}  // namespace tidewright
