#include "stores/redis/node_meter.h"

#include <algorithm>
#include <utility>

namespace tidewright::redis {
namespace {

/// Parsing and dispatch of one pipelined command, beside the time inside it.
constexpr double kDispatchSeconds = 1e-6;
constexpr double kEnoughCalls = 500;  ///< to tell how fast commands are here

bool Restarted(const CommandTotals& before, const CommandTotals& now) {
  return now.client_calls < before.client_calls || now.timed_calls < before.timed_calls ||
         now.timed_usec < before.timed_usec || now.weighed_calls < before.weighed_calls ||
         now.own_calls < before.own_calls || now.own_usec < before.own_usec ||
         now.all_usec < before.all_usec;
}

/// Time inside our commands is wall time: MIGRATE waits for its target, a throttled server for its
/// share. At most the part of it during which the main thread ran can be cpu.
double OwnCpu(double usec, double calls, double all_usec, double cpu_seconds) {
  const double running = all_usec > 0 ? std::min(1.0, cpu_seconds / (all_usec * 1e-6)) : 1.0;
  return usec * 1e-6 * std::max(0.0, running) + calls * kDispatchSeconds;
}

void Advance(NodeMeter& meter, const CommandTotals& now, double cpu_seconds) {
  if (meter.totals && Restarted(*meter.totals, now)) {
    meter.totals.reset();
    meter.timed_units = meter.own_cpu_seconds = 0;
    meter.cpu_seconds = cpu_seconds;
  }
  const CommandTotals before = meter.totals.value_or(CommandTotals());
  const double standard = now.weighed_standard - before.weighed_standard;
  if (now.weighed_calls - before.weighed_calls >= kEnoughCalls && standard > 0) {
    meter.slowness = std::clamp((now.weighed_usec - before.weighed_usec) / standard, 0.2, 100.0);
  }
  meter.timed_units += TimedUnits(now.timed_calls - before.timed_calls,
                                  now.timed_usec - before.timed_usec, meter.slowness);
  meter.own_cpu_seconds += OwnCpu(now.own_usec - before.own_usec, now.own_calls - before.own_calls,
                                  now.all_usec - before.all_usec, cpu_seconds - meter.cpu_seconds);
  meter.totals = now;
  meter.cpu_seconds = cpu_seconds;
}

std::optional<double> Plus(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return std::nullopt;
  return *a + *b;
}

std::optional<double> MainThreadSeconds(const InfoText& info) {
  const auto main =
      Plus(info.Number("used_cpu_sys_main_thread"), info.Number("used_cpu_user_main_thread"));
  if (main) return main;
  return Plus(info.Number("used_cpu_sys"), info.Number("used_cpu_user"));  // before 6.2
}

std::optional<double> NetworkBytes(const InfoText& info) {
  auto bytes = Plus(info.Number("total_net_input_bytes"), info.Number("total_net_output_bytes"));
  if (!bytes) return std::nullopt;
  // Since 7.0 told apart, and part of the totals.
  const auto replication =
      Plus(info.Number("total_net_repl_input_bytes"), info.Number("total_net_repl_output_bytes"));
  return *bytes - replication.value_or(0);
}

std::optional<double> MemoryBytes(const InfoText& info) {
  const auto used = info.Number("used_memory");
  if (!used) return std::nullopt;
  // Replication and AOF buffers: what maxmemory leaves out as well.
  return *used - info.Number("mem_not_counted_for_evict").value_or(0);
}

std::optional<double> Keys(const InfoText& info) {
  if (!info.HasSection("Keyspace")) return std::nullopt;
  double keys = 0;
  for (const auto& [name, value] : info.WithPrefix("db")) {
    if (const auto number = NumberIn(value, "keys")) keys += *number;
  }
  return keys;
}

double Errors(const InfoText& info, std::initializer_list<const char*> codes) {
  double count = 0;
  for (const char* code : codes) {
    const auto value = info.Find(std::string("errorstat_") + code);
    if (value) count += NumberIn(*value, "count").value_or(0);
  }
  return count;
}

std::optional<double> Rejected(const InfoText& info) {
  const auto connections = info.Number("rejected_connections");
  if (!connections) return std::nullopt;
  return *connections + info.Number("evicted_clients").value_or(0) +
         Errors(info, {"OOM", "BUSY", "NOREPLICAS", "MISCONF", "LOADING", "MASTERDOWN"});
}

/// Bytes that the farthest replica in sync is behind; nothing without one.
std::optional<double> ReplicationLag(const InfoText& info) {
  const auto offset = info.Number("master_repl_offset");
  std::optional<double> lag;
  for (const auto& [name, value] : info.WithPrefix("slave")) {
    if (TextIn(value, "state") != "online") continue;
    const auto reached = NumberIn(value, "offset");
    if (offset && reached) lag = std::max(lag.value_or(0), *offset - *reached);
  }
  return lag;
}

bool AnyReplicaInFullSync(const InfoText& info) {
  const auto replicas = info.WithPrefix("slave");
  return std::any_of(replicas.begin(), replicas.end(), [](const InfoText::Field& field) {
    const auto state = TextIn(field.second, "state");
    return state && *state != "online";
  });
}

std::optional<double> BlockingWork(const InfoText& info) {
  if (!info.Find("loading")) return std::nullopt;
  for (const char* name : {"loading", "async_loading", "rdb_bgsave_in_progress",
                           "aof_rewrite_in_progress", "master_sync_in_progress"}) {
    if (info.Number(name).value_or(0) > 0) return 1;
  }
  return AnyReplicaInFullSync(info) ? 1 : 0;
}

/// The policies that leave keys without an expiry alone (volatile-…) evict no data set away.
std::optional<double> EvictsAnyKey(const InfoText& info) {
  const auto limit = info.Number("maxmemory");
  const auto policy = info.Find("maxmemory_policy");
  if (!limit || !policy) return std::nullopt;
  return *limit > 0 && policy->starts_with("allkeys-") ? 1 : 0;
}

std::string Version(const InfoText& info) {
  if (const auto valkey = info.Find("valkey_version")) return "valkey " + std::string(*valkey);
  return "redis " + std::string(info.Find("redis_version").value_or("of unknown version"));
}

}  // namespace

LatencyBuckets ReadLatencyHistogram(const Reply& reply) {
  LatencyBuckets sum;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
    if (ClassOf(reply.elements[i].text) != CommandClass::kClient) continue;
    const auto& fields = reply.elements[i + 1].elements;
    for (std::size_t k = 0; k + 1 < fields.size(); k += 2) {
      if (fields[k].text != "histogram_usec") continue;
      double below = 0;  // the reply's counts are cumulative
      const auto& buckets = fields[k + 1].elements;
      for (std::size_t b = 0; b + 1 < buckets.size(); b += 2) {
        const auto count = static_cast<double>(buckets[b + 1].integer);
        sum[buckets[b].integer] += count - below;
        below = count;
      }
    }
  }
  return sum;
}

