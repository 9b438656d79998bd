#include "controller/wiring.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "actuator/provisioners/exec.h"
#include "actuator/provisioners/kubernetes.h"
#include "actuator/provisioners/local.h"
#include "actuator/provisioners/standby.h"
#include "alerting/alert_sink.h"
#include "collector/collector.h"
#include "controller/controller.h"
#include "controller/instance.h"
#include "core/clock.h"
#include "history/history.h"
#include "io/http_server.h"
#include "io/tls_transport.h"
#include "journal/etcd_lease.h"
#include "journal/journal.h"
#include "journal/stop_file.h"
#include "server/grpc_server.h"
#include "server/metrics.h"
#include "stores/redis/client.h"
#include "stores/redis/redis_actuator.h"
#include "stores/redis/redis_load_source.h"
#include "stores/redis/sole_controller.h"
#include "stores/redis/standby_node.h"

namespace tidewright {
namespace {

std::unique_ptr<Clock> MakeClock(const Config& config) {
  if (config.clock) return std::make_unique<ScaledClock>(*config.clock);
  return std::make_unique<RealClock>();
}

/// The first line of a file, without its end.
StatusOr<std::string> ReadSecret(const char* key, const std::string& path) {
  std::ifstream file(path);
  std::string secret;
  if (!std::getline(file, secret) || secret.empty()) {
    return Error(StatusCode::kFailedPrecondition,
                 "{}: {} cannot be read or its first line is empty", key, path);
  }
  if (secret.back() == '\r') secret.pop_back();
  return secret;
}

/// Whom we are to the store, and whom its servers are to each other when keys move.
struct Accounts {
  redis::Credentials own;
  redis::Credentials migrate;
};

StatusOr<Accounts> ReadAccounts(const RedisConfig& config) {
  Accounts accounts;
  accounts.own.username = config.username;
  if (!config.password_file.empty()) {
    TW_ASSIGN_OR_RETURN(accounts.own.password,
                        ReadSecret("redis.password_file", config.password_file));
  }
  accounts.migrate = accounts.own;
  if (!config.migrate_password_file.empty()) {
    accounts.migrate.username = config.migrate_username;
    TW_ASSIGN_OR_RETURN(accounts.migrate.password, ReadSecret("redis.migrate_password_file",
                                                              config.migrate_password_file));
  }
  return accounts;
}

StatusOr<io::TransportFactory> MakeTransport(const RedisConfig& config) {
  if (!config.tls) return io::TransportFactory(io::MakeTcpTransport);
  auto transport = io::MakeTlsTransport({.ca_file = config.tls->ca_file,
                                         .certificate_file = config.tls->certificate_file,
                                         .key_file = config.tls->key_file,
                                         .server_name = config.tls->server_name,
                                         .verify_name = config.tls->verify_name});
  if (!transport.ok()) return Annotate(transport.status(), "redis.tls");
  return transport;
}

std::vector<std::pair<std::string, int>> Seeds(const RedisConfig& config) {
  std::vector<std::pair<std::string, int>> seeds;
  for (const auto& seed : config.seeds) seeds.emplace_back(seed.host, seed.port);
  return seeds;
}

Status MakeDataDirectory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return OkStatus();
  return Error(StatusCode::kFailedPrecondition, "data_dir: {}: {}", path, error.message());
}

std::unique_ptr<Provisioner> MakeProvisioner(const Config& config, redis::Client& client,
                                             Clock& clock) {
  const ProvisionerConfig& wanted = config.provisioner;
  if (wanted.local) {
    return std::make_unique<LocalProvisioner>(
        LocalProvisionerOptions{.server = wanted.local->server,
                                .directory = wanted.local->directory,
                                .first_port = wanted.local->first_port,
                                .last_port = wanted.local->last_port,
                                .arguments = wanted.local->arguments,
                                .tls = wanted.local->tls},
        clock);
  }
  if (wanted.standby) {
    StandbyProvisionerOptions options;
    for (const auto& node : wanted.standby->nodes) options.nodes.push_back({node.host, node.port});
    options.state_file = config.data_dir + "/standby.json";
    options.check_empty = [&client](const StandbyNode& node, Duration timeout) {
      return redis::CheckStandsBy(client, node.host, node.port, timeout);
    };
    return std::make_unique<StandbyProvisioner>(std::move(options), clock);
  }
  if (wanted.exec) {
    return std::make_unique<ExecProvisioner>(
        ExecProvisionerOptions{.command = wanted.exec->command,
                               .directory = config.data_dir + "/exec"},
        clock);
  }
  if (wanted.kubernetes) {
    const auto& pods = *wanted.kubernetes;
    return std::make_unique<KubernetesProvisioner>(
        KubernetesProvisionerOptions{.server = pods.server,
                                     .token_file = pods.token_file,
                                     .ca_file = pods.ca_file,
                                     .kube_namespace = pods.kube_namespace,
                                     .stateful_set = pods.stateful_set,
                                     .port = pods.port,
                                     .service = pods.service,
                                     .state_file = config.data_dir + "/kubernetes.json"},
        clock);
  }
  return nullptr;
}

/// The data folder's own file is always obeyed: tidectl can write it without knowing more.
StopSwitch MakeStopSwitch(const Config& config) {
  std::vector<std::string> paths = {StopFileOf(config.data_dir)};
  if (!config.stop_file.empty()) paths.push_back(config.stop_file);
  return StopSwitch(std::move(paths));
}

CollectorOptions ToCollectorOptions(const CollectorConfig& config) {
  CollectorOptions options;
  options.interval = config.interval;
  options.timeout = config.timeout;
  options.topology_interval = config.interval;
  options.stale_after = config.stale_after;
  options.partition_interval = config.partition_interval;
  options.concurrency = config.concurrency;
  options.saturation_cpu = config.saturation_cpu;
  return options;
}

/// What a pace sets, and then what the file changes of it.
void SetPace(const ActuatorConfig& config, redis::RedisActuatorOptions& options) {
  redis::SetPreset(options, redis::FindMovePreset(config.pace).value_or(redis::MovePreset{}));
  options.move_by = redis::FindMoveBy(config.move_by).value_or(redis::MoveBy::kAuto);
  redis::MoveLimits& limits = options.limits;
  limits.pairs_at_once = config.pairs_at_once.value_or(limits.pairs_at_once);
  limits.groups_at_once = config.groups_at_once.value_or(limits.groups_at_once);
  limits.keys_per_second = config.keys_per_second.value_or(limits.keys_per_second);
  limits.max_pause = config.max_pause.value_or(limits.max_pause);
  limits.max_open = config.max_open.value_or(limits.max_open);
  limits.max_latency = config.max_latency.value_or(limits.max_latency);
  if (config.max_replication_lag_bytes) {
    limits.max_replication_lag_bytes = static_cast<std::int64_t>(*config.max_replication_lag_bytes);
  }
  limits.max_asks_per_second = config.max_asks_per_second.value_or(limits.max_asks_per_second);
  limits.max_tryagains_per_second =
      config.max_tryagains_per_second.value_or(limits.max_tryagains_per_second);
  limits.max_target_memory_share =
      config.max_target_memory_share.value_or(limits.max_target_memory_share);
}

/// Null where the lock of the data folder is enough, or nothing will be changed.
StatusOr<std::unique_ptr<Leadership>> MakeLeadership(const Config& config,
                                                     const std::string& instance,
                                                     redis::Client& client,
                                                     const redis::RedisActuatorOptions& options,
                                                     Clock& clock) {
  const LeaderConfig& leader = config.leader;
  if (config.mode == Mode::kObserve || leader.by == "data_dir") return nullptr;
  if (leader.by == "clients") {
    return std::make_unique<redis::SoleController>(client, options, clock, config.cluster,
                                                   instance);
  }
  EtcdLeaseOptions lease;
  lease.prefix = leader.prefix;
  lease.cluster = config.cluster;
  lease.instance = instance;
  lease.ttl = leader.ttl;
  lease.margin = leader.margin;
  lease.clusters_at_once = leader.clusters_at_once;
  lease.etcd.endpoints = leader.endpoints;
  lease.etcd.username = leader.username;
  if (!leader.password_file.empty()) {
    TW_ASSIGN_OR_RETURN(lease.etcd.password,
                        ReadSecret("leader.etcd.password_file", leader.password_file));
  }
  if (leader.tls) {
    lease.etcd.tls = {leader.tls->ca_file, leader.tls->certificate_file, leader.tls->key_file};
  }
  return std::make_unique<EtcdLease>(std::move(lease), clock);
}

StatusOr<redis::RedisActuatorOptions> ToActuatorOptions(const Config& all,
                                                        const redis::Credentials& migrate,
                                                        const StopSwitch& stop) {
  const RedisConfig& config = all.redis;
  redis::RedisActuatorOptions options;
  options.provision_timeout = all.provisioner.timeout;
  options.kill_switch = [&stop] { return stop.Thrown(); };
  options.seeds = Seeds(config);
  options.migrate_credentials = migrate;
  TW_ASSIGN_OR_RETURN(options.allowed_targets, Networks::Parse(config.allowed_targets));
  options.keys_per_migrate = config.keys_per_migrate;
  SetPace(all.actuator, options);
  options.big_key_bytes = config.big_key_bytes;
  options.allow_unprotected_targets = config.allow_unprotected_targets;
  return options;
}

io::HttpServer::Handler MetricsHandler(const Controller& controller,
                                       const MetricsExporter& metrics) {
  return [&](const io::HttpRequest& request) -> io::HttpResponse {
    if (request.method != "GET") return {405, "text/plain", "only GET\n"};
    if (request.target == "/metrics") {
      return {200, "text/plain; version=0.0.4; charset=utf-8", metrics.Expose(controller.View())};
    }
    if (request.target == "/healthz") return {200, "text/plain", "alive\n"};
    if (request.target == "/readyz") {
      return controller.View().cycles > 0 ? io::HttpResponse{200, "text/plain", "ready\n"}
                                          : io::HttpResponse{503, "text/plain", "starting\n"};
    }
    return {404, "text/plain", "/metrics, /healthz, /readyz\n"};
  };
}

}  // namespace

