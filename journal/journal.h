// What was decided, on disk: recommendations, approvals, actions with every intent, and the audit
// log. One SQLite file, synchronous=FULL: a call that returned OK survives a power cut.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actuator/action.h"
#include "actuator/action_log.h"
#include "core/status.h"
#include "core/time.h"
#include "journal/audit.h"
#include "planner/plan.h"

namespace tidewright {

enum class RecommendationState { kOpen, kApproved, kRejected, kExpired, kSuperseded, kExecuted };
[[nodiscard]] const char* RecommendationStateName(RecommendationState state);

struct Recommendation {
  std::string hash;  ///< PlanHash(plan)
  Plan plan;
  RecommendationState state = RecommendationState::kOpen;
  std::string decided_by;  ///< who approved or rejected; "auto"
  std::string comment;
  WallTime decided;
};

/// Thread-safe. Errors of every call as io/sqlite.h has them: kResourceExhausted for a full disk,
/// and then nothing of the call is written; kDataLoss for a damaged file. Limits of 0 or less give
/// nothing.
class Journal : public ActionLog {
 public:
  /// Newest actions whose notes are kept.
  static constexpr int kActionsWithNotes = 20;
  /// Recommendations that nobody decided are dropped after this.
  static constexpr Duration kUndecidedRetention = std::chrono::days(90);

  /// Takes an exclusive lock on `path`.lock for as long as it lives: kFailedPrecondition, naming
  /// the other's process id, when another controller holds it; likewise for a file of a newer
  /// version or of somebody else. Looks at every page: kDataLoss when one is damaged.
  static StatusOr<std::unique_ptr<Journal>> Open(const std::string& path);

  /// ActionLog: SaveAction writes what has changed, in one commit. kFailedPrecondition for a change
  /// of state that actuator/state_machine.h does not allow, a changed plan, or a second open action
  /// of the cluster.

  /// Makes it open. Other open ones of the cluster become superseded. If the newest one with this
  /// hash is open, it gets the new plan's reasons, figures and expiry and keeps its time of
  /// creation; if it is approved it stays as it was approved; if it was rejected and has not
  /// expired yet it stays rejected: the person has the last word until then. kInvalidArgument when
  /// the hash is not the plan's.
  virtual Status SaveRecommendation(const Recommendation& recommendation) = 0;
  /// The newest one whose hash begins so; at least 4 characters. kNotFound; kInvalidArgument when
  /// several hashes do.
  virtual StatusOr<Recommendation> FindRecommendation(const std::string& hash_prefix) const = 0;
  /// Newest first.
  virtual StatusOr<std::vector<Recommendation>> Recommendations(int limit) const = 0;
  /// Open → approved, rejected or executed (or approved → executed, which leaves who approved it).
  /// `hash` may be a prefix. kFailedPrecondition when it is not in a state that allows it, or has
  /// expired at `now`; kNotFound; kInvalidArgument when the prefix fits several.
  virtual Status Decide(const std::string& hash, RecommendationState state, const std::string& who,
                        const std::string& comment, WallTime now) = 0;
  /// Open and approved ones whose time has come. Writes nothing when there is none.
  virtual Status ExpireRecommendations(WallTime now) = 0;

  /// "a-0001", …; never the same twice.
  virtual StatusOr<std::string> NextActionId() = 0;
  /// Newest first.
  virtual StatusOr<std::vector<ActionRecord>> Actions(int limit) const = 0;
  virtual StatusOr<std::optional<ActionRecord>> OpenAction(const std::string& cluster) const = 0;

  /// kInvalidArgument when `detail_json` is no JSON.
  virtual Status Audit(WallTime at, const std::string& actor, const std::string& what,
                       const std::string& detail_json) = 0;
  /// The oldest ones not before `from`, in their order.
  virtual StatusOr<std::vector<AuditRecord>> AuditLog(WallTime from, int limit) const = 0;
  /// All of one kind, in their order.
  virtual StatusOr<std::vector<AuditRecord>> AuditOf(const std::string& what) const = 0;
  /// The newest ones not before `from`, in their order.
  virtual StatusOr<std::vector<AuditRecord>> NewestAudit(WallTime from, int limit) const = 0;
  /// As AuditFile::Verify, without a mark.
  virtual Status VerifyAudit() const = 0;
  /// Up to which entry the log may be pruned so that neither those since `before` nor the newest
  /// `keep_newest` are lost, and never the newest 1,000 however the clock stands; 0: none.
  virtual StatusOr<std::int64_t> PrunableAudit(WallTime before, std::int64_t keep_newest) const = 0;
  /// Removes entries up to `through` in one commit with a "prune" entry, which carries their last
  /// hash and `carried_json`: what must outlive them.
  virtual Status PruneAudit(std::int64_t through, WallTime at, const std::string& carried_json) = 0;

  /// Small durable facts under a name ("experience", "retired:…"); absent when never saved.
  virtual Status SaveFact(const std::string& key, const std::string& value) = 0;
  virtual StatusOr<std::optional<std::string>> Fact(const std::string& key) const = 0;
};

}  // namespace tidewright
