#include "server/proto_values.h"

#include <algorithm>

namespace tidewright {
namespace {

void SetTime(WallTime time, google::protobuf::Timestamp* out) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  out->set_seconds(seconds.time_since_epoch().count());
  out->set_nanos(static_cast<std::int32_t>((time - seconds).count() * 1000));
}

pb::Reading ToProto(const Reading& reading) {
  pb::Reading out;
  out.set_value(reading.value);
  out.set_quality(QualityName(reading.quality));
  return out;
}

void SetReasons(const std::vector<Reason>& from,
                google::protobuf::RepeatedPtrField<pb::Reason>* to) {
  for (const auto& reason : from) {
    auto* out = to->Add();
    out->set_code(ReasonName(reason.code));
    out->set_text(reason.text);
  }
}

pb::Outlook ToProto(const Outlook& outlook) {
  pb::Outlook out;
  out.set_peak_demand(outlook.peak_demand);
  out.set_usable_capacity(outlook.usable_capacity);
  out.set_shortfall_probability(outlook.shortfall_probability);
  out.set_cost_per_hour(outlook.cost_per_hour.Units());
  return out;
}

pb::ForecastBasis ToProto(const ForecastBasis& forecast) {
  pb::ForecastBasis out;
  out.set_resource(ResourceName(forecast.resource));
  out.set_trust(forecast.trust);
  out.set_recent_error(forecast.recent_error);
  SetTime(forecast.made_from, out.mutable_made_from());
  for (const auto& held : forecast.held) {
    auto* to = out.add_held();
    to->set_level(held.level);
    to->set_ahead_seconds(Seconds(held.ahead));
    to->set_share(held.share);
  }
  for (const auto& note : forecast.notes) out.add_notes(note);
  return out;
}

pb::PlanBasis ToProto(const PlanBasis& basis) {
  pb::PlanBasis out;
  for (const SizeOption& option : basis.options) {
    auto* to = out.add_options();
    to->set_shards(option.shards);
    to->set_billed(option.billed);
    to->set_unserved(option.unserved);
    to->set_violation(option.violation);
  }
  out.set_cheapest(basis.cheapest);
  out.set_wanted(basis.wanted);
  const auto set = [](const TurningPoint& from, pb::TurningPoint* to) {
    to->set_factor(from.factor);
    to->set_shards(from.shards);
  };
  if (basis.more) set(*basis.more, out.mutable_more());
  if (basis.less) set(*basis.less, out.mutable_less());
  for (const LaterMove& move : basis.moves) {
    auto* to = out.add_moves();
    SetTime(move.at, to->mutable_at());
    to->set_from(move.from);
    to->set_to(move.to);
  }
  out.set_horizon_seconds(Seconds(basis.horizon));
  out.set_forecast_share(basis.forecast_share);
  out.set_analogues(basis.analogues);
  out.set_seen_seconds(Seconds(basis.seen));
  out.set_risk_quantile(basis.risk_quantile);
  for (const auto& forecast : basis.forecasts) *out.add_forecasts() = ToProto(forecast);
  if (basis.observed) out.set_observed(*basis.observed);
  if (basis.reactive_at) out.set_reactive_at(*basis.reactive_at);
  return out;
}

pb::Savings ToProto(const Account& account) {
  pb::Savings out;
  out.set_node_hours(account.actual.node_hours);
  out.set_cost(account.actual.cost.Units());
  out.set_recorded_seconds(Seconds(account.recorded));
  out.set_missing_seconds(Seconds(account.missing));
  for (const Saving& saving : account.against) {
    auto* to = out.add_against();
    to->set_against(saving.against);
    to->set_estimated(saving.estimated);
    to->set_compared_seconds(Seconds(saving.compared));
    to->set_node_hours(saving.actual.node_hours);
    to->set_cost(saving.actual.cost.Units());
    to->set_otherwise_node_hours(saving.otherwise.node_hours);
    to->set_otherwise_cost(saving.otherwise.cost.Units());
    to->set_saved_cost(saving.Cost().Units());
  }
  return out;
}

pb::PolicyTally ToProto(const PolicyTally& policy) {
  pb::PolicyTally out;
  out.set_policy(policy.policy);
  out.set_estimated(policy.estimated);
  SetTime(policy.since, out.mutable_since());
  out.set_shards(policy.shards);
  out.set_moves_to(policy.moves_to.value_or(0));
  out.set_judged_seconds(Seconds(policy.tally.judged));
  out.set_dark_seconds(Seconds(policy.tally.dark));
  out.set_short_seconds(Seconds(policy.tally.short_for));
  out.set_episodes(policy.tally.episodes);
  out.set_unserved_shard_hours(policy.tally.unserved);
  out.set_demand_shard_hours(policy.tally.demand);
  out.set_node_hours(policy.tally.node_hours);
  out.set_cost(policy.tally.cost.Units());
  out.set_moves(policy.tally.moves);
  return out;
}

pb::Node ToProto(const Node& node) {
  pb::Node out;
  out.set_id(node.id);
  out.set_address(node.Address());
  out.set_role(node.role == NodeRole::kMaster ? "master" : "replica");
  out.set_health(NodeHealthName(node.health));
  return out;
}

double At(const std::vector<double>& levels, const std::vector<double>& values, double level) {
  for (std::size_t i = 0; i < levels.size() && i < values.size(); ++i) {
    if (levels[i] >= level - 1e-9) return values[i];
  }
  return values.empty() ? 0 : values.back();
}

pb::ForecastSummary Summary(const Forecast& forecast) {
  pb::ForecastSummary out;
  std::vector<double> next;
  for (const auto& quantile : forecast.quantiles) {
    if (!quantile.empty()) next.push_back(quantile.front());
  }
  out.set_q50(At(forecast.levels, next, 0.5));
  out.set_q95(At(forecast.levels, next, 0.95));
  for (const auto& maximum : forecast.maxima) {
    const double value = At(forecast.levels, maximum.quantiles, 0.95);
    if (maximum.window == std::chrono::minutes(30)) out.set_max_30m_q95(value);
    if (maximum.window == std::chrono::hours(1)) out.set_max_1h_q95(value);
    if (maximum.window == std::chrono::hours(4)) out.set_max_4h_q95(value);
  }
  out.set_trust(TrustName(forecast.trust));
  return out;
}

void SetCapacity(const ControllerView& view, pb::Status* out) {
  const int shards = view.topology ? view.topology->ServingShards() : 0;
  for (Resource r : kAllResources) {
    if (view.load.total[r].fresh()) {
      (*out->mutable_demand())[ResourceName(r)] = view.load.total[r].value;
    }
    if (view.demand[r]) (*out->mutable_forecast())[ResourceName(r)] = Summary(*view.demand[r]);
    const auto& each = view.policy.shard_capacity[r];
    if (!each || !view.topology) continue;
    (*out->mutable_capacity())[ResourceName(r)] = *each * shards;
    (*out->mutable_usable_capacity())[ResourceName(r)] =
        *each * shards * view.policy.target_utilisation;
  }
}

}  // namespace

