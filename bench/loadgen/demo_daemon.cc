#include "bench/loadgen/demo_daemon.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace tidewright::demo {
namespace {

constexpr Duration kPatience = std::chrono::seconds(30);
// What the first action is expected to take, in real seconds, until the controller has learned it.
constexpr double kProvisioningSeconds = 5;
constexpr double kFullMigrationSeconds = 90;

/// Wall time of the demo's clock as the configuration writes it.
std::string WallSpan(double real_seconds, double speed) {
  return fmt::format("{}s", std::max(1, static_cast<int>(std::lround(real_seconds * speed))));
}

}  // namespace

std::string Configuration(const DaemonSettings& settings, const Paths& paths, int grpc_port,
                          int metrics_port) {
  std::string seeds;
  for (const int port : settings.seed_ports) {
    seeds += fmt::format("{}\"127.0.0.1:{}\"", seeds.empty() ? "" : ", ", port);
  }
  // The history keeps a value a minute of wall time; a sample a minute is wanted of real time too.
  const int interval_ms = std::clamp(static_cast<int>(60'000 / settings.clock.speed), 200, 10'000);
  const World& world = settings.world;
  std::string text = fmt::format(
      "# Written by tidewright-demo.\n"
      "cluster: {}\nmode: {}\ndata_dir: \"{}\"\n"
      "grpc: {{listen: \"127.0.0.1:{}\"}}\nmetrics: {{listen: \"127.0.0.1:{}\"}}\n"
      "cycle: {}ms\n"
      "redis:\n  seeds: [{}]\n"
      "collector:\n  interval: {}ms\n  timeout: 2s\n  stale_after: {}ms\n"
      "  partition_interval: 20s\n  saturation_cpu: {:.4f}\n",
      kClusterName, settings.mode, settings.data_dir, grpc_port, metrics_port,
      std::min(1000, interval_ms), seeds, interval_ms, std::max(10'000, 5 * interval_ms), 0.95 * world.share);
  text += fmt::format(
      "provisioner:\n  local:\n    server: redis-server\n    directory: \"{}\"\n"
      "    first_port: {}\n    last_port: {}\n"
      // As the servers that the demo starts itself.
      "    arguments: [--cluster-node-timeout, \"5000\", --repl-diskless-sync-delay, \"0\", "
      "--save, \"\"]\n",
      paths.Nodes(), 21'500, 22'500);
  text += fmt::format(
      "clock:\n  speed: {}\n  wall_origin: \"{}\"\n  monotonic_origin_seconds: {:.6f}\n",
      settings.clock.speed, FormatTime(settings.clock.wall),
      Seconds(settings.clock.monotonic.time_since_epoch()));
  text += fmt::format(
      // The demo cannot wait for forecasts of its own to come due: what it imports has earned it.
      "policy:\n  auto_unlocked: 'demo: fourteen days of history were imported'\n"
      // The servers are held to a share of a core: each stands still for moments.
      "  health_latency_floor: 1s\n"
      "  min_shards: {}\n  max_shards: {}\n  replicas_per_shard: {}\n"
      "  target_utilisation: {}\n  provisioning_time: {}\n  full_migration_time: {}\n",
      world.shards, world.max_shards, world.replicas_per_shard, world.target_utilisation,
      WallSpan(kProvisioningSeconds, settings.clock.speed),
      WallSpan(kFullMigrationSeconds, settings.clock.speed));
  if (settings.shard_capacity > 0) {
    text += fmt::format("  shard_capacity:\n    requests: {:.0f}\n", settings.shard_capacity);
  }
  return text;
}

Daemon::~Daemon() { Stop(); }

Status Daemon::Start(const DaemonSettings& settings, std::stop_token stop) {
  if (grpc_port_ == 0) {
    TW_ASSIGN_OR_RETURN(grpc_port_, io::FreePort());
    metrics_port_ = grpc_port_;
    while (metrics_port_ == grpc_port_) {
      TW_ASSIGN_OR_RETURN(metrics_port_, io::FreePort());
    }
  }
  {
    std::ofstream file(config_file());
    file << Configuration(settings, paths_, grpc_port_, metrics_port_) << std::flush;
    if (!file) return Error(StatusCode::kResourceExhausted, "{} cannot be written", config_file());
  }
  TW_ASSIGN_OR_RETURN(
      auto process,
      io::Subprocess::Spawn({.command = {paths_.Program("tidewright"), "--config", config_file()},
                             .working_directory = paths_.directory,
                             .output_file = log_file()}));
  process_ = std::move(process);
  const MonoTime deadline = clock_.Monotonic() + kPatience;
  Status last;
  while (clock_.Monotonic() < deadline) {
    if (stop.stop_requested()) return Error(StatusCode::kCancelled, "stopped");
    if (!Running()) {
      return Error(StatusCode::kFailedPrecondition, "the daemon ended by itself:\n{}", LogTail());
    }
    const auto status = Ask({"status"});
    if (status.ok()) return OkStatus();
    last = status.status();
    clock_.WaitFor(std::chrono::milliseconds(100), stop);
  }
  return Annotate(last, "the daemon does not answer");
}

void Daemon::Stop() {
  if (!process_) return;
  process_->Stop(kPatience, clock_);
  process_.reset();
}

StatusOr<nlohmann::json> Daemon::Ask(const std::vector<std::string>& words) {
  std::vector<std::string> command = {paths_.Program("tidectl"), "--address", grpc_address(),
                                      "--output", "json"};
  command.insert(command.end(), words.begin(), words.end());
  TW_ASSIGN_OR_RETURN(const auto result, io::Run(command, std::chrono::seconds(5), clock_));
  if (result.exit_code != 0) {
    return Error(StatusCode::kUnavailable, "{}: {}", words.front(), result.output);
  }
  auto json = nlohmann::json::parse(result.output, nullptr, false);
  if (!json.is_object()) {
    return Error(StatusCode::kInternal, "{}: no JSON: {}", words.front(), result.output);
  }
  return json;
}

Status Daemon::ImportHistory(const std::string& data_dir, const std::string& file) {
  TW_ASSIGN_OR_RETURN(const auto result,
                      io::Run({paths_.Program("tidectl"), "history", "import", "--data-dir",
                               data_dir, "--cluster", kClusterName, file},
                              std::chrono::minutes(2), clock_));
  if (result.exit_code == 0) return OkStatus();
  return Error(StatusCode::kInternal, "tidectl history import: {}", result.output);
}

std::string Daemon::LogTail() const {
  constexpr std::size_t kBytes = 2000;
  std::ifstream file(log_file());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return text.size() <= kBytes ? text : text.substr(text.size() - kBytes);
}

}  // namespace tidewright::demo
