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

/// One line of the audit log. Each carries the hash of the one before it.
struct AuditRecord {
  std::int64_t sequence = 0;  ///< 1, 2, 3, …
  WallTime at;
  std::string actor;   ///< "tidewright", "auto", or a person
  std::string what;    ///< "recommend", "approve", "reject", "action", "step", "capacity", "config"
  std::string detail;  ///< JSON
  std::string previous_hash;  ///< empty for the first
  std::string hash;           ///< AuditHash of this record
};

/// SHA-256 over sequence, time (microseconds since 1970), actor, what, detail and previous hash,
/// each written as its length in bytes, a colon, the bytes and a comma: anybody can recompute it.
[[nodiscard]] std::string AuditHash(const AuditRecord& record);

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
  /// kDataLoss with the first sequence number that does not fit, or that is missing at the end.
  virtual Status VerifyAudit() const = 0;

  /// Small durable facts under a name ("experience", "retired:…"); absent when never saved.
  virtual Status SaveFact(const std::string& key, const std::string& value) = 0;
  virtual StatusOr<std::optional<std::string>> Fact(const std::string& key) const = 0;
};

}  // namespace tidewright
