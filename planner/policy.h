// What the owner of a cluster wants: every limit of every decision, with unit and default.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "core/resource.h"
#include "core/time.h"
#include "planner/action_window.h"
#include "planner/billing.h"
#include "planner/quotas/quota_policy.h"

namespace tidewright {

/// How far the controller may go by itself, in the order in which trust grows.
enum class Mode {
  kObserve,  ///< forecast, recommend, alert; never touch
  kApprove,  ///< act on what a person approved
  kAuto,     ///< act within the guards
};
[[nodiscard]] const char* ModeName(Mode mode);
[[nodiscard]] std::optional<Mode> ParseMode(const std::string& name);

/// What becomes of a change that somebody else made to the cluster.
enum class ForeignChanges {
  kAdopt,  ///< it is told; after settling_time plans are made for the cluster as it is
  kAlert,  ///< and auto mode is locked until a person has looked
};

/// What may be lost at a time while the others still bear the demand.
enum class SurviveLoss { kNone, kHost, kZone };
[[nodiscard]] const char* SurviveLossName(SurviveLoss loss);  ///< "none", "host", "zone"
[[nodiscard]] std::optional<SurviveLoss> ParseSurviveLoss(const std::string& name);

struct Policy {
  int min_shards = 3;   ///< Redis Cluster needs three masters for a majority
  int max_shards = 12;  ///< an emergency alone passes it …
  /// … and nothing passes this one; 0, or less than max_shards: max_shards, also for emergencies.
  int hard_max_shards = 0;
  int replicas_per_shard = 1;
  /// Capacity is what remains when the host, or the zone, with the most shards is lost
  /// (sizing/failure_domain.h). A host is an address that nodes announce.
  SurviveLoss survive_loss = SurviveLoss::kNone;

  /// What one shard can bear of a resource at full use. A resource without a figure does not bind.
  PerResource<std::optional<double>> shard_capacity;
  /// Share of reads that should find their key, of a cluster that evicts any key where memory is
  /// full: its memory is sized by that, not by use (sizing/cache_memory.h). 0: nobody says.
  double hit_ratio = 0;
  /// Hits must be too few for this long, and after any action, before a shard is added for them.
  Duration hit_ratio_patience = std::chrono::hours(1);
  double target_utilisation = 0.70;  ///< share of shard_capacity that planned demand may reach
  /// At which demand is told, and within which a decrease must stay: of its maximum over a window.
  double risk_quantile = 0.95;
  /// Observed demand above this share of full capacity adds shards whatever a trusted forecast
  /// says; at least target_utilisation, which counts where there is no such forecast.
  double reactive_utilisation = 0.85;
  /// Observed demand above this share of full capacity is an emergency.
  double emergency_utilisation = 0.95;

  /// What it is worth to serve demand: shard-hours that would be paid to serve one more shard's
  /// worth of demand for an hour, to spare one hour in which demand is above what the shards may
  /// bear, and to spare one episode of such time (an emergency: somebody is called).
  double unserved_penalty = 25;
  double violation_penalty = 50;
  double episode_penalty = 12.5;
  /// How far scenarios may be off in what is rare: deviation of the logarithm of their distance
  /// from the median; 0 takes them as they are, where target_utilisation leaves room for doubt.
  double tail_doubt = 0;
  /// Rises that came out of nothing lately are feared at any time, with this share of how often
  /// they came (forecasts know some of them); 0: not.
  double shock_share = 0;
  /// How far above its median each scenario of the forecast is taken; 1 is as forecast.
  double demand_margin = 1.0;
  /// Shard-hours that a change of size costs beside what is billed while it lasts: work, risk, the
  /// trust of those who watch. A saving below it is left.
  double move_cost = 0.5;
  int migration_streams = 1;  ///< that move data at a time

  /// Until the learned lead time is known: provisioning, and moving the whole data set once.
  Duration provisioning_time = std::chrono::minutes(5);
  Duration full_migration_time = std::chrono::hours(1);

