#include "config/config.h"

#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/values.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const std::string kLeast =
    "cluster: cache\n"
    "data_dir: /var/lib/tidewright\n"
    "redis: {seeds: ['10.0.0.1:6379']}\n";

// The error's text for the smallest good file with some lines more.
std::string Refusal(const std::string& more) {
  const auto config = ParseConfig(kLeast + more, "tw.yaml");
  return config.ok() ? "accepted" : Message(config.status());
}

Config Accepted(const std::string& more) {
  auto config = ParseConfig(kLeast + more, "tw.yaml");
  BOOST_REQUIRE_MESSAGE(config.ok(), Message(config.status()));
  return *std::move(config);
}

bool Mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "tw-config-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(config)

BOOST_AUTO_TEST_CASE(the_smallest_file_has_the_stated_defaults) {
  const Config config = Accepted("");
  BOOST_TEST(config.cluster == "cache");
  BOOST_TEST((config.mode == Mode::kObserve));
  BOOST_TEST(config.redis.seeds.at(0).host == "10.0.0.1");
  BOOST_TEST(config.redis.seeds.at(0).port == 6379);
  BOOST_TEST(config.grpc.port == 7090);
  BOOST_TEST(!config.provisioner.local.has_value());
  BOOST_TEST(!config.clock.has_value());
  BOOST_TEST(config.policy.target_utilisation == Policy{}.target_utilisation);
  BOOST_TEST((config.policy.horizon == 24h));
}

BOOST_AUTO_TEST_CASE(every_kind_of_value_is_read) {
  const Config config = Accepted(R"(
mode: auto
cycle: 2500ms
log_level: debug
grpc: {listen: 'localhost:9000'}
metrics: {listen: '[::1]:9001'}
provisioner:
  local: {directory: /tmp/x, first_port: 7000, last_port: 7063, arguments: ['--save', '']}
collector: {interval: 1s, stale_after: 5s, concurrency: 8}
policy:
  min_shards: 3
  max_shards: 6
  shard_capacity: {requests: 3000, cpu: 0.8, memory: 1.5GiB, network: 50MiB/s}
  risk_quantile: 0.9
  scale_in_window: 1h30m
  price_per_node_hour: 0.123456
  currency: EUR
alertmanager: {url: 'http://127.0.0.1:9093', resend: 30s}
clock: {speed: 144, wall_origin: 2026-11-22T04:30:00Z, monotonic_origin_seconds: 12.5}
)");
  BOOST_TEST((config.mode == Mode::kAuto));
  BOOST_TEST((config.cycle == 2500ms));
  BOOST_TEST(config.metrics.host == "::1");
  BOOST_TEST(config.provisioner.local->arguments.size() == 2u);
  BOOST_TEST(config.provisioner.local->server == "redis-server");
  BOOST_TEST(config.collector.concurrency == 8);
  const auto& capacity = config.policy.shard_capacity;
  BOOST_TEST(capacity[Resource::kRequests].value() == 3000);
  BOOST_TEST(capacity[Resource::kCpu].value() == 0.8);
  BOOST_TEST(capacity[Resource::kMemory].value() == 1.5 * 1024 * 1024 * 1024);
  BOOST_TEST(capacity[Resource::kNetwork].value() == 50.0 * 1024 * 1024);
  BOOST_TEST((config.policy.scale_in_window == 90min));
  BOOST_TEST(config.policy.price_per_node_hour.micros == 123456);
  BOOST_TEST((config.clock->wall == *ParseTime("2026-11-22T04:30:00Z")));
  BOOST_TEST((config.clock->monotonic == MonoTime(12500ms)));
  BOOST_TEST(config.clock->speed == 144);
  BOOST_TEST(config.warnings.empty());
}

