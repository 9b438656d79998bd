#include "bench/loadgen/cluster_harness.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "stores/redis/cluster_nodes.h"

namespace tidewright::loadgen {
namespace {

constexpr int kSlots = 16384;
constexpr char kHost[] = "127.0.0.1";
constexpr Duration kPatience = std::chrono::seconds(60);

}  // namespace

StatusOr<std::string> MakeTemporaryDirectory(const std::string& prefix) {
  const char* base = std::getenv("TMPDIR");
  std::string path =
      std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/" + prefix + "-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return Error(StatusCode::kResourceExhausted, "{}: {}", path, std::strerror(errno));
  }
  return path;
}

ClusterHarness::~ClusterHarness() { StopAll(); }

void ClusterHarness::StopAll() {
  for (auto& [port, server] : servers_) {
    server.process.Signal(SIGCONT);
    server.process.Signal(SIGKILL);
  }
  for (auto& [port, server] : servers_) server.process.Wait(std::chrono::seconds(5), clock_);
  servers_.clear();
}

StatusOr<io::Subprocess> ClusterHarness::Spawn(int port, const std::string& directory) {
  std::vector<std::string> command = {options_.server,
                                      options_.tls ? "--tls-port" : "--port",
                                      std::to_string(port),
                                      "--bind",
                                      kHost,
                                      "--cluster-enabled",
                                      "yes",
                                      "--cluster-config-file",
                                      "nodes.conf",
                                      "--cluster-node-timeout",
                                      "5000",
                                      "--appendonly",
                                      "no",
                                      "--save",
                                      "",
                                      "--dir",
                                      directory,
                                      "--daemonize",
                                      "no",
                                      "--repl-diskless-sync-delay",
                                      "0",
                                      "--protected-mode",
                                      "no"};
  if (options_.tls) {
    command.insert(command.end(),
                   {"--port", "0", "--tls-cluster", "yes", "--tls-replication", "yes",
                    "--tls-ca-cert-file", options_.tls->ca_file, "--tls-cert-file",
                    options_.tls->certificate_file, "--tls-key-file", options_.tls->key_file});
  }
  command.insert(command.end(), options_.arguments.begin(), options_.arguments.end());
  return io::Subprocess::Spawn({.command = std::move(command),
                                .working_directory = directory,
                                .output_file = directory + "/server.log"});
}

StatusOr<int> ClusterHarness::StartServer() {
  TW_ASSIGN_OR_RETURN(const int port, io::FreePort());
  const std::string directory = options_.directory + "/" + std::to_string(port);
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return Error(StatusCode::kResourceExhausted, "{}: {}", directory, error.message());
  TW_ASSIGN_OR_RETURN(auto process, Spawn(port, directory));
  servers_.emplace(port, Server{port, directory, std::move(process)});
  TW_RETURN_IF_ERROR(AwaitAnswer(port));
  return port;
}

Status ClusterHarness::Restart(int port) {
  Server& server = servers_.at(port);
  TW_ASSIGN_OR_RETURN(server.process, Spawn(port, server.directory));
  return AwaitAnswer(port);
}

Status ClusterHarness::AwaitAnswer(int port) {
  return WaitUntil(options_.server + " on port " + std::to_string(port),
                   [&] { return client_.Call1(kHost, port, {"PING"}).ok(); });
}

void ClusterHarness::Kill(int port, int signal) {
  const auto it = servers_.find(port);
  if (it == servers_.end()) return;
  it->second.process.Signal(signal);
  if (signal == SIGKILL) it->second.process.Wait(std::chrono::seconds(5), clock_);
}

std::vector<int> ClusterHarness::Ports() const {
  std::vector<int> ports;
  for (const auto& [port, server] : servers_) ports.push_back(port);
  return ports;
}

Status ClusterHarness::WaitUntil(const std::string& what, const std::function<bool()>& condition) {
  const MonoTime deadline = clock_.Monotonic() + kPatience;
  while (!condition()) {
    if (clock_.Monotonic() > deadline) {
      return Error(StatusCode::kDeadlineExceeded, "{}: not ready after {}", what,
                   FormatDuration(kPatience));
    }
    clock_.WaitFor(std::chrono::milliseconds(20), {});
  }
  return OkStatus();
}

StatusOr<std::unique_ptr<ClusterHarness>> ClusterHarness::Start(ClusterOptions options) {
  io::TransportFactory transport = io::MakeTcpTransport;
  if (options.tls) {
    TW_ASSIGN_OR_RETURN(transport, io::MakeTlsTransport(*options.tls));
  }
  std::unique_ptr<ClusterHarness> cluster(
      new ClusterHarness(std::move(options), std::move(transport)));
  TW_RETURN_IF_ERROR(Annotate(cluster->Form(), "start a redis cluster"));
  return cluster;
}

