// Real commands on a real Redis Cluster: open loop by a rate, every reply judged, everything read
// back at the end.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "bench/loadgen/dispatcher.h"
#include "bench/loadgen/histogram.h"
#include "bench/loadgen/key_model.h"
#include "bench/loadgen/workload.h"
#include "core/clock.h"
#include "core/status.h"

namespace tidewright::loadgen {

struct LoadOptions {
  DispatcherOptions servers;
  KeySpace keys = KeySpace::Of(10000, 100);
  Mix mix;
  std::uint64_t seed = 1;
  double highest_rate = 60000;  ///< commands per second; what the rate asks beyond it is shed
};

/// Commands per second that are wanted at a moment. Called on the generator's own thread.
using RateFunction = std::function<double(MonoTime)>;

/// Counted since the start; a consistent copy.
struct LoadCounters {
  std::int64_t issued = 0;
  std::int64_t answered = 0;
  std::int64_t writes_acknowledged = 0;  ///< each key of an MSET is one
  std::int64_t reads_checked = 0;
  std::int64_t unknown = 0;       ///< operations whose outcome was never told
  std::int64_t not_executed = 0;  ///< given up after redirects and retries
  std::int64_t shed = 0;          ///< wanted by the rate, but the server had too many under way
  std::int64_t outstanding = 0;
  double largest_share = 1;                    ///< of the slots, on one shard, as of now
  std::map<std::string, std::int64_t> errors;  ///< by kind, see Dispatcher::errors
  Histogram latency;      ///< from the moment the rate asked for it to its answer, retries included
  std::int64_t lost = 0;  ///< findings, as of now
  std::int64_t undone = 0;
  std::vector<std::string> findings;  ///< the first ones, in words
};

/// What was read back. lost and undone include what replies showed during the run.
struct Verification {
  std::int64_t writes_acknowledged = 0;
  std::int64_t writes_verified = 0;  ///< those whose key was found in its last acknowledged state
  std::int64_t keys = 0;
  std::int64_t keys_verified = 0;
  std::int64_t keys_uncertain = 0;  ///< verified, but more than one state would have been right
  std::int64_t keys_unread = 0;     ///< could not be read
  std::int64_t lost = 0;
  std::int64_t undone = 0;
  std::vector<std::string> findings;

  [[nodiscard]] bool Clean() const { return lost == 0 && undone == 0 && keys_unread == 0; }
};

/// Owns all keys of its key space: at most one command per key is under way at any time, so that
/// its last acknowledged state is known exactly. One thread of its own. The methods are called from
/// one other thread (Counters from any); they block.
class LoadGenerator {
 public:
  LoadGenerator(LoadOptions options, Clock& clock);
  /// Drops what is under way.
  ~LoadGenerator();
  LoadGenerator(const LoadGenerator&) = delete;
  LoadGenerator& operator=(const LoadGenerator&) = delete;

  /// Gives every key its first state, as fast as the servers take it. kCancelled when stopped.
  Status Preload(Duration timeout, std::stop_token stop = {});
  /// Issues commands from now on at `rate`; replaces the rate that was given before.
  void Start(RateFunction rate);
  /// Issues no more and waits for what is under way; what is not answered after `drain` is taken as
  /// unknown.
  void Stop(Duration drain);
  /// Reads every key back. Only while stopped. kDeadlineExceeded when it takes longer, kCancelled
  /// when stopped.
  StatusOr<Verification> Verify(Duration timeout, std::stop_token stop = {});

  [[nodiscard]] LoadCounters Counters() const;

 private:
  class Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tidewright::loadgen