BOOST_AUTO_TEST_CASE(an_error_tells_file_line_key_and_remedy) {
  BOOST_TEST(
      Refusal("policy:\n  target_utilisation: 1.7\n") ==
      "tw.yaml:5: policy.target_utilisation: 1.7 is out of range; write a number from 0.1 to "
      "1");
  BOOST_TEST(
      Refusal("policy: {min_shards: many}") ==
      "tw.yaml:4: policy.min_shards: many is no whole number; write a whole number from 1 to "
      "1000");
  BOOST_TEST(
      Mentions(Refusal("cycle: 60"), "tw.yaml:4: cycle: 60 is no duration; write a duration"));
  BOOST_TEST(Mentions(Refusal("mode: automatic"), "write one of observe, approve, auto"));
  BOOST_TEST(Mentions(Refusal("collector: 5"), "collector: holds a single value"));
  BOOST_TEST(Mentions(Refusal("cycle: [1s]"), "cycle: holds a list; write a duration"));
  BOOST_TEST(Mentions(Refusal("mode:"), "mode: holds nothing"));
  BOOST_TEST(Mentions(Refusal("policy: {shard_capacity: {memory: 1 gig}}"), "is no size"));
  BOOST_TEST(Mentions(Refusal("policy: {risk_quantile: nan}"), "is no number"));
  BOOST_TEST(Mentions(Refusal("policy: {min_shards: 99999999999999999999}"), "is no whole number"));
  BOOST_TEST(Mentions(Refusal("alertmanager: {url: 'ftp://x'}"), "alertmanager.url"));
}

BOOST_AUTO_TEST_CASE(an_unknown_key_names_the_one_that_was_probably_meant) {
  BOOST_TEST(
      Mentions(Refusal("policy: {target_utilization: 0.7}"),
               "policy.target_utilization: unknown key; did you mean 'target_utilisation'?"));
  BOOST_TEST(Mentions(Refusal("colector: {}"), "did you mean 'collector'?"));
  BOOST_TEST(Mentions(Refusal("xyz: 1"), "unknown key; known here are cluster, mode"));
}

BOOST_AUTO_TEST_CASE(everything_wrong_is_told_at_once_in_the_order_of_lines) {
  const auto config = ParseConfig(
      "mode: sometimes\npolicy:\n  max_shards: 0\n  stepp: 5m\nredis:\n  seeds: []\n", "tw.yaml");
  BOOST_REQUIRE(!config.ok());
  BOOST_TEST((config.status().code() == StatusCode::kInvalidArgument));
  const std::string text = Message(config.status());
  int last = 0;
  int lines = 0;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line); ++lines) {
    BOOST_REQUIRE(line.starts_with("tw.yaml:"));
    const int number = std::atoi(line.c_str() + 8);
    BOOST_TEST(number >= last);
    last = number;
  }
  for (const char* key : {"cluster: is missing", "data_dir: is missing", "mode:",
                          "policy.max_shards", "did you mean 'step'", "redis.seeds: is empty"}) {
    BOOST_TEST(Mentions(text, key), text);
  }
  BOOST_TEST(lines >= 6);
}

BOOST_AUTO_TEST_CASE(a_file_of_nonsense_is_answered_in_short) {
  std::string nonsense;
  for (int i = 0; i < 2000; ++i) nonsense += "key_" + std::to_string(i) + ": 1\n";
  const std::string text = Refusal(nonsense);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 50);
  BOOST_TEST(text.ends_with(": and 1950 more"));
}

BOOST_AUTO_TEST_CASE(checks_across_keys) {
  BOOST_TEST(Mentions(Refusal("policy: {min_shards: 5, max_shards: 4}"), "policy.max_shards"));
  BOOST_TEST(Mentions(Refusal("policy: {horizon: 121m, step: 5m}"), "no multiple of step"));
  BOOST_TEST(Mentions(Refusal("policy: {step: 90s}"), "whole number of minutes"));
  BOOST_TEST(Mentions(Refusal("policy: {horizon: 1h}"), "shorter than scale_in_window"));
  BOOST_TEST(Mentions(Refusal("policy: {static_peak_shards: 2}"), "static_peak_shards"));
  BOOST_TEST(Mentions(Refusal("policy: {reactive_utilisation: 0.5}"), "below target_utilisation"));
  BOOST_TEST(Mentions(Refusal("policy: {hard_max_shards: 4}"), "below max_shards"));
  BOOST_TEST(Accepted("policy: {hard_max_shards: 0}").policy.hard_max_shards == 0);
  BOOST_TEST(Accepted("policy: {target_utilisation: 0.9}").policy.reactive_utilisation == 0.9);
  BOOST_TEST(Mentions(Refusal("collector: {interval: 60s}"), "collector.stale_after"));
  BOOST_TEST(Mentions(Refusal("metrics: {listen: '127.0.0.1:7090'}"), "same as grpc.listen"));
  const std::string local = "provisioner: {local: {directory: /x, first_port: 7100, ";
  BOOST_TEST(Mentions(Refusal(local + "last_port: 7000}}"), "below first_port"));
  BOOST_TEST(Mentions(Refusal(local + "last_port: 60000}}"), "1024 to 55535"));
  BOOST_TEST(
      Mentions(Refusal("provisioner: {local: }"), "provisioner.local.directory: is missing"));
  const std::string two = "standby: {nodes: ['10.0.0.9:6379']}, exec: {command: [/n.sh]}";
  BOOST_TEST(Mentions(Refusal("provisioner: {" + two + "}"), "provisioner.use: is missing"));
  BOOST_TEST(Mentions(Refusal("provisioner: {use: local, " + two + "}"), "local is not described"));
  BOOST_TEST(Mentions(Refusal("provisioner: {exec: {command: []}}"), "program and arguments"));
  BOOST_TEST(Mentions(Refusal("policy: {quota: {floor: 9, ceiling: 5}}"), "quota.ceiling"));
  BOOST_TEST(Mentions(Refusal("policy: {quota: {billing_period: 7h}}"), "whole part of a day"));
  BOOST_TEST(Mentions(Refusal("policy: {quota: {mode: auto}}"), "recommended and never applied"));
  BOOST_TEST(Accepted("policy: {quota: {floor: 5}}").policy.quota->floor == 5);
  BOOST_TEST(!Accepted("policy: {min_shards: 3}").policy.quota);
  BOOST_TEST(Mentions(Refusal("stop_file: stop"), "no full path"));
  BOOST_TEST(Mentions(Refusal("clock: {speed: 2}"), "clock.wall_origin: is missing"));
}

