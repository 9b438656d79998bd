// The one YAML file that configures the daemon.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "core/status.h"
#include "core/time.h"
#include "planner/policy.h"

namespace tidewright {

struct Endpoint {
  std::string host;
  int port = 0;
};

/// Files in PEM, read again when they change.
struct TlsConfig {
  std::string ca_file;
  std::string certificate_file;  ///< empty: none is shown
  std::string key_file;
  std::string server_name;  ///< that certificates must name; empty: the address of each server
  bool verify_name = true;
};

struct RedisConfig {
  std::vector<Endpoint> seeds;
  std::string username;
  std::string password_file;  ///< secrets come from files only
  /// The account that MIGRATE shows to its target; empty: the one above.
  std::string migrate_username;
  std::string migrate_password_file;
  std::optional<TlsConfig> tls;
  /// Addresses and networks ("10.0.0.7", "10.0.0.0/8") that keys may be sent to; empty: any.
  std::vector<std::string> allowed_targets;
  /// Address, network or name of hosts, and the zone that they lie in (core/zones.h).
  std::vector<std::pair<std::string, std::string>> zones;
  Duration command_timeout = std::chrono::seconds(2);
  int keys_per_migrate = 100;
  std::int64_t big_key_bytes = 10 * 1024 * 1024;  ///< larger keys are not moved
  bool allow_unprotected_targets = false;  ///< targets with neither replica nor AOF
};

/// How hard moves press: `pace` sets all of it, the others change one thing each. What they mean and
/// what each pace holds is in stores/redis/move_limits.h.
struct ActuatorConfig {
  std::string pace = "normal";
  std::optional<int> pairs_at_once;
  std::string move_by = "auto";  ///< "atomic", "slot-by-slot": redis::MoveBy
  std::optional<int> groups_at_once;
  std::optional<int> keys_per_second;
  std::optional<Duration> max_pause;
  std::optional<Duration> max_open;
  std::optional<Duration> max_latency;
  std::optional<double> max_replication_lag_bytes;
  std::optional<double> max_asks_per_second;
  std::optional<double> max_tryagains_per_second;
  std::optional<double> max_target_memory_share;
};

/// Starts redis-server processes on loopback.
struct LocalProvisionerConfig {
  std::string server = "redis-server";  ///< program
  std::string directory;                ///< a folder for each server below it
  int first_port = 0;
  int last_port = 0;                    ///< cluster bus ports are these + 10000
  std::vector<std::string> arguments;   ///< further arguments for each server
  bool tls = false;  ///< the servers speak TLS alone; `arguments` name their certificates
};

/// Servers that stand by, empty and in no cluster.
struct StandbyProvisionerConfig {
  std::vector<Endpoint> nodes;
};

/// A person's script; docs/provisioners.md is its contract.
struct ExecProvisionerConfig {
  std::vector<std::string> command;  ///< program and arguments
};

/// Pods of a StatefulSet; what is not written is as Kubernetes shows it to a pod.
struct KubernetesProvisionerConfig {
  std::string stateful_set;
  std::string kube_namespace;
  std::string server = "https://kubernetes.default.svc";
  std::string token_file = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  std::string ca_file = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
  int port = 6379;      ///< of the server in each pod
  std::string service;  ///< headless; empty: pods are told by their addresses
};

/// One of them, or none: scale-out is refused then, with a clear reason.
struct ProvisionerConfig {
  std::optional<LocalProvisionerConfig> local;
  std::optional<StandbyProvisionerConfig> standby;
  std::optional<ExecProvisionerConfig> exec;
  std::optional<KubernetesProvisionerConfig> kubernetes;
  /// For one node to be had or given back, real time.
  Duration timeout = std::chrono::seconds(60);

