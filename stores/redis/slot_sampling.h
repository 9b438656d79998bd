// Asks one server about its slots, in small pieces, so that its clients do not feel it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "collector/load_source.h"
#include "core/clock.h"
#include "core/status.h"
#include "stores/redis/connection.h"

namespace tidewright::redis {

struct SlotSamplingOptions {
  int slots_per_batch = 256;  ///< COUNTKEYSINSLOT costs well under a microsecond
  int sampled_keys = 20;      ///< whose sizes stand for all of the server's; 0: no sizes
};

/// What a server was found to offer; asked for anew when its process is another.
struct SlotAbilities {
  std::optional<bool> slot_stats;    ///< CLUSTER SLOT-STATS
  bool memory_usage_denied = false;  ///< by its access rules
};

struct SlotSamplingResult {
  std::vector<PartitionSample> samples;
  SlotAbilities abilities;
};

/// Sends a batch to the server in question; its callback comes once and within the timeout.
using Sender = std::function<void(Batch, Duration, Connection::Done)>;

/// CLUSTER SLOT-STATS where the server has it (the shapes of Valkey 8 and Redis 8.2), else
/// COUNTKEYSINSLOT; then the sizes of a few keys drawn in proportion to the slots' key counts,
/// unless the server tells memory for each slot. One batch at a time is under way. `done` is called
/// once, within about `timeout`, on the sender's thread. `seed` decides which keys are drawn.
void SampleSlots(Sender send, Clock& clock, std::vector<int> slots, SlotAbilities abilities,
                 const SlotSamplingOptions& options, std::uint64_t seed, Duration timeout,
                 std::function<void(StatusOr<SlotSamplingResult>)> done);

}  // namespace tidewright::redis