BOOST_AUTO_TEST_CASE(pods_of_a_stateful_set_need_its_name_and_a_server_that_can_be_trusted) {
  const Config config =
      Accepted("provisioner: {kubernetes: {stateful_set: redis, namespace: cache}}");
  BOOST_REQUIRE(config.provisioner.kubernetes.has_value());
  BOOST_TEST(config.provisioner.kubernetes->server == "https://kubernetes.default.svc");
  BOOST_TEST(config.provisioner.kubernetes->port == 6379);
  const auto refusal = [](const std::string& more) {
    return Refusal("provisioner: {kubernetes: {" + more + "}}");
  };
  BOOST_TEST(Mentions(refusal("namespace: cache"), "stateful_set: is missing"));
  BOOST_TEST(Mentions(refusal("stateful_set: redis"), "namespace: is missing"));
  const std::string least = "stateful_set: redis, namespace: cache, ";
  BOOST_TEST(Mentions(refusal(least + "server: 'http://10.0.0.1'"), "kubernetes.server"));
  BOOST_TEST(Mentions(refusal(least + "service: 'a/b'"), "kubernetes.service"));
  BOOST_TEST(Mentions(refusal("stateful_set: ../x, namespace: cache"), "kubernetes.stateful_set"));
  BOOST_TEST(Mentions(refusal(least + "port: 0"), "kubernetes.port"));
}

BOOST_AUTO_TEST_CASE(of_several_provisioners_the_named_one_is_used) {
  const std::string two = "standby: {nodes: ['10.0.0.9:6379']}, exec: {command: [/n.sh, -v]}}";
  const Config standby = Accepted("provisioner: {use: standby, timeout: 5m, " + two);
  BOOST_REQUIRE(standby.provisioner.standby.has_value());
  BOOST_TEST(standby.provisioner.standby->nodes.at(0).host == "10.0.0.9");
  BOOST_TEST(!standby.provisioner.exec.has_value());
  BOOST_TEST((standby.provisioner.timeout == 5min));
  const Config exec = Accepted("provisioner: {use: exec, " + two);
  BOOST_TEST(exec.provisioner.exec->command.size() == 2u);
  BOOST_TEST(Accepted("provisioner: {exec: {command: [/n.sh]}}").provisioner.Any());
}

BOOST_AUTO_TEST_CASE(rates_that_stop_a_single_action_are_a_warning) {
  const Config config = Accepted("policy: {max_nodes_added_per_hour: 4, shard_capacity: {cpu: 1}}");
  BOOST_REQUIRE(config.warnings.size() == 1u);
  BOOST_TEST(Mentions(config.warnings[0], "write at least 8"));
}

BOOST_AUTO_TEST_CASE(the_api_is_refused_beyond_loopback_with_the_reason) {
  for (const char* address : {"0.0.0.0:7090", "10.0.0.5:7090", "example.org:7090", "'[::]:7090'",
                              "127.0.0.1.example.org:7090"}) {
    const std::string text = Refusal(std::string("grpc: {listen: ") + address + "}");
    BOOST_TEST(Mentions(text, "grpc.listen: only loopback is allowed, because the API has no TLS"),
               text);
  }
  BOOST_TEST(Accepted("metrics: {listen: '0.0.0.0:7091'}").metrics.host == "0.0.0.0");
}

