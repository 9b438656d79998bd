#include "controller/ledger.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace tidewright {
namespace {

constexpr char kSeen[] = "capacity_seen";
constexpr std::array<const char*, 3> kKinds = {kAuditCapacity, kAuditShadow, kAuditAsProvisioned};

// When what the entries tell begins, first to last.
struct Extent {
  WallTime first = WallTime::max();
  WallTime last = WallTime::min();

  void Cover(WallTime at) {
    first = std::min(first, at);
    last = std::max(last, at);
  }
};

Extent ExtentOf(const ToldSizes& sizes) {
  Extent extent;
  for (const auto& record : sizes.records) extent.Cover(record.at);
  for (const auto& [policy, points] : sizes.shadows) {
    for (const auto& point : points) extent.Cover(point.at);
  }
  return extent;
}

}  // namespace

Status CapacityLedger::Load() {
  carried_ = {};
  TW_ASSIGN_OR_RETURN(const auto prunings, journal_.AuditOf(kAuditPrune));
  if (!prunings.empty()) {
    TW_ASSIGN_OR_RETURN(carried_, ParseCarried(prunings.back()));
  }
  sizes_ = carried_.sizes;
  for (const char* kind : kKinds) {
    TW_ASSIGN_OR_RETURN(const auto told, journal_.AuditOf(kind));
    for (const auto& record : told) TW_RETURN_IF_ERROR(Tell(record, sizes_));
  }
  TW_ASSIGN_OR_RETURN(const auto seen, journal_.Fact(kSeen));
  if (seen) seen_ = seen_kept_ = WallTime(Duration(std::atoll(seen->c_str())));
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
  return sizes_.records.empty() || policy_.static_peak_shards > 0
             ? static_peak_shards_ * nodes_per_shard
             : sizes_.records.back().static_peak_nodes;
}

Status CapacityLedger::Seen(WallTime now) {
  seen_ = now;
  if (seen_kept_ && now >= *seen_kept_ && now - *seen_kept_ < policy_.step) return OkStatus();
  TW_RETURN_IF_ERROR(journal_.SaveFact(kSeen, std::to_string(now.time_since_epoch().count())));
  seen_kept_ = now;
  return OkStatus();
}

Status CapacityLedger::Observe(const Topology& topology, const DemandMemory& memory, WallTime now) {
  const CapacityRecord record{.at = now,
                              .nodes = static_cast<int>(topology.Nodes().size()),
                              .shards = topology.ServingShards(),
                              .static_peak_nodes = StaticPeakNodes(memory),
                              .price_per_node_hour = policy_.price_per_node_hour,
                              .holds_for = {},
                              .billing = policy_.billing};
  const auto& records = sizes_.records;
  std::optional<WallTime> unknown_since;
  if (!records.empty() && seen_ && now - *seen_ > kHoldsUnseen) unknown_since = seen_;
  if (records.empty() || unknown_since || !records.back().SameAs(record)) {
    TW_RETURN_IF_ERROR(
        journal_.Audit(now, "tidewright", kAuditCapacity, ToJson(record, unknown_since)));
    sizes_.Add(record, unknown_since);
  }
  return Seen(now);
}

Status CapacityLedger::NoteFirstAction(WallTime began) {
  if (sizes_.before_first_action) return OkStatus();
  const auto before = CapacityAt(sizes_.records, began);
  if (!before) return OkStatus();  // nothing was recorded yet: the next call finds it
  TW_RETURN_IF_ERROR(journal_.Audit(began, "tidewright", kAuditAsProvisioned, ToJson(*before)));
  sizes_.before_first_action = before;
  return OkStatus();
}

Status CapacityLedger::NoteShadow(const std::string& policy, const CapacityPoint& point,
                                  WallTime now) {
  TW_RETURN_IF_ERROR(journal_.Audit(now, "tidewright", kAuditShadow, ToJson(policy, point)));
  sizes_.Add(policy, point);
  return OkStatus();
}

Status CapacityLedger::Prune(const AuditRetention& retention, WallTime now) {
  TW_ASSIGN_OR_RETURN(const std::int64_t through,
                      journal_.PrunableAudit(now - retention.keep, retention.entries));
  if (through == 0) return OkStatus();
  ToldSizes gone = carried_.sizes;
  ToldSizes kept;
  for (const char* kind : kKinds) {
    TW_ASSIGN_OR_RETURN(const auto told, journal_.AuditOf(kind));
    for (const auto& record : told) {
      TW_RETURN_IF_ERROR(Tell(record, record.sequence <= through ? gone : kept));
    }
  }
  CarriedAccount carried = carried_;
  if (!gone.records.empty()) {
    // Up to where the rest of the log knows everything but what is in force then.
    WallTime until = std::min(ExtentOf(gone).last, ExtentOf(kept).first);
    until = std::max(until, carried_.until.value_or(gone.records.front().at));
    carried.account = carried_.account + Sum(sizes_, until);
    carried.spent.clear();
    for (const WallTime since : {DayOf(until), MonthOf(until)}) {
      carried.spent[since] = Spent(carried_, sizes_, since, until);
    }
    carried.sizes = From(gone, until);
    carried.until = until;
  }
  TW_RETURN_IF_ERROR(journal_.PruneAudit(through, now, ToJson(carried)));
  return Load();
}

Account CapacityLedger::Total(WallTime now) const {
  if (sizes_.records.empty() || !seen_ || now - *seen_ <= kHoldsUnseen) {
    return carried_.account + Sum(sizes_, now);
  }
  ToldSizes sizes = sizes_;
  CapacityRecord& newest = sizes.records.back();
  newest.holds_for = std::max(Duration(0), *seen_ - newest.at);
  return carried_.account + Sum(sizes, now);
}

std::optional<SpentSoFar> CapacityLedger::SpentBy(WallTime now) const {
  if (sizes_.records.empty()) return std::nullopt;
  return SpentSoFar{.today = Spent(carried_, sizes_, DayOf(now), now),
                    .this_month = Spent(carried_, sizes_, MonthOf(now), now)};
}

}  // namespace tidewright
