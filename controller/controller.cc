#include "controller/controller.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "alerting/rules.h"

namespace tidewright {
namespace {

constexpr int kNewestRecommendations = 20;

constexpr Duration kFoldInterval = std::chrono::hours(1);
constexpr char kAutoActor[] = "auto";

bool Ended(const ActionRecord& record) { return !record.Open(); }

/// What a person asked for is no failure, rolled back or not.
std::string EndName(const ActionRecord& record) {
  if (record.state == ActionState::kDone) return "done";
  if (!Brief(record).failed) return "cancelled";
  return record.state == ActionState::kRolledBack ? "rolled_back" : "failed";
}

void Count(const ActionRecord& record, ControllerTotals& totals) {
  totals.actions[{PlanKindName(record.plan.kind), EndName(record)}] += 1;
  totals.partitions_moved += record.partitions_moved;
  totals.keys_moved += record.keys_moved;
  totals.bytes_moved += record.bytes_moved;
}

}  // namespace

Controller::Controller(ControllerOptions options, ControllerParts parts)
    : options_(std::move(options)),
      parts_(parts),
      memory_(options_.cluster, options_.policy, parts.history, options_.calendar_path),
      continuity_(options_.cluster, parts.history),
      shards_(parts.journal),
      ledger_(parts.journal, options_.policy),
      shadows_(options_.shadow, options_.policy, parts.journal),
      executor_(
          parts.journal, parts.actuator, parts.clock,
          [this](const ActionRecord& record) { OnActionChange(record); },
          [&stop = parts.stop] { return stop.Thrown(); }),
      stop_watch_(parts.stop, parts.journal),
      auto_lock_(options_.cluster, options_.policy, parts.history, parts.journal),
      person_holds_(parts.journal) {
  view_.cluster = options_.cluster;
  view_.mode = options_.mode;
  view_.version = options_.version;
  view_.started = parts_.clock.Wall();
  view_.wall_speed = parts_.clock.WallSpeed();
  view_.policy = options_.policy;
}

Controller::~Controller() {
  executor_.Stop();
  std::scoped_lock lock(mutex_);
  for (auto& call : rebalance_calls_) {
    call.answer.set_value(Error(StatusCode::kUnavailable, "the controller stops"));
  }
}

Status Controller::Open() {
  const WallTime now = parts_.clock.Wall();
  TW_RETURN_IF_ERROR(Annotate(memory_.Load(now), "read the history and the calendar"));
  TW_RETURN_IF_ERROR(Annotate(parts_.journal.VerifyAudit(), "the audit log was changed"));
  TW_RETURN_IF_ERROR(LoadSafety(now));
  TW_ASSIGN_OR_RETURN(const auto actions, parts_.journal.Actions(kRememberedActions));
  for (auto action = actions.rbegin(); action != actions.rend(); ++action) {
    Remember(*action);
    if (!Ended(*action)) continue;
    Count(*action, view_.totals);
    const PastAction& past = past_.back();
    const bool counts = !breaker_reset_ || action->ended > *breaker_reset_;
    if (counts && (past.failed || past.done)) backoff_.Ended(*action);
    last_action_ended_ = action->ended;
  }
  if (!actions.empty()) newest_action_ = actions.front();
  TW_ASSIGN_OR_RETURN(const auto experience, parts_.journal.Fact("experience"));
  if (experience) {
    TW_ASSIGN_OR_RETURN(experience_, ParseExperience(*experience));
  }
  TW_RETURN_IF_ERROR(continuity_.Load());
  TW_RETURN_IF_ERROR(shards_.Load());
  TW_RETURN_IF_ERROR(Annotate(ledger_.Load(), "read the account"));
  // Of before it was noted when the first action began.
  if (!actions.empty()) TW_RETURN_IF_ERROR(ledger_.NoteFirstAction(actions.back().created));
  return Annotate(shadows_.Load(), "read the policies in shadow");
}

void Controller::Run(std::stop_token stop) {
  std::stop_callback wake_on_stop(stop, [this] { Wake(); });
  while (!stop.stop_requested()) {
    std::stop_token woken;
    {
      // Before the cycle: who asks during it gets another one.
      std::scoped_lock lock(mutex_);
      if (wake_.stop_requested() && !stop.stop_requested()) wake_ = std::stop_source();
      woken = wake_.get_token();
    }
    const MonoTime begun = parts_.clock.Monotonic();
    Cycle();
    const MonoTime ended = parts_.clock.Monotonic();
    parts_.metrics.ObserveCycle(options_.cluster, ended - begun);
    {
      std::scoped_lock lock(mutex_);
      cycle_ended_ = ended;
    }
    AwaitNextCycle(begun + options_.cycle, woken);
  }
  executor_.Stop();
}

void Controller::AwaitNextCycle(MonoTime due, const std::stop_token& woken) {
  while (!woken.stop_requested()) {
    WatchHealth();
    const MonoTime look = parts_.clock.Monotonic() + options_.health_interval;
    parts_.clock.WaitUntil(std::min(due, look), woken);
    if (due <= look) return;
  }
}

void Controller::Wake() {
  std::scoped_lock lock(mutex_);
  wake_.request_stop();
}

void Controller::Cycle() {
  complaints_.clear();
  const WallTime now = parts_.clock.Wall();
  std::int64_t asked = 0;
  bool explain = false;
  {
    std::scoped_lock lock(explain_mutex_);
    asked = explain_asked_;
    explain = asked > explain_answered_;
  }

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
  FoldAndPrune(now);
  const Status noted = memory_.Forecast(now);
  if (!noted.ok()) Complain("what forecasts have learned is not being kept: " + Message(noted));
  for (const auto& problem : memory_.problems()) Complain(problem);

  Plan plan;
  if (known != nullptr) {
    // Before anything begins: what there was then is what it is compared with for good.
    const Status recorded = ledger_.Observe(*known, memory_, now);
    if (!recorded.ok()) Complain("the audit log could not be written: " + Message(recorded));
    plan = MakePlanNow(*known, load, explain, now);
    LookForForeignChange(*known, now);
  } else {
    plan.cluster = options_.cluster;
    plan.created = plan.expires = now;
    plan.reasons = {{ReasonCode::kClusterUnhealthy, "the cluster does not answer"}};
  }

  LookAtSwitches(now);
  LookAtLeadership();
  FindHolds(plan, now);
  Recommend(plan, known, now);
  AnswerRebalanceCalls(known, load, now);
  Act(known, now);
  RunShadows(known, now);
  Tell(known, load, plan, now);
  Publish(known, std::move(load), std::move(plan), now);
  {
    std::scoped_lock lock(explain_mutex_);
    explain_answered_ = std::max(explain_answered_, asked);
  }
  explained_.notify_all();
}

Plan Controller::MakePlanNow(const Topology& topology, const LoadSnapshot& load, bool asked,
                             WallTime now) {
  const PlannerState state = CurrentPlannerState(now);
  const auto decide = [&](bool explain) {
    return Decide({topology, load, memory_.demand(), options_.policy, state, now, &memory_.recent(),
                   explain, &memory_.partition_weights()});
  };
  Decision decision = decide(asked);
  const std::string hash = decision.plan.kind == PlanKind::kNone ? "" : PlanHash(decision.plan);
  if (!hash.empty() && !asked && hash != turning_.hash) {
    decision = decide(true);
    asked = true;
  }
  if (auto& basis = decision.plan.basis; basis && !hash.empty()) {
    if (asked) turning_ = {.hash = hash, .more = basis->more, .less = basis->less};
    basis->more = turning_.more;
    basis->less = turning_.less;
  }
  memory_.SetGate(std::move(decision.gate));
  const Status kept = continuity_.Keep(std::move(decision.continuity), options_.policy.step);
  if (!kept.ok()) Complain("what is known of the cluster is not being kept: " + Message(kept));
  return std::move(decision.plan);
}

void Controller::RunShadows(const Topology* topology, WallTime now) {
  ShadowLook look{.topology = topology,
                  .memory = memory_,
                  .experience = {},
                  .newest_action = {},
                  .in_flight = false,
                  .now = now};
  {
    std::scoped_lock lock(mutex_);
    look.experience = experience_;
    if (newest_action_) look.newest_action = newest_action_->id;
    look.in_flight = newest_action_ && newest_action_->Open();
  }
  const Status ran = shadows_.Observe(look, ledger_);
  if (!ran.ok()) Complain("what policies in shadow came to is not being kept: " + Message(ran));
}

void Controller::FoldAndPrune(WallTime now) {
  const WallTime hour = FloorTo(now, kFoldInterval);
  if (folded_ == hour) return;
  folded_ = hour;
  const Status folded = parts_.history.Fold(now);
  if (!folded.ok()) Complain("the history could not be folded: " + Message(folded));
  const Status pruned = ledger_.Prune(options_.audit, now);
  if (!pruned.ok()) Complain("the audit log could not be pruned: " + Message(pruned));
}

PlannerState Controller::CurrentPlannerState(WallTime now) const {
  std::scoped_lock lock(mutex_);
  PlannerState state;
  state.last_action_ended = last_action_ended_;
  state.experience = experience_;
  state.gate = memory_.gate();
  state.continuity = continuity_.Get();
  state.spent = ledger_.SpentBy(now);
  state.holds = person_holds_.Active(now);
  for (const PastAction& past : past_) state.recent_actions.push_back({past.created, past.kind});
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
    AuditOrComplain(
        "tidewright", "recommend",
        AuditDetail({.about = {{"hash", recommendation.hash}, {"plan", CanonicalJson(plan)}},
                     .why = plan.reasons.empty() ? "" : plan.reasons.front().text,
                     .before = fmt::format("{} shards", plan.from_shards),
                     .after = fmt::format("{} shards", plan.to_shards)}));
  }
  if (ActingMode() != Mode::kAuto || executor_.Busy() || !holds_.empty()) return;
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
                      "in approve or auto mode to finish it, or cancel it",
                      newest_action_->id));
    }
    return;
  }
  std::optional<ActionRecord> open;
  {
    std::scoped_lock lock(mutex_);
    if (newest_action_ && newest_action_->Open()) open = newest_action_;
  }
  if (executor_.Busy() || stopped_) return;
  if (not_leading_) return Complain(not_leading_->text);
  if (open) {
    // After a restart, or after the journal failed and works again, or after the lead was lost. One
    // that was paused otherwise waits for a person.
    const bool lead_was_lost = open->error.find(Leadership::kLeadLost) != std::string::npos;
    if (open->state != ActionState::kPaused || lead_was_lost) ResumeOpenAction();
    return;
  }
  if (parts_.leadership != nullptr) parts_.leadership->End();
  if (topology == nullptr) return;
  const auto recommendations = parts_.journal.Recommendations(kNewestRecommendations);
  if (!recommendations.ok()) return Complain("journal: " + Message(recommendations.status()));
  for (const auto& recommendation : *recommendations) {
    if (recommendation.state != RecommendationState::kApproved) continue;
    if (recommendation.decided_by == kAutoActor && !holds_.empty()) continue;
    if (HeldByPerson(recommendation.plan, now)) continue;
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
  const auto token = BeginAsLeader((*open)->id);
  if (!token.ok()) {
    return Complain(fmt::format("{} was not resumed: {}", (*open)->id, Message(token.status())));
  }
  spdlog::info("resume action {}: {} of {} steps were done", (*open)->id, (*open)->StepsDone(),
               (*open)->steps.size());
  AuditOrComplain("tidewright", "resume",
                  AuditDetail({.about = {{"action", (*open)->id}, {"fencing_token", *token}},
                               .why = "it was under way when the controller stopped",
                               .before = {},
                               .after = ActionStateName((*open)->state)}));
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
  TW_ASSIGN_OR_RETURN(const std::string token, BeginAsLeader(record.id));
  TW_RETURN_IF_ERROR(parts_.journal.Decide(recommendation.hash, RecommendationState::kExecuted,
                                           recommendation.decided_by, recommendation.comment, now));
  TW_RETURN_IF_ERROR(parts_.journal.Audit(
      now, record.actor, "action",
      AuditDetail({.about = {{"action", record.id},
                             {"hash", record.plan_hash},
                             {"fencing_token", token}},
                   .why = recommendation.comment,
                   .before = RecommendationStateName(RecommendationState::kApproved),
                   .after = ActionStateName(record.state)})));
  TW_RETURN_IF_ERROR(ledger_.NoteFirstAction(now));
  spdlog::info("action {} started by {}: {} from {} to {} shards, {} steps", record.id,
               record.actor, PlanKindName(plan.kind), plan.from_shards, plan.to_shards,
               record.steps.size());
  return executor_.Start(std::move(record));
}