pb::PersonHold PersonHoldToProto(const PersonHold& hold) {
  pb::PersonHold out;
  out.set_id(hold.id);
  out.set_who(hold.who);
  out.set_why(hold.why);
  SetTime(hold.since, out.mutable_since());
  SetTime(hold.until, out.mutable_until());
  return out;
}

pb::Plan PlanToProto(const Plan& plan, const std::string& currency) {
  pb::Plan out;
  out.set_kind(PlanKindName(plan.kind));
  out.set_from_shards(plan.from_shards);
  out.set_to_shards(plan.to_shards);
  SetTime(plan.created, out.mutable_created());
  SetTime(plan.expires, out.mutable_expires());
  out.set_emergency(plan.emergency);
  out.set_binding(ResourceName(plan.binding));
  out.set_lead_time_seconds(Seconds(plan.lead_time));
  if (plan.crossing) SetTime(*plan.crossing, out.mutable_crossing());
  SetReasons(plan.reasons, out.mutable_reasons());
  SetReasons(plan.rejections, out.mutable_rejections());
  for (const auto& shard : plan.retire) out.add_retire(shard);
  int moved = 0;
  for (const auto& move : plan.moves) {
    auto* to = out.add_moves();
    to->set_partitions(ToString(move.partitions));
    to->set_from(move.from);
    to->set_to(move.to);
    moved += Count(move.partitions);
  }
  out.set_partitions_moved(moved);
  *out.mutable_without() = ToProto(plan.without);
  *out.mutable_with() = ToProto(plan.with);
  out.set_currency(currency);
  if (plan.kind != PlanKind::kNone) out.set_hash(PlanHash(plan));
  if (plan.basis) *out.mutable_basis() = ToProto(*plan.basis);
  return out;
}