BOOST_AUTO_TEST_CASE(zones_are_listed_by_host_or_network_and_a_wrong_one_is_named) {
  const auto with = [](const std::string& zones) {
    return ParseConfig(
        "cluster: c\ndata_dir: /d\nredis:\n  seeds: ['a:1']\n  zones: " + zones + "\n", "tw.yaml");
  };
  const auto config = with("{'10.0.1.0/24': a, '10.0.2.7:6379': b, redis-1.example: c}");
  BOOST_REQUIRE_MESSAGE(config.ok(), config.status());
  BOOST_REQUIRE(config->redis.zones.size() == 3u);
  BOOST_TEST(config->redis.zones[1].first == "10.0.2.7:6379");
  BOOST_TEST(config->redis.zones[1].second == "b");
  BOOST_TEST(with("{}")->redis.zones.empty());
  const auto refusal = [&](const std::string& zones) { return Message(with(zones).status()); };
  BOOST_TEST(
      Mentions(refusal("{'10.0.1.0/33': a}"), "tw.yaml:5: redis.zones: holds '10.0.1.0/33'"));
  BOOST_TEST(Mentions(refusal("{'10.0.1.1': 'a b'}"), "'a b' is no name of a zone"));
  BOOST_TEST(Mentions(refusal("{'10.0.1.1': [a]}"), "redis.zones: 10.0.1.1 holds a list"));
  BOOST_TEST(Mentions(refusal("[a]"), "redis.zones: holds a list; write keys below it"));
}

BOOST_AUTO_TEST_CASE(terms_of_billing_are_read_and_checked) {
  const Policy policy =
      Accepted("policy: {billing_granularity: 1h, billing_minimum: 90m, committed_nodes: 12}")
          .policy;
  BOOST_TEST((policy.billing == BillingTerms{1h, 90min, 12}));
  BOOST_TEST((Accepted("").policy.billing == BillingTerms{}));
  BOOST_TEST(
      Mentions(Refusal("policy: {billing_granularity: 60}"), "billing_granularity: 60 is no"));
  BOOST_TEST(Mentions(Refusal("policy: {billing_minimum: 40d}"), "billing_minimum: 40d is out of"));
  BOOST_TEST(Mentions(Refusal("policy: {committed_nodes: -1}"), "committed_nodes: -1 is out of"));
}

BOOST_AUTO_TEST_CASE(a_hit_ratio_is_a_share_below_one) {
  const Policy policy = Accepted("policy: {hit_ratio: 0.95, hit_ratio_patience: 30m}").policy;
  BOOST_TEST(policy.hit_ratio == 0.95);
  BOOST_TEST((policy.hit_ratio_patience == 30min));
  BOOST_TEST(Mentions(Refusal("policy: {hit_ratio: 95}"), "policy.hit_ratio: 95 is out of range"));
  BOOST_TEST(
      Mentions(Refusal("policy: {hit_ratio_patience: 0s}"), "hit_ratio_patience: 0s is out"));
}

BOOST_AUTO_TEST_CASE(what_is_to_be_survived_is_one_of_three_and_wants_its_zones) {
  BOOST_TEST((Accepted("").policy.survive_loss == SurviveLoss::kNone));
  const std::string rest = ", shard_capacity: {requests: 1}}";
  const Config host = Accepted("policy: {survive_loss: host" + rest);
  BOOST_TEST((host.policy.survive_loss == SurviveLoss::kHost));
  BOOST_TEST(host.warnings.empty());
  const Config zone = Accepted("policy: {survive_loss: zone" + rest);
  BOOST_TEST((zone.policy.survive_loss == SurviveLoss::kZone));
  BOOST_REQUIRE(zone.warnings.size() == 1u);
  BOOST_TEST(Mentions(zone.warnings[0], "redis.zones names none: nothing will ever be removed"));
  BOOST_TEST(Mentions(Refusal("policy: {survive_loss: rack}"),
                      "policy.survive_loss: rack is not known; write one of none, host, zone"));
}

