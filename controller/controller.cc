#include "controller/controller.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "alerting/rules.h"

namespace tidewright {
namespace {

/// Far more than one cluster takes actions in its life; keeps a broken journal from filling memory.
constexpr int kRememberedActions = 1000;
constexpr int kNewestRecommendations = 20;
constexpr int kRememberedAudit = 1'000'000;

constexpr Duration kFoldInterval = std::chrono::hours(1);
constexpr char kAutoActor[] = "auto";

bool Ended(const ActionRecord& record) { return !record.Open(); }

std::string EndName(ActionState state) {
  switch (state) {
    case ActionState::kDone:
      return "done";
    case ActionState::kRolledBack:
      return "rolled_back";
    default:
      return "failed";
  }
}

void Count(const ActionRecord& record, ControllerTotals& totals) {
  totals.actions[{PlanKindName(record.plan.kind), EndName(record.state)}] += 1;
  totals.partitions_moved += record.partitions_moved;
  totals.keys_moved += record.keys_moved;
  totals.bytes_moved += record.bytes_moved;
}

}  // namespace

Controller::Controller(ControllerOptions options, ControllerParts parts)
    : options_(std::move(options)),
      parts_(parts),
      memory_(options_.cluster, options_.policy, parts.history, options_.calendar_path),
      executor_(parts.journal, parts.actuator, parts.clock,
                [this](const ActionRecord& record) { OnActionChange(record); }) {
  view_.cluster = options_.cluster;
  view_.mode = options_.mode;
  view_.version = options_.version;
  view_.started = parts_.clock.Wall();
  view_.wall_speed = parts_.clock.WallSpeed();
  view_.policy = options_.policy;
}

Controller::~Controller() { executor_.Stop(); }

Status Controller::Open() {
  const WallTime now = parts_.clock.Wall();
  TW_RETURN_IF_ERROR(Annotate(memory_.Load(now), "read the history and the calendar"));
  TW_RETURN_IF_ERROR(Annotate(parts_.journal.VerifyAudit(), "the audit log was changed"));
  TW_ASSIGN_OR_RETURN(const auto actions, parts_.journal.Actions(kRememberedActions));
  for (auto action = actions.rbegin(); action != actions.rend(); ++action) {
    if (!Ended(*action)) continue;
    Count(*action, view_.totals);
    backoff_.Ended(*action);
    last_action_ended_ = action->ended;
  }
  if (!actions.empty()) newest_action_ = actions.front();
  TW_ASSIGN_OR_RETURN(const auto experience, parts_.journal.Fact("experience"));
  if (experience) {
    TW_ASSIGN_OR_RETURN(experience_, ParseExperience(*experience));
  }
  TW_ASSIGN_OR_RETURN(const auto audit, parts_.journal.AuditLog(WallTime{}, kRememberedAudit));
  for (const auto& record : audit) {
    if (record.what != "capacity") continue;
    TW_ASSIGN_OR_RETURN(auto capacity, ParseCapacity(record));
    capacity_.push_back(capacity);
  }
  return OkStatus();
}

void Controller::Run(std::stop_token stop) {
  std::stop_callback wake_on_stop(stop, [this] { Wake(); });
  while (!stop.stop_requested()) {
    const MonoTime begun = parts_.clock.Monotonic();
    Cycle();
    const MonoTime ended = parts_.clock.Monotonic();
    parts_.metrics.ObserveCycle(options_.cluster, ended - begun);
    std::stop_token woken;
    {
      std::scoped_lock lock(mutex_);
      cycle_ended_ = ended;
      if (wake_.stop_requested() && !stop.stop_requested()) wake_ = std::stop_source();
      woken = wake_.get_token();
    }
    parts_.clock.WaitUntil(begun + options_.cycle, woken);
  }
  executor_.Stop();
}

void Controller::Wake() {
  std::scoped_lock lock(mutex_);
  wake_.request_stop();
}

void Controller::Cycle() {
  complaints_.clear();
  const WallTime now = parts_.clock.Wall();

  if (refresh_topology_.exchange(false)) (void)parts_.collector.RefreshTopology();
  const TopologyView seen = parts_.collector.View();
  // What could not be read again is not acted upon: the world may have changed.
  const Topology* const known = seen.topology && seen.error.empty() ? &*seen.topology : nullptr;
  if (known == nullptr) {
    Complain(seen.error.empty() ? "the cluster has not answered yet" : seen.error);
  }
  LoadSnapshot load = parts_.collector.Snapshot(now);

  const Status kept = memory_.Observe(load, known, executor_.Busy(), now);
  if (!kept.ok()) Complain("history is not being kept: " + Message(kept));
  FoldHistory(now);
  const Status noted = memory_.Forecast(now);
  if (!noted.ok()) Complain("what forecasts have learned is not being kept: " + Message(noted));
  for (const auto& problem : memory_.problems()) Complain(problem);

  Plan plan;
  if (known != nullptr) {
    Decision decision = Decide({*known, load, memory_.demand(), options_.policy,
                                CurrentPlannerState(), now, &memory_.recent()});
    plan = std::move(decision.plan);
    memory_.SetGate(std::move(decision.gate));
  } else {
    plan.cluster = options_.cluster;
    plan.created = plan.expires = now;
    plan.reasons = {{ReasonCode::kClusterUnhealthy, "the cluster does not answer"}};
  }

  Recommend(plan, known, now);
  Act(known, now);
  KeepAccount(known, now);
  Tell(known, load, plan, now);
  Publish(known, std::move(load), std::move(plan), now);
}

void Controller::FoldHistory(WallTime now) {
  const WallTime hour = FloorTo(now, kFoldInterval);
  if (folded_ == hour) return;
  folded_ = hour;
  const Status folded = parts_.history.Fold(now);
  if (!folded.ok()) Complain("the history could not be folded: " + Message(folded));
}

PlannerState Controller::CurrentPlannerState() const {
  std::scoped_lock lock(mutex_);
  PlannerState state;
  state.last_action_ended = last_action_ended_;
  state.experience = experience_;
  if (newest_action_ && newest_action_->Open()) {
    state.action_in_flight = true;
    state.action_target_shards = newest_action_->plan.to_shards;
  }
  return state;
}

void Controller::Recommend(const Plan& plan, const Topology* topology, WallTime now) {
  const Status expired = parts_.journal.ExpireRecommendations(now);
  if (!expired.ok()) Complain("journal: " + Message(expired));
  if (plan.kind == PlanKind::kNone || topology == nullptr) return;
  Recommendation recommendation;
  recommendation.hash = PlanHash(plan);
  recommendation.plan = plan;
  const bool known = parts_.journal.FindRecommendation(recommendation.hash).ok();
  const Status saved = parts_.journal.SaveRecommendation(recommendation);
  if (!saved.ok()) return Complain("the recommendation could not be kept: " + Message(saved));
  if (!known) {
    spdlog::info("recommend {} {}: {} from {} to {} shards: {}", ShortHash(recommendation.hash),
                 options_.cluster, PlanKindName(plan.kind), plan.from_shards, plan.to_shards,
                 plan.reasons.empty() ? "" : plan.reasons.front().text);
    AuditOrComplain("tidewright", "recommend",
                    nlohmann::json{{"hash", recommendation.hash},
                                   {"plan", nlohmann::json::parse(CanonicalJson(plan))}}
                        .dump());
  }
  if (options_.mode != Mode::kAuto || executor_.Busy()) return;
  const Status decided = parts_.journal.Decide(recommendation.hash, RecommendationState::kApproved,
                                               kAutoActor, "within the policy", now);
  // Already approved, or rejected by a person, who has the last word until it expires.
  if (!decided.ok() && decided.code() != StatusCode::kFailedPrecondition) {
    Complain("the approval could not be kept: " + Message(decided));
  }
}

void Controller::Act(const Topology* topology, WallTime now) {
  if (options_.mode == Mode::kObserve) {
    std::scoped_lock lock(mutex_);
    if (newest_action_ && newest_action_->Open()) {
      Complain(
          fmt::format("action {} is unfinished, and in observe mode nothing is touched: start "
                      "in approve or auto mode to finish it",
                      newest_action_->id));
    }
    return;
  }
  std::optional<ActionRecord> open;
  std::optional<WallTime> hold_until;
  {
    std::scoped_lock lock(mutex_);
    if (newest_action_ && newest_action_->Open()) open = newest_action_;
    hold_until = backoff_.Until();
  }
  if (executor_.Busy()) return;
  if (open) {
    // After a restart, or after the journal failed and works again. A paused one waits for a person.
    if (open->state != ActionState::kPaused) ResumeOpenAction();
    return;
  }
  if (topology == nullptr) return;
  const auto recommendations = parts_.journal.Recommendations(kNewestRecommendations);
  if (!recommendations.ok()) return Complain("journal: " + Message(recommendations.status()));
  for (const auto& recommendation : *recommendations) {
    if (recommendation.state != RecommendationState::kApproved) continue;
    if (recommendation.decided_by == kAutoActor && hold_until && now < *hold_until) {
      Complain(fmt::format("actions failed: nothing is started by itself until {}",
                           FormatTime(*hold_until)));
      continue;
    }
    const Status started = StartAction(recommendation, now);
    if (started.ok()) return;
    Complain(
        fmt::format("{} was not started: {}", ShortHash(recommendation.hash), Message(started)));
  }
}

void Controller::ResumeOpenAction() {
  auto open = parts_.journal.OpenAction(options_.cluster);
  if (!open.ok()) return Complain("journal: " + Message(open.status()));
  if (!open->has_value()) return;
  spdlog::info("resume action {}: {} of {} steps were done", (*open)->id, (*open)->StepsDone(),
               (*open)->steps.size());
  AuditOrComplain("tidewright", "resume", nlohmann::json{{"action", (*open)->id}}.dump());
  const Status started = executor_.Start(**open);
  if (!started.ok()) Complain("the open action could not be resumed: " + Message(started));
}

Status Controller::StartAction(const Recommendation& recommendation, WallTime now) {
  const Plan& plan = recommendation.plan;
  // Exactly the plan that was approved, on exactly the cluster that it was made for, or nothing.
  if (PlanHash(plan) != recommendation.hash) {
    return Error(StatusCode::kDataLoss, "the plan in the journal is not the one that was approved");
  }
  if (now >= plan.expires) {
    return Error(StatusCode::kFailedPrecondition, "it expired at {}", FormatTime(plan.expires));
  }
  TW_ASSIGN_OR_RETURN(const Topology topology, parts_.collector.RefreshTopology());
  if (topology.Fingerprint() != plan.topology_fingerprint) {
    return Error(StatusCode::kFailedPrecondition, "the cluster has changed since it was planned");
  }
  TW_ASSIGN_OR_RETURN(const auto steps, parts_.actuator.Expand(plan, topology));
  ActionRecord record;
  TW_ASSIGN_OR_RETURN(record.id, parts_.journal.NextActionId());
  record.plan_hash = recommendation.hash;
  record.plan = plan;
  record.actor = recommendation.decided_by;
  record.created = now;
  for (const auto& step : steps) {
    record.steps.emplace_back();
    record.steps.back().step = step;
  }
  TW_RETURN_IF_ERROR(parts_.journal.Decide(recommendation.hash, RecommendationState::kExecuted,
                                           recommendation.decided_by, recommendation.comment, now));
  TW_RETURN_IF_ERROR(parts_.journal.Audit(
      now, record.actor, "action",
      nlohmann::json{{"action", record.id}, {"hash", record.plan_hash}, {"state", "started"}}
          .dump()));
  spdlog::info("action {} started by {}: {} from {} to {} shards, {} steps", record.id,
               record.actor, PlanKindName(plan.kind), plan.from_shards, plan.to_shards,
               record.steps.size());
  return executor_.Start(std::move(record));
}

void Controller::OnActionChange(const ActionRecord& record) {
  const WallTime now = parts_.clock.Wall();
  std::optional<MoveExperience> learned;
  {
    std::scoped_lock lock(mutex_);
    learned = watch_.Observe(record, now);
    if (learned) learned = experience_ = Blend(experience_, *learned);
    const bool was_open =
        !newest_action_ || newest_action_->id != record.id || newest_action_->Open();
    newest_action_ = record;
    if (Ended(record) && was_open) {
      last_action_ended_ = record.ended;
      backoff_.Ended(record);
      Count(record, view_.totals);
    }
  }
  if (learned) {
    const Status saved = parts_.journal.SaveFact("experience", ToJson(*learned));
    if (!saved.ok()) spdlog::warn("lead times could not be kept: {}", Message(saved));
  }
  if (record.state == ActionState::kRunning) return;
  spdlog::info("action {} is {}{}{}", record.id, ActionStateName(record.state),
               record.error.empty() ? "" : ": ", record.error);
  const Status audited = parts_.journal.Audit(
      now, "tidewright", "action",
      nlohmann::json{
          {"action", record.id}, {"state", ActionStateName(record.state)}, {"error", record.error}}
          .dump());
  if (!audited.ok()) spdlog::error("the audit log could not be written: {}", Message(audited));
  refresh_topology_ = true;
  Wake();
}

void Controller::KeepAccount(const Topology* topology, WallTime now) {
  if (topology == nullptr) return;
  const int nodes_per_shard = 1 + options_.policy.replicas_per_shard;
  if (static_peak_shards_ == 0) {
    static_peak_shards_ = options_.policy.static_peak_shards;
    for (Resource r : kAllResources) {
      const auto& each = options_.policy.shard_capacity[r];
      if (options_.policy.static_peak_shards > 0 || !each) continue;
      const double usable = *each * options_.policy.target_utilisation;
      static_peak_shards_ =
          std::max(static_peak_shards_, static_cast<int>(std::ceil(memory_.Peak(r) / usable)));
    }
    static_peak_shards_ = std::max(static_peak_shards_, options_.policy.min_shards);
  }
  // What was said of the counterfactual once stands, whatever is learned later.
  const int peak_nodes = capacity_.empty() || options_.policy.static_peak_shards > 0
                             ? static_peak_shards_ * nodes_per_shard
                             : capacity_.back().static_peak_nodes;
  const CapacityRecord record{.at = now,
                              .nodes = static_cast<int>(topology->Nodes().size()),
                              .shards = topology->ServingShards(),
                              .static_peak_nodes = peak_nodes,
                              .price_per_node_hour = options_.policy.price_per_node_hour};
  if (!capacity_.empty() && capacity_.back().SameAs(record)) return;
  const Status audited = parts_.journal.Audit(now, "tidewright", "capacity", ToJson(record));
  if (!audited.ok()) return Complain("the audit log could not be written: " + Message(audited));
  capacity_.push_back(record);
}

void Controller::Tell(const Topology* topology, const LoadSnapshot& load, const Plan& plan,
                      WallTime now) {
  std::optional<ActionRecord> action;
  {
    std::scoped_lock lock(mutex_);
    action = newest_action_;
  }
  AlertInput input;
  input.topology = topology;
  input.load = &load;
  input.plan = &plan;
  input.last_action = action ? &*action : nullptr;
  input.cluster = options_.cluster;
  if (topology == nullptr && !complaints_.empty()) input.topology_error = complaints_.front();
  input.now = now;
  input.acts_by_itself = options_.mode == Mode::kAuto;
  for (Resource r : kAllResources) {
    const auto& each = options_.policy.shard_capacity[r];
    if (each && topology != nullptr) input.capacity[r] = *each * topology->ServingShards();
  }
  alerts_ = EvaluateAlerts(input, alerts_);
  if (parts_.alerts == nullptr) return;
  const Status pushed = parts_.alerts->Push(alerts_, parts_.clock.Monotonic());
  if (!pushed.ok()) Complain("alerts could not be sent: " + Message(pushed));
}

void Controller::Publish(const Topology* topology, LoadSnapshot load, Plan plan, WallTime now) {
  const Account account = Sum(capacity_, now);
  std::scoped_lock lock(mutex_);
  view_.cycles += 1;
  view_.problems = complaints_;
  view_.topology.reset();
  if (topology != nullptr) view_.topology = *topology;
  view_.load = std::move(load);
  view_.demand = memory_.demand();
  for (Resource r : kAllResources) {
    if (view_.demand[r]) view_.demand[r]->paths = {};  // large, and nobody who looks needs them
  }
  view_.plan = std::move(plan);
  view_.alerts = alerts_;
  view_.totals.node_hours = account.node_hours;
  view_.totals.static_peak_node_hours = account.static_peak_node_hours;
  view_.totals.cost = account.cost;
  view_.totals.static_peak_cost = account.static_peak_cost;
  for (const auto& complaint : complaints_) {
    if (std::find(last_complaints_.begin(), last_complaints_.end(), complaint) ==
        last_complaints_.end()) {
      spdlog::warn("{}", complaint);
    }
  }
  last_complaints_ = complaints_;
}

void Controller::Complain(const std::string& problem) { complaints_.push_back(problem); }

void Controller::AuditOrComplain(const std::string& actor, const std::string& what,
                                 const std::string& detail) {
  const Status audited = parts_.journal.Audit(parts_.clock.Wall(), actor, what, detail);
  if (!audited.ok()) Complain("the audit log could not be written: " + Message(audited));
}

}  // namespace tidewright
