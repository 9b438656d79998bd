#include "controller/ledger.h"

#include <algorithm>
#include <cmath>

namespace tidewright {

Status CapacityLedger::Load() {
  carried_ = {};
  records_.clear();
  TW_ASSIGN_OR_RETURN(const auto prunings, journal_.AuditOf(kAuditPrune));
  if (!prunings.empty()) {
    TW_ASSIGN_OR_RETURN(carried_, ParseCarried(prunings.back()));
    if (carried_.in_force) records_.push_back(*carried_.in_force);
  }
  TW_ASSIGN_OR_RETURN(const auto told, journal_.AuditOf("capacity"));
  for (const auto& record : told) {
    TW_ASSIGN_OR_RETURN(const CapacityRecord capacity, ParseCapacity(record));
    records_.push_back(capacity);
  }
  return OkStatus();
}

int CapacityLedger::StaticPeakNodes(const DemandMemory& memory) {
  const int nodes_per_shard = 1 + policy_.replicas_per_shard;
  if (static_peak_shards_ == 0) {
    static_peak_shards_ = policy_.static_peak_shards;
    for (Resource r : kAllResources) {
      const auto& each = policy_.shard_capacity[r];
      if (policy_.static_peak_shards > 0 || !each) continue;
      const double usable = *each * policy_.target_utilisation;
      static_peak_shards_ =
          std::max(static_peak_shards_, static_cast<int>(std::ceil(memory.Peak(r) / usable)));
    }
    static_peak_shards_ = std::max(static_peak_shards_, policy_.min_shards);
  }
  // What was said of the counterfactual once stands, whatever is learned later.
  return records_.empty() || policy_.static_peak_shards > 0 ? static_peak_shards_ * nodes_per_shard
                                                            : records_.back().static_peak_nodes;
}

Status CapacityLedger::Observe(const Topology& topology, const DemandMemory& memory, WallTime now) {
  const CapacityRecord record{.at = now,
                              .nodes = static_cast<int>(topology.Nodes().size()),
                              .shards = topology.ServingShards(),
                              .static_peak_nodes = StaticPeakNodes(memory),
                              .price_per_node_hour = policy_.price_per_node_hour};
  if (!records_.empty() && records_.back().SameAs(record)) return OkStatus();
  TW_RETURN_IF_ERROR(journal_.Audit(now, "tidewright", "capacity", ToJson(record)));
  records_.push_back(record);
  return OkStatus();
}

Status CapacityLedger::Prune(const AuditRetention& retention, WallTime now) {
  TW_ASSIGN_OR_RETURN(const std::int64_t through,
                      journal_.PrunableAudit(now - retention.keep, retention.entries));
  if (through == 0) return OkStatus();
  TW_ASSIGN_OR_RETURN(const auto told, journal_.AuditOf("capacity"));
  CarriedAccount carried = carried_;
  std::vector<CapacityRecord> gone;
  if (carried.in_force) gone.push_back(*carried.in_force);
  for (const auto& record : told) {
    if (record.sequence > through) break;
    TW_ASSIGN_OR_RETURN(const CapacityRecord capacity, ParseCapacity(record));
    gone.push_back(capacity);
  }
  if (!gone.empty()) {
    // The last of them stays in force: its time goes on counting from where it began.
    carried.account = carried.account + Sum(gone, gone.back().at);
    carried.in_force = gone.back();
  }
  TW_RETURN_IF_ERROR(journal_.PruneAudit(through, now, ToJson(carried)));
  return Load();
}

Account CapacityLedger::Total(WallTime now) const { return carried_.account + Sum(records_, now); }

}  // namespace tidewright
