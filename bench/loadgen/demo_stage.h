// Everything the demo starts, and its end.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "bench/loadgen/cluster_harness.h"
#include "bench/loadgen/demo_daemon.h"
#include "bench/loadgen/demo_options.h"
#include "bench/loadgen/load_generator.h"
#include "bench/loadgen/throttle.h"

namespace tidewright::demo {

/// Not thread-safe. The destructor stops the daemon, the load and every server below the folder
/// (also those the daemon's provisioner started) and removes the folder, unless all that is kept.
class Stage {
 public:
  Stage(Paths paths, Clock& clock)
      : paths_(std::move(paths)), clock_(clock), daemon_(paths_, clock) {}
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Status StartCluster(const World& world);
  Status LoadKeys(const World& world, std::uint64_t seed, std::stop_token stop);
  Status ThrottleServers(const World& world);
  /// From here on the servers are as fast as the machine: for reading back.
  void LiftThrottle() { throttle_.reset(); }

  /// Leaves servers, daemon, limits and files where they are.
  void Keep();

  [[nodiscard]] const Paths& paths() const { return paths_; }
  [[nodiscard]] std::vector<int> SeedPorts() const { return cluster_->Ports(); }
  /// Processes that are masters now, of the servers it started.
  [[nodiscard]] StatusOr<std::vector<pid_t>> Masters();
  Daemon& daemon() { return daemon_; }
  loadgen::LoadGenerator& load() { return *load_; }
  [[nodiscard]] const loadgen::Throttle& throttle() const { return *throttle_; }

 private:
  void KillServersBelow();

  Paths paths_;
  Clock& clock_;
  std::unique_ptr<loadgen::ClusterHarness> cluster_;
  std::unique_ptr<loadgen::LoadGenerator> load_;
  std::unique_ptr<loadgen::Throttle> throttle_;
  Daemon daemon_;
  bool kept_ = false;
};

}  // namespace tidewright::demo
