#include "server/metrics.h"

#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace tidewright {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

/// Collects values of families; a family without a value is left out.
class Families {
 public:
  explicit Families(std::string cluster) : cluster_(std::move(cluster)) {}

  void Begin(const char* name, const char* help, MetricType type = MetricType::Gauge) {
    MetricFamily family;
    family.name = name;
    family.help = help;
    family.type = type;
    families_.push_back(std::move(family));
  }
  void Add(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = {{"cluster", cluster_}};
    metric.label.insert(metric.label.end(), labels.begin(), labels.end());
    if (families_.back().type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families_.back().metric.push_back(std::move(metric));
  }
  void One(const char* name, const char* help, double value, Labels labels = {}) {
    Begin(name, help);
    Add(value, std::move(labels));
  }
  void Total(const char* name, const char* help, double value, Labels labels = {}) {
    Begin(name, help, MetricType::Counter);
    Add(value, std::move(labels));
  }
  std::vector<MetricFamily> Take() {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return std::move(families_);
  }

 private:
  std::string cluster_;
  std::vector<MetricFamily> families_;
};

constexpr ReasonCode kHoldCodes[] = {
    ReasonCode::kStopped,      ReasonCode::kAutoLocked,    ReasonCode::kFailureBackoff,
    ReasonCode::kBreakerOpen,  ReasonCode::kNodeRate,      ReasonCode::kActionRate,
    ReasonCode::kActionPaused, ReasonCode::kStoreDegraded, ReasonCode::kHeld};

std::string LevelName(double level) { return fmt::format("{:g}", level); }

/// "30m", "1h": short and stable, as a label must be.
std::string WindowName(Duration window) {
  if (window % std::chrono::hours(1) == Duration(0)) {
    return fmt::format("{}h", window / std::chrono::hours(1));
  }
  return fmt::format("{}m", window / std::chrono::minutes(1));
}

void AddController(const ControllerView& view, Families& out) {
  out.One("tidewright_build_info", "Always 1; the version of the controller", 1,
          {{"version", view.version}});
  out.Begin("tidewright_mode", "1 for the mode in force");
  for (Mode mode : {Mode::kObserve, Mode::kApprove, Mode::kAuto}) {
    out.Add(view.mode == mode ? 1 : 0, {{"mode", ModeName(mode)}});
  }
  out.Total("tidewright_cycles_total", "Control cycles that ended",
            static_cast<double>(view.cycles));
  if (view.cycles > 0) {
    out.One("tidewright_cycle_age_seconds", "Real seconds since the last control cycle ended",
            Seconds(view.cycle_age));
  }
  out.One("tidewright_problems", "Degraded states that tidectl status names",
          static_cast<double>(view.problems.size()));
  out.One("tidewright_stopped", "1 while the kill switch is thrown", view.stop ? 1 : 0);
  out.One("tidewright_foreign_change", "1 while it is told that somebody else changed the cluster",
          view.foreign_change.empty() ? 0 : 1);
  out.Begin("tidewright_held", "1 for each reason for which nothing begins by itself");
  for (const ReasonCode code : kHoldCodes) {
    const bool holds = std::any_of(view.holds.begin(), view.holds.end(),
                                   [&](const Reason& reason) { return reason.code == code; });
    out.Add(holds ? 1 : 0, {{"reason", ReasonName(code)}});
  }
  out.Begin("tidewright_alerts_firing", "1 for each alert that fires");
  for (const auto& alert : view.alerts) out.Add(1, {{"alert", alert.name}});
}

void AddDemand(const ControllerView& view, Families& out) {
  out.Begin("tidewright_demand", "Demand on the whole cluster now, by resource");
  for (Resource r : kAllResources) {
    if (view.load.total[r].fresh())
      out.Add(view.load.total[r].value, {{"resource", ResourceName(r)}});
  }
  out.Begin("tidewright_forecast", "Quantiles of demand in the next forecast step");
  for (Resource r : kAllResources) {
    if (!view.demand[r] || view.demand[r]->horizon == 0) continue;
    const Forecast& f = *view.demand[r];
    for (std::size_t i = 0; i < f.levels.size(); ++i) {
      out.Add(f.quantiles[i].front(),
              {{"resource", ResourceName(r)}, {"quantile", LevelName(f.levels[i])}});
    }
  }
  out.Begin("tidewright_forecast_max", "Quantiles of the maximum of demand over a window from now");
  for (Resource r : kAllResources) {
    if (!view.demand[r]) continue;
    for (const auto& maximum : view.demand[r]->maxima) {
      for (std::size_t i = 0; i < maximum.quantiles.size(); ++i) {
        out.Add(maximum.quantiles[i], {{"resource", ResourceName(r)},
                                       {"quantile", LevelName(view.demand[r]->levels[i])},
                                       {"window", WindowName(maximum.window)}});
      }
    }
  }
  out.Begin("tidewright_forecast_trust", "0 none, 1 poor, 2 fair, 3 good");
  for (Resource r : kAllResources) {
    if (view.demand[r]) {
      out.Add(static_cast<double>(view.demand[r]->trust), {{"resource", ResourceName(r)}});
    }
  }
  out.Begin("tidewright_forecast_recent_error", "Mean absolute one-step error over mean demand");
  for (Resource r : kAllResources) {
    if (view.demand[r]) out.Add(view.demand[r]->recent_error, {{"resource", ResourceName(r)}});
  }
  out.Begin("tidewright_forecast_coverage",
            "Share of demand at or below the published quantile, up to so far ahead");
  for (Resource r : kAllResources) {
    if (!view.demand[r]) continue;
    for (const RealisedCoverage& realised : view.demand[r]->realised) {
      out.Add(realised.held, {{"resource", ResourceName(r)},
                              {"quantile", LevelName(realised.level)},
                              {"ahead", WindowName(realised.ahead)}});
    }
  }
}

void AddCapacity(const ControllerView& view, Families& out) {
  const int shards = view.topology ? view.topology->ServingShards() : 0;
  if (view.topology) {
    out.Begin("tidewright_capacity", "What the serving shards can bear, by binding resource");
    for (Resource r : kAllResources) {
      if (const auto& each = view.policy.shard_capacity[r]) {
        out.Add(*each * shards, {{"resource", ResourceName(r)}});
      }
    }
    out.Begin("tidewright_usable_capacity", "Capacity times the policy's target utilisation");
    for (Resource r : kAllResources) {
      if (const auto& each = view.policy.shard_capacity[r]) {
        out.Add(*each * shards * view.policy.target_utilisation, {{"resource", ResourceName(r)}});
      }
    }
    out.One("tidewright_shards", "Shards that serve partitions", shards);
    out.One("tidewright_nodes", "Nodes of the cluster",
            static_cast<double>(view.topology->Nodes().size()));
    out.One("tidewright_open_partitions", "Partitions between two owners",
            static_cast<double>(view.topology->open.size()));
    out.One("tidewright_unowned_partitions", "Partitions that nobody owns",
            view.topology->Unowned());
  }
  if (!view.plan) return;
  out.One("tidewright_recommended_shards", "Shards that the newest plan asks for",
          view.plan->to_shards);
  out.Begin("tidewright_shortfall_probability",
            "Share of sample paths that pass full capacity within the lead time");
  out.Add(view.plan->without.shortfall_probability, {{"plan", "without"}});
  out.Add(view.plan->with.shortfall_probability, {{"plan", "with"}});
  out.One("tidewright_lead_time_seconds", "Wall seconds until the newest plan would be complete",
          Seconds(view.plan->lead_time));
}

void AddShards(const ControllerView& view, Families& out) {
  out.One("tidewright_fresh_share", "Share of masters whose mandatory metrics are fresh",
          view.load.fresh_share);
  out.One("tidewright_quarantined", "Refused samples held for inspection",
          static_cast<double>(view.load.quarantine.size()));
  out.Begin("tidewright_shard_usage", "Usage of each shard's master, by resource");
  for (const auto& node : view.load.nodes) {
    if (!node.master) continue;
    for (Resource r : kAllResources) {
      if (node.usage[r].fresh()) {
        out.Add(node.usage[r].value, {{"shard", node.shard_id}, {"resource", ResourceName(r)}});
      }
    }
  }
  out.Begin("tidewright_shard_latency_p99_seconds", "Server-side 99th percentile of each master");
  for (const auto& node : view.load.nodes) {
    if (node.master && node.latency_p99_seconds.fresh()) {
      out.Add(node.latency_p99_seconds.value, {{"shard", node.shard_id}});
    }
  }
}

void AddActions(const ControllerView& view, Families& out) {
  const bool open = view.action && view.action->Open();
  out.One("tidewright_action_in_progress", "1 while an action is open", open ? 1 : 0);
  out.Begin("tidewright_action_steps", "Steps of the open action, or of the last one");
  out.Add(view.action ? view.action->StepsDone() : 0, {{"state", "done"}});
  out.Add(view.action ? static_cast<double>(view.action->steps.size()) : 0, {{"state", "all"}});
  out.One("tidewright_action_paused", "1 while an action waits for a person or for the store",
          view.action && view.action->state == ActionState::kPaused ? 1 : 0);
  if (view.estimated_end) {
    out.One("tidewright_action_left_seconds", "Wall seconds until the open action may be complete",
            std::max(0.0, Seconds(*view.estimated_end - view.now)));
  }
  out.Begin("tidewright_actions_total", "Ended actions by kind and end", MetricType::Counter);
  for (const char* kind : {"scale-out", "scale-in", "rebalance"}) {
    for (const char* state : {"done", "failed", "rolled_back", "cancelled"}) {
      const auto it = view.totals.actions.find({kind, state});
      out.Add(it == view.totals.actions.end() ? 0 : it->second, {{"kind", kind}, {"state", state}});
    }
  }
  out.Total("tidewright_partitions_moved_total", "Partitions moved by actions",
            view.totals.partitions_moved);
  out.Total("tidewright_keys_moved_total", "Keys moved by actions", view.totals.keys_moved);
  out.Total("tidewright_bytes_moved_total", "Bytes moved by actions (estimate)",
            view.totals.bytes_moved);
}

std::string YesNo(bool yes) { return yes ? "true" : "false"; }

// One family after the other, as the exposition format wants it.
template <typename Row, typename Value, typename Name>
void AddTotals(const char* name, const char* help, const std::vector<Row>& rows, Name labels,
               Value value, Families& out) {
  out.Begin(name, help, MetricType::Counter);
  for (const Row& row : rows) out.Add(value(row), labels(row));
}

void AddCost(const ControllerView& view, Families& out) {
  const std::string& currency = view.policy.currency;
  const Account& account = view.totals.account;
  out.Total("tidewright_node_hours_total", "Node-hours used, in wall time",
            account.actual.node_hours);
  out.Total("tidewright_cost_total", "Node-hours used times the stated price",
            account.actual.cost.Units(), {{"currency", currency}});
  out.Total("tidewright_account_gap_seconds_total",
            "Wall time in which nobody looked: nothing of it is counted or compared",
            Seconds(account.missing));
  const auto labels = [](const Saving& saving) {
    return Labels{{"against", saving.against}, {"estimated", YesNo(saving.estimated)}};
  };
  const auto priced = [&](const Saving& saving) {
    Labels all = labels(saving);
    all.push_back({"currency", currency});
    return all;
  };
  AddTotals(
      "tidewright_compared_node_hours_total",
      "Node-hours used in the time in which the counterfactual is known too", account.against,
      labels, [](const Saving& saving) { return saving.actual.node_hours; }, out);
  AddTotals(
      "tidewright_counterfactual_node_hours_total",
      "Node-hours that the counterfactual would have used in the same time", account.against,
      labels, [](const Saving& saving) { return saving.otherwise.node_hours; }, out);
  AddTotals(
      "tidewright_compared_cost_total", "Cost of tidewright_compared_node_hours_total",
      account.against, priced, [](const Saving& saving) { return saving.actual.cost.Units(); },
      out);
  AddTotals(
      "tidewright_counterfactual_cost_total",
      "Cost of tidewright_counterfactual_node_hours_total; what it is above "
      "tidewright_compared_cost_total was saved, below it lost",
      account.against, priced, [](const Saving& saving) { return saving.otherwise.cost.Units(); },
      out);
}

// The real policy and those in shadow, on the same demand.
void AddPolicies(const ControllerView& view, Families& out) {
  const auto labels = [](const PolicyTally& policy) {
    return Labels{{"policy", policy.policy}, {"estimated", YesNo(policy.estimated)}};
  };
  out.Begin("tidewright_policy_shards", "Shards that serve, simulated for policies in shadow");
  for (const PolicyTally& policy : view.policies) out.Add(policy.shards, labels(policy));
  const auto add = [&](const char* name, const char* help, auto value) {
    AddTotals(
        name, help, view.policies, labels,
        [&](const PolicyTally& policy) { return static_cast<double>(value(policy.tally)); }, out);
  };
  add("tidewright_policy_node_hours_total", "Node-hours in judged time",
      [](const Tally& tally) { return tally.node_hours; });
  add("tidewright_policy_short_seconds_total", "Wall time with demand above capacity",
      [](const Tally& tally) { return Seconds(tally.short_for); });
  add("tidewright_policy_episodes_total",
      "Episodes of demand above capacity, those within 30 minutes counted as one",
      [](const Tally& tally) { return tally.episodes; });
  add("tidewright_policy_unserved_shard_hours_total", "Shard-hours of demand above capacity",
      [](const Tally& tally) { return tally.unserved; });
  add("tidewright_policy_moves_total", "Changes of size, or actions, that began",
      [](const Tally& tally) { return tally.moves; });
  add("tidewright_policy_judged_seconds_total", "Wall time in which demand and size are known",
      [](const Tally& tally) { return Seconds(tally.judged); });
  add("tidewright_policy_dark_seconds_total", "Wall time in which one of them is not: not judged",
      [](const Tally& tally) { return Seconds(tally.dark); });
  AddTotals(
      "tidewright_policy_cost_total", "Cost of tidewright_policy_node_hours_total", view.policies,
      [&](const PolicyTally& policy) {
        Labels all = labels(policy);
        all.push_back({"currency", view.policy.currency});
        return all;
      },
      [](const PolicyTally& policy) { return policy.tally.cost.Units(); }, out);
}

}  // namespace

class MetricsExporter::Impl {
 public:
  Impl()
      : durations_(prometheus::BuildHistogram()
                       .Name("tidewright_cycle_duration_seconds")
                       .Help("Real time that a control cycle took")
                       .Register(registry_)) {}

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Histogram>& durations_;
};

MetricsExporter::MetricsExporter() : impl_(std::make_unique<Impl>()) {}
MetricsExporter::~MetricsExporter() = default;

void MetricsExporter::ObserveCycle(const std::string& cluster, Duration took) {
  impl_->durations_
      .Add({{"cluster", cluster}},
           prometheus::Histogram::BucketBoundaries{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60})
      .Observe(Seconds(took));
}

std::string MetricsExporter::Expose(const ControllerView& view) const {
  Families families(view.cluster);
  AddController(view, families);
  AddDemand(view, families);
  AddCapacity(view, families);
  AddShards(view, families);
  AddActions(view, families);
  AddCost(view, families);
  AddPolicies(view, families);
  auto all = families.Take();
  for (auto& family : impl_->registry_.Collect()) all.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace tidewright
