#include "actuator/provisioners/local.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "actuator/provisioners/local_process.h"
#include "core/hash.h"

namespace tidewright {

struct LocalProvisioner::NodeFile {
  std::string name;  ///< of its folder, and of its file without ".json"
  std::string token;
  std::string cluster;
  int port = 0;
  bool released = false;  ///< kept until the port is used again, so that a second Release is OK
};

namespace {

namespace fs = std::filesystem;

constexpr const char* kHost = "127.0.0.1";
constexpr int kBusOffset = 10000;
constexpr int kFileVersion = 1;
constexpr Duration kPollInterval = std::chrono::milliseconds(20);
/// For stopping a server that did not come up: it holds no data yet.
constexpr Duration kCleanUpTime = std::chrono::seconds(5);
constexpr Duration kPortTime = std::chrono::seconds(1);

Status WriteError(const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return Error(full ? StatusCode::kResourceExhausted : StatusCode::kFailedPrecondition,
               "cannot write {}: {}", path, std::strerror(error));
}

Status WriteError(const std::string& path, const std::error_code& error) {
  return WriteError(path, error.value());
}

Status SyncPath(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return WriteError(path, errno);
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error == 0 ? OkStatus() : WriteError(path, error);
}

/// The old text or the new one is there, whatever happens; the folder is the caller's to sync.
Status ReplaceFile(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".tmp";
  std::ofstream file(temporary, std::ios::trunc);
  file << text;
  file.close();
  Status status = file ? SyncPath(temporary, O_WRONLY) : WriteError(temporary, errno);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) status = WriteError(path, errno);
  if (!status.ok()) unlink(temporary.c_str());
  return status;
}

bool DiskIsFull(const std::string& folder) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  return !error && space.available < 4 * 4096;
}

bool PortsAreFree(int port) {
  return local::PortIsFree(port) && local::PortIsFree(port + kBusOffset);
}

/// The same text always gives the same name; different ones never do.
std::string FolderName(const std::string& token) {
  std::string name;
  for (const char c : token.substr(0, 40)) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_';
    name += plain ? c : '_';
  }
  return name + "-" + Sha256Hex(token).substr(0, 12);
}

/// Whether the server knows other nodes: it has been in a cluster.
bool JoinedOthers(const std::string& folder) {
  std::ifstream file(folder + "/nodes.conf");
  int nodes = 0;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.rfind("vars ", 0) != 0) ++nodes;
  }
  return nodes > 1;
}

std::string LogTail(const std::string& path) {
  constexpr std::size_t kTail = 400;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.size() > kTail) {
    text.erase(0, text.size() - kTail);
    text.erase(0, text.find('\n') + 1);
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.empty() ? "it logged nothing" : text;
}

Status CheckOptions(const LocalProvisionerOptions& options) {
  if (options.server.empty() || options.directory.empty()) {
    return Error(StatusCode::kInvalidArgument,
                 "the local provisioner needs a server and a directory");
  }
  if (options.first_port < 1 || options.last_port < options.first_port ||
      options.last_port + kBusOffset > 65535) {
    return Error(StatusCode::kInvalidArgument,
                 "the local provisioner's ports {}-{} must rise within 1-{}", options.first_port,
                 options.last_port, 65535 - kBusOffset);
  }
  return OkStatus();
}

/// Absolute and without links, as /proc shows working directories and whatever folder a child is
/// in.
LocalProvisionerOptions Absolute(LocalProvisionerOptions options) {
  std::error_code error;
  if (!options.directory.empty()) {
    const fs::path absolute = fs::absolute(options.directory, error);
    const fs::path real = fs::weakly_canonical(absolute, error);
    options.directory = (error ? absolute : real).lexically_normal().string();
    if (options.directory.size() > 1 && options.directory.back() == '/') {
      options.directory.pop_back();
    }
  }
  if (options.server.find('/') != std::string::npos) {
    options.server = fs::absolute(options.server, error).string();
  }
  return options;
}

}  // namespace

LocalProvisioner::LocalProvisioner(LocalProvisionerOptions options, Clock& clock)
    : options_(Absolute(std::move(options))), clock_(clock) {}

StatusOr<ProvisionedNode> LocalProvisioner::Acquire(const NodeRequest& request, Duration timeout) {
  std::scoped_lock lock(mutex_);
  TW_RETURN_IF_ERROR(CheckOptions(options_));
  if (request.token.empty()) return Error(StatusCode::kInvalidArgument, "a node needs a token");
  const MonoTime deadline = clock_.Monotonic() + timeout;
  TW_ASSIGN_OR_RETURN(auto known, Load());
  TW_ASSIGN_OR_RETURN(const NodeFile node, Reserve(request, std::move(known)));
  Status running = EnsureRunning(node, deadline);
  if (running.ok()) return ProvisionedNode{kHost, node.port, ""};
  running = Annotate(running, fmt::format("start {} on port {}", options_.server, node.port));
  if (JoinedOthers(Folder(node))) return running;
  const Status removed = Discard(node, clock_.Monotonic() + kCleanUpTime, /*released=*/false);
  if (removed.ok()) return running;
  return Error(running.code(), "{}; what was started is still there: {}", Message(running),
               Message(removed));
}

