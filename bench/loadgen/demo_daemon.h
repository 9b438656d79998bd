// The daemon and tidectl as the demo uses them: as a person would, by their files and commands.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/loadgen/demo_options.h"
#include "core/clock.h"
#include "core/status.h"
#include "io/subprocess.h"

namespace tidewright::demo {

struct DaemonSettings {
  std::string mode = "auto";  ///< or observe
  std::string data_dir;
  std::vector<int> seed_ports;
  double shard_capacity = 0;  ///< RU/s; 0 = not known yet
  ScaledClock::Origin clock;
  World world;
};

/// The text of the daemon's configuration file.
[[nodiscard]] std::string Configuration(const DaemonSettings& settings, const Paths& paths,
                                        int grpc_port, int metrics_port);

/// Not thread-safe. The destructor stops the daemon, unless it was released.
class Daemon {
 public:
  Daemon(Paths paths, Clock& clock) : paths_(std::move(paths)), clock_(clock) {}
  ~Daemon();

  /// Writes the configuration and starts the program; returns when it answers for the first time.
  Status Start(const DaemonSettings& settings, std::stop_token stop);
  /// SIGTERM, and SIGKILL when that takes too long. Safe at any time.
  void Stop();
  void Release() { process_.reset(); }

  /// The answer of `tidectl WORDS --output json`, or why there is none.
  [[nodiscard]] StatusOr<nlohmann::json> Ask(const std::vector<std::string>& words);
  Status ImportHistory(const std::string& data_dir, const std::string& file);

  [[nodiscard]] std::string config_file() const { return paths_.directory + "/tidewright.yaml"; }
  [[nodiscard]] std::string log_file() const { return paths_.directory + "/tidewright.log"; }
  [[nodiscard]] std::string grpc_address() const {
    return "127.0.0.1:" + std::to_string(grpc_port_);
  }
  [[nodiscard]] std::string metrics_address() const {
    return "127.0.0.1:" + std::to_string(metrics_port_);
  }
  /// The last lines of its log.
  [[nodiscard]] std::string LogTail() const;
  [[nodiscard]] bool Running() { return process_ && !process_->Poll(); }
  [[nodiscard]] pid_t pid() const { return process_ ? process_->pid() : -1; }

 private:
  Paths paths_;
  Clock& clock_;
  int grpc_port_ = 0;
  int metrics_port_ = 0;
  std::optional<io::Subprocess> process_;
};

inline constexpr char kClusterName[] = "demo";

}  // namespace tidewright::demo
