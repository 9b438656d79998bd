// A real cluster full of keys, clients that measure it, and two ways to move its slots.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/loadgen/cluster_harness.h"
#include "bench/loadgen/load_generator.h"
#include "core/clock.h"
#include "core/topology.h"
#include "journal/journal.h"
#include "stores/redis/actuator_options.h"
#include "stores/redis/client.h"
#include "stores/redis/redis_load_source.h"

namespace tidewright::migration {

struct StageOptions {
  int keys = 1'000'000;
  int value_bytes = 100;
  int shards = 3;
  int replicas = 0;     ///< of each shard
  double rate = 1'000;  ///< commands of clients a second: four reads to a write
  std::uint64_t seed = 1;
  std::string server = "redis-server";  ///< program of each node
  std::string servers_on;  ///< a folder for the servers' files; empty: beside our journal
};

/// What a move took and what clients felt meanwhile.
struct Outcome {
  Duration took{0};
  double keys = 0;
  int slots = 0;
  loadgen::Histogram latency;
  std::int64_t redirected = 0;  ///< answers with ASK or TRYAGAIN

  [[nodiscard]] double KeysPerSecond() const { return keys / Seconds(took); }
  [[nodiscard]] double SlotsPerSecond() const { return slots / Seconds(took); }
};

class Stage {
 public:
  ~Stage();
  static StatusOr<std::unique_ptr<Stage>> Set(StageOptions options, Clock& clock);

  /// Clients alone, for that long.
  Outcome Idle(Duration length);
  /// The lowest `slots` slots of the shard at place `from`, by an action of ours: planned,
  /// journaled on disk, verified, as the daemon does.
  StatusOr<Outcome> Ours(int from, int to, int slots, const redis::RedisActuatorOptions& options);
  /// The same slots by `redis-cli --cluster reshard` as it comes; `pipeline` of 0: its default.
  StatusOr<Outcome> Peer(int from, int to, int slots, int pipeline);
  /// The same slots by one job of the servers' own (Valkey 9), as it comes.
  StatusOr<Outcome> Whole(int from, int to, int slots);
  /// Reads every key back: an error names what was lost or undone.
  Status Verify();

 private:
  Stage(StageOptions options, Clock& clock) : options_(options), clock_(clock) {}
  Status Begin();
  StatusOr<Topology> Read();
  /// Runs `move` and measures clients around it.
  StatusOr<Outcome> Measure(int slots, double keys, const std::function<Status()>& move);
  StatusOr<double> KeysIn(const Shard& shard, const PartitionSet& slots);

  const StageOptions options_;
  Clock& clock_;
  std::string directory_;
  std::string servers_directory_;
  std::unique_ptr<loadgen::ClusterHarness> cluster_;
  std::unique_ptr<redis::Client> watching_;
  std::unique_ptr<redis::RedisLoadSource> source_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<loadgen::LoadGenerator> load_;
  std::vector<std::string> shards_;  ///< ids of masters, by their first slot at the start
};

}  // namespace tidewright::migration
