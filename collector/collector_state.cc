#include "collector/collector_state.h"

#include <algorithm>
#include <utility>

namespace tidewright {
namespace {

constexpr Duration kLongestWait = std::chrono::hours(1);

int Quarter(int concurrency) { return std::max(1, concurrency / 4); }

/// Until partitions are asked again that could not be attributed, or were not told.
Duration RetryPartitions(const CollectorOptions& options) {
  return std::max(options.interval, options.partition_interval / 4);
}

}  // namespace

/// Over which a node's part of the cluster's load is measured: a single rate is noisy, and what is
/// noise at one look seems an uneven cluster. At most thirty samples.
Duration LongestSpan(const CollectorOptions& options) {
  return std::min(options.partition_interval, 30 * options.interval);
}

AssessOptions AssessOptionsOf(const CollectorOptions& options) {
  AssessOptions assess;
  assess.stale_after = options.stale_after;
  assess.missing_after_failures = options.missing_after_failures;
  assess.saturation_cpu = options.saturation_cpu;
  assess.moving_own_cpu = options.moving_own_cpu;
  const Duration short_span = std::min<Duration>(3 * options.interval, std::chrono::seconds(1));
  assess.rates.span =
      options.rate_span > Duration(0) ? options.rate_span : std::max(options.interval, short_span);
  assess.rates.keep = LongestSpan(options);
  // A few lost samples make no hole, whatever the interval.
  assess.rates.max_gap =
      std::max({options.stale_after, 4 * options.interval, 2 * assess.rates.span});
  return assess;
}

CollectorState::CollectorState(const CollectorOptions& options, Clock& clock)
    : options_(options),
      assess_(AssessOptionsOf(options)),
      clock_(clock),
      nodes_due_({.interval = options.interval}),
      partitions_due_({.interval = options.partition_interval, .first = options.interval}),
      quarantine_(options.quarantine_capacity) {}

CollectorState::Work CollectorState::Take() {
  std::scoped_lock lock(mutex_);
  const MonoTime now = clock_.Monotonic();
  Work work;
  if (!closed_ && wake_.stop_requested()) wake_ = std::stop_source();
  starved_ = false;
  if (topology_ && !closed_) {
    TakeNodes(now, work);
    TakePartitions(now, work);
  }
  work.next =
      std::min({nodes_due_.NextAfter(now), partitions_due_.NextAfter(now), now + kLongestWait});
  work.woken = wake_.get_token();
  return work;
}

void CollectorState::TakeNodes(MonoTime now, Work& work) {
  const int concurrency = std::max(2, options_.concurrency);
  for (const auto& id : nodes_due_.Due(now)) {
    const bool retry = records_[id].failures > 0;
    if (in_flight_ >= concurrency || (retry && retries_in_flight_ >= Quarter(concurrency))) {
      starved_ = true;
      continue;
    }
    ++in_flight_;
    if (retry) ++retries_in_flight_;
    nodes_due_.Started(id, now);
    work.jobs.push_back({nodes_.at(id), false, {}, retry});
  }
}

void CollectorState::TakePartitions(MonoTime now, Work& work) {
  const auto due = partitions_due_.Due(now);
  if (due.empty()) return;
  const Loads loads = Judge(now);
  for (const auto& id : due) {
    Owner& owner = owners_.at(id);
    if (partitions_in_flight_ >= Quarter(options_.concurrency)) {
      starved_ = true;
      return;
    }
    // Without rates a sample tells key counts alone: worth its cost only when nothing better comes.
    const bool waited = now - owner.asked_since >= 2 * options_.partition_interval;
    if (!waited && !FractionOf(id, loads, now)[Resource::kRequests]) {
      partitions_due_.Postpone(id, now + options_.interval);
      continue;
    }
    ++partitions_in_flight_;
    owner.asked_since = now;
    partitions_due_.Started(id, now);
    work.jobs.push_back({nodes_.at(id), true, owner.partitions, false});
  }
}

void CollectorState::Close() {
  std::scoped_lock lock(mutex_);
  closed_ = true;
  Wake();
}

void CollectorState::NodeDone(const Job& job, StatusOr<NodeSample> sample) {
  std::scoped_lock lock(mutex_);
  --in_flight_;
  if (job.retry) --retries_in_flight_;
  if (closed_) return;
  nodes_due_.Finished(job.node.id);
  if (starved_) Wake();
  const auto record = records_.find(job.node.id);
  if (record == records_.end()) return;  // left the cluster meanwhile
  if (!sample.ok()) return Fail(record->second, Message(sample.status()));
  for (auto& entry : Accept(record->second, std::move(*sample), assess_)) {
    quarantine_.Add(std::move(entry));
  }
}

void CollectorState::PartitionsDone(const Job& job,
                                    StatusOr<std::vector<PartitionSample>> samples) {
  std::scoped_lock lock(mutex_);
  --partitions_in_flight_;
  if (closed_) return;
  partitions_due_.Finished(job.node.id);
  if (starved_) Wake();
  const auto owner = owners_.find(job.node.id);
  if (owner == owners_.end()) return;
  const MonoTime now = clock_.Monotonic();
  const MonoTime retry = now + RetryPartitions(options_);
  const bool same = owner->second.partitions == job.owned;
  auto& error = partition_errors_[job.node.id];
  error.clear();
  if (!samples.ok()) {
    error = "partitions: " + Message(samples.status());
    return partitions_due_.Postpone(job.node.id, retry);
  }
  // What moved away in the meantime is the new owner's to tell.
  std::erase_if(*samples, [&](const PartitionSample& sample) {
    return !Contains(owner->second.partitions, sample.partition);
  });
  table_.resize(static_cast<std::size_t>(topology_->partition_count));
  // Of a node that got or gave partitions meanwhile the samples tell key counts alone.
  const Fractions fraction = same ? FractionOf(job.node.id, Judge(now), now) : Fractions{};
  Fold(table_, job.node.id, *samples, fraction, now);
  partitions_sampled_ = clock_.Wall();
  if (fraction[Resource::kRequests]) ++owner->second.rounds;
  if (!fraction[Resource::kRequests] || AwaitsRates(table_, *samples)) {
    partitions_due_.Postpone(job.node.id, retry);
  }
}

void CollectorState::Install(const StatusOr<Topology>& topology, MonoTime began) {
  std::scoped_lock lock(mutex_);
  if (closed_ || began < topology_began_) return;
  topology_began_ = began;
  topology_error_ = topology.ok() ? "" : Message(topology.status());
  if (!topology.ok()) return;
  topology_at_ = clock_.Monotonic();
  Adopt(*topology, topology_at_);
  Wake();
}

void CollectorState::Adopt(const Topology& topology, MonoTime now) {
  topology_ = topology;
  nodes_.clear();
  std::vector<std::string> ids;
  std::map<std::string, NodeRecord> records;
  for (const auto& node : topology.Nodes()) {
    if (!nodes_.emplace(node.id, node).second) continue;
    ids.push_back(node.id);
    records.emplace(node.id, std::move(records_[node.id]));
  }
  records_ = std::move(records);
  std::vector<std::string> masters;
  std::map<std::string, Owner> owners;
  for (const auto& shard : topology.shards) {
    if (shard.partitions.empty()) continue;
    masters.push_back(shard.master.id);
    Owner owner{shard.partitions, now, now, 0};
    const auto known = owners_.find(shard.master.id);
    if (known != owners_.end()) {
      owner.asked_since = known->second.asked_since;
      if (known->second.partitions == shard.partitions) {
        owner.since = known->second.since;
        owner.rounds = known->second.rounds;
      }
    }
    owners.emplace(shard.master.id, std::move(owner));
  }
  owners_ = std::move(owners);
  std::erase_if(partition_errors_, [&](const auto& one) { return !owners_.contains(one.first); });
  nodes_due_.Keep(ids, now);
  partitions_due_.Keep(masters, now);
}

std::set<std::string> CollectorState::MovingNodes() const {
  std::set<std::string> moving;
  for (const auto& open : topology_->open) {
    moving.insert(open.from);
    moving.insert(open.to);
  }
  return moving;
}

CollectorState::Loads CollectorState::Judge(MonoTime now) const {
  Loads loads;
  if (!topology_) return loads;
  const auto moving = MovingNodes();
  const auto add = [&](const Node& node, const std::string& shard_id) {
    loads.nodes.push_back(
        Assess(records_.at(node.id), node, shard_id, moving.contains(node.id), assess_, now));
    const auto error = partition_errors_.find(node.id);
    if (error != partition_errors_.end() && loads.nodes.back().error.empty()) {
      loads.nodes.back().error = error->second;
    }
  };
  for (const auto& shard : topology_->shards) {
    add(shard.master, shard.id);
    for (const auto& replica : shard.replicas) add(replica, shard.id);
  }
  for (const Resource r : kAllResources) {
    std::vector<Reading> readings;
    for (const auto& load : loads.nodes) {
      if (owners_.contains(load.node_id)) readings.push_back(load.usage[r]);
    }
    loads.total[r] = Sum(readings);
  }
  return loads;
}

CollectorState::Fractions CollectorState::FractionOf(const std::string& id, const Loads& loads,
                                                     MonoTime now) const {
  Fractions fraction;
  const auto rate = RateOf(records_.at(id).window, Metric::kRequestUnits, assess_.rates);
  if (!rate || rate->since < owners_.at(id).since) return fraction;
  // The same stretch of time for all: the load of the whole changes meanwhile.
  const MonoTime begin = owners_.at(id).since;
  const Duration span = std::max(assess_.rates.span, std::min(now - begin, LongestSpan(options_)));
  const auto load = std::find_if(loads.nodes.begin(), loads.nodes.end(),
                                 [&](const NodeLoad& one) { return one.node_id == id; });
  for (const Resource r : kAllResources) {
    const Reading& usage = load->usage[r];
    const Reading& total = loads.total[r];
    // While nobody asks for anything, what was known of the shares stands.
    if (!usage.fresh() || !total.fresh() || total.value <= 0) continue;
    fraction[r] = usage.value / total.value;
    const auto part = MeanUsage(records_.at(id), r, span, begin);
    double whole = 0;
    for (const auto& [other, owner] : owners_) {
      whole += MeanUsage(records_.at(other), r, span, MonoTime::min()).value_or(0);
    }
    if (part && whole > 0) fraction[r] = *part / whole;
  }
  return fraction;
}

LoadSnapshot CollectorState::Snapshot(WallTime wall) const {
  std::scoped_lock lock(mutex_);
  const MonoTime now = clock_.Monotonic();
  LoadSnapshot snapshot;
  snapshot.at = wall;
  Loads loads = Judge(now);
  snapshot.nodes = std::move(loads.nodes);
  snapshot.total = loads.total;
  const auto fresh = std::count_if(owners_.begin(), owners_.end(), [&](const auto& owner) {
    return MandatoryFresh(records_.at(owner.first), NodeRole::kMaster, assess_, now);
  });
  if (!owners_.empty())
    snapshot.fresh_share = static_cast<double>(fresh) / static_cast<double>(owners_.size());
  int owned = 0;
  for (const auto& [id, owner] : owners_) owned += Count(owner.partitions);
  snapshot.partitions = Shares(table_, owned);
  snapshot.partitions_sampled = partitions_sampled_;
  for (const auto& [id, owner] : owners_) {
    const bool first = id == owners_.begin()->first;
    snapshot.partition_rounds =
        first ? owner.rounds : std::min(snapshot.partition_rounds, owner.rounds);
  }
  snapshot.quarantine = quarantine_.Entries();
  return snapshot;
}

TopologyView CollectorState::View() const {
  std::scoped_lock lock(mutex_);
  return {topology_, topology_ ? clock_.Monotonic() - topology_at_ : Duration(0), topology_error_};
}

std::int64_t CollectorState::quarantined() const {
  std::scoped_lock lock(mutex_);
  return quarantine_.total();
}

}  // namespace tidewright
