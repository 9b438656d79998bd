// The real programs, started and asked as a person would: for end-to-end tests.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/status.h"
#include "io/subprocess.h"

namespace tidewright::e2e {

/// A folder of its own with a configuration in it. The destructor kills the daemon.
class Daemon {
 public:
  /// `directory` must exist.
  explicit Daemon(std::string directory);
  ~Daemon();

  struct Settings {
    std::string mode = "auto";
    std::vector<int> seed_ports;
    std::string more;      ///< further top-level YAML
    std::string policy;    ///< lines below "policy:", indented by two
    std::string redis;     ///< further lines below "redis:", likewise
    std::string data_dir;  ///< default: directory/data
  };
  /// Writes the configuration; a running daemon does not notice.
  void Configure(const Settings& settings);
  Status Start();
  void Signal(int signal);
  /// SIGTERM; returns the exit code, or 137 when it had to be killed.
  int Stop();
  /// Its exit code once it has ended by itself.
  std::optional<int> Wait(Duration timeout);

  /// `tidectl WORDS --output json`; a null value when it failed.
  nlohmann::json Ask(std::vector<std::string> words);
  io::RunResult Tidectl(std::vector<std::string> words);
  /// Asks for the status until it satisfies the condition; false when `timeout` passed first.
  template <typename Condition>
  bool Await(Duration timeout, Condition condition) {
    const MonoTime deadline = clock_.Monotonic() + timeout;
    while (clock_.Monotonic() < deadline) {
      const auto status = Ask({"status"});
      if (status.is_object() && condition(status)) return true;
      clock_.WaitFor(std::chrono::milliseconds(200), {});
    }
    return false;
  }

  [[nodiscard]] std::string log() const;
  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] std::string data_dir() const { return data_dir_; }
  [[nodiscard]] std::string config_file() const { return directory_ + "/tidewright.yaml"; }
  [[nodiscard]] int metrics_port() const { return metrics_port_; }
  [[nodiscard]] pid_t pid() const { return process_ ? process_->pid() : -1; }
  Clock& clock() { return clock_; }
  /// Kills every redis-server that the daemon's provisioner started.
  void KillProvisioned();

 private:
  RealClock clock_;
  std::string directory_;
  std::string data_dir_;
  int grpc_port_ = 0;
  int metrics_port_ = 0;
  std::optional<io::Subprocess> process_;
};

/// What stands at "/action/state", null where there is nothing.
[[nodiscard]] nlohmann::json At(const nlohmann::json& json, const std::string& pointer);

[[nodiscard]] std::string Program(const std::string& name);

}  // namespace tidewright::e2e
