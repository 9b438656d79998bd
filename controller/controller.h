// The control cycle: sample → remember → forecast → plan → recommend → act → tell. Nothing else.
#pragma once

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "actuator/executor.h"
#include "actuator/leadership.h"
#include "alerting/alert_sink.h"
#include "collector/collector.h"
#include "controller/admission.h"
#include "controller/auto_lock.h"
#include "controller/backoff.h"
#include "controller/estimate.h"
#include "controller/experience.h"
#include "controller/health_watch.h"
#include "controller/kept_continuity.h"
#include "controller/kept_shards.h"
#include "controller/ledger.h"
#include "controller/memory.h"
#include "controller/person_holds.h"
#include "controller/shadows.h"
#include "controller/stop_watch.h"
#include "core/clock.h"
#include "history/history.h"
#include "journal/journal.h"
#include "journal/stop_file.h"
#include "planner/planner.h"
#include "server/controller_api.h"
#include "server/metrics.h"

namespace tidewright {

struct ControllerOptions {
  std::string cluster;
  Mode mode = Mode::kObserve;
  Duration cycle = std::chrono::seconds(60);           ///< real time
  Duration health_interval = std::chrono::seconds(5);  ///< real time between looks at the health
  Policy policy;
  std::string calendar_path;  ///< empty: none
  std::string version;
  AuditRetention audit;
  std::vector<std::string> shadow;  ///< policies that run beside the real one, see shadows.h
};

/// What the controller works with; all must outlive it.
struct ControllerParts {
  Clock& clock;
  Collector& collector;
  History& history;
  Journal& journal;
  StoreActuator& actuator;
  MetricsExporter& metrics;
  const StopSwitch& stop;
  AlertSink* alerts = nullptr;       ///< null: nobody is told
  Leadership* leadership = nullptr;  ///< null: the data folder's lock is enough
};

/// Run() on one thread; the API from any.
class Controller : public ControllerApi {
 public:
  Controller(ControllerOptions options, ControllerParts parts);
  ~Controller() override;

  /// Reads what is remembered. An error leaves the controller unusable.
  Status Open();
  /// Cycles until a stop is requested; then stops the action under way at a safe boundary.
  void Run(std::stop_token stop);

  [[nodiscard]] ControllerView View() const override;
  StatusOr<Forecast> ForecastPart(Resource resource, const ClusterPart& part) const override;
  [[nodiscard]] ControllerView ExplainedView() override;
  StatusOr<std::vector<Recommendation>> Recommendations(int limit) const override;
  StatusOr<Recommendation> FindRecommendation(const std::string& hash_prefix) const override;
  StatusOr<Recommendation> Approve(const std::string& hash_prefix, const std::string& who,
                                   const std::string& comment) override;
  StatusOr<Recommendation> Reject(const std::string& hash_prefix, const std::string& who,
                                  const std::string& comment) override;
  StatusOr<Recommendation> PlanRebalance(const std::string& who, bool plan_only) override;
  StatusOr<Recommendation> PlanRevert(const std::string& who, bool plan_only) override;
  StatusOr<std::vector<ActionRecord>> Actions(int limit) const override;
  Status PauseAction(const std::string& who) override;
  Status ResumeAction(const std::string& who) override;
  StatusOr<ActionRecord> CancelAction(const std::string& id, const std::string& who,
                                      const std::string& why, bool roll_back) override;
  StatusOr<std::string> Stop(const std::string& who, const std::string& why) override;
  StatusOr<std::string> ClearStop(const std::string& who, const std::string& why) override;
  Status SetAutoLock(bool locked, const std::string& who, const std::string& why) override;
  StatusOr<PersonHold> AddHold(WallTime until, const std::string& who,
                               const std::string& why) override;
  Status ClearHold(const std::string& id, const std::string& who, const std::string& why) override;
  Status ResetBreaker(const std::string& who, const std::string& why) override;
  StatusOr<std::vector<AuditRecord>> AuditLog(WallTime since, int limit) const override;
  StatusOr<Series> ReadHistory(const SeriesKey& key, WallTime from, WallTime to) const override;

 private:
  /// Far more than one cluster takes actions in its life; keeps a broken journal from filling
  /// memory.
  static constexpr int kRememberedActions = 1000;
  /// Real time that somebody who asks for an explained view waits for its cycle.
  static constexpr Duration kExplainPatience = std::chrono::seconds(5);

  /// Somebody waits for a plan that the cycle's thread makes.
  struct RebalanceCall {
    std::string who;
    bool plan_only = false;
    bool revert = false;
    std::promise<StatusOr<Recommendation>> answer;
  };

