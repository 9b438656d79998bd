#include "bench/loadgen/demo_calibration.h"

#include <algorithm>

namespace tidewright::demo {
namespace {

using loadgen::LoadCounters;
using loadgen::LoadGenerator;

constexpr double kMoreThanAnyShardBears = 15'000;  // commands/s
constexpr Duration kWarmUp = std::chrono::milliseconds(1500);
constexpr Duration kSpan = std::chrono::seconds(4);
constexpr double kKeepsUp = 0.995;
constexpr double kShares[] = {0.9, 0.8, 0.7, 0.6, 0.5};
constexpr Duration kBearableP99 = std::chrono::milliseconds(150);

struct Answered {
  double per_second = 0;
  Duration p99{0};
};

/// Runs at `rate` and tells what was answered after a warm-up.
StatusOr<Answered> RunAt(LoadGenerator& load, double rate, Clock& clock, std::stop_token stop) {
  load.Start([rate](MonoTime) { return rate; });
  clock.WaitFor(kWarmUp, stop);
  const LoadCounters before = load.Counters();
  const MonoTime start = clock.Monotonic();
  clock.WaitFor(kSpan, stop);
  const LoadCounters after = load.Counters();
  const double seconds = Seconds(clock.Monotonic() - start);
  if (stop.stop_requested()) return Error(StatusCode::kCancelled, "stopped");
  if (after.answered == before.answered) {
    return Error(StatusCode::kUnavailable, "the cluster answers nothing");
  }
  return Answered{static_cast<double>(after.answered - before.answered) / seconds,
                  after.latency.Since(before.latency).Quantile(0.99)};
}

/// Demand in RU/s as the daemon sees it, over commands/s as the clients see them. Both are averaged
/// over the same span, since neither stands still.
StatusOr<double> RequestUnitsPerCommand(LoadGenerator& load, Daemon& daemon, Clock& clock,
                                        std::stop_token stop) {
  constexpr int kReadings = 8;
  const LoadCounters before = load.Counters();
  const MonoTime start = clock.Monotonic();
  double sum = 0;
  int readings = 0;
  Status last = Error(StatusCode::kUnavailable, "no fresh demand");
  for (int i = 0; i < kReadings && !stop.stop_requested(); ++i) {
    clock.WaitFor(std::chrono::seconds(1), stop);
    const auto status = daemon.Ask({"status"});
    if (!status.ok()) {
      last = status.status();
      continue;
    }
    const auto demand = status->value("demand", nlohmann::json::object()).value("requests", 0.0);
    if (demand <= 0) continue;
    sum += demand;
    ++readings;
  }
  if (stop.stop_requested()) return Error(StatusCode::kCancelled, "stopped");
  if (readings < kReadings / 2) return Annotate(last, "the daemon does not tell the demand");
  const auto answered = static_cast<double>(load.Counters().answered - before.answered);
  return sum / readings / (answered / Seconds(clock.Monotonic() - start));
}

}  // namespace

StatusOr<Capacity> MeasureCapacity(LoadGenerator& load, int shards, Daemon& daemon, Clock& clock,
                                   std::stop_token stop) {
  Capacity capacity;
  TW_ASSIGN_OR_RETURN(const auto full, RunAt(load, shards * kMoreThanAnyShardBears, clock, stop));
  capacity.saturated = full.per_second / shards;
  for (const double share : kShares) {
    const double rate = share * full.per_second;
    TW_ASSIGN_OR_RETURN(const auto held, RunAt(load, rate, clock, stop));
    capacity.commands = rate / shards;
    capacity.p99 = held.p99;
    if (held.per_second >= kKeepsUp * rate && held.p99 <= kBearableP99) break;
  }
  const double rate = capacity.commands * shards * 0.7;
  load.Start([rate](MonoTime) { return rate; });
  clock.WaitFor(std::chrono::seconds(2), stop);
  TW_ASSIGN_OR_RETURN(capacity.request_units_per_command,
                      RequestUnitsPerCommand(load, daemon, clock, stop));
  load.Stop(std::chrono::seconds(10));
  return capacity;
}

}  // namespace tidewright::demo
