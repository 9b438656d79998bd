#include "config/schema.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <type_traits>

#include "config/values.h"
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

void ReadRedis(Section& top, RedisConfig& redis) {
  Section section = top.Sub("redis", Need::kRequired);
  section.Addresses("seeds", redis.seeds, Need::kRequired);
  section.Text("username", redis.username);
  section.Text("password_file", redis.password_file);
  section.Span("command_timeout", redis.command_timeout, 10ms, 1min);
  section.Whole("keys_per_migrate", redis.keys_per_migrate, 1, 10'000);
  double big_key = static_cast<double>(redis.big_key_bytes);
  section.Size("big_key_bytes", big_key, false);
  redis.big_key_bytes = static_cast<std::int64_t>(big_key);
  section.Flag("allow_unprotected_targets", redis.allow_unprotected_targets);
  if (!redis.username.empty() && redis.password_file.empty()) {
    section.Wrong("username", "needs a password; write its file as password_file");
  }
  section.Finish();
}

void ReadActuator(Section& top, ActuatorConfig& actuator) {
  Section section = top.Sub("actuator");
  section.OneOf("pace", actuator.pace, {"gentle", "normal", "fast"});
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
  std::string use = provisioner.local ? "local" : provisioner.standby ? "standby" : "exec";
  const int described = provisioner.local.has_value() + provisioner.standby.has_value() +
                        provisioner.exec.has_value();
  section.OneOf("use", use, {"local", "standby", "exec"});
  if (described > 1 && !section.Has("use")) {
    section.Wrong("use", "is missing where several are described; write which one it is");
  }
  if (use != "local") provisioner.local.reset();
  if (use != "standby") provisioner.standby.reset();
  if (use != "exec") provisioner.exec.reset();
  if (section.Has("use") && !provisioner.Any()) {
    section.Wrong("use", fmt::format("{} is not described; write provisioner.{}", use, use));
  }
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

void ReadShardCapacity(Section& policy, Policy& out) {
  Section section = policy.Sub("shard_capacity");
  const auto set = [&](Resource r, double value) {
    if (value > 0) out.shard_capacity[r] = value;
  };
  double value = 0;
  section.Number(ResourceName(Resource::kRequests), value, 1, 1e9);
  set(Resource::kRequests, value);
  section.Number(ResourceName(Resource::kCpu), value = 0, 0.001, 1);
  set(Resource::kCpu, value);
  section.Size(ResourceName(Resource::kMemory), value = 0, false);
  set(Resource::kMemory, value);
  section.Size(ResourceName(Resource::kNetwork), value = 0, true);
  set(Resource::kNetwork, value);
  section.Finish();
}

void ReadPrices(Section& section, Policy& policy) {
  double price = policy.price_per_node_hour.Units();
  section.Number("price_per_node_hour", price, 0, 1e6);
  policy.price_per_node_hour = Money::FromUnits(price);
  section.Text("currency", policy.currency);
  const bool letters = std::all_of(policy.currency.begin(), policy.currency.end(),
                                   [](unsigned char c) { return std::isalpha(c) != 0; });
  if (policy.currency.empty() || policy.currency.size() > 8 || !letters) {
    section.Wrong("currency", "is no currency; write a code such as USD or EUR");
  }
  section.Whole("static_peak_shards", policy.static_peak_shards, 0, 1000);
}

void ReadBudget(Section& section, const char* key, Money& target) {
  double amount = target.Units();
  section.Number(key, amount, 0, 1e9);
  target = Money::FromUnits(amount);
}

void ReadWindows(Section& section, Policy& policy) {
  std::vector<std::string> texts;
  section.Texts("windows", texts);
  policy.windows.clear();
  for (const std::string& text : texts) {
    auto window = ParseWindow(text);
    if (window.ok()) {
      policy.windows.push_back(*std::move(window));
    } else {
      section.Wrong("windows",
                    fmt::format("{} is no window: {}", Shown(text), Message(window.status())));
    }
  }
  section.Flag("emergency_ignores_windows", policy.emergency_ignores_windows);
}

void ReadGuards(Section& section, Policy& policy) {
  section.Whole("hard_max_shards", policy.hard_max_shards, 0, 1000);
  if (policy.hard_max_shards != 0 && policy.hard_max_shards < policy.max_shards) {
    section.Wrong("hard_max_shards",
                  fmt::format("{} is below max_shards, {}; write at least that, or 0 for the same",
                              policy.hard_max_shards, policy.max_shards));
  }
  section.Whole("max_scale_outs_per_hour", policy.max_scale_outs_per_hour, 0, 1000);
  section.Whole("max_scale_outs_per_day", policy.max_scale_outs_per_day, 0, 1000);
  section.Whole("max_scale_ins_per_hour", policy.max_scale_ins_per_hour, 0, 1000);
  section.Whole("max_scale_ins_per_day", policy.max_scale_ins_per_day, 0, 1000);
  ReadWindows(section, policy);
  ReadBudget(section, "budget_per_day", policy.budget_per_day);
  ReadBudget(section, "budget_per_month", policy.budget_per_month);
  section.Flag("emergency_ignores_budget", policy.emergency_ignores_budget);
  section.Span("settling_time", policy.settling_time, 0s, kDay);
  section.Number("min_fresh_partition_share", policy.min_fresh_partition_share, 0, 1);
  section.Span("max_forecast_age", policy.max_forecast_age, 1min, kDay);
}

void ReadDecreaseLimit(Section& section, DecreaseLimit& limit) {
  section.Whole("max_decreases_per_day", limit.per_day, 0, 1000);
  section.Span("extra_decrease_after", limit.extra_after, 0s, kDay);
  section.Whole("max_decreases_per_hour", limit.per_hour, 0, 1000);
}

// What no single key of a quota can tell.
void CheckQuota(Section& section, const QuotaPolicy& quota) {
  if (quota.floor > quota.ceiling) {
    section.Wrong("ceiling", fmt::format("{:g} is below floor, {:g}; write at least that",
                                         quota.ceiling, quota.floor));
  }
  if (section.Has("reactive_utilisation") &&
      quota.reactive_utilisation < quota.target_utilisation) {
    section.Wrong("reactive_utilisation",
                  fmt::format("{} is below target_utilisation, {}; write at least that",
                              quota.reactive_utilisation, quota.target_utilisation));
  }
  if (quota.billing_period > Duration(0) && kDay % quota.billing_period != Duration(0)) {
    section.Wrong("billing_period",
                  fmt::format("{} is no whole part of a day; write one such as 1h",
                              FormatDuration(quota.billing_period)));
  }
}

void ReadQuota(Section& policy, Policy& out) {
  Section section = policy.Sub("quota");
  QuotaPolicy quota;
  std::string mode = "observe";
  section.OneOf("mode", mode, {"observe", "approve", "auto"});
  if (mode != "observe") {
    section.Wrong("mode", fmt::format("{} is not possible: Redis and Valkey have no quotas that "
                                      "could be set, so a quota is recommended and never applied; "
                                      "write observe",
                                      mode));
  }
  section.Number("floor", quota.floor, 0.001, 1e12);
  section.Number("ceiling", quota.ceiling, 0.001, 1e12);
  section.Number("step", quota.step, 0.001, 1e12);
  ReadDecreaseLimit(section, quota.decreases);
  section.Span("billing_period", quota.billing_period, 0s, kDay);
  section.Number("target_utilisation", quota.target_utilisation, 0.1, 1);
  section.Number("reactive_utilisation", quota.reactive_utilisation, 0.1, 2);
  section.Number("throttled_growth", quota.throttled_growth, 1, 10);
  section.Number("unserved_penalty", quota.unserved_penalty, 0, 1e6);
  section.Number("violation_penalty", quota.violation_penalty, 0, 1e6);
  section.Span("change_cost", quota.change_cost, 0s, kDay);
  section.Span("horizon", quota.horizon, 10min, 14 * kDay);
  section.Span("max_forecast_age", quota.max_forecast_age, 1min, kDay);
  double price = quota.price_per_unit_hour.Units();
  section.Number("price_per_unit_hour", price, 0, 1e6);
  quota.price_per_unit_hour = Money::FromUnits(price);
  if (!section.Has("reactive_utilisation")) {
    quota.reactive_utilisation = std::max(quota.reactive_utilisation, quota.target_utilisation);
  }
  CheckQuota(section, quota);
  section.Finish();
  if (section.present()) out.quota = quota;
}

// What no single key can tell.
void CheckPolicy(Section& section, const Policy& policy) {
  if (policy.min_shards > policy.max_shards) {
    section.Wrong("max_shards", fmt::format("{} is below min_shards, {}; write at least that",
                                            policy.max_shards, policy.min_shards));
  }
  if (policy.static_peak_shards != 0 && policy.static_peak_shards < policy.min_shards) {
    section.Wrong("static_peak_shards",
                  fmt::format("{} is below min_shards, {}; write what a static cluster would need "
                              "for its peak, or 0",
                              policy.static_peak_shards, policy.min_shards));
  }
  if (section.Has("reactive_utilisation") &&
      policy.reactive_utilisation < policy.target_utilisation) {
    section.Wrong("reactive_utilisation",
                  fmt::format("{} is below target_utilisation, {}; write at least that",
                              policy.reactive_utilisation, policy.target_utilisation));
  }
  if (policy.step % 1min != Duration(0)) {
    section.Wrong("step", fmt::format("{} is no whole number of minutes; write one such as 5m",
                                      FormatDuration(policy.step)));
  } else if (policy.horizon % policy.step != Duration(0)) {
    section.Wrong("horizon",
                  fmt::format("{} is no multiple of step, {}; write one such as {}",
                              FormatDuration(policy.horizon), FormatDuration(policy.step),
                              FormatDuration(policy.step * 288)));
  } else if (policy.horizon / policy.step > 4032) {
    section.Wrong("horizon",
                  fmt::format("{} is more than 4032 steps of {}; write a longer step",
                              FormatDuration(policy.horizon), FormatDuration(policy.step)));
  }
  if (policy.horizon < policy.scale_in_window + policy.provisioning_time) {
    section.Wrong("horizon",
                  fmt::format("{} is shorter than scale_in_window and provisioning_time "
                              "together, so nothing could ever be removed; write at "
                              "least {}",
                              FormatDuration(policy.horizon),
                              FormatDuration(policy.scale_in_window + policy.provisioning_time)));
  }
}

void ReadSafety(Section& section, Policy& policy) {
  section.Span("auto_after", policy.auto_after, 0s, 90 * kDay);
  section.Number("auto_coverage_slack", policy.auto_coverage_slack, 0, 0.5);
  section.Text("auto_unlocked", policy.auto_unlocked);
  section.Whole("breaker_failures", policy.breaker_failures, 1, 100);
  section.Span("breaker_window", policy.breaker_window, 1min, 30 * kDay);
  section.Span("breaker_cool_off", policy.breaker_cool_off, 1min, 30 * kDay);
  section.Whole("max_nodes_added_per_hour", policy.max_nodes_added_per_hour, 1, 10'000);
  section.Whole("max_actions_per_day", policy.max_actions_per_day, 1, 10'000);
  section.Number("health_latency_factor", policy.health_latency_factor, 1, 1000);
  section.Span("health_latency_floor", policy.health_latency_floor, 0s, 1min);
  section.Number("health_errors_per_second", policy.health_errors_per_second, 0, 1e6);
  section.Number("health_evictions_per_second", policy.health_evictions_per_second, 0, 1e9);
  section.Size("health_lag_bytes", policy.health_lag_bytes, false);
  section.Span("health_patience", policy.health_patience, 0s, 1h);
  section.Span("health_recovery", policy.health_recovery, 0s, 1h);
  section.Span("health_give_up", policy.health_give_up, 1s, 7 * kDay);
  section.Flag("health_roll_back", policy.health_roll_back);
  section.Span("health_after", policy.health_after, 0s, kDay);
}

void ReadPolicy(Section& section, Policy& policy) {
  section.Whole("min_shards", policy.min_shards, 1, 1000);
  section.Whole("max_shards", policy.max_shards, 1, 1000);
  section.Whole("replicas_per_shard", policy.replicas_per_shard, 0, 5);
  ReadShardCapacity(section, policy);
  section.Number("target_utilisation", policy.target_utilisation, 0.1, 1);
  section.Number("risk_quantile", policy.risk_quantile, 0.5, 0.999);
  section.Number("reactive_utilisation", policy.reactive_utilisation, 0.1, 2);
  section.Number("emergency_utilisation", policy.emergency_utilisation, 0.1, 2);
  section.Number("unserved_penalty", policy.unserved_penalty, 0, 1e6);
  section.Number("violation_penalty", policy.violation_penalty, 0, 1e6);
  section.Number("episode_penalty", policy.episode_penalty, 0, 1e6);
  section.Number("tail_doubt", policy.tail_doubt, 0, 2);
  section.Number("shock_share", policy.shock_share, 0, 10);
  section.Number("demand_margin", policy.demand_margin, 0, 10);
  section.Number("move_cost", policy.move_cost, 0, 1e6);
  section.Whole("migration_streams", policy.migration_streams, 1, 1000);
  section.Span("provisioning_time", policy.provisioning_time, 0s, kDay);
  section.Span("full_migration_time", policy.full_migration_time, 1s, 30 * kDay);
  section.Span("consolidation_window", policy.consolidation_window, 0s, kDay);
  section.Span("scale_in_window", policy.scale_in_window, 0s, 7 * kDay);
  section.Number("scale_in_slack", policy.scale_in_slack, -1, 0.5);
  section.Span("scale_out_cooldown", policy.scale_out_cooldown, 0s, kDay);
  section.Span("scale_in_cooldown", policy.scale_in_cooldown, 0s, 7 * kDay);
  section.Span("rebalance_cooldown", policy.rebalance_cooldown, 0s, 7 * kDay);
  section.Whole("max_step_out", policy.max_step_out, 1, 100);
  section.Whole("max_step_in", policy.max_step_in, 1, 100);
  ReadSafety(section, policy);
  section.Number("min_fresh_share", policy.min_fresh_share, 0, 1);
  ReadGuards(section, policy);
  section.Span("horizon", policy.horizon, 10min, 14 * kDay);
  section.Span("step", policy.step, 1min, 1h);
  section.Span("recommendation_ttl", policy.recommendation_ttl, 1s, kDay);
  ReadPrices(section, policy);
  ReadQuota(section, policy);
  if (!section.Has("reactive_utilisation")) {
    policy.reactive_utilisation = std::max(policy.reactive_utilisation, policy.target_utilisation);
  }
  CheckPolicy(section, policy);
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
