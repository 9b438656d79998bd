// Samples for the collector's tests.
#pragma once

#include <string>

#include "collector/load_source.h"

namespace tidewright {

inline MonoTime At(double seconds) {
  return MonoTime(std::chrono::hours(1)) + FromSeconds(seconds);
}

/// Plausible in everything; counters at `count`.
inline NodeSample MakeSample(const std::string& node_id, double seconds, double count,
                             const std::string& incarnation = "run-1") {
  NodeSample sample;
  sample.node_id = node_id;
  sample.incarnation = incarnation;
  sample.at = At(seconds);
  for (const Metric m : {Metric::kRequestUnits, Metric::kCommands, Metric::kNetworkBytes,
                         Metric::kHits, Metric::kMisses, Metric::kEvictions}) {
    sample[m] = count;
  }
  sample[Metric::kCpuSeconds] = count * 1e-5;
  sample[Metric::kOwnCpuSeconds] = 0;
  sample[Metric::kMemoryBytes] = 1e6;
  sample[Metric::kMemoryLimitBytes] = 0;
  sample[Metric::kKeys] = 100;
  sample[Metric::kRejected] = 0;
  sample[Metric::kBlockingWork] = 0;
  return sample;
}

}  // namespace tidewright
