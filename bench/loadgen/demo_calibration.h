// What this machine's throttled servers bear, so that the demo's day fits them.
#pragma once

#include <optional>
#include <stop_token>

#include "bench/loadgen/demo_daemon.h"
#include "bench/loadgen/load_generator.h"
#include "core/clock.h"
#include "core/status.h"

namespace tidewright::demo {

struct Capacity {
  double saturated = 0;  ///< commands/s that one shard answered while far more was wanted
  double commands = 0;   ///< commands/s that one shard answers without falling behind
  double request_units_per_command = 0;
  Duration p99{0};  ///< at that rate
};

/// Loads the `shards` throttled shards beyond what they bear, then with less and less, until they
/// keep up; asks the (observing) daemon how many request units the commands are. The load is
/// stopped in the end.
[[nodiscard]] StatusOr<Capacity> MeasureCapacity(loadgen::LoadGenerator& load, int shards,
                                                 Daemon& daemon, Clock& clock,
                                                 std::stop_token stop);

}  // namespace tidewright::demo
