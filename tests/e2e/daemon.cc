#include "tests/e2e/daemon.h"

#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace tidewright::e2e {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

nlohmann::json At(const nlohmann::json& json, const std::string& pointer) {
  const nlohmann::json::json_pointer place(pointer);
  return json.contains(place) ? json.at(place) : nlohmann::json();
}

std::string Program(const std::string& name) {
  const char* folder = std::getenv("TIDEWRIGHT_BIN_DIR");
  return (folder == nullptr ? std::string("build/dev/bin") : std::string(folder)) + "/" + name;
}

Daemon::Daemon(std::string directory)
    : directory_(std::move(directory)), data_dir_(directory_ + "/data") {
  grpc_port_ = io::FreePort().value_or(0);
  do {
    metrics_port_ = io::FreePort().value_or(0);
  } while (metrics_port_ == grpc_port_ && metrics_port_ != 0);
}

Daemon::~Daemon() {
  if (process_) {
    process_->Signal(SIGKILL);
    process_->Wait(std::chrono::seconds(5), clock_);
  }
  KillProvisioned();
}

void Daemon::Configure(const Settings& settings) {
  if (!settings.data_dir.empty()) data_dir_ = settings.data_dir;
  std::string seeds;
  for (int port : settings.seed_ports) {
    seeds += (seeds.empty() ? "\"127.0.0.1:" : ", \"127.0.0.1:") + std::to_string(port) + "\"";
  }
  std::filesystem::create_directories(directory_ + "/nodes");
  std::ofstream out(config_file());
  out << "cluster: test\nmode: " << settings.mode << "\ndata_dir: " << data_dir_
      << "\ngrpc:\n  listen: \"127.0.0.1:" << grpc_port_
      << "\"\nmetrics:\n  listen: \"127.0.0.1:" << metrics_port_
      << "\"\ncycle: 500ms\nredis:\n  seeds: [" << seeds << "]\n"
      << settings.redis << "provisioner:\n  local:\n    directory: " << directory_ << "/nodes\n"
      << "    first_port: 21500\n    last_port: 21900\n"
      << "collector:\n  interval: 500ms\n  timeout: 2s\n  stale_after: 5s\n"
      << "  partition_interval: 2s\n"
      << settings.more;
  if (!settings.policy.empty()) out << "policy:\n" << settings.policy;
}

Status Daemon::Start() {
  TW_ASSIGN_OR_RETURN(
      auto process,
      io::Subprocess::Spawn({.command = {Program("tidewright"), "--config", config_file()},
                             .working_directory = "",
                             .output_file = directory_ + "/daemon.log"}));
  process_ = std::move(process);
  return OkStatus();
}

void Daemon::Signal(int signal) {
  if (!process_) return;
  process_->Signal(signal);
  if (signal == SIGKILL) process_->Wait(std::chrono::seconds(5), clock_);
}

int Daemon::Stop() { return process_ ? process_->Stop(std::chrono::seconds(30), clock_) : 0; }

std::optional<int> Daemon::Wait(Duration timeout) { return process_->Wait(timeout, clock_); }

io::RunResult Daemon::Tidectl(std::vector<std::string> words) {
  std::vector<std::string> command = {Program("tidectl"), "--address",
                                      "127.0.0.1:" + std::to_string(grpc_port_)};
  command.insert(command.end(), words.begin(), words.end());
  auto result = io::Run(command, std::chrono::seconds(20), clock_);
  return result.ok() ? *std::move(result) : io::RunResult{-1, Message(result.status())};
}

nlohmann::json Daemon::Ask(std::vector<std::string> words) {
  words.insert(words.end(), {"--output", "json"});
  const auto result = Tidectl(std::move(words));
  if (result.exit_code != 0) return nullptr;
  auto json = nlohmann::json::parse(result.output, nullptr, false);
  return json.is_discarded() ? nlohmann::json() : json;
}

std::string Daemon::log() const { return ReadFile(directory_ + "/daemon.log"); }

void Daemon::KillProvisioned() {
  // Found by the folder they work in: they are children of a daemon that may be gone.
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto folder = std::filesystem::read_symlink(entry.path() / "cwd", error);
    if (!error && folder.string().rfind(directory_ + "/nodes", 0) == 0) {
      kill(static_cast<pid_t>(std::stol(name)), SIGKILL);
    }
  }
}

}  // namespace tidewright::e2e