Status LocalProvisioner::Release(const std::string& host, int port, Duration timeout) {
  std::scoped_lock lock(mutex_);
  TW_RETURN_IF_ERROR(CheckOptions(options_));
  TW_ASSIGN_OR_RETURN(const auto known, Load());
  bool released = false;
  for (const NodeFile& node : known) {
    if (node.port != port || host != kHost) continue;
    if (!node.released) {
      return Annotate(Discard(node, clock_.Monotonic() + timeout, /*released=*/true),
                      fmt::format("release {}:{}", host, port));
    }
    released = true;
  }
  if (released) return OkStatus();
  return Error(StatusCode::kNotFound, "{}:{} was not started by this provisioner", host, port);
}

StatusOr<std::vector<ProvisionedNode>> LocalProvisioner::Nodes() {
  std::scoped_lock lock(mutex_);
  TW_ASSIGN_OR_RETURN(const auto known, Load());
  std::vector<ProvisionedNode> nodes;
  for (const NodeFile& node : known) {
    if (!node.released) nodes.push_back({kHost, node.port, ""});
  }
  return nodes;
}

std::string LocalProvisioner::Folder(const NodeFile& node) const {
  return options_.directory + "/" + node.name;
}

StatusOr<std::vector<LocalProvisioner::NodeFile>> LocalProvisioner::Load() const {
  std::vector<NodeFile> nodes;
  std::error_code error;
  for (fs::directory_iterator entry(options_.directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() != ".json") continue;
    std::ifstream file(entry->path());
    const auto json = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
    const auto has = [&](const char* key, auto is_type) {
      return json.is_object() && json.contains(key) && (json[key].*is_type)();
    };
    using Json = nlohmann::json;
    if (!has("token", &Json::is_string) || !has("cluster", &Json::is_string) ||
        !has("port", &Json::is_number_integer) || !has("released", &Json::is_boolean) ||
        !has("version", &Json::is_number_integer) || json["version"].get<int>() != kFileVersion) {
      return Error(
          StatusCode::kFailedPrecondition,
          "{} cannot be read; stop the server of that folder, if one runs, and remove both",
          entry->path().string());
    }
    nodes.push_back({entry->path().stem().string(), json["token"].get<std::string>(),
                     json["cluster"].get<std::string>(), json["port"].get<int>(),
                     json["released"].get<bool>()});
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Error(StatusCode::kFailedPrecondition, "cannot read {}: {}", options_.directory,
                 error.message());
  }
  return nodes;
}

Status LocalProvisioner::Save(const NodeFile& node) const {
  const nlohmann::json json = {{"version", kFileVersion},
                               {"token", node.token},
                               {"cluster", node.cluster},
                               {"port", node.port},
                               {"released", node.released}};
  const std::string text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::string path = options_.directory + "/" + node.name + ".json";
  const Status written = ReplaceFile(path, text + "\n");
  return written.ok() ? SyncPath(options_.directory, O_RDONLY | O_DIRECTORY) : written;
}

/// The node of that token, or a new one with a port of its own, durable before anything is started.
StatusOr<LocalProvisioner::NodeFile> LocalProvisioner::Reserve(const NodeRequest& request,
                                                               std::vector<NodeFile> known) const {
  NodeFile node{FolderName(request.token), request.token, request.cluster, 0, false};
  std::set<int> taken;
  for (const NodeFile& other : known) {
    if (other.released) continue;
    if (other.name == node.name) return other;
    taken.insert(other.port);
  }
  for (int port = options_.first_port; port <= options_.last_port && node.port == 0; ++port) {
    if (!taken.contains(port) && PortsAreFree(port)) {
      node.port = port;
    }
  }
  if (node.port == 0) {
    return Error(StatusCode::kResourceExhausted,
                 "no port from {} to {} is free (with port + {} for the cluster bus)",
                 options_.first_port, options_.last_port, kBusOffset);
  }
  std::error_code error;
  fs::create_directories(options_.directory, error);
  if (error) return WriteError(options_.directory, error);
  TW_RETURN_IF_ERROR(Save(node));
  // From now on a Release of this port means the new node.
  for (const NodeFile& other : known) {
    if (other.released && other.port == node.port && other.name != node.name) {
      fs::remove(Folder(other) + ".json", error);
    }
  }
  return node;
}

Status LocalProvisioner::EnsureRunning(const NodeFile& node, MonoTime deadline) {
  // A server that has just ended may hold its port a moment longer.
  const MonoTime patience = clock_.Monotonic() + kPortTime;
  Reap();
  while (local::ServerProcesses(Folder(node), node.port).empty()) {
    if (PortsAreFree(node.port)) {
      TW_RETURN_IF_ERROR(StartServer(node));
      break;
    }
    if (clock_.Monotonic() >= patience) {
      return Error(StatusCode::kUnavailable, "another program took port {} or {}", node.port,
                   node.port + kBusOffset);
    }
    clock_.WaitFor(kPollInterval, {});
  }
  return AwaitAnswer(node, deadline);
}

