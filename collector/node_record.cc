#include "collector/node_record.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "collector/metric_contract.h"

namespace tidewright {
namespace {

std::size_t Index(Metric metric) { return static_cast<std::size_t>(metric); }

/// Reads the figures of one record at one moment.
class Reader {
 public:
  Reader(const NodeRecord& record, const AssessOptions& options, MonoTime now)
      : record_(record), options_(options) {
    const NodeSample* newest = record.newest();
    silent_ = newest == nullptr || record.failures >= options.missing_after_failures;
    old_ = newest != nullptr && now - newest->at > options.stale_after;
  }

  [[nodiscard]] Reading Of(Metric metric) const {
    return ContractOf(metric).kind == MetricKind::kCounter ? PerSecond(metric) : Gauge(metric);
  }

 private:
  [[nodiscard]] Reading Gauge(Metric metric) const {
    return Judge(metric, silent_ ? std::nullopt : (*record_.newest())[metric]);
  }

  [[nodiscard]] Reading PerSecond(Metric metric) const {
    const auto rate = RateOf(record_.window, metric, options_.rates);
    return Judge(metric, rate ? std::optional(rate->per_second) : std::nullopt);
  }

  [[nodiscard]] Reading Judge(Metric metric, std::optional<double> value) const {
    if (silent_) return {};
    if (record_.implausible[Index(metric)]) return {0, Quality::kImplausible};
    if (!value) return {};
    return {*value, old_ ? Quality::kStale : Quality::kFresh};
  }

  const NodeRecord& record_;
  const AssessOptions& options_;
  bool silent_ = false;
  bool old_ = false;
};

/// What clients cause: our own part taken out, never below zero.
Reading ClientCpu(Reading total, Reading own) {
  if (own.quality == total.quality) total.value = std::max(0.0, total.value - own.value);
  return total;
}

Reading HitRatio(Reading hits, Reading misses) {
  if (hits.quality != misses.quality) return {};
  const double reads = hits.value + misses.value;
  if (reads <= 0) return {};  // nothing was read: there is no ratio, and it is not zero
  return {hits.value / reads, hits.quality};
}

unsigned Flags(Reading cpu, Reading own_cpu, Reading rejected, bool moving,
               const AssessOptions& options) {
  unsigned flags = 0;
  if (cpu.fresh() && cpu.value >= options.saturation_cpu) flags |= kSaturated;
  if (rejected.fresh() && rejected.value > 0) flags |= kThrottled;
  if (moving || (own_cpu.fresh() && own_cpu.value >= options.moving_own_cpu)) flags |= kMoving;
  return flags;
}

}  // namespace

std::vector<QuarantineEntry> Accept(NodeRecord& record, NodeSample sample,
                                    const AssessOptions& options) {
  std::vector<QuarantineEntry> refused;
  record.failures = 0;
  record.error.clear();
  if (record.newest() != nullptr && record.newest()->incarnation == sample.incarnation &&
      sample.at <= record.newest()->at) {
    return refused;  // overtaken by a later one
  }
  record.implausible.fill(false);
  const std::string node_id = sample.node_id;
  const WallTime at = sample.wall;
  const auto refuse = [&](const MetricContract& contract, double value, std::string reason) {
    record.implausible[Index(contract.metric)] = true;
    refused.push_back({at, node_id, contract.name, value, std::move(reason)});
  };
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    const auto& contract = ContractOf(static_cast<Metric>(i));
    auto& value = sample.metrics[i];
    if (!value) continue;
    if (auto reason = Violation(contract, *value)) {
      refuse(contract, *value, std::move(*reason));
      value.reset();
    }
  }
  Append(record.window, std::move(sample), options.rates);
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    const auto& contract = ContractOf(static_cast<Metric>(i));
    if (contract.kind != MetricKind::kCounter) continue;
    const auto rate = RateOf(record.window, contract.metric, options.rates);
    if (!rate) continue;
    if (auto reason = RateViolation(contract, rate->per_second)) {
      // Without it the next good value meets the last good one.
      auto& value = record.window.back()[contract.metric];
      refuse(contract, *value, std::move(*reason));
      value.reset();
    }
  }
  return refused;
}

