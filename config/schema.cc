#include "config/schema.h"

#include <algorithm>
#include <optional>
#include <type_traits>

#include "config/policy_schema.h"
#include "config/values.h"
#include "core/networks.h"
#include "core/zones.h"
#include "planner/baselines/baselines.h"

namespace tidewright::config {
namespace {

using namespace std::chrono_literals;

constexpr auto kDay = std::chrono::hours(24);

void ReadCluster(Section& top, Config& config) {
  top.Text("cluster", config.cluster, Need::kRequired);
  const bool plain = std::all_of(config.cluster.begin(), config.cluster.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  if (!plain || config.cluster.size() > 64) {
    top.Wrong("cluster", fmt::format("{} is no name; write up to 64 letters, digits, '-', '_', '.'",
                                     Shown(config.cluster)));
  }
  std::string mode = ModeName(config.mode);
  top.OneOf("mode", mode, {"observe", "approve", "auto"});
  config.mode = ParseMode(mode).value_or(config.mode);
  top.Text("data_dir", config.data_dir, Need::kRequired);
  top.Text("stop_file", config.stop_file);
  if (!config.stop_file.empty() && config.stop_file.front() != '/') {
    top.Wrong("stop_file", "is no full path; write one that begins with '/'");
  }
  top.Text("calendar", config.calendar);
  top.Span("cycle", config.cycle, 100ms, 1h);
  top.OneOf("log_level", config.log_level, {"trace", "debug", "info", "warn", "error"});
}

void ReadListeners(Section& top, Config& config) {
  Section grpc = top.Sub("grpc");
  grpc.Address("listen", config.grpc);
  if (!IsLoopback(config.grpc.host)) {
    grpc.Wrong("listen",
               "only loopback is allowed, because the API has no TLS yet and whoever "
               "reaches it may approve actions; write 127.0.0.1:7090 and tunnel to it");
  }
  grpc.Finish();
  Section metrics = top.Sub("metrics");
  metrics.Address("listen", config.metrics);
  if (config.metrics.host == config.grpc.host && config.metrics.port == config.grpc.port) {
    metrics.Wrong("listen", "is the same as grpc.listen; write another port");
  }
  metrics.Finish();
}

enum class Names { kNone, kChosen };

void ReadTls(Section& parent, Names names, std::optional<TlsConfig>& tls) {
  Section section = parent.Sub("tls");
  TlsConfig config;
  section.Text("ca_file", config.ca_file, Need::kRequired);
  section.Text("certificate_file", config.certificate_file);
  section.Text("key_file", config.key_file);
  if (names == Names::kChosen) {
    section.Text("server_name", config.server_name);
    section.Flag("verify_name", config.verify_name);
  }
  if (config.certificate_file.empty() != config.key_file.empty()) {
    const char* missing = config.key_file.empty() ? "key_file" : "certificate_file";
    section.Wrong(missing, "is missing: a certificate and its key belong together; write both");
  }
  if (!config.server_name.empty() && !config.verify_name) {
    section.Wrong("verify_name", "is false, so that server_name is not checked; remove one of them");
  }
  section.Finish();
  if (section.present()) tls = std::move(config);
}

void ReadRedis(Section& top, RedisConfig& redis) {
  Section section = top.Sub("redis", Need::kRequired);
  section.Addresses("seeds", redis.seeds, Need::kRequired);
  section.Text("username", redis.username);
  section.Text("password_file", redis.password_file);
  section.Text("migrate_username", redis.migrate_username);
  section.Text("migrate_password_file", redis.migrate_password_file);
  ReadTls(section, Names::kChosen, redis.tls);
  section.Span("command_timeout", redis.command_timeout, 10ms, 1min);
  section.Whole("keys_per_migrate", redis.keys_per_migrate, 1, 10'000);
  double big_key = static_cast<double>(redis.big_key_bytes);
  section.Size("big_key_bytes", big_key, false);
  redis.big_key_bytes = static_cast<std::int64_t>(big_key);
  section.Flag("allow_unprotected_targets", redis.allow_unprotected_targets);
  section.Texts("allowed_targets", redis.allowed_targets);
  if (const auto networks = Networks::Parse(redis.allowed_targets); !networks.ok()) {
    section.Wrong("allowed_targets", "holds " + Message(networks.status()));
  }
  section.Pairs("zones", redis.zones);
  for (const auto& entry : redis.zones) {
    const auto zone = Zones::Parse({entry});
    if (!zone.ok()) section.Wrong("zones", "holds " + Message(zone.status()));
  }
  if (!redis.username.empty() && redis.password_file.empty()) {
    section.Wrong("username", "needs a password; write its file as password_file");
  }
  if (!redis.migrate_username.empty() && redis.migrate_password_file.empty()) {
    section.Wrong("migrate_username", "needs a password; write its file as migrate_password_file");
  }
  section.Finish();
}

void ReadLeader(Section& top, LeaderConfig& leader) {
  Section section = top.Sub("leader");
  section.OneOf("by", leader.by, {"clients", "etcd", "data_dir"});
  Section etcd = section.Sub("etcd");
  etcd.Texts("endpoints", leader.endpoints);
  for (const auto& url : leader.endpoints) {
    if (url.starts_with("http://") || url.starts_with("https://")) continue;
    etcd.Wrong("endpoints", fmt::format("holds {}, which is no address of a web server; write one "
                                        "such as https://10.0.0.7:2379",
                                        Shown(url)));
  }
  etcd.Text("prefix", leader.prefix);
  if (leader.prefix.empty() || leader.prefix.front() != '/' || leader.prefix.back() == '/') {
    etcd.Wrong("prefix", "does not begin with '/', or ends with it; write one such as /tidewright");
  }
  etcd.Text("username", leader.username);
  etcd.Text("password_file", leader.password_file);
  if (leader.username.empty() != leader.password_file.empty()) {
    etcd.Wrong(leader.username.empty() ? "username" : "password_file",
               "is missing: a name and its password belong together; write both");
  }
  ReadTls(etcd, Names::kNone, leader.tls);
  etcd.Span("ttl", leader.ttl, 2s, 5min);
  etcd.Span("margin", leader.margin, 100ms, 1min);
  etcd.Whole("clusters_at_once", leader.clusters_at_once, 0, 1000);
  if (3 * leader.margin > 2 * leader.ttl) {
    etcd.Wrong("margin", fmt::format("{} leaves too little of ttl, {}, for the lease to be renewed; "
                                     "write at most two thirds of it",
                                     FormatDuration(leader.margin), FormatDuration(leader.ttl)));
  }
  etcd.Finish();
  if (leader.by == "etcd" && leader.endpoints.empty()) {
    section.Wrong("by", "is etcd, but no endpoint is named; write leader.etcd.endpoints");
  }
  section.Finish();
}

void ReadActuator(Section& top, ActuatorConfig& actuator) {
  Section section = top.Sub("actuator");
  section.OneOf("pace", actuator.pace, {"gentle", "normal", "fast"});
  section.OneOf("move_by", actuator.move_by, {"auto", "atomic", "slot-by-slot"});
  // What is not written is as the pace has it.
  const auto read = [&](const char* key, auto& target, auto&& take) {
    auto value = typename std::decay_t<decltype(target)>::value_type{};
    take(value);
    if (section.Has(key)) target = value;
  };
  const auto whole = [&](const char* key, std::optional<int>& target, int low, int high) {
    read(key, target, [&](int& value) { section.Whole(key, value, low, high); });
  };
  const auto span = [&](const char* key, std::optional<Duration>& target, Duration high) {
    read(key, target, [&](Duration& value) { section.Span(key, value, 1ms, high); });
  };
  const auto number = [&](const char* key, std::optional<double>& target, double low, double high) {
    read(key, target, [&](double& value) { section.Number(key, value, low, high); });
  };
  whole("pairs_at_once", actuator.pairs_at_once, 1, 64);
  whole("groups_at_once", actuator.groups_at_once, 1, 8);
  whole("keys_per_second", actuator.keys_per_second, 0, 10'000'000);
  span("max_pause", actuator.max_pause, 1s);
  span("max_open", actuator.max_open, 10s);
  span("max_latency", actuator.max_latency, 10s);
  read("max_replication_lag_bytes", actuator.max_replication_lag_bytes,
       [&](double& value) { section.Size("max_replication_lag_bytes", value, false); });
  number("max_asks_per_second", actuator.max_asks_per_second, 0, 1e9);
  number("max_tryagains_per_second", actuator.max_tryagains_per_second, 0, 1e9);
  number("max_target_memory_share", actuator.max_target_memory_share, 0.1, 1);
  section.Finish();
}

/// Several may be described; one is used.
void ChooseProvisioner(Section& section, ProvisionerConfig& provisioner) {
  std::string use = provisioner.local     ? "local"
                    : provisioner.standby ? "standby"
                    : provisioner.exec    ? "exec"
                                          : "kubernetes";
  const int described = provisioner.local.has_value() + provisioner.standby.has_value() +
                        provisioner.exec.has_value() + provisioner.kubernetes.has_value();
  section.OneOf("use", use, {"local", "standby", "exec", "kubernetes"});
  if (described > 1 && !section.Has("use")) {
    section.Wrong("use", "is missing where several are described; write which one it is");
  }
  if (use != "local") provisioner.local.reset();
  if (use != "standby") provisioner.standby.reset();
  if (use != "exec") provisioner.exec.reset();
  if (use != "kubernetes") provisioner.kubernetes.reset();
  if (section.Has("use") && !provisioner.Any()) {
    section.Wrong("use", fmt::format("{} is not described; write provisioner.{}", use, use));
  }
}

void ReadKubernetes(Section& of, std::optional<KubernetesProvisionerConfig>& kubernetes) {
  Section section = of.Sub("kubernetes");
  KubernetesProvisionerConfig config;
  section.Text("stateful_set", config.stateful_set, Need::kRequired);
  section.Text("namespace", config.kube_namespace, Need::kRequired);
  section.Text("server", config.server);
  section.Text("token_file", config.token_file);
  section.Text("ca_file", config.ca_file);
  section.Whole("port", config.port, 1, 65535);
  section.Text("service", config.service);
  if (!config.server.starts_with("https://")) {
    section.Wrong("server", "is no https:// address; the token would be shown to everybody");
  }
  // They become part of a path.
  for (const auto& [key, name] : {std::pair("stateful_set", config.stateful_set),
                                  std::pair("namespace", config.kube_namespace),
                                  std::pair("service", config.service)}) {
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
    if (!plain) section.Wrong(key, "is no name in Kubernetes; write small letters, digits and '-'");
  }
  section.Finish();
  if (section.present()) kubernetes = std::move(config);
}

void ReadProvisioner(Section& top, ProvisionerConfig& provisioner) {
  Section section = top.Sub("provisioner");
  Section local = section.Sub("local");
  LocalProvisionerConfig config;
  // The cluster bus listens 10,000 ports above.
  constexpr int kLastPort = 65535 - 10000;
  local.Text("server", config.server);
  local.Text("directory", config.directory, Need::kRequired);
  local.Whole("first_port", config.first_port, 1024, kLastPort, Need::kRequired);
  local.Whole("last_port", config.last_port, 1024, kLastPort, Need::kRequired);
  local.Texts("arguments", config.arguments);
  local.Flag("tls", config.tls);
  if (config.server.empty())
    local.Wrong("server", "is empty; write a program such as redis-server");
  if (config.first_port > 0 && config.last_port > 0 && config.first_port > config.last_port) {
    local.Wrong("last_port", fmt::format("{} is below first_port, {}; write a higher port",
                                         config.last_port, config.first_port));
  }
  local.Finish();
  if (local.present()) provisioner.local = std::move(config);
  Section standby = section.Sub("standby");
  StandbyProvisionerConfig pool;
  standby.Addresses("nodes", pool.nodes, Need::kRequired);
  standby.Finish();
  if (standby.present()) provisioner.standby = std::move(pool);
  Section exec = section.Sub("exec");
  ExecProvisionerConfig script;
  exec.Texts("command", script.command);
  if (exec.present() && (script.command.empty() || script.command.front().empty())) {
    exec.Wrong("command", "is empty; write a list of program and arguments");
  }
  exec.Finish();
  if (exec.present()) provisioner.exec = std::move(script);
  ReadKubernetes(section, provisioner.kubernetes);
  section.Span("timeout", provisioner.timeout, 1s, 1h);
  ChooseProvisioner(section, provisioner);
  section.Finish();
}

void ReadCollector(Section& top, CollectorConfig& collector) {
  Section section = top.Sub("collector");
  section.Span("interval", collector.interval, 100ms, 1h);
  section.Span("timeout", collector.timeout, 10ms, 1min);
  section.Span("stale_after", collector.stale_after, 200ms, kDay);
  section.Span("partition_interval", collector.partition_interval, 100ms, kDay);
  section.Whole("concurrency", collector.concurrency, 1, 10'000);
  section.Number("saturation_cpu", collector.saturation_cpu, 0.001, 1);
  if (collector.stale_after <= collector.interval) {
    section.Wrong("stale_after", fmt::format("{} is not above interval, {}: every sample would be "
                                             "stale before the next; write at least twice as much",
                                             FormatDuration(collector.stale_after),
                                             FormatDuration(collector.interval)));
  }
  section.Finish();
}

void ReadAlertmanager(Section& top, AlertmanagerConfig& alertmanager) {
  Section section = top.Sub("alertmanager");
  section.Text("url", alertmanager.url);
  const std::string& url = alertmanager.url;
  if (!url.empty() && !url.starts_with("http://") && !url.starts_with("https://")) {
    section.Wrong("url", "is no address of a web server; write one such as http://127.0.0.1:9093");
  }
  section.Span("resend", alertmanager.resend, 1s, 1h);
  section.Finish();
}

void ReadAudit(Section& top, AuditConfig& audit) {
  Section section = top.Sub("audit");
  section.Span("keep", audit.keep, kDay, 3650 * kDay);
  section.Whole("entries", audit.entries, 1000, 10'000'000);
  section.Finish();
}

// A size that follows no demand needs no shadow: the account has static peak anyway.
void ReadShadow(Section& top, Config& config) {
  top.Texts("shadow", config.shadow);
  std::vector<std::string> names;
  for (const auto& kind : baselines::Kinds()) {
    if (std::string(kind.name) != "static-peak") names.emplace_back(kind.name);
  }
  for (std::size_t i = 0; i < config.shadow.size(); ++i) {
    const std::string& name = config.shadow[i];
    const auto seen = config.shadow.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      top.Wrong("shadow", fmt::format("{} is no policy that can run in shadow; write some of {}",
                                      Shown(name), fmt::join(names, ", ")));
    } else if (std::find(config.shadow.begin(), seen, name) != seen) {
      top.Wrong("shadow", fmt::format("{} is named twice; write it once", Shown(name)));
    }
  }
}

void ReadClock(Section& top, Config& config) {
  Section section = top.Sub("clock");
  ScaledClock::Origin origin;
  double monotonic = 0;
  section.Number("speed", origin.speed, 0.001, 100'000, Need::kRequired);
  section.Time("wall_origin", origin.wall, Need::kRequired);
  section.Number("monotonic_origin_seconds", monotonic, 0, 1e9, Need::kRequired);
  origin.monotonic = MonoTime(FromSeconds(monotonic));
  section.Finish();
  if (section.present()) config.clock = origin;
}

void Warn(Outcome& outcome, const Section& section, const std::string& key, const std::string& path,
          const std::string& text) {
  outcome.warnings.push_back({section.LineOf(key), path + ": " + text});
}

void CollectWarnings(const Section& top, const Section& policy_section, Outcome& outcome) {
  const Config& config = outcome.config;
  const Policy& policy = config.policy;
  if (config.mode != Mode::kObserve && !config.provisioner.Any()) {
    Warn(outcome, top, "mode", "mode",
         fmt::format("{} without a provisioner: every scale-out will be refused",
                     ModeName(config.mode)));
  }
  const bool any =
      std::any_of(policy.shard_capacity.values.begin(), policy.shard_capacity.values.end(),
                  [](const auto& c) { return c.has_value(); });
  if (!any) {
    Warn(outcome, policy_section, "shard_capacity", "policy.shard_capacity",
         "names no resource: demand is forecast, but no change of size can be planned");
  }
  if (policy.survive_loss == SurviveLoss::kZone && config.redis.zones.empty()) {
    Warn(outcome, policy_section, "survive_loss", "policy.survive_loss",
         "zone, but redis.zones names none: nothing will ever be removed");
  }
  if (policy.min_shards < 3) {
    Warn(outcome, policy_section, "min_shards", "policy.min_shards",
         fmt::format("{} is less than the three masters that Redis Cluster needs to agree on a "
                     "failover",
                     policy.min_shards));
  }
  const int nodes_at_once = policy.max_step_out * (1 + policy.replicas_per_shard);
  if (policy.max_nodes_added_per_hour < nodes_at_once) {
    Warn(outcome, policy_section, "max_nodes_added_per_hour", "policy.max_nodes_added_per_hour",
         fmt::format("{} is less than the {} nodes of one action of max_step_out shards: such an "
                     "action waits for approval; write at least {} or a smaller max_step_out",
                     policy.max_nodes_added_per_hour, nodes_at_once, nodes_at_once));
  }
  if (const auto& local = config.provisioner.local) {
    const int ports = local->last_port - local->first_port + 1;
    const int most = std::max(policy.max_shards, policy.hard_max_shards);
    const int needed = (most - policy.min_shards) * (1 + policy.replicas_per_shard);
    if (ports < needed) {
      Warn(outcome, top, "provisioner", "provisioner.local.last_port",
           fmt::format("{} ports are too few for the {} servers between min_shards and the most",
                       ports, needed));
    }
  }
}

}  // namespace

Outcome ReadDocument(const YamlNode& root) {
  Outcome outcome;
  Section top(root, outcome.report);
  ReadCluster(top, outcome.config);
  ReadListeners(top, outcome.config);
  ReadRedis(top, outcome.config.redis);
  ReadLeader(top, outcome.config.leader);
  ReadActuator(top, outcome.config.actuator);
  ReadProvisioner(top, outcome.config.provisioner);
  ReadCollector(top, outcome.config.collector);
  Section policy = top.Sub("policy");
  ReadPolicy(policy, outcome.config.policy);
  ReadAlertmanager(top, outcome.config.alertmanager);
  ReadAudit(top, outcome.config.audit);
  ReadShadow(top, outcome.config);
  ReadClock(top, outcome.config);
  top.Finish();
  if (outcome.report.problems.empty()) CollectWarnings(top, policy, outcome);
  return outcome;
}

Outcome ReadPolicyDocument(const YamlNode& root) {
  const bool whole = std::any_of(root.entries.begin(), root.entries.end(),
                                 [](const YamlEntry& entry) { return entry.key == "cluster"; });
  if (whole) return ReadDocument(root);
  Outcome outcome;
  Section top(root, outcome.report);
  Section policy = top.Sub("policy", Need::kRequired);
  ReadPolicy(policy, outcome.config.policy);
  top.Finish();
  return outcome;
}

}  // namespace tidewright::config
