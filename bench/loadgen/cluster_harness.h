// Real redis-server processes on loopback, for the demo, tests and benchmarks. They live in a
// folder of their own and are stopped by process id.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/status.h"
#include "io/subprocess.h"
#include "io/tls_transport.h"
#include "stores/redis/client.h"

namespace tidewright::loadgen {

struct ClusterOptions {
  std::string directory;  ///< must exist
  int shards = 3;
  int replicas_per_shard = 1;
  std::vector<std::string> arguments;  ///< further ones for each server
  redis::Credentials credentials = {};  ///< where the arguments ask for some
  /// Set: the servers speak TLS alone, to clients and to each other, and show this certificate.
  std::optional<io::TlsOptions> tls = {};
  std::string server = "redis-server";  ///< program
};

struct Server {
  int port = 0;
  std::string directory;
  io::Subprocess process;
};

/// Not thread-safe. The destructor kills every server that is left.
class ClusterHarness {
 public:
  ~ClusterHarness();

  /// Started, joined, slots assigned in equal ranges, replicas attached; returns when every node
  /// says cluster_state:ok and all replicas are in sync.
  static StatusOr<std::unique_ptr<ClusterHarness>> Start(ClusterOptions options);

  /// A further, empty server that is in no cluster.
  StatusOr<int> StartServer();
  void Kill(int port, int signal);  ///< SIGKILL also reaps
  /// One that was killed, on its port and in its folder. Returns when it answers.
  Status Restart(int port);
  void StopAll();
  /// Forgets the servers without stopping them: from here on they are somebody else's.
  void Release() { servers_.clear(); }

  [[nodiscard]] std::vector<int> Ports() const;
  [[nodiscard]] const std::map<int, Server>& servers() const { return servers_; }
  [[nodiscard]] const ClusterOptions& options() const { return options_; }
  redis::Client& client() { return client_; }
  /// `redis-cli --cluster check` of the cluster's first server: OK, or kFailedPrecondition with its
  /// output. Never runs --fix.
  Status Check();

 private:
  ClusterHarness(ClusterOptions options, io::TransportFactory transport)
      : options_(std::move(options)),
        client_({.credentials = options_.credentials,
                 .timeout = redis::ClientOptions().timeout,
                 .transport = std::move(transport)}) {}
  Status Form();
  StatusOr<io::Subprocess> Spawn(int port, const std::string& directory);
  Status AwaitAnswer(int port);
  /// Whether the node's view has as many masters as there are shards and a master for each replica:
  /// gossip tells who became a replica a moment after the replica itself knows.
  bool SeesShards(int port);
  /// Such as one that was taken out of the cluster and left running.
  bool IsAlone(int port);
  Status WaitUntil(const std::string& what, const std::function<bool()>& condition);

  ClusterOptions options_;
  RealClock clock_;
  redis::Client client_;
  std::map<int, Server> servers_;
};

/// A fresh folder under $TMPDIR or /tmp.
[[nodiscard]] StatusOr<std::string> MakeTemporaryDirectory(const std::string& prefix);

}  // namespace tidewright::loadgen
