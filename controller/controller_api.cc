// The part of the controller that answers people and programs.
#include <utility>

#include "controller/controller.h"

namespace tidewright {
namespace {

StatusOr<std::vector<int>> PartitionsOf(const ClusterPart& part,
                                        const std::optional<Topology>& topology) {
  if (part.partition) return std::vector<int>{*part.partition};
  if (!topology) return Error(StatusCode::kFailedPrecondition, "the cluster does not answer");
  const Shard* found = nullptr;
  for (const Shard& shard : topology->shards) {
    if (shard.id != part.shard && shard.master.Address() != part.shard &&
        !shard.id.starts_with(part.shard)) {
      continue;
    }
    if (found != nullptr) {
      return Error(StatusCode::kInvalidArgument, "more than one shard begins with '{}'",
                   part.shard);
    }
    found = &shard;
  }
  if (found == nullptr || part.shard.empty()) {
    return Error(StatusCode::kNotFound, "no shard '{}': `tidectl topology` lists them", part.shard);
  }
  return Expand(found->partitions);
}

}  // namespace

StatusOr<Forecast> Controller::ForecastPart(Resource resource, const ClusterPart& part) const {
  std::shared_ptr<const PartOutlook> outlook;
  std::optional<Topology> topology;
  {
    std::scoped_lock lock(mutex_);
    outlook = outlook_;
    topology = view_.topology;
  }
  if (outlook == nullptr || !outlook->demand[resource]) {
    return Error(StatusCode::kFailedPrecondition, "there is no forecast of {} yet",
                 ResourceName(resource));
  }
  TW_ASSIGN_OR_RETURN(const std::vector<int> partitions, PartitionsOf(part, topology));
  TW_ASSIGN_OR_RETURN(
      Forecast forecast,
      tidewright::ForecastPart(*outlook->demand[resource], outlook->shares[resource], partitions));
  forecast.paths = {};
  return forecast;
}

ControllerView Controller::View() const {
  ControllerView view;
  {
    std::scoped_lock lock(mutex_);
    view = view_;
    view.action = newest_action_;
    if (view.cycles > 0) view.cycle_age = parts_.clock.Monotonic() - cycle_ended_;
  }
  view.now = parts_.clock.Wall();
  view.progress = executor_.Progress();
  if (view.action) {
    std::scoped_lock lock(mutex_);
    view.estimated_end = estimate_.End(*view.action, view.progress, view.now);
  }
  return view;
}

ControllerView Controller::ExplainedView() {
  std::int64_t mine = 0;
  {
    std::scoped_lock lock(explain_mutex_);
    mine = ++explain_asked_;
  }
  Wake();
  {
    std::unique_lock lock(explain_mutex_);
    explained_.wait_for(lock, kExplainPatience, [&] { return explain_answered_ >= mine; });
  }
  return View();
}

StatusOr<std::vector<Recommendation>> Controller::Recommendations(int limit) const {
  return parts_.journal.Recommendations(limit);
}

StatusOr<Recommendation> Controller::FindRecommendation(const std::string& hash_prefix) const {
  return parts_.journal.FindRecommendation(hash_prefix);
}

StatusOr<Recommendation> Controller::DecideBy(const std::string& hash_prefix,
                                              RecommendationState state, const std::string& who,
                                              const std::string& comment) {
  TW_ASSIGN_OR_RETURN(const auto found, parts_.journal.FindRecommendation(hash_prefix));
  const WallTime now = parts_.clock.Wall();
  TW_RETURN_IF_ERROR(parts_.journal.Decide(found.hash, state, who, comment, now));
  TW_RETURN_IF_ERROR(
      parts_.journal.Audit(now, who, RecommendationStateName(state),
                           AuditDetail({.about = {{"hash", found.hash}},
                                        .why = comment,
                                        .before = RecommendationStateName(found.state),
                                        .after = RecommendationStateName(state)})));
  Wake();
  return parts_.journal.FindRecommendation(found.hash);
}

StatusOr<Recommendation> Controller::Approve(const std::string& hash_prefix, const std::string& who,
                                             const std::string& comment) {
  if (options_.mode == Mode::kObserve) {
    return Error(StatusCode::kFailedPrecondition,
                 "the controller only observes: set 'mode: approve' for it to act on approvals");
  }
  TW_ASSIGN_OR_RETURN(const auto found, parts_.journal.FindRecommendation(hash_prefix));
  if (const auto held = HeldByPerson(found.plan, parts_.clock.Wall())) {
    return Error(StatusCode::kFailedPrecondition, "{}", held->text);
  }
  {
    std::scoped_lock lock(mutex_);
    if (!view_.topology || view_.topology->Fingerprint() != found.plan.topology_fingerprint) {
      return Error(StatusCode::kFailedPrecondition,
                   "{} was made for a cluster that has changed since: look at the newest one",
                   ShortHash(found.hash));
    }
  }
  return DecideBy(found.hash, RecommendationState::kApproved, who, comment);
}

StatusOr<Recommendation> Controller::Reject(const std::string& hash_prefix, const std::string& who,
                                            const std::string& comment) {
  return DecideBy(hash_prefix, RecommendationState::kRejected, who, comment);
}

StatusOr<std::vector<ActionRecord>> Controller::Actions(int limit) const {
  return parts_.journal.Actions(limit);
}

Status Controller::PauseAction(const std::string& who) {
  if (!executor_.Busy()) {
    return Error(StatusCode::kFailedPrecondition, "no action is running");
  }
  const auto running = executor_.Current();
  TW_RETURN_IF_ERROR(
      parts_.journal.Audit(parts_.clock.Wall(), who, "pause",
                           AuditDetail({.about = {{"action", running ? running->id : ""}},
                                        .why = {},
                                        .before = running ? ActionStateName(running->state) : "",
                                        .after = ActionStateName(ActionState::kPaused)})));
  return executor_.Pause("paused by " + who);
}

Status Controller::ResumeAction(const std::string& who) {
  if (options_.mode == Mode::kObserve) {
    return Error(StatusCode::kFailedPrecondition,
                 "the controller only observes: set 'mode: approve' for it to act");
  }
  if (parts_.stop.Thrown()) {
    return Error(StatusCode::kFailedPrecondition,
                 "the kill switch is thrown: `tidectl stop --clear` first");
  }
  TW_ASSIGN_OR_RETURN(auto open, parts_.journal.OpenAction(options_.cluster));
  if (!open || executor_.Busy()) {
    return Error(StatusCode::kFailedPrecondition, "no action is paused");
  }
  TW_RETURN_IF_ERROR(parts_.journal.Audit(parts_.clock.Wall(), who, "resume",
                                          AuditDetail({.about = {{"action", open->id}},
                                                       .why = {},
                                                       .before = ActionStateName(open->state),
                                                       .after = "under way"})));
  return executor_.Start(*std::move(open));
}

StatusOr<std::vector<AuditRecord>> Controller::AuditLog(WallTime since, int limit) const {
  return parts_.journal.NewestAudit(since, limit);
}

StatusOr<Series> Controller::ReadHistory(const SeriesKey& key, WallTime from, WallTime to) const {
  return parts_.history.Read(key, from, to);
}

}  // namespace tidewright
