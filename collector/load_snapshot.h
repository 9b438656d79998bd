// The collector's product: the load of a cluster at one moment, with the quality of every figure.
#pragma once

#include <string>
#include <vector>

#include "core/resource.h"
#include "core/series.h"
#include "core/time.h"

namespace tidewright {

/// Four different things, all the way to the planner. A true zero is a fresh zero.
enum class Quality {
  kFresh,
  kMissing,      ///< never told, or the node did not answer
  kStale,        ///< told, but too long ago
  kImplausible,  ///< told, but against the metric's contract; in quarantine
};
[[nodiscard]] const char* QualityName(Quality quality);

struct Reading {
  double value = 0;  ///< meaningless unless fresh or stale
  Quality quality = Quality::kMissing;

  [[nodiscard]] bool fresh() const { return quality == Quality::kFresh; }
};

struct NodeLoad {
  std::string node_id;
  std::string shard_id;
  bool master = true;
  PerResource<Reading> usage;  ///< rates over the last sampling interval; memory as it stands
  Reading memory_limit_bytes;  ///< 0 = none
  Reading commands_per_second;
  Reading hit_ratio;  ///< 0…1
  Reading latency_p99_seconds;
  Reading evictions_per_second;
  Reading evicts_any_key;  ///< 1: any key may go where memory is full, as in a cache
  Reading rejected_per_second;
  Reading redirects_per_second;
  Reading replication_lag_bytes;
  Reading keys;
  bool blocking_work = false;
  unsigned flags = 0;  ///< SampleFlag
  WallTime sampled;    ///< of the newest good sample
  std::string error;   ///< why the newest sample failed, empty when it did not
};

/// Load of one partition as a share of the cluster's, by resource; the shares of a resource sum to
/// 1 over all partitions (all zero while nothing is known).
struct PartitionShare {
  PerResource<double> share;
  double keys = 0;
  double memory_bytes = 0;
};

/// Something refused by a metric's contract.
struct QuarantineEntry {
  WallTime at;
  std::string node_id;
  std::string metric;
  double value = 0;
  std::string reason;
};

struct LoadSnapshot {
  WallTime at;
  std::vector<NodeLoad> nodes;             ///< every node of the topology, masters and replicas
  PerResource<Reading> total;              ///< sum over masters; fresh only if all of them are
  double fresh_share = 0;                  ///< of masters with all mandatory metrics fresh, 0…1
  std::vector<PartitionShare> partitions;  ///< indexed by partition; empty until first known
  WallTime partitions_sampled;
  /// How often the load of every master was attributed to the partitions it owns, since it owns
  /// exactly these: 0 right after a move. What a single attribution says of a shard is noisy.
  int partition_rounds = 0;
  std::vector<QuarantineEntry> quarantine;  ///< the newest ones, oldest first, bounded

  [[nodiscard]] const NodeLoad* Find(const std::string& node_id) const;
};

}  // namespace tidewright
