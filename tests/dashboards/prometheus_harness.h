// A real Prometheus on loopback that scrapes one program with the configuration that we ship.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/status.h"
#include "io/subprocess.h"

namespace tidewright::dashboards {

/// Stopped, and its folder removed, by the destructor. Not thread-safe.
class Prometheus {
 public:
  /// Scrapes http://<target>/metrics ("127.0.0.1:7091") every 200 ms under the job "tidewright" and
  /// evaluates our rules; tells no Alertmanager. Returns when it is ready.
  static StatusOr<std::unique_ptr<Prometheus>> Start(const std::string& source_dir,
                                                     const std::string& target);
  ~Prometheus();

  /// The "data" of the answer to /api/v1/<path>. kInvalidArgument with Prometheus' own words when
  /// it refuses.
  StatusOr<nlohmann::json> Get(const std::string& path);
  StatusOr<nlohmann::json> Query(const std::string& expr);       ///< at the present
  StatusOr<nlohmann::json> QueryRange(const std::string& expr);  ///< the last minute, every second

  /// Asks everything that the dashboard's panels ask, as Grafana would, until each has shown a
  /// finite value or `timeout` passed: what is left, with the reason.
  std::vector<std::string> PanelsWithoutData(const std::string& source_dir, Duration timeout);
  /// Until every rule of ours was evaluated or `timeout` passed: those that were not, or failed.
  std::vector<std::string> RulesNotEvaluated(const std::string& source_dir, Duration timeout);

 private:
  explicit Prometheus(std::string directory) : directory_(std::move(directory)) {}

  RealClock clock_;
  std::string directory_;
  std::string url_;
  std::optional<io::Subprocess> process_;
};

}  // namespace tidewright::dashboards
