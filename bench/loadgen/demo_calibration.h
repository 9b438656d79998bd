// What this machine's throttled servers bear, so that the demo's day fits them.
#pragma once

#include <sys/types.h>

#include <stop_token>
#include <vector>

#include "bench/loadgen/demo_daemon.h"
#include "bench/loadgen/load_generator.h"
#include "core/clock.h"
#include "core/status.h"

namespace tidewright::demo {

struct Capacity {
  double cpu_per_command = 0;  ///< seconds of a master's main thread
  double idle = 0;             ///< share of a core that a master needs without any load
  double commands = 0;         ///< commands/s that one shard can bear
  double request_units_per_command = 0;
};

/// From the cpu time that `masters`, each held to `share` of a core, use under a load that they
/// bear easily: so that it tells the same whatever else this machine does at the moment. Asks the
/// (observing) daemon how many request units the commands are. The load is stopped in the end.
[[nodiscard]] StatusOr<Capacity> MeasureCapacity(loadgen::LoadGenerator& load,
                                                 const std::vector<pid_t>& masters, double share,
                                                 Daemon& daemon, Clock& clock,
                                                 std::stop_token stop);

}  // namespace tidewright::demo
