// What was decided, on disk: recommendations, approvals, actions with every intent, and the audit log.
// One SQLite file, synchronous=FULL: a call that returned OK survives a power cut.
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
  std::int64_t sequence = 0;
  WallTime at;
  std::string actor;   ///< "tidewright", "auto", or a person
  std::string what;    ///< "recommend", "approve", "reject", "action", "step", "capacity", "config"
  std::string detail;  ///< JSON
  std::string previous_hash;
  std::string hash;
};

/// Thread-safe.
class Journal : public ActionLog {
 public:
  /// Takes an exclusive lock on `path`.lock for as long as it lives: kFailedPrecondition, naming the
  /// other's process id, when another controller holds it.
  static StatusOr<std::unique_ptr<Journal>> Open(const std::string& path);

  /// A plan with the same hash refreshes reasons and expiry of the open one; other open ones of the
  /// cluster become superseded.
  virtual Status SaveRecommendation(const Recommendation& recommendation) = 0;
  virtual StatusOr<Recommendation> FindRecommendation(const std::string& hash_prefix) const = 0;
  /// Newest first.
  virtual StatusOr<std::vector<Recommendation>> Recommendations(int limit) const = 0;
  /// Open → approved, rejected or executed (or approved → executed). kFailedPrecondition when it is
  /// not in a state that allows it, or has expired at `now`; kNotFound; kInvalidArgument when the
  /// prefix fits several.
  virtual Status Decide(const std::string& hash, RecommendationState state, const std::string& who,
                        const std::string& comment, WallTime now) = 0;
  virtual Status ExpireRecommendations(WallTime now) = 0;

  virtual StatusOr<std::string> NextActionId() = 0;  ///< "a-0001", …
  /// Newest first.
  virtual StatusOr<std::vector<ActionRecord>> Actions(int limit) const = 0;
  virtual StatusOr<std::optional<ActionRecord>> OpenAction(const std::string& cluster) const = 0;

  virtual Status Audit(WallTime at, const std::string& actor, const std::string& what,
                       const std::string& detail_json) = 0;
  virtual StatusOr<std::vector<AuditRecord>> AuditLog(WallTime from, int limit) const = 0;
  /// kDataLoss with the first sequence number that does not fit.
  virtual Status VerifyAudit() const = 0;

  /// Small durable facts under a name ("experience", "retired:…"); absent when never saved.
  virtual Status SaveFact(const std::string& key, const std::string& value) = 0;
  virtual StatusOr<std::optional<std::string>> Fact(const std::string& key) const = 0;
};

}  // namespace tidewright
