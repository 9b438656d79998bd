// What the demo can be told, and where its things lie.
#pragma once

#include <cstdint>
#include <string>

#include "core/time.h"

namespace tidewright::demo {

struct Options {
  double speed = 144;  ///< simulated seconds per real second: a day in ten minutes
  int days = 1;        ///< replayed
  std::uint64_t seed = 1;
  bool keep = false;  ///< leave everything running
};

/// Figures of the world that is shown. Measured on two cores: see MeasureCapacity.
struct World {
  int shards = 3;
  int max_shards = 8;
  int replicas_per_shard = 1;
  int keys = 130'000;  ///< deletions and expiries leave over 100,000
  int value_bytes = 100;
  double share = 0.06;       ///< of a core, for each server
  double peak_shards = 3.6;  ///< demand at the usual peak, in what one shard can bear
  double target_utilisation = 0.7;
  int history_days = 14;
};

/// Programs beside our own, and a fresh folder that everything of the demo lies in.
struct Paths {
  std::string programs;
  std::string directory;

  [[nodiscard]] std::string Program(const std::string& name) const { return programs + "/" + name; }
  [[nodiscard]] std::string Cluster() const { return directory + "/cluster"; }
  [[nodiscard]] std::string Nodes() const { return directory + "/nodes"; }
};

}  // namespace tidewright::demo