Status RunController(const Config& config, std::stop_token stop) {
  const auto clock = MakeClock(config);
  TW_RETURN_IF_ERROR(MakeDataDirectory(config.data_dir));
  const StopSwitch stop_switch = MakeStopSwitch(config);
  TW_ASSIGN_OR_RETURN(const auto journal, Journal::Open(config.data_dir + "/journal.db"));
  TW_ASSIGN_OR_RETURN(const auto history, History::Open(config.data_dir + "/history.db"));

  TW_ASSIGN_OR_RETURN(const auto accounts, ReadAccounts(config.redis));
  TW_ASSIGN_OR_RETURN(const auto transport, MakeTransport(config.redis));
  // One client each: a sample that times out breaks its connection, and no move must suffer for it.
  const redis::ClientOptions client_options{.credentials = accounts.own,
                                            .timeout = config.redis.command_timeout,
                                            .transport = transport,
                                            .client_name = "",
                                            .secrets = {accounts.migrate.password}};
  redis::Client watching(client_options);
  TW_ASSIGN_OR_RETURN(const std::string instance, InstanceName(config.data_dir));
  redis::ClientOptions acting_options = client_options;
  if (config.mode != Mode::kObserve) {
    acting_options.client_name = redis::ControllerName(config.cluster, instance);
  }
  redis::Client acting(acting_options);
  redis::RedisLoadOptions load_options;
  load_options.cluster = config.cluster;
  TW_ASSIGN_OR_RETURN(load_options.zones, Zones::Parse(config.redis.zones));
  redis::RedisLoadSource source(watching, *clock, Seeds(config.redis), load_options);
  const auto provisioner = MakeProvisioner(config, acting, *clock);
  TW_ASSIGN_OR_RETURN(auto actuator_options,
                      ToActuatorOptions(config, accounts.migrate, stop_switch));
  TW_ASSIGN_OR_RETURN(const auto leadership, MakeLeadership(config, instance, acting,
                                                            actuator_options, *clock));
  if (leadership != nullptr) {
    actuator_options.fence = [&leader = *leadership] { return leader.MayWrite(); };
    actuator_options.fence_before_opening = [&leader = *leadership] { return leader.MayOpen(); };
  }
  redis::RedisActuator actuator(acting, std::move(actuator_options), provisioner.get(), *clock);

  Collector collector(source, *clock, ToCollectorOptions(config.collector));
  std::unique_ptr<AlertSink> alerts;
  if (!config.alertmanager.url.empty()) {
    alerts = MakeAlertmanagerSink(config.alertmanager.url, config.alertmanager.resend, *clock);
  }
  MetricsExporter metrics;
  Controller controller(
      {.cluster = config.cluster,
       .mode = config.mode,
       .cycle = config.cycle,
       .policy = config.policy,
       .calendar_path = config.calendar,
       .version = TIDEWRIGHT_VERSION,
       .audit = {.keep = config.audit.keep, .entries = config.audit.entries},
       .shadow = config.shadow},
      {*clock, collector, *history, *journal, actuator, metrics, stop_switch, alerts.get(),
       leadership.get()});
  TW_RETURN_IF_ERROR(controller.Open());

  TW_ASSIGN_OR_RETURN(const auto grpc,
                      GrpcServer::Start(config.grpc.host, config.grpc.port, controller));
  TW_ASSIGN_OR_RETURN(const auto http,
                      io::HttpServer::Start(config.metrics.host, config.metrics.port,
                                            MetricsHandler(controller, metrics)));
  spdlog::info("tidewright {} watches {} in {} mode; API on {}:{}, metrics on {}:{}",
               TIDEWRIGHT_VERSION, config.cluster, ModeName(config.mode), config.grpc.host,
               grpc->port(), config.metrics.host, http->port());
  collector.Start();
  controller.Run(std::move(stop));
  collector.Stop();
  return OkStatus();
}

}  // namespace tidewright
