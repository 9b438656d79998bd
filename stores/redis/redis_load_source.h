// Redis Cluster and Valkey Cluster as a source of load.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "collector/load_source.h"
#include "core/clock.h"
#include "core/zones.h"
#include "stores/redis/client.h"
#include "stores/redis/slot_sampling.h"

namespace tidewright::redis {

struct RedisLoadOptions {
  std::string cluster;  ///< name of the topology
  /// RU for each call by lower-case command name, over the built-in ones (request_units.h).
  std::map<std::string, double> request_units;
  /// Whether to ask for LATENCY HISTOGRAM (redis 7.0), without which there is no
  /// kLatencyP99Seconds. A server that refuses it is not asked again until it restarts.
  bool latency_histogram = true;
  SlotSamplingOptions slots;
  Zones zones = {};  ///< of the nodes: no server tells its own
};

/// Needs of the server's access rules: +info +cluster|nodes +cluster|myid +cluster|countkeysinslot;
/// +cluster|getkeysinslot and +memory|usage with all keys for sizes, +cluster|slot-stats and
/// +latency|histogram where they are to be used.
///
/// kPermissionDenied when the servers refuse the password, kFailedPrecondition when they are in no
/// cluster mode. What is not told stays absent.
///
/// `client` should be the source's own: a sample that times out breaks its connection, and with it
/// whatever else was under way there. Client and clock must outlive the source, the clock the
/// client.
class RedisLoadSource : public LoadSource {
 public:
  using Address = std::pair<std::string, int>;

  RedisLoadSource(Client& client, Clock& clock, std::vector<Address> seeds,
                  RedisLoadOptions options);
  /// Answers what is under way with kCancelled.
  ~RedisLoadSource() override;

  /// The seeds and the members known from the last reading are asked at the same time, then those
  /// that they name and nobody had named before. Members are waited for; a seed that is none is
  /// not, once a member has answered.
  StatusOr<Topology> ReadTopology(Duration timeout) override;
  void SampleNode(const Node& node, Duration timeout, NodeCallback done) override;
  void SamplePartitions(const Node& node, const PartitionSet& partitions, Duration timeout,
                        PartitionCallback done) override;

 private:
  class State;
  std::shared_ptr<State> state_;  // shared with replies that come after the end
};

}  // namespace tidewright::redis
