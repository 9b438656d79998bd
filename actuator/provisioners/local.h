// Starts redis-server processes on loopback: for demonstrations, tests and a single machine.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "actuator/provisioner.h"
#include "core/clock.h"
#include "io/subprocess.h"

namespace tidewright {

struct LocalProvisionerOptions {
  std::string server =
      "redis-server";     ///< program, or a script that starts it with its own arguments
  std::string directory;  ///< a folder and a small file for each node below it
  int first_port = 0;
  int last_port = 0;                   ///< included; cluster bus ports are these + 10000
  std::vector<std::string> arguments;  ///< further ones for each server
  bool tls = false;  ///< they speak TLS alone, with the certificates that `arguments` name
};

/// Nodes outlive it, and it finds them again: a node is a file in `directory`, written before its
/// process is started, and a process belongs to a node when it works in the node's folder and its
/// command line names the node's port. No process id is stored that could come to mean another
/// process.
///
/// Thread-safe; calls wait for each other. One object for a directory at a time.
class LocalProvisioner : public Provisioner {
 public:
  LocalProvisioner(LocalProvisionerOptions options, Clock& clock);

  /// A node whose process died is started again on its port: with its data when it had joined
  /// others, else empty. When it fails, nothing that it started is left, unless the node had joined
  /// others. kResourceExhausted: no port left, disk full. kFailedPrecondition: no such program,
  /// folder not writable, the server refuses to start (with the end of its log). kInvalidArgument:
  /// bad options or no token. kDeadlineExceeded: it did not answer in time. kUnavailable: another
  /// program took its port; a repeated request gets another one.
  StatusOr<ProvisionedNode> Acquire(const NodeRequest& request, Duration timeout) override;
  /// SIGTERM, SIGKILL after a while, then its folder is removed. kDeadlineExceeded when a process
  /// does not die.
  Status Release(const std::string& host, int port, Duration timeout) override;

  /// Those acquired and not released, running or not.
  StatusOr<std::vector<ProvisionedNode>> Nodes();

 private:
  struct NodeFile;  ///< what is on disk about a node

  StatusOr<std::vector<NodeFile>> Load() const;
  Status Save(const NodeFile& node) const;
  StatusOr<NodeFile> Reserve(const NodeRequest& request, std::vector<NodeFile> known) const;
  Status EnsureRunning(const NodeFile& node, MonoTime deadline);
  Status PrepareFolder(const NodeFile& node) const;
  Status StartServer(const NodeFile& node);
  Status AwaitAnswer(const NodeFile& node, MonoTime deadline);
  Status StopServer(const NodeFile& node, MonoTime deadline);
  Status Discard(const NodeFile& node, MonoTime deadline, bool released);
  [[nodiscard]] std::string Folder(const NodeFile& node) const;
  void Reap();

  const LocalProvisionerOptions options_;
  Clock& clock_;
  std::mutex mutex_;
  std::vector<io::Subprocess> children_;  ///< started by this process, to be reaped
};

}  // namespace tidewright