pb::Action ActionToProto(const ActionRecord& action, bool with_steps) {
  pb::Action out;
  out.set_id(action.id);
  out.set_kind(PlanKindName(action.plan.kind));
  out.set_state(ActionStateName(action.state));
  out.set_from_shards(action.plan.from_shards);
  out.set_to_shards(action.plan.to_shards);
  out.set_actor(action.actor);
  out.set_plan_hash(action.plan_hash);
  out.set_emergency(action.plan.emergency);
  SetTime(action.created, out.mutable_created());
  if (!action.Open()) SetTime(action.ended, out.mutable_ended());
  out.set_steps(static_cast<int>(action.steps.size()));
  out.set_steps_done(action.StepsDone());
  out.set_error(action.error);
  out.set_partitions_moved(action.partitions_moved);
  out.set_keys_moved(action.keys_moved);
  out.set_bytes_moved(action.bytes_moved);
  out.set_cancelled_by(action.cancelled_by);
  int partitions = 0;
  for (const auto& move : action.plan.moves) partitions += Count(move.partitions);
  out.set_partitions(partitions);
  for (const auto& record : action.steps) {
    if (out.title().empty() && action.Open() && record.state != StepState::kDone &&
        record.state != StepState::kUndone) {
      out.set_title(record.step.title);
    }
    if (!with_steps) continue;
    auto* step = out.add_step_list();
    step->set_index(record.step.index);
    step->set_title(record.step.title);
    step->set_state(StepStateName(record.state));
    step->set_attempts(record.attempts);
    step->set_error(record.error);
  }
  return out;
}

pb::Recommendation RecommendationToProto(const Recommendation& recommendation,
                                         const std::string& currency) {
  pb::Recommendation out;
  out.set_hash(recommendation.hash);
  out.set_state(RecommendationStateName(recommendation.state));
  out.set_decided_by(recommendation.decided_by);
  out.set_comment(recommendation.comment);
  if (!recommendation.decided_by.empty()) SetTime(recommendation.decided, out.mutable_decided());
  *out.mutable_plan() = PlanToProto(recommendation.plan, currency);
  return out;
}

pb::Status StatusToProto(const ControllerView& view) {
  pb::Status out;
  out.set_cluster(view.cluster);
  out.set_mode(ModeName(view.mode));
  out.set_version(view.version);
  SetTime(view.now, out.mutable_now());
  SetTime(view.started, out.mutable_started());
  out.set_wall_speed(view.wall_speed);
  out.set_cycles(static_cast<int>(view.cycles));
  for (const auto& problem : view.problems) out.add_problems(problem);
  if (view.topology) {
    out.set_shards(view.topology->ServingShards());
    out.set_nodes(static_cast<int>(view.topology->Nodes().size()));
  }
  out.set_recommended_shards(view.plan ? view.plan->to_shards : out.shards());
  out.set_fresh_share(view.load.fresh_share);
  SetCapacity(view, &out);
  if (view.plan) *out.mutable_plan() = PlanToProto(*view.plan, view.policy.currency);
  if (view.action) *out.mutable_action() = ActionToProto(*view.action, false);
  if (view.action && view.action->Open() && view.progress.action_id == view.action->id) {
    auto* action = out.mutable_action();
    action->set_partitions_moved(action->partitions_moved() + view.progress.partitions_moved);
    action->set_keys_moved(action->keys_moved() + view.progress.keys_moved);
    action->set_bytes_moved(action->bytes_moved() + view.progress.bytes_moved);
  }
  if (view.estimated_end && view.action) {
    SetTime(*view.estimated_end, out.mutable_action()->mutable_estimated_end());
  }
  SetReasons(view.holds, out.mutable_holds());
  if (view.stop) {
    out.mutable_stop()->set_by(view.stop->by);
    out.mutable_stop()->set_why(view.stop->why);
    out.mutable_stop()->set_path(view.stop->path);
    if (view.stop->at) SetTime(*view.stop->at, out.mutable_stop()->mutable_at());
  }
  for (const auto& alert : view.alerts) {
    auto* to = out.add_alerts();
    to->set_name(alert.name);
    to->set_severity(SeverityName(alert.severity));
    const auto summary = alert.annotations.find("summary");
    if (summary != alert.annotations.end()) to->set_summary(summary->second);
    SetTime(alert.since, to->mutable_since());
  }
  out.set_node_hours(view.totals.account.actual.node_hours);
  if (const Saving* peak = view.totals.account.Against("static peak")) {
    out.set_static_peak_node_hours(peak->otherwise.node_hours);
  }
  *out.mutable_savings() = ToProto(view.totals.account);
  for (const auto& policy : view.policies) *out.add_policies() = ToProto(policy);
  for (const auto& hold : view.person_holds) *out.add_person_holds() = PersonHoldToProto(hold);
  out.set_price_per_node_hour(view.policy.price_per_node_hour.Units());
  out.set_currency(view.policy.currency);
  return out;
}

pb::AuditEntry AuditToProto(const AuditRecord& record) {
  const AuditChange change = ParseAuditDetail(record.detail);
  pb::AuditEntry out;
  out.set_sequence(record.sequence);
  SetTime(record.at, out.mutable_at());
  out.set_who(record.actor);
  out.set_what(record.what);
  out.set_why(change.why);
  out.set_before(change.before);
  out.set_after(change.after);
  out.mutable_about()->insert(change.about.begin(), change.about.end());
  out.set_detail(record.detail);
  out.set_previous_hash(record.previous_hash);
  out.set_hash(record.hash);
  return out;
}

