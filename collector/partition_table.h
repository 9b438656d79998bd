// What each partition contributes to the cluster's load. A share belongs to the partition, not to
// its owner: when the partition moves, its share goes with it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collector/load_snapshot.h"
#include "collector/load_source.h"

namespace tidewright {

struct PartitionEntry {
  double keys = 0;
  double memory_bytes = 0;
  std::string teller;                 ///< node id of the newest counters
  MonoTime at;                        ///< of the newest counters
  std::optional<double> cpu_seconds;  ///< newest counter
  std::optional<double> network_bytes;
  std::optional<double> cpu_rate;  ///< of the last two samples of one teller
  std::optional<double> network_rate;
  PerResource<std::optional<double>> load;  ///< as a fraction of the cluster's
};

/// Indexed by partition.
using PartitionTable = std::vector<PartitionEntry>;

/// Takes in what a node told about partitions it owns. `fraction` is the node's part of the
/// cluster's load; it is divided over the samples by the store's own counters where all of them
/// have a rate (cpu for requests and cpu, bytes for network), by memory told for memory, else by
/// key counts, else evenly. Where it is no more than such a guess, the mean of it and of what was
/// known before stands, so that a share follows its partition and noise evens out. A resource
/// without a fraction keeps what was known.
void Fold(PartitionTable& table, const std::string& node_id,
          const std::vector<PartitionSample>& samples,
          const PerResource<std::optional<double>>& fraction, MonoTime at);

/// Whether the store tells counters whose rates are not known yet: worth another sample soon.
[[nodiscard]] bool AwaitsRates(const PartitionTable& table,
                               const std::vector<PartitionSample>& samples);

/// Shares that sum to 1 in each resource that is known of at least `owned` partitions, else all
/// zero: while the first masters alone have told theirs, these would seem to bear all of the load.
[[nodiscard]] std::vector<PartitionShare> Shares(const PartitionTable& table, int owned = 1);

}  // namespace tidewright
