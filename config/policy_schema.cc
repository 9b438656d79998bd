#include "config/policy_schema.h"

#include <algorithm>
#include <cctype>

#include "config/values.h"

namespace tidewright::config {
namespace {

using namespace std::chrono_literals;

constexpr auto kDay = std::chrono::hours(24);

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
  section.Span("billing_granularity", policy.billing.granularity, 0s, 31 * kDay);
  section.Span("billing_minimum", policy.billing.minimum, 0s, 31 * kDay);
  section.Whole("committed_nodes", policy.billing.committed, 0, 100'000);
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
  std::string foreign = policy.foreign_changes == ForeignChanges::kAlert ? "alert" : "adopt";
  section.OneOf("foreign_changes", foreign, {"adopt", "alert"});
  policy.foreign_changes = foreign == "alert" ? ForeignChanges::kAlert : ForeignChanges::kAdopt;
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

}  // namespace

void ReadPolicy(Section& section, Policy& policy) {
  section.Whole("min_shards", policy.min_shards, 1, 1000);
  section.Whole("max_shards", policy.max_shards, 1, 1000);
  section.Whole("replicas_per_shard", policy.replicas_per_shard, 0, 5);
  std::string loss = SurviveLossName(policy.survive_loss);
  section.OneOf("survive_loss", loss, {"none", "host", "zone"});
  policy.survive_loss = ParseSurviveLoss(loss).value_or(policy.survive_loss);
  ReadShardCapacity(section, policy);
  section.Number("target_utilisation", policy.target_utilisation, 0.1, 1);
  section.Number("hit_ratio", policy.hit_ratio, 0, 0.999);
  section.Span("hit_ratio_patience", policy.hit_ratio_patience, 1min, 7 * kDay);
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

}  // namespace tidewright::config
