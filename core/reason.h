// Why something was done, weakened or not done. Codes are stable: they stand in metrics, the
// journal and the API; texts are for people.
#pragma once

#include <optional>
#include <string>

namespace tidewright {

enum class ReasonCode {
  // Why an action is proposed.
  kForecastExceedsCapacity,  ///< demand will pass what the shards can bear within the lead time
  kDemandExceedsCapacity,    ///< demand passes it now, unforeseen: an emergency
  kForecastBelowCapacity,    ///< fewer shards suffice for the whole scale-in window
  kBelowMinimum,             ///< fewer shards than the policy's minimum
  kUnevenLoad,  ///< one shard bears too much for its share: the same shards suffice when re-spread
  // Why nothing, or less, is done.
  kCapacityIsRight,
  kAtMaximum,
  kAtMinimum,
  kCooldown,
  kStepLimit,
  kActionInFlight,
  kDataMissing,        ///< too few nodes have fresh plausible data for a decrease
  kForecastUntrusted,  ///< not enough history, or recent error too large, for a decrease
  kNoForecast,
  kObservedLoadHigh,  ///< the forecast allows a decrease, what is observed does not
  kClusterUnhealthy,  ///< failed nodes, unowned or open partitions, disagreement
  kCapacityUnknown,   ///< the policy names no capacity for any resource
  kHotPartition,      ///< one partition alone is more than an even share: it cannot be split
  kNotPlaceable,      ///< no assignment of partitions keeps every shard under its limit
  kDataStale,         ///< as kDataMissing: told, but too long ago
  kDataImplausible,   ///< likewise: told, but against the metric's contract
  kDataZero,          ///< likewise: a zero where there was load, or load is forecast
  kRateLimit,         ///< too many actions of this kind began within an hour or a day
  kWindow,            ///< the policy's windows, or a hold, leave no room for it now
  kBudget,            ///< it would cost more than the policy's budget
  kForeignChange,     ///< somebody else changed the topology a short while ago
  kClockJumped,       ///< the clock was set a short while ago
  kDecreaseKept,      ///< a quota's decrease is worth more later: the store allows few of them
  // What helps where one partition or a quota is short, not the cluster.
  kQuotaTooSmall,    ///< a tenant asks for more than its quota, its partitions bear it
  kPartitionTooBig,  ///< a partition outgrows its limit by many keys: it can be split
  kHotKey,           ///< one key carries a partition: no split helps
  kHeld,             ///< a person holds everything back until a time
  // Where capacity must hold after the loss of a host or a zone.
  kSurvivesLoss,          ///< what would remain is what counts
  kFailureDomainUnknown,  ///< of a shard, for a decrease
  kHitRatioLow,           ///< a cache finds too few of the keys that it is asked for, or would
  kHitRatioUnknown,       ///< of a cache, for a decrease
  kSizedByHitRatio,       ///< memory of a cache does not count by use
  kStillPaid,             ///< a shard is paid for some time to come: leaving now saves nothing
  // Why nothing is begun by itself, whatever is planned.
  kStopped,          ///< the kill switch is thrown
  kAutoLocked,       ///< auto mode is locked: it is as approve mode
  kFailureBackoff,   ///< an action failed a short while ago
  kBreakerOpen,      ///< actions failed again and again
  kNodeRate,         ///< too many nodes were added within an hour
  kActionRate,       ///< too many actions began within a day
  kActionPaused,     ///< an action waits for a person
  kStoreDegraded,    ///< the store is worse since the last action began
  kNotLeader,        ///< another controller leads, or nobody can tell
  kOtherController,  ///< another controller of this cluster lives, or nobody can tell
};

/// "forecast_exceeds_capacity", …
[[nodiscard]] const char* ReasonName(ReasonCode code);
[[nodiscard]] std::optional<ReasonCode> ParseReason(const std::string& name);

/// A code with the figures that make it concrete, in one sentence.
struct Reason {
  ReasonCode code = ReasonCode::kCapacityIsRight;
  std::string text;

  friend bool operator==(const Reason&, const Reason&) = default;
};

}  // namespace tidewright