void Controller::OnActionChange(const ActionRecord& record) {
  const WallTime now = parts_.clock.Wall();
  std::optional<MoveExperience> learned;
  std::string before;
  {
    std::scoped_lock lock(mutex_);
    if (newest_action_ && newest_action_->id == record.id) {
      before = ActionStateName(newest_action_->state);
    }
    learned = watch_.Observe(record, now);
    if (learned) learned = experience_ = Blend(experience_, *learned);
    const bool was_open =
        !newest_action_ || newest_action_->id != record.id || newest_action_->Open();
    newest_action_ = record;
    Remember(record);
    estimate_.Observe(record, now);
    if (Ended(record) && was_open) {
      last_action_ended_ = record.ended;
      // An end that a person asked for is no failure.
      if (Brief(record).failed || Brief(record).done) backoff_.Ended(record);
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
  const Status audited =
      parts_.journal.Audit(now, "tidewright", "action",
                           AuditDetail({.about = {{"action", record.id}},
                                        .why = record.error,
                                        .before = before,
                                        .after = ActionStateName(record.state)}));
  if (!audited.ok()) spdlog::error("the audit log could not be written: {}", Message(audited));
  refresh_topology_ = true;
  Wake();
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
  input.acts_by_itself = ActingMode() == Mode::kAuto && holds_.empty();
  if (stopped_) input.stop = AlertInput::Stop{stopped_->by, stopped_->why, stopped_->path};
  input.holds = &holds_;
  input.foreign_change = foreign_change_;
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
  Account account = ledger_.Total(now);
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
  outlook_ = memory_.outlook();
  view_.plan = std::move(plan);
  view_.alerts = alerts_;
  view_.holds = holds_;
  view_.stop = stopped_;
  view_.foreign_change = foreign_change_;
  view_.totals.account = std::move(account);
  view_.policies = shadows_.Tallies();
  view_.person_holds = person_holds_.Active(now);
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