BOOST_AUTO_TEST_CASE(what_is_odd_but_possible_is_a_warning) {
  Config config = Accepted("mode: auto");
  BOOST_REQUIRE(config.warnings.size() == 2u);
  BOOST_TEST(Mentions(config.warnings[0], "tw.yaml:1: policy.shard_capacity"));
  BOOST_TEST(Mentions(config.warnings[1], "tw.yaml:4: mode: auto without a provisioner"));
  config = Accepted("policy: {min_shards: 2, shard_capacity: {requests: 1}}");
  BOOST_REQUIRE(config.warnings.size() == 1u);
  BOOST_TEST(Mentions(config.warnings[0], "three masters"));
}

BOOST_AUTO_TEST_CASE(a_pace_is_one_of_three_and_what_is_written_beside_it_changes_one_thing) {
  const Config plain = Accepted("cycle: 1m");
  BOOST_TEST(plain.actuator.pace == "normal");
  BOOST_TEST(!plain.actuator.keys_per_second.has_value());
  const Config config = Accepted(
      "actuator: {pace: gentle, keys_per_second: 3000, max_pause: 1ms, "
      "max_replication_lag_bytes: 1MiB}");
  BOOST_TEST(config.actuator.pace == "gentle");
  BOOST_TEST(config.actuator.keys_per_second.value() == 3000);
  BOOST_TEST((config.actuator.max_pause.value() == 1ms));
  BOOST_TEST(config.actuator.max_replication_lag_bytes.value() == 1048576);
  BOOST_TEST(!config.actuator.max_latency.has_value());
  BOOST_TEST(plain.actuator.move_by == "auto");
  BOOST_TEST(Accepted("actuator: {move_by: slot-by-slot}").actuator.move_by == "slot-by-slot");
  BOOST_TEST(Mentions(Refusal("actuator: {pace: furious}"), "actuator.pace"));
  BOOST_TEST(Mentions(Refusal("actuator: {move_by: teleport}"), "actuator.move_by"));
  BOOST_TEST(Mentions(Refusal("actuator: {groups_at_once: 9}"), "actuator.groups_at_once"));
  BOOST_TEST(Mentions(Refusal("actuator: {pairs_at_once: 0}"), "actuator.pairs_at_once"));
}

BOOST_AUTO_TEST_CASE(secrets_are_never_repeated) {
  for (const char* more :
       {"redis_password: hunter2", "password: hunter2", "policy: {hunter: hunter2}",
        "collector: {password: [hunter2]}", "auth: {user: hunter2}"}) {
    BOOST_TEST(!Mentions(Refusal(more), "hunter2"), Refusal(more));
    BOOST_TEST(!Mentions(Refusal(more), "accepted"));
  }
  const auto with = [](const std::string& redis) {
    const auto config =
        ParseConfig("cluster: c\ndata_dir: /d\nredis: {" + redis + "}\n", "tw.yaml");
    return config.ok() ? "accepted" : Message(config.status());
  };
  const std::string text = with("seeds: ['a:1'], password: hunter2");
  BOOST_TEST(Mentions(text, "did you mean 'password_file'?"), text);
  BOOST_TEST(!Mentions(text, "hunter2"), text);
  BOOST_TEST(!Mentions(with("seeds: ['user:hunter2@10.0.0.1:6379']"), "hunter2"));
  BOOST_TEST(!Mentions(with("seeds: ['a:1'], password_file: [hunter2]"), "hunter2"));
  BOOST_TEST(!Mentions(Refusal("alertmanager: {url: 'user:hunter2@host'}"), "hunter2"));
}

BOOST_AUTO_TEST_CASE(files_that_are_none_are_refused) {
  const Folder folder;
  BOOST_TEST(LoadConfig(folder.Write("good.yaml", kLeast)).ok());
  const auto refusal = [](const std::string& path) {
    const auto config = LoadConfig(path);
    return config.ok() ? "accepted" : Message(config.status());
  };
  BOOST_TEST(Mentions(refusal(folder.path()), "is a directory"));
  BOOST_TEST(Mentions(refusal(folder.path() + "/none.yaml"), "No such file"));
  BOOST_TEST(Mentions(refusal(folder.Write("empty.yaml", "")), "cluster: is missing"));
  BOOST_TEST(
      Mentions(refusal(folder.Write("large.yaml", std::string(1 << 20, '['))), "larger than"));
  BOOST_TEST(Mentions(refusal(folder.Write("list.yaml", "- a\n- b\n")), "holds a list"));
  BOOST_TEST(Mentions(refusal(folder.Write("word.yaml", "hello")), "holds a single value"));
  BOOST_TEST(Mentions(refusal("/dev/zero"), "larger than"));
}