Status ClusterHarness::Form() {
  std::vector<int> masters;
  std::vector<int> replicas;
  std::map<int, std::string> ids;
  for (int i = 0; i < options_.shards * (1 + options_.replicas_per_shard); ++i) {
    TW_ASSIGN_OR_RETURN(const int port, StartServer());
    (i < options_.shards ? masters : replicas).push_back(port);
    TW_ASSIGN_OR_RETURN(const auto id, client_.Call1(kHost, port, {"CLUSTER", "MYID"}));
    ids[port] = id.text;
  }
  for (std::size_t i = 0; i < masters.size(); ++i) {
    const auto shards = static_cast<int>(masters.size());
    const int first = kSlots * static_cast<int>(i) / shards;
    const int last = kSlots * static_cast<int>(i + 1) / shards - 1;
    TW_RETURN_IF_ERROR(
        client_
            .Call1(kHost, masters[i],
                   {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(last)})
            .status());
    TW_RETURN_IF_ERROR(
        client_.Call1(kHost, masters[i], {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)})
            .status());
  }
  for (const auto& [port, id] : ids) {
    if (port == masters.front()) continue;
    TW_RETURN_IF_ERROR(
        client_.Call1(kHost, port, {"CLUSTER", "MEET", kHost, std::to_string(masters.front())})
            .status());
  }
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    const std::string& master = ids[masters[i % masters.size()]];
    TW_RETURN_IF_ERROR(WaitUntil("replica", [&] {
      return client_.Call1(kHost, replicas[i], {"CLUSTER", "REPLICATE", master}).ok();
    }));
  }
  return WaitUntil("cluster", [&] {
    for (const auto& [port, id] : ids) {
      if (!SeesShards(port)) return false;
      const auto info = client_.Call1(kHost, port, {"CLUSTER", "INFO"});
      const auto replication = client_.Call1(kHost, port, {"INFO", "replication"});
      if (!info.ok() || !replication.ok()) return false;
      if (info->text.find("cluster_state:ok") == std::string::npos) return false;
      if (info->text.find("cluster_known_nodes:" + std::to_string(ids.size()) + "\r") ==
          std::string::npos) {
        return false;
      }
      if (replication->text.find("role:slave") != std::string::npos &&
          replication->text.find("master_link_status:up") == std::string::npos) {
        return false;
      }
    }
    return true;
  });
}

bool ClusterHarness::SeesShards(int port) {
  const auto reply = client_.Call1(kHost, port, {"CLUSTER", "NODES"});
  if (!reply.ok()) return false;
  const auto nodes = redis::ParseClusterNodes(reply->text);
  if (!nodes.ok()) return false;
  const auto masters = std::count_if(nodes->nodes.begin(), nodes->nodes.end(),
                                     [](const redis::NodeLine& node) { return node.master; });
  // Gossip may tell that a node is a replica before the node itself has told of whom.
  const bool attached = std::all_of(
      nodes->nodes.begin(), nodes->nodes.end(),
      [](const redis::NodeLine& node) { return node.master || !node.master_id.empty(); });
  return masters == options_.shards && attached;
}

bool ClusterHarness::IsAlone(int port) {
  const auto info = client_.Call1(kHost, port, {"CLUSTER", "INFO"});
  return info.ok() && info->text.find("cluster_known_nodes:1\r") != std::string::npos;
}

Status ClusterHarness::Check() {
  for (auto& [port, server] : servers_) {
    if (server.process.Poll() || IsAlone(port)) continue;
    std::vector<std::string> command = {"redis-cli", "--cluster", "check",
                                        std::string(kHost) + ":" + std::to_string(port)};
    if (options_.tls) {
      command.insert(command.end(),
                     {"--tls", "--cacert", options_.tls->ca_file, "--cert",
                      options_.tls->certificate_file, "--key", options_.tls->key_file});
    }
    const auto& [username, password] = options_.credentials;
    if (!password.empty()) {
      command.insert(command.end(), {"--no-auth-warning", "--user",
                                     username.empty() ? "default" : username, "--pass", password});
    }
    TW_ASSIGN_OR_RETURN(const auto result, io::Run(command, std::chrono::seconds(30), clock_));
    if (result.exit_code == 0 && result.output.find("[WARNING]") == std::string::npos &&
        result.output.find("[ERR]") == std::string::npos) {
      return OkStatus();
    }
    return Error(StatusCode::kFailedPrecondition, "redis-cli --cluster check: {}", result.output);
  }
  return Error(StatusCode::kFailedPrecondition, "no server of a cluster is left");
}

}  // namespace tidewright::loadgen
