#include "tests/faults/server_process.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "bench/loadgen/throttle.h"

namespace tidewright::faults {
namespace {

/// A server's title: "redis-server 127.0.0.1:7001 [cluster]". 0 before it has got it.
int PortOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  const std::string title{std::istreambuf_iterator<char>(file), {}};
  const std::string host = " 127.0.0.1:";
  const auto at = title.find(host);
  return at == std::string::npos ? 0 : std::atoi(title.c_str() + at + host.size());
}

}  // namespace

std::map<int, ServerProcess> ServersBelow(const std::string& folder) {
  std::map<int, ServerProcess> servers;
  for (const pid_t pid : loadgen::RedisServersBelow(folder)) {
    const int port = PortOf(pid);
    std::error_code gone;
    const auto cwd =
        std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/cwd", gone).string();
    if (port != 0 && !gone) servers[port] = {pid, port, cwd};
  }
  return servers;
}

StatusOr<io::Subprocess> StartAgain(const ServerProcess& server, const std::string& appendfsync) {
  std::vector<std::string> command = {"redis-server",
                                      "--port",
                                      std::to_string(server.port),
                                      "--bind",
                                      "127.0.0.1",
                                      "--cluster-enabled",
                                      "yes",
                                      "--cluster-config-file",
                                      "nodes.conf",
                                      "--cluster-node-timeout",
                                      "5000",
                                      "--save",
                                      "",
                                      "--dir",
                                      server.directory,
                                      "--repl-diskless-sync-delay",
                                      "0"};
  if (!appendfsync.empty()) {
    command.insert(command.end(), {"--appendonly", "yes", "--appendfsync", appendfsync});
  }
  return io::Subprocess::Spawn({.command = std::move(command),
                                .working_directory = server.directory,
                                .output_file = server.directory + "/server.log"});
}

}  // namespace tidewright::faults