void Fail(NodeRecord& record, std::string error) {
  ++record.failures;
  record.error = std::move(error);
}

NodeLoad Assess(const NodeRecord& record, const Node& node, const std::string& shard_id,
                bool moving, const AssessOptions& options, MonoTime now) {
  const Reader read(record, options, now);
  NodeLoad load;
  load.node_id = node.id;
  load.shard_id = shard_id;
  load.master = node.role == NodeRole::kMaster;
  const Reading cpu = read.Of(Metric::kCpuSeconds);
  const Reading own_cpu = read.Of(Metric::kOwnCpuSeconds);
  load.usage[Resource::kRequests] = read.Of(Metric::kRequestUnits);
  load.usage[Resource::kCpu] = ClientCpu(cpu, own_cpu);
  load.usage[Resource::kMemory] = read.Of(Metric::kMemoryBytes);
  load.usage[Resource::kNetwork] = read.Of(Metric::kNetworkBytes);
  load.memory_limit_bytes = read.Of(Metric::kMemoryLimitBytes);
  load.commands_per_second = read.Of(Metric::kCommands);
  load.hit_ratio = HitRatio(read.Of(Metric::kHits), read.Of(Metric::kMisses));
  load.latency_p99_seconds = read.Of(Metric::kLatencyP99Seconds);
  load.evictions_per_second = read.Of(Metric::kEvictions);
  load.evicts_any_key = read.Of(Metric::kEvictsAnyKey);
  load.rejected_per_second = read.Of(Metric::kRejected);
  load.redirects_per_second = read.Of(Metric::kRedirects);
  load.replication_lag_bytes = read.Of(Metric::kReplicationLagBytes);
  load.keys = read.Of(Metric::kKeys);
  const Reading blocking = read.Of(Metric::kBlockingWork);
  load.blocking_work = blocking.fresh() && blocking.value > 0;
  load.flags = Flags(cpu, own_cpu, load.rejected_per_second, moving, options);
  if (record.newest() != nullptr) load.sampled = record.newest()->wall;
  load.error = record.error;
  return load;
}

std::optional<double> MeanUsage(const NodeRecord& record, Resource resource, Duration span,
                                MonoTime since) {
  const RateOptions options{.span = span, .max_gap = 2 * span};
  const auto mean = [&](Metric metric) -> std::optional<double> {
    const auto rate = RateOf(record.window, metric, options);
    return rate && rate->since >= since ? std::optional(rate->per_second) : std::nullopt;
  };
  switch (resource) {
    case Resource::kRequests:
      return mean(Metric::kRequestUnits);
    case Resource::kNetwork:
      return mean(Metric::kNetworkBytes);
    case Resource::kCpu: {
      const auto all = mean(Metric::kCpuSeconds);
      const auto own = mean(Metric::kOwnCpuSeconds);
      return all && own ? std::optional(std::max(0.0, *all - *own)) : all;
    }
    case Resource::kMemory:
      break;
  }
  return std::nullopt;
}

bool MandatoryFresh(const NodeRecord& record, NodeRole role, const AssessOptions& options,
                    MonoTime now) {
  const Reader read(record, options, now);
  for (std::size_t i = 0; i < kMetricCount; ++i) {
    const auto& contract = ContractOf(static_cast<Metric>(i));
    const bool needed =
        role == NodeRole::kMaster ? contract.needed_of_master : contract.needed_of_replica;
    if (needed && !read.Of(contract.metric).fresh()) return false;
  }
  return true;
}

Reading Sum(const std::vector<Reading>& readings) {
  if (readings.empty()) return {};
  const auto rank = [](Quality quality) {
    switch (quality) {
      case Quality::kFresh:
        return 0;
      case Quality::kStale:
        return 1;
      case Quality::kImplausible:
        return 2;
      case Quality::kMissing:
        return 3;
    }
    return 3;
  };
  Reading sum{0, Quality::kFresh};
  for (const auto& reading : readings) {
    if (rank(reading.quality) > rank(sum.quality)) sum.quality = reading.quality;
    if (rank(reading.quality) <= 1) sum.value += reading.value;
  }
  return sum;
}

}  // namespace tidewright
