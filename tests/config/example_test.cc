// The example file is what people start from: it must be right, complete and true about defaults.
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "config/config.h"
#include "config/schema.h"

using namespace tidewright;

namespace {

std::string Example() {
  const char* source = std::getenv("TIDEWRIGHT_SOURCE_DIR");
  BOOST_REQUIRE(source != nullptr);
  std::ifstream file(std::string(source) + "/deploy/tidewright.example.yaml");
  BOOST_REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// With every "# key: value" turned into a setting.
std::string WithComments(const std::string& text) {
  return std::regex_replace(text, std::regex("(^|\n)( *)# ( *[a-z_]+:)(?=( |\n))"), "$1$2$3");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(example)

BOOST_AUTO_TEST_CASE(the_example_file_is_accepted_without_warnings) {
  const auto config = ParseConfig(Example(), "tidewright.example.yaml");
  BOOST_REQUIRE_MESSAGE(config.ok(), Message(config.status()));
  BOOST_TEST(config->warnings.empty());
}

BOOST_AUTO_TEST_CASE(every_key_stands_in_the_example_and_its_comments_tell_the_defaults) {
  const std::string all = WithComments(Example());
  const auto tree = config::ParseYaml(all, "example");
  BOOST_REQUIRE_MESSAGE(tree.ok(), Message(tree.status()));
  const config::Outcome outcome = config::ReadDocument(*tree);
  for (const auto& problem : outcome.report.problems) {
    BOOST_ERROR("line " << problem.line << ": " << problem.text);
  }
  BOOST_TEST(outcome.report.keys.size() > 50u);
  for (const std::string& key : outcome.report.keys) {
    const config::YamlNode* node = &*tree;
    std::stringstream path(key);
    for (std::string part; node != nullptr && std::getline(path, part, '.');) {
      const config::YamlNode* next = nullptr;
      for (const auto& entry : node->entries) {
        if (entry.key == part) next = &entry.value;
      }
      node = next;
    }
    BOOST_TEST((node != nullptr), key << " is not in the example");
  }
  const Policy stated = outcome.config.policy;
  const Policy defaults;
  BOOST_TEST((stated.scale_in_window == defaults.scale_in_window));
  BOOST_TEST((stated.scale_in_cooldown == defaults.scale_in_cooldown));
  BOOST_TEST((stated.scale_out_cooldown == defaults.scale_out_cooldown));
  BOOST_TEST((stated.rebalance_cooldown == defaults.rebalance_cooldown));
  BOOST_TEST((stated.consolidation_window == defaults.consolidation_window));
  BOOST_TEST((stated.provisioning_time == defaults.provisioning_time));
  BOOST_TEST((stated.full_migration_time == defaults.full_migration_time));
  BOOST_TEST((stated.recommendation_ttl == defaults.recommendation_ttl));
  BOOST_TEST((stated.horizon == defaults.horizon));
  BOOST_TEST((stated.step == defaults.step));
  BOOST_TEST((stated.price_per_node_hour == defaults.price_per_node_hour));
  BOOST_TEST(stated.currency == defaults.currency);
  BOOST_TEST((stated.billing == defaults.billing));
  BOOST_TEST(stated.hit_ratio == defaults.hit_ratio);
  BOOST_TEST((stated.hit_ratio_patience == defaults.hit_ratio_patience));
  BOOST_TEST(stated.target_utilisation == defaults.target_utilisation);
  BOOST_TEST(stated.reactive_utilisation == defaults.reactive_utilisation);
  BOOST_TEST(stated.emergency_utilisation == defaults.emergency_utilisation);
  BOOST_TEST(stated.risk_quantile == defaults.risk_quantile);
  BOOST_TEST(stated.unserved_penalty == defaults.unserved_penalty);
  BOOST_REQUIRE(stated.quota.has_value());
  const QuotaPolicy quota;
  BOOST_TEST(stated.quota->ceiling == quota.ceiling);
  BOOST_TEST(stated.quota->decreases.per_day == quota.decreases.per_day);
  BOOST_TEST((stated.quota->decreases.extra_after == quota.decreases.extra_after));
  BOOST_TEST((stated.quota->billing_period == quota.billing_period));
  BOOST_TEST(stated.quota->target_utilisation == quota.target_utilisation);
  BOOST_TEST(stated.quota->reactive_utilisation == quota.reactive_utilisation);
  BOOST_TEST(stated.quota->throttled_growth == quota.throttled_growth);
  BOOST_TEST(stated.quota->unserved_penalty == quota.unserved_penalty);
  BOOST_TEST(stated.quota->violation_penalty == quota.violation_penalty);
  BOOST_TEST((stated.quota->change_cost == quota.change_cost));
  BOOST_TEST((stated.quota->horizon == quota.horizon));
  BOOST_TEST((stated.quota->price_per_unit_hour == quota.price_per_unit_hour));
  BOOST_TEST(stated.violation_penalty == defaults.violation_penalty);
  BOOST_TEST(stated.episode_penalty == defaults.episode_penalty);
  BOOST_TEST(stated.tail_doubt == defaults.tail_doubt);
  BOOST_TEST(stated.shock_share == defaults.shock_share);
  BOOST_TEST(stated.demand_margin == defaults.demand_margin);
  BOOST_TEST(stated.move_cost == defaults.move_cost);
  BOOST_TEST(stated.migration_streams == defaults.migration_streams);
  BOOST_TEST(stated.scale_in_slack == defaults.scale_in_slack);
  BOOST_TEST(stated.min_fresh_share == defaults.min_fresh_share);
  BOOST_TEST(stated.min_shards == defaults.min_shards);
  BOOST_TEST(stated.max_shards == defaults.max_shards);
  BOOST_TEST(stated.max_step_out == defaults.max_step_out);
  BOOST_TEST(stated.max_step_in == defaults.max_step_in);
  BOOST_TEST(stated.hard_max_shards == defaults.hard_max_shards);
  BOOST_TEST(stated.max_scale_outs_per_hour == defaults.max_scale_outs_per_hour);
  BOOST_TEST(stated.max_scale_outs_per_day == defaults.max_scale_outs_per_day);
  BOOST_TEST(stated.max_scale_ins_per_hour == defaults.max_scale_ins_per_hour);
  BOOST_TEST(stated.max_scale_ins_per_day == defaults.max_scale_ins_per_day);
  BOOST_TEST(stated.min_fresh_partition_share == defaults.min_fresh_partition_share);
  BOOST_TEST((stated.max_forecast_age == defaults.max_forecast_age));
  BOOST_TEST((stated.settling_time == defaults.settling_time));
  BOOST_TEST((stated.foreign_changes == defaults.foreign_changes));
  BOOST_TEST((stated.budget_per_day == defaults.budget_per_day));
  BOOST_TEST((stated.budget_per_month == defaults.budget_per_month));
  BOOST_TEST(stated.replicas_per_shard == defaults.replicas_per_shard);
  BOOST_TEST((stated.survive_loss == defaults.survive_loss));
  BOOST_TEST((stated.auto_after == defaults.auto_after));
  BOOST_TEST(stated.auto_coverage_slack == defaults.auto_coverage_slack);
  BOOST_TEST(stated.breaker_failures == defaults.breaker_failures);
  BOOST_TEST((stated.breaker_window == defaults.breaker_window));
  BOOST_TEST((stated.breaker_cool_off == defaults.breaker_cool_off));
  BOOST_TEST(stated.max_nodes_added_per_hour == defaults.max_nodes_added_per_hour);
  BOOST_TEST(stated.max_actions_per_day == defaults.max_actions_per_day);
  BOOST_TEST(stated.health_latency_factor == defaults.health_latency_factor);
  BOOST_TEST((stated.health_latency_floor == defaults.health_latency_floor));
  BOOST_TEST(stated.health_errors_per_second == defaults.health_errors_per_second);
  BOOST_TEST(stated.health_evictions_per_second == defaults.health_evictions_per_second);
  BOOST_TEST(stated.health_lag_bytes == defaults.health_lag_bytes);
  BOOST_TEST((stated.health_patience == defaults.health_patience));
  BOOST_TEST((stated.health_recovery == defaults.health_recovery));
  BOOST_TEST((stated.health_give_up == defaults.health_give_up));
  BOOST_TEST(stated.health_roll_back == defaults.health_roll_back);
  BOOST_TEST((stated.health_after == defaults.health_after));
  const Config other;
  BOOST_TEST((outcome.config.audit.keep == other.audit.keep));
  BOOST_TEST(outcome.config.audit.entries == other.audit.entries);
  BOOST_TEST((outcome.config.provisioner.timeout == other.provisioner.timeout));
  BOOST_TEST((outcome.config.cycle == other.cycle));
  BOOST_TEST((outcome.config.collector.stale_after == other.collector.stale_after));
  BOOST_TEST((outcome.config.collector.interval == other.collector.interval));
  BOOST_TEST((outcome.config.redis.command_timeout == other.redis.command_timeout));
  BOOST_TEST(outcome.config.redis.big_key_bytes == other.redis.big_key_bytes);
  BOOST_TEST(outcome.config.redis.keys_per_migrate == other.redis.keys_per_migrate);
}

BOOST_AUTO_TEST_SUITE_END()