  /// What a plan brings is told for its lead time and this much more (the lead time again where
  /// that is longer).
  Duration consolidation_window = std::chrono::minutes(30);
  /// The risk quantile must stay low for this long before a decrease, beside what it costs; 0: the
  /// costs alone decide.
  Duration scale_in_window = std::chrono::hours(2);
  /// Share of usable capacity that a decrease must leave unused; below 0 it may begin before
  /// observed demand has fallen.
  double scale_in_slack = 0.05;
  Duration scale_out_cooldown = std::chrono::minutes(0);  ///< after any action
  Duration scale_in_cooldown = std::chrono::minutes(30);  ///< after any action
  /// After any action; a shard that is at its limit does not wait for it.
  Duration rebalance_cooldown = std::chrono::minutes(30);
  int max_step_out = 4;  ///< shards added by one action
  int max_step_in = 1;   ///< shards removed by one action

  // What begins by itself, in auto mode. A person's approval is held back by none of it.
  /// Auto mode is locked until a cluster has been observed for this long, and its forecasts are at
  /// least fairly trusted and held what they promised …
  Duration auto_after = std::chrono::days(7);
  /// … where a quantile of 0.9 or more may have held by this much less than it promised.
  double auto_coverage_slack = 0.05;
  /// Who unlocks it before that, and why; empty: nobody.
  std::string auto_unlocked;
  /// So many actions that failed or were rolled back within the window open the breaker; after the
  /// cool-off one more may begin, to see.
  int breaker_failures = 3;
  Duration breaker_window = std::chrono::hours(6);
  Duration breaker_cool_off = std::chrono::hours(2);
  int max_nodes_added_per_hour = 20;
  int max_actions_per_day = 24;

  // The store's health while an action runs and for health_after afterwards, against what it was
  // before the action began. Real time.
  /// The slowest master's 99th percentile above this many times what it was, and above the floor.
  double health_latency_factor = 5;
  Duration health_latency_floor = std::chrono::milliseconds(50);
  /// Of all masters, above twice what it was by more than this.
  double health_errors_per_second = 10;
  double health_evictions_per_second = 10;
  double health_lag_bytes = 64 << 20;  ///< of the farthest replica, above what it was
  Duration health_patience = std::chrono::seconds(30);  ///< worse for so long: paused
  Duration health_recovery = std::chrono::minutes(1);   ///< well for so long: goes on
  /// Paused for so long: rolled back, where health_roll_back is set, else it waits for a person.
  Duration health_give_up = std::chrono::minutes(30);
  bool health_roll_back = false;
  Duration health_after = std::chrono::minutes(5);

  /// Actions that may begin within any hour and any day; 0: any number. An emergency, and an
  /// increase to min_shards, are not held back; each kind has a budget of its own.
  int max_scale_outs_per_hour = 6;
  int max_scale_outs_per_day = 48;
  int max_scale_ins_per_hour = 2;
  int max_scale_ins_per_day = 24;

  /// When what may begin.
  std::vector<ActionWindow> windows;
  bool emergency_ignores_windows = false;

  /// What all nodes may cost in a day and in a month (UTC); zero: any amount. An increase must
  /// leave it kept if its size stayed until the day's end, and of the month for a day more.
  Money budget_per_day;
  Money budget_per_month;
  bool emergency_ignores_budget = false;

  /// After the topology was changed by somebody else, or the clock was set, nothing begins for this
  /// long; a clock holds no emergency back.
  Duration settling_time = std::chrono::minutes(15);
  ForeignChanges foreign_changes = ForeignChanges::kAdopt;

  double min_fresh_share = 0.995;            ///< of masters, for a decrease
  double min_fresh_partition_share = 0.995;  ///< of partitions, by their master, for a decrease
  /// A forecast adds shards while the data that it was made from ended no longer ago: that is how
  /// long an increase still comes when metrics go dark.
  Duration max_forecast_age = std::chrono::hours(1);
  Duration horizon = std::chrono::hours(24);
  Duration step = std::chrono::minutes(5);

  Duration recommendation_ttl = std::chrono::minutes(15);
  Money price_per_node_hour = Money::FromUnits(0.10);
  std::string currency = "USD";
  BillingTerms billing;
  /// Shards that a static cluster would need for the yearly peak; 0 = derived from history.
  int static_peak_shards = 0;

  /// Of provisioned throughput, for `tidectl replay --quota`; absent: the policy names none. No
  /// store that the controller drives has quotas of its own: they are recommended, never set.
  std::optional<QuotaPolicy> quota;
};

}  // namespace tidewright