/// A controller that was killed between fork and exec may have left a child that is no server yet
/// and is not seen. Both servers would then start in this one folder, and the port decides which
/// one stays: so the folder is emptied, never replaced.
Status LocalProvisioner::PrepareFolder(const NodeFile& node) const {
  const std::string folder = Folder(node);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return WriteError(folder, error);
  if (JoinedOthers(folder)) return OkStatus();
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code failed;
    fs::remove_all(entry->path(), failed);
    if (failed) return WriteError(entry->path().string(), failed);
  }
  return error ? WriteError(folder, error) : OkStatus();
}

Status LocalProvisioner::StartServer(const NodeFile& node) {
  TW_RETURN_IF_ERROR(PrepareFolder(node));
  const std::string folder = Folder(node);
  io::SpawnOptions spawn{.command = {options_.server, options_.tls ? "--tls-port" : "--port",
                                     std::to_string(node.port), "--bind", kHost,
                                     "--cluster-enabled", "yes", "--cluster-config-file",
                                     "nodes.conf", "--dir", folder, "--daemonize", "no"},
                         .working_directory = folder,
                         .output_file = folder + "/server.log",
                         .own_session = true};
  if (options_.tls) {
    spawn.command.insert(spawn.command.end(), {"--port", "0", "--tls-cluster", "yes",
                                               "--tls-replication", "yes"});
  }
  spawn.command.insert(spawn.command.end(), options_.arguments.begin(), options_.arguments.end());
  auto child = io::Subprocess::Spawn(spawn);
  if (child.status().code() == StatusCode::kNotFound) {
    return Error(StatusCode::kFailedPrecondition,
                 "there is no program {}; install it or name another", options_.server);
  }
  TW_RETURN_IF_ERROR(child.status());
  children_.push_back(*std::move(child));
  return OkStatus();
}

Status LocalProvisioner::AwaitAnswer(const NodeFile& node, MonoTime deadline) {
  while (true) {
    // Whoever asks for the node knows how to speak TLS to it; here it is enough that it listens.
    const auto answer = options_.tls ? local::Listens(node.port) : local::Ask(node.port);
    Reap();
    const auto processes = local::ServerProcesses(Folder(node), node.port);
    if (processes.empty()) {
      const std::string folder = Folder(node);
      // Another program may have been faster to take the port: another one will do next time.
      const StatusCode code = DiskIsFull(folder)        ? StatusCode::kResourceExhausted
                              : PortsAreFree(node.port) ? StatusCode::kFailedPrecondition
                                                        : StatusCode::kUnavailable;
      return Error(code, "it ended by itself: {}", LogTail(folder + "/server.log"));
    }
    // A stranger's answer on our port is none.
    if (answer && (!answer->process || std::find(processes.begin(), processes.end(),
                                                 *answer->process) != processes.end())) {
      return OkStatus();
    }
    if (clock_.Monotonic() >= deadline) {
      return Error(StatusCode::kDeadlineExceeded, "it does not answer yet");
    }
    clock_.WaitFor(kPollInterval, {});
  }
}

Status LocalProvisioner::StopServer(const NodeFile& node, MonoTime deadline) {
  const std::string folder = Folder(node);
  // Half of the time for an orderly end, half for the kernel's.
  const MonoTime now = clock_.Monotonic();
  const MonoTime patience = now + std::max(deadline - now, Duration(0)) / 2;
  auto ending = local::ServerProcesses(folder, node.port);
  for (const pid_t pid : ending) {
    kill(pid, SIGTERM);
    kill(pid, SIGCONT);
  }
  bool killed = false;
  while (true) {
    Reap();
    // Children of an earlier object of this process are ours to reap, too.
    std::erase_if(ending, [](pid_t pid) { return waitpid(pid, nullptr, WNOHANG) != 0; });
    const auto left = local::ServerProcesses(folder, node.port);
    if (left.empty() && ending.empty()) return OkStatus();
    if (killed && clock_.Monotonic() >= deadline) {
      return Error(StatusCode::kDeadlineExceeded, "the server does not end");
    }
    if (clock_.Monotonic() >= patience) {
      for (const pid_t pid : left) kill(pid, SIGKILL);
      killed = true;
    }
    clock_.WaitFor(kPollInterval, {});
  }
}

/// Its file goes last: whoever is cut off here finds the node again and goes on.
Status LocalProvisioner::Discard(const NodeFile& node, MonoTime deadline, bool released) {
  TW_RETURN_IF_ERROR(StopServer(node, deadline));
  std::error_code error;
  fs::remove_all(Folder(node), error);
  if (error) return WriteError(Folder(node), error);
  if (released) {
    NodeFile gone = node;
    gone.released = true;
    return Save(gone);
  }
  fs::remove(Folder(node) + ".json", error);
  return error ? WriteError(Folder(node) + ".json", error) : OkStatus();
}

void LocalProvisioner::Reap() {
  std::erase_if(children_, [](io::Subprocess& child) { return child.Poll().has_value(); });
}

}  // namespace tidewright