  void Cycle();
  /// The parts of a cycle, in their order.
  void FoldAndPrune(WallTime now);
  /// With the demand at which it would be decided otherwise where somebody asks, and where the plan
  /// is another one than before.
  Plan MakePlanNow(const Topology& topology, const LoadSnapshot& load, bool asked, WallTime now);
  StatusOr<Recommendation> AskForPlan(const std::string& who, bool plan_only, bool revert);
  /// Whether somebody else changed the cluster; tells, and holds auto mode where the policy says
  /// so.
  void LookForForeignChange(const Topology& topology, WallTime now);
  void AnswerRebalanceCalls(const Topology* topology, const LoadSnapshot& load, WallTime now);
  StatusOr<Recommendation> KeepAskedPlan(const Plan& plan, const RebalanceCall& call);
  void Recommend(const Plan& plan, const Topology* topology, WallTime now);
  void Act(const Topology* topology, WallTime now);
  /// Writes down what policies in shadow would have.
  void RunShadows(const Topology* topology, WallTime now);
  void Tell(const Topology* topology, const LoadSnapshot& load, const Plan& plan, WallTime now);
  void Publish(const Topology* topology, LoadSnapshot load, Plan plan, WallTime now);

  // controller_safety.cc
  Status LoadSafety(WallTime now);
  void LookAtSwitches(WallTime now);
  /// Whether this controller is the one that may act, into not_leading_.
  void LookAtLeadership();
  /// The token of this term, for the audit log; an error when this controller is not the one.
  StatusOr<std::string> BeginAsLeader(const std::string& action_id);
  /// Why nothing begins by itself, into holds_.
  void FindHolds(const Plan& plan, WallTime now);
  /// The mode that counts: auto is approve while it is locked.
  [[nodiscard]] Mode ActingMode() const;
  void WatchHealth();
  Status FollowHealth(HealthAdvice advice, const ActionRecord& action);
  /// `mutex_` is held.
  void Remember(const ActionRecord& record);

  /// Until the next cycle is due or somebody wakes it, with looks at the health in between.
  void AwaitNextCycle(MonoTime due, const std::stop_token& woken);
  Status StartAction(const Recommendation& recommendation, WallTime now);
  void ResumeOpenAction();
  StatusOr<Recommendation> DecideBy(const std::string& hash_prefix, RecommendationState state,
                                    const std::string& who, const std::string& comment);
  void OnActionChange(const ActionRecord& record);
  void AuditOrComplain(const std::string& actor, const std::string& what,
                       const std::string& detail);
  /// Remembered for this cycle's view; logged when it is new.
  void Complain(const std::string& problem);
  [[nodiscard]] PlannerState CurrentPlannerState(WallTime now) const;
  /// As PersonHolds::Against; takes `mutex_`.
  [[nodiscard]] std::optional<Reason> HeldByPerson(const Plan& plan, WallTime now) const;
  void Wake();

  const ControllerOptions options_;
  ControllerParts parts_;
  DemandMemory memory_;
  KeptContinuity continuity_;
  KeptShards shards_;
  std::string foreign_change_;  // in words, while it is recent or auto mode is locked for it
  CapacityLedger ledger_;
  Shadows shadows_;
  Executor executor_;

  // Of the cycle's thread alone.
  std::vector<Alert> alerts_;
  std::vector<std::string> complaints_;
  std::vector<std::string> last_complaints_;
  StopWatch stop_watch_;
  std::optional<StopNotice> stopped_;
  std::optional<Reason> not_leading_;
  HealthWatch health_;
  std::vector<Reason> holds_;
  std::optional<WallTime> folded_;  // the hour of the newest folding
  struct Turning {
    std::string hash;  // of the plan
    std::optional<TurningPoint> more;
    std::optional<TurningPoint> less;
  };
  Turning turning_;  // of the newest plan that does something

  mutable std::mutex auto_lock_mutex_;  // guards the lock; taken after mutex_ where both are
  AutoLock auto_lock_;

  std::mutex explain_mutex_;  // guards the next two; taken alone
  std::condition_variable explained_;
  std::int64_t explain_asked_ = 0;     // how often
  std::int64_t explain_answered_ = 0;  // up to which of them

  std::atomic<bool> refresh_topology_{false};
  mutable std::mutex mutex_;  // guards what follows
  ControllerView view_;
  std::shared_ptr<const PartOutlook> outlook_;
  PersonHolds person_holds_;
  ExperienceWatch watch_;
  MoveExperience experience_;
  std::optional<WallTime> last_action_ended_;
  FailureBackoff backoff_;
  std::vector<PastAction> past_;  // in the order of their creation
  std::optional<WallTime> breaker_reset_;
  ProgressEstimate estimate_;
  std::optional<ActionRecord> newest_action_;
  std::vector<std::string> executor_complaints_;
  MonoTime cycle_ended_{};
  std::stop_source wake_;
  std::vector<RebalanceCall> rebalance_calls_;  // for the next cycle to answer
};

}  // namespace tidewright
