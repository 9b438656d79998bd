#include "bench/loadgen/demo_calibration.h"

#include <algorithm>

#include "bench/loadgen/throttle_means.h"

namespace tidewright::demo {
namespace {

using loadgen::LoadGenerator;

constexpr Duration kWarmUp = std::chrono::milliseconds(1500);
constexpr Duration kSpan = std::chrono::seconds(4);
constexpr double kFirstRate = 1000;   // commands/s for each shard
constexpr double kEasyShare = 0.65;   // of what the first measurement promises
constexpr double kMostUsable = 0.95;  // of the share: what is left over rounds off peaks

StatusOr<double> CpuSeconds(const std::vector<pid_t>& processes) {
  double seconds = 0;
  for (const pid_t pid : processes) {
    TW_ASSIGN_OR_RETURN(const auto nanoseconds, loadgen::MainThreadNanoseconds(pid));
    seconds += static_cast<double>(nanoseconds) * 1e-9;
  }
  return seconds;
}

/// Averages over a span.
struct Use {
  double cpu = 0;       ///< seconds a second, of all masters
  double commands = 0;  ///< a second
  double demand = 0;    ///< RU/s as the daemon saw it; 0 when it did not tell
};

StatusOr<Use> Observe(LoadGenerator& load, const std::vector<pid_t>& masters, Duration span,
                      Daemon* daemon, Clock& clock, std::stop_token stop) {
  clock.WaitFor(kWarmUp, stop);
  const MonoTime start = clock.Monotonic();
  const auto answered_before = load.Counters().answered;
  TW_ASSIGN_OR_RETURN(const double cpu_before, CpuSeconds(masters));
  double demand = 0;
  int readings = 0;
  while (clock.Monotonic() < start + span && !stop.stop_requested()) {
    clock.WaitFor(std::chrono::milliseconds(800), stop);
    if (daemon == nullptr) continue;
    const auto status = daemon->Ask({"status"});
    if (!status.ok()) continue;
    const double now = status->value("demand", nlohmann::json::object()).value("requests", 0.0);
    if (now <= 0) continue;
    demand += now;
    ++readings;
  }
  if (stop.stop_requested()) return Error(StatusCode::kCancelled, "stopped");
  const double seconds = Seconds(clock.Monotonic() - start);
  TW_ASSIGN_OR_RETURN(const double cpu_after, CpuSeconds(masters));
  Use use;
  use.cpu = (cpu_after - cpu_before) / seconds;
  use.commands = static_cast<double>(load.Counters().answered - answered_before) / seconds;
  if (readings > 0) use.demand = demand / readings;
  return use;
}

}  // namespace

StatusOr<Capacity> MeasureCapacity(LoadGenerator& load, const std::vector<pid_t>& masters,
                                   double share, Daemon& daemon, Clock& clock,
                                   std::stop_token stop) {
  const auto shards = static_cast<double>(masters.size());
  Capacity capacity;
  TW_ASSIGN_OR_RETURN(const auto idle, Observe(load, masters, kSpan, nullptr, clock, stop));
  capacity.idle = idle.cpu / shards;
  // Commands are cheaper when more of them are read at once: measured at two rates, the second near
  // to what is planned with.
  double rate = kFirstRate * shards;
  for (int i = 0; i < 2; ++i) {
    load.Start([rate](MonoTime) { return rate; });
    TW_ASSIGN_OR_RETURN(const auto use, Observe(load, masters, i == 0 ? kSpan : 2 * kSpan,
                                                i == 0 ? nullptr : &daemon, clock, stop));
    const double cpu = use.cpu - idle.cpu;
    if (use.commands < 1 || cpu <= 0) {
      return Error(StatusCode::kUnavailable, "the cluster answers nothing");
    }
    capacity.cpu_per_command = cpu / use.commands;
    capacity.commands =
        std::max(0.0, kMostUsable * share - capacity.idle) / capacity.cpu_per_command;
    capacity.request_units_per_command = use.demand / use.commands;
    rate = kEasyShare * capacity.commands * shards;
  }
  load.Stop(std::chrono::seconds(10));
  if (capacity.request_units_per_command <= 0) {
    return Error(StatusCode::kUnavailable, "the daemon does not tell the demand");
  }
  if (capacity.commands < 100) {
    return Error(StatusCode::kFailedPrecondition,
                 "a shard bears {:.0f} commands/s only: this machine is too busy for the demo",
                 capacity.commands);
  }
  return capacity;
}

}  // namespace tidewright::demo
