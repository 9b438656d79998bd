#include "collector/metric_contract.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace tidewright {
namespace {

constexpr MetricKind kCounter = MetricKind::kCounter;
constexpr MetricKind kGauge = MetricKind::kGauge;
constexpr double kMany = 1e18;        // counters of bytes and commands over years of uptime
constexpr double kCommandRate = 1e9;  // beyond any single server
constexpr double kByteRate = 1e12;    // 8 Tbit/s
constexpr double kSeconds = 1e11;     // three thousand years of cpu time
constexpr double kCores = 256;        // stores without a main thread of their own report them all
constexpr double kBytes = 1e16;

// Limits tell garbage from load: they are not what a healthy server does, but what none can do.
constexpr std::array<MetricContract, kMetricCount> kContracts = {{
    {Metric::kRequestUnits, "request_units", kCounter, "RU", 0, kMany, kCommandRate, true, true},
    {Metric::kCommands, "commands", kCounter, "commands", 0, kMany, kCommandRate, true, true},
    {Metric::kCpuSeconds, "cpu_seconds", kCounter, "s", 0, kSeconds, kCores, true, true},
    {Metric::kOwnCpuSeconds, "own_cpu_seconds", kCounter, "s", 0, kSeconds, kCores, false, false},
    {Metric::kNetworkBytes, "network_bytes", kCounter, "B", 0, kMany, kByteRate, true, true},
    {Metric::kMemoryBytes, "memory_bytes", kGauge, "B", 0, kBytes, 0, true, true},
    {Metric::kMemoryLimitBytes, "memory_limit_bytes", kGauge, "B", 0, kBytes, 0, false, false},
    {Metric::kKeys, "keys", kGauge, "keys", 0, 1e15, 0, false, false},
    {Metric::kHits, "hits", kCounter, "reads", 0, kMany, kCommandRate, false, false},
    {Metric::kMisses, "misses", kCounter, "reads", 0, kMany, kCommandRate, false, false},
    {Metric::kEvictions, "evictions", kCounter, "keys", 0, kMany, kCommandRate, false, false},
    {Metric::kRejected, "rejected", kCounter, "refusals", 0, kMany, kCommandRate, false, false},
    {Metric::kRedirects, "redirects", kCounter, "errors", 0, kMany, kCommandRate, false, false},
    {Metric::kLatencyP99Seconds, "latency_p99_seconds", kGauge, "s", 0, 1e5, 0, false, false},
    {Metric::kReplicationLagBytes, "replication_lag_bytes", kGauge, "B", 0, kBytes, 0, false,
     false},
    {Metric::kBlockingWork, "blocking_work", kGauge, "", 0, 1, 0, false, false},
    {Metric::kEvictsAnyKey, "evicts_any_key", kGauge, "", 0, 1, 0, false, false},
}};

}  // namespace

const MetricContract& ContractOf(Metric metric) {
  return kContracts[static_cast<std::size_t>(metric)];
}

std::optional<std::string> Violation(const MetricContract& contract, double value) {
  if (!std::isfinite(value)) return "not a number";
  if (value < contract.min) return fmt::format("below {} {}", contract.min, contract.unit);
  if (value > contract.max) return fmt::format("above {} {}", contract.max, contract.unit);
  return std::nullopt;
}

std::optional<std::string> RateViolation(const MetricContract& contract, double rate) {
  if (std::isfinite(rate) && rate >= 0 && rate <= contract.max_per_second) return std::nullopt;
  return fmt::format("{:.6g} {}/s is more than {:.6g}", rate, contract.unit,
                     contract.max_per_second);
}

}  // namespace tidewright
