// The collector's memory: what is due, what was answered. Internal to the room.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "collector/collector.h"
#include "collector/partition_table.h"
#include "collector/quarantine.h"
#include "collector/schedule.h"

namespace tidewright {

/// Thread-safe. Outlives the collector where an answer is still to come: asks the clock only while
/// open.
class CollectorState {
 public:
  CollectorState(const CollectorOptions& options, Clock& clock);

  struct Job {
    Node node;
    bool partitions = false;  ///< of the node's partitions, else of the node
    PartitionSet owned;
    bool retry = false;  ///< the node did not answer last time
  };
  struct Work {
    std::vector<Job> jobs;
    MonoTime next;          ///< when to come again
    std::stop_token woken;  ///< or when this is requested, if that is sooner
  };
  /// Marks what it hands out as under way: each job must be answered by NodeDone or PartitionsDone.
  Work Take();
  /// Ends waiting for good; answers are dropped from now on.
  void Close();

  void NodeDone(const Job& job, StatusOr<NodeSample> sample);
  void PartitionsDone(const Job& job, StatusOr<std::vector<PartitionSample>> samples);
  /// `began`: when the reading of it did. An older reading never replaces a newer one.
  void Install(const StatusOr<Topology>& topology, MonoTime began);

  [[nodiscard]] LoadSnapshot Snapshot(WallTime wall) const;
  [[nodiscard]] TopologyView View() const;
  [[nodiscard]] std::int64_t quarantined() const;

 private:
  struct Owner {
    PartitionSet partitions;
    MonoTime since;        ///< seen to own exactly these
    MonoTime asked_since;  ///< when its partitions were last sampled, or first seen
    int rounds = 0;        ///< samples of its partitions with their load since `since`
  };
  using Fractions = PerResource<std::optional<double>>;
  struct Loads {
    std::vector<NodeLoad> nodes;  ///< in the topology's order
    PerResource<Reading> total;
  };

  // All below: with mutex_ held.
  void TakeNodes(MonoTime now, Work& work);
  void TakePartitions(MonoTime now, Work& work);
  void Adopt(const Topology& topology, MonoTime now);
  [[nodiscard]] std::set<std::string> MovingNodes() const;
  [[nodiscard]] Loads Judge(MonoTime now) const;
  /// The node's part of the cluster's load, as a mean over as long as possible, where both are
  /// known and the node has served the same partitions for as long as its rates cover.
  [[nodiscard]] Fractions FractionOf(const std::string& id, const Loads& loads, MonoTime now) const;
  void Wake() { wake_.request_stop(); }

  const CollectorOptions options_;
  const AssessOptions assess_;
  Clock& clock_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::stop_source wake_;
  bool starved_ = false;  ///< something due waits for a slot
  int in_flight_ = 0;
  int retries_in_flight_ = 0;
  int partitions_in_flight_ = 0;

  std::optional<Topology> topology_;
  MonoTime topology_began_{};
  MonoTime topology_at_{};
  std::string topology_error_;

  std::map<std::string, Node> nodes_;  ///< of topology_, by id

  Schedule nodes_due_;
  Schedule partitions_due_;
  std::map<std::string, NodeRecord> records_;            ///< by node id
  std::map<std::string, std::string> partition_errors_;  ///< by node id
  std::map<std::string, Owner> owners_;                  ///< by node id of a master
  PartitionTable table_;
  WallTime partitions_sampled_{};
  Quarantine quarantine_;
};

}  // namespace tidewright