pb::Topology TopologyToProto(const Topology& topology) {
  pb::Topology out;
  for (const auto& shard : topology.shards) {
    auto* to = out.add_shards();
    to->set_id(shard.id);
    *to->add_nodes() = ToProto(shard.master);
    for (const auto& replica : shard.replicas) *to->add_nodes() = ToProto(replica);
    to->set_partitions(ToString(shard.partitions));
    to->set_partition_count(Count(shard.partitions));
  }
  for (const auto& open : topology.open) out.add_open_partitions(open.partition);
  out.set_unowned_partitions(topology.Unowned());
  out.set_agreed(topology.agreed);
  out.set_fingerprint(topology.Fingerprint());
  return out;
}

pb::Load LoadToProto(const ControllerView& view) {
  pb::Load out;
  SetTime(view.load.at, out.mutable_at());
  out.set_fresh_share(view.load.fresh_share);
  for (Resource r : kAllResources) {
    (*out.mutable_total())[ResourceName(r)] = ToProto(view.load.total[r]);
  }
  const auto nodes = view.topology ? view.topology->Nodes() : std::vector<Node>{};
  for (const auto& load : view.load.nodes) {
    auto* to = out.add_nodes();
    to->set_id(load.node_id);
    to->set_shard(load.shard_id);
    to->set_role(load.master ? "master" : "replica");
    for (const auto& node : nodes) {
      if (node.id == load.node_id) to->set_address(node.Address());
    }
    if (view.topology && load.master) {
      if (const auto* shard = view.topology->FindShard(load.shard_id)) {
        to->set_partitions(Count(shard->partitions));
      }
    }
    for (Resource r : kAllResources) {
      (*to->mutable_usage())[ResourceName(r)] = ToProto(load.usage[r]);
    }
    *to->mutable_memory_limit_bytes() = ToProto(load.memory_limit_bytes);
    *to->mutable_commands_per_second() = ToProto(load.commands_per_second);
    *to->mutable_hit_ratio() = ToProto(load.hit_ratio);
    *to->mutable_latency_p99_seconds() = ToProto(load.latency_p99_seconds);
    *to->mutable_redirects_per_second() = ToProto(load.redirects_per_second);
    *to->mutable_keys() = ToProto(load.keys);
    if ((load.flags & kSaturated) != 0) to->add_flags("saturated");
    if ((load.flags & kThrottled) != 0) to->add_flags("throttled");
    if ((load.flags & kMoving) != 0) to->add_flags("moving");
    to->set_error(load.error);
  }
  for (const auto& entry : view.load.quarantine) {
    auto* to = out.add_quarantine();
    SetTime(entry.at, to->mutable_at());
    to->set_node(entry.node_id);
    to->set_metric(entry.metric);
    to->set_value(entry.value);
    to->set_reason(entry.reason);
  }
  return out;
}

pb::Forecast ForecastToProto(const ControllerView& view, Resource resource,
                             const Series& observed) {
  pb::Forecast out;
  out.set_resource(ResourceName(resource));
  if (const auto& forecast = view.demand[resource]) {
    SetTime(forecast->start, out.mutable_start());
    out.set_step_seconds(Seconds(forecast->step));
    out.mutable_mean()->Add(forecast->mean.begin(), forecast->mean.end());
    for (std::size_t i = 0; i < forecast->levels.size(); ++i) {
      auto* quantile = out.add_quantiles();
      quantile->set_level(forecast->levels[i]);
      quantile->mutable_values()->Add(forecast->quantiles[i].begin(), forecast->quantiles[i].end());
    }
    for (const auto& maximum : forecast->maxima) {
      auto* to = out.add_maxima();
      to->set_window_seconds(Seconds(maximum.window));
      to->mutable_values()->Add(maximum.quantiles.begin(), maximum.quantiles.end());
    }
    out.set_trust(TrustName(forecast->trust));
    out.set_recent_error(forecast->recent_error);
    for (const auto& note : forecast->notes) out.add_notes(note);
  }
  if (!observed.empty()) {
    SetTime(observed.start, out.mutable_history_start());
    out.set_history_step_seconds(Seconds(observed.step));
    out.mutable_history()->Add(observed.values.begin(), observed.values.end());
  }
  const auto& each = view.policy.shard_capacity[resource];
  if (each && view.topology) {
    out.set_capacity(*each * view.topology->ServingShards());
    out.set_usable_capacity(out.capacity() * view.policy.target_utilisation);
  }
  return out;
}

}  // namespace tidewright