std::optional<double> LatencyP99Between(const LatencyBuckets& before, const LatencyBuckets& after) {
  LatencyBuckets between = after;
  double calls = 0;
  for (const auto& [bound, count] : before) between[bound] -= count;
  for (const auto& [bound, count] : between) {
    if (count < 0) return std::nullopt;
    calls += count;
  }
  if (calls <= 0) return std::nullopt;
  double below = 0;
  for (const auto& [bound, count] : between) {
    if (count > 0 && below + count >= 0.99 * calls) {
      const double part = (0.99 * calls - below) / count;
      const auto upper = static_cast<double>(bound);
      return (upper / 2 + part * upper / 2) * 1e-6;
    }
    below += count;
  }
  return std::nullopt;
}

StatusOr<NodeSample> ReadSample(const NodeAnswer& answer, const RequestUnits& units,
                                NodeMeter& meter) {
  const InfoText info(answer.info);
  const auto run_id = info.Find("run_id");
  const auto role = info.Find("role");
  if (!run_id || !role) {
    return Error(StatusCode::kInternal, "INFO tells neither run_id nor role");
  }
  NodeSample sample;
  sample.incarnation = std::string(*run_id) + "/" + std::string(*role);
  sample.version = Version(info);
  if (meter.incarnation != sample.incarnation) {
    meter = NodeMeter();
    meter.incarnation = sample.incarnation;
  }
  sample[Metric::kCpuSeconds] = MainThreadSeconds(info);
  if (info.HasSection("Commandstats")) {
    const auto totals = units.Total(info, *role != "master");
    Advance(meter, totals, sample[Metric::kCpuSeconds].value_or(0));
    sample[Metric::kRequestUnits] = totals.weighed_units + meter.timed_units;
    sample[Metric::kCommands] = totals.client_calls;
    sample[Metric::kOwnCpuSeconds] = meter.own_cpu_seconds;
  }
  sample[Metric::kNetworkBytes] = NetworkBytes(info);
  sample[Metric::kMemoryBytes] = MemoryBytes(info);
  sample[Metric::kMemoryLimitBytes] = info.Number("maxmemory");
  sample[Metric::kKeys] = Keys(info);
  sample[Metric::kHits] = info.Number("keyspace_hits");
  sample[Metric::kMisses] = info.Number("keyspace_misses");
  sample[Metric::kEvictions] = info.Number("evicted_keys");
  sample[Metric::kEvictsAnyKey] = EvictsAnyKey(info);
  sample[Metric::kRejected] = Rejected(info);
  if (info.HasSection("Errorstats")) {
    sample[Metric::kRedirects] = Errors(info, {"MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN"});
  }
  if (*role == "master") sample[Metric::kReplicationLagBytes] = ReplicationLag(info);
  sample[Metric::kBlockingWork] = BlockingWork(info);
  if (answer.latency) {
    auto buckets = ReadLatencyHistogram(*answer.latency);
    if (meter.latency)
      sample[Metric::kLatencyP99Seconds] = LatencyP99Between(*meter.latency, buckets);
    meter.latency = std::move(buckets);
  }
  return sample;
}

}  // namespace tidewright::redis