BOOST_AUTO_TEST_CASE(a_policy_stands_alone_or_in_a_whole_file) {
  const auto alone = ParsePolicy("policy: {min_shards: 4, max_shards: 9}\n", "p.yaml");
  BOOST_REQUIRE_MESSAGE(alone.ok(), alone.status());
  BOOST_TEST(alone->min_shards == 4);
  const auto whole = ParsePolicy(
      "cluster: c\ndata_dir: /tmp/x\nredis: {seeds: [\"127.0.0.1:7000\"]}\n"
      "policy: {min_shards: 5, max_shards: 9}\n",
      "t.yaml");
  BOOST_REQUIRE_MESSAGE(whole.ok(), whole.status());
  BOOST_TEST(whole->min_shards == 5);
  const auto refusal = [](const std::string& yaml) {
    const auto policy = ParsePolicy(yaml, "p.yaml");
    return policy.ok() ? "accepted" : Message(policy.status());
  };
  BOOST_TEST(Mentions(refusal(""), "policy: is missing"));
  BOOST_TEST(Mentions(refusal("policy: {}\nmin_shards: 3\n"), "p.yaml:2: min_shards"));
  BOOST_TEST(Mentions(refusal("policy:\n  min_shards: 0\n"), "p.yaml:2: policy.min_shards"));
}

BOOST_AUTO_TEST_CASE(a_key_of_a_policy_can_be_given_otherwise) {
  const std::string yaml = "policy:\n  min_shards: 4\n";
  const auto with = [&](const std::string& key, const std::string& value) {
    return ParsePolicy(yaml, "p.yaml", {{.key = key, .value = value, .from = "--sweep"}});
  };
  BOOST_TEST(with("min_shards", "6")->min_shards == 6);
  const auto added = with("max_shards", "40");
  BOOST_TEST(added->max_shards == 40);
  BOOST_TEST(added->min_shards == 4);
  BOOST_TEST(Mentions(Message(with("min_shards", "none").status()), "--sweep: policy.min_shards"));
  BOOST_TEST(Mentions(Message(with("min_shard", "4").status()), "--sweep: policy.min_shard"));
  BOOST_TEST(ParsePolicy("policy: {}", "p", {{"step", "10m", "--sweep"}})->step ==
             std::chrono::minutes(10));
}

BOOST_AUTO_TEST_CASE(sizes_and_addresses) {
  using namespace tidewright::config;
  BOOST_TEST(ParseSize("1GiB", false).value() == 1073741824.0);
  BOOST_TEST(ParseSize("1.5 MB", false).value() == 1.5e6);
  BOOST_TEST(ParseSize("52428800", true).value() == 52428800.0);
  BOOST_TEST(ParseSize("50MiB/s", true).value() == 52428800.0);
  for (const char* text : {"", "GiB", "1gib", "1GiB/s", "1 2GiB", "0x10", "inf", "-"}) {
    BOOST_TEST(!ParseSize(text, false).has_value(), text);
  }
  for (const char* text : {"", ":1", "host", "host:", "host:0", "host:70000", "a b:1", "a:1x",
                           "http://a:1", "::1:5", "user@a:1"}) {
    BOOST_TEST(!ParseEndpoint(text).has_value(), text);
  }
}

BOOST_AUTO_TEST_CASE(windows_holds_and_budgets_are_read) {
  const Policy policy = Accepted(
                            "policy: {windows: ['no_scale_in mon-fri 08:00-20:00', 'hold until "
                            "2027-01-02T06:00:00Z: holidays'], budget_per_day: 12.5}")
                            .policy;
  BOOST_REQUIRE(policy.windows.size() == 2u);
  BOOST_TEST((policy.windows[0].rule == WindowRule::kNoScaleIn));
  BOOST_TEST(policy.windows[0].days == 0x1fu);
  BOOST_TEST(policy.windows[1].until.has_value());
  BOOST_TEST(policy.windows[1].comment == "holidays");
  BOOST_TEST(policy.budget_per_day.micros == 12'500'000);
  const std::string refusal = Refusal("policy: {windows: ['no_scale_in sometimes']}");
  BOOST_TEST(Mentions(refusal, "policy.windows: no_scale_in sometimes is no window"));
  BOOST_TEST(Mentions(refusal, "write such as"));
  BOOST_TEST(Mentions(Refusal("policy: {budget_per_month: -1}"), "out of range"));
}

BOOST_AUTO_TEST_SUITE_END()