  [[nodiscard]] bool Any() const { return local || standby || exec || kubernetes; }
};

struct CollectorConfig {
  Duration interval = std::chrono::seconds(10);    ///< real time between samples of a node
  Duration timeout = std::chrono::seconds(2);
  Duration stale_after = std::chrono::seconds(60);
  Duration partition_interval = std::chrono::minutes(5);
  int concurrency = 64;
  /// Main-thread seconds per second at which a server is at its limit: demand may be more than is
  /// seen. Less than 1 where servers are held to a share of a core.
  double saturation_cpu = 0.95;
};

struct AlertmanagerConfig {
  std::string url;                       ///< empty: no push
  Duration resend = std::chrono::minutes(1);
};

/// Older entries, and more of them, are pruned; what they told of the account goes on counting.
struct AuditConfig {
  Duration keep = std::chrono::days(400);
  int entries = 100'000;
};

/// How it is made sure that one controller at a time changes the cluster.
struct LeaderConfig {
  /// "clients": by the names of the clients that every master lists; "etcd": by a lease there;
  /// "data_dir": every controller of this cluster uses this data folder on this host, a person says.
  std::string by = "clients";
  std::vector<std::string> endpoints;  ///< of etcd
  std::string prefix = "/tidewright";  ///< of its keys
  std::string username;
  std::string password_file;
  std::optional<TlsConfig> tls;
  Duration ttl = std::chrono::seconds(15);    ///< of the lease
  Duration margin = std::chrono::seconds(5);  ///< before its end, nothing more is written
  int clusters_at_once = 0;  ///< of those below `prefix`, that may act at a time; 0: any number
};

struct Config {
  std::string cluster;  ///< name, label of every metric
  Mode mode = Mode::kObserve;
  std::string data_dir;
  /// A further kill switch beside the one in data_dir, such as one that several controllers share;
  /// empty: none.
  std::string stop_file;
  Endpoint grpc{"127.0.0.1", 7090};
  Endpoint metrics{"127.0.0.1", 7091};
  Duration cycle = std::chrono::seconds(60);  ///< real time between control cycles
  RedisConfig redis;
  LeaderConfig leader;
  ActuatorConfig actuator;
  ProvisionerConfig provisioner;
  CollectorConfig collector;
  Policy policy;
  std::string calendar;  ///< file of planned events, see forecast/calendar.h; empty: none
  AlertmanagerConfig alertmanager;
  AuditConfig audit;
  /// Policies that run beside the real one on live data, simulated; planner/baselines/baselines.h
  /// has the names.
  std::vector<std::string> shadow = {"reactive"};
  std::optional<ScaledClock::Origin> clock;  ///< demonstrations: wall time that runs faster
  std::string log_level = "info";  ///< trace, debug, info, warn, error
  /// "file:line: key: …": worth telling at start, no reason to refuse.
  std::vector<std::string> warnings;
};

/// Everything wrong with the file at once, each as "file:line: key: what is wrong; what would be
/// right", joined by newlines, in a kInvalidArgument. Caps the file's size, refuses anchors, aliases,
/// tags and duplicate keys. Values of unknown keys are never repeated: they may be secrets.
/// deploy/tidewright.example.yaml has every key with its default.
[[nodiscard]] StatusOr<Config> LoadConfig(const std::string& path);
[[nodiscard]] StatusOr<Config> ParseConfig(const std::string& yaml, const std::string& file_name);

/// One key of a policy given otherwise than in its file.
struct PolicyOverride {
  std::string key;    ///< as below `policy:`; with dots where it is in a section of it
  std::string value;  ///< as in the file
  std::string from;   ///< who says so, for messages, such as "--sweep"
};
/// The policy of a file that has `policy:` at its top, alone or as part of a whole configuration.
/// Errors as LoadConfig.
[[nodiscard]] StatusOr<Policy> LoadPolicy(const std::string& path,
                                          const std::vector<PolicyOverride>& overrides = {});
[[nodiscard]] StatusOr<Policy> ParsePolicy(const std::string& yaml, const std::string& file_name,
                                           const std::vector<PolicyOverride>& overrides = {});

}  // namespace tidewright
