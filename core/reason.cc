#include "core/reason.h"

#include <array>
#include <utility>

namespace tidewright {
namespace {

constexpr std::array<std::pair<ReasonCode, const char*>, 48> kNames = {{
    {ReasonCode::kForecastExceedsCapacity, "forecast_exceeds_capacity"},
    {ReasonCode::kDemandExceedsCapacity, "demand_exceeds_capacity"},
    {ReasonCode::kForecastBelowCapacity, "forecast_below_capacity"},
    {ReasonCode::kBelowMinimum, "below_minimum"},
    {ReasonCode::kUnevenLoad, "uneven_load"},
    {ReasonCode::kCapacityIsRight, "capacity_is_right"},
    {ReasonCode::kAtMaximum, "at_maximum"},
    {ReasonCode::kAtMinimum, "at_minimum"},
    {ReasonCode::kCooldown, "cooldown"},
    {ReasonCode::kStepLimit, "step_limit"},
    {ReasonCode::kActionInFlight, "action_in_flight"},
    {ReasonCode::kDataMissing, "data_missing"},
    {ReasonCode::kForecastUntrusted, "forecast_untrusted"},
    {ReasonCode::kNoForecast, "no_forecast"},
    {ReasonCode::kObservedLoadHigh, "observed_load_high"},
    {ReasonCode::kClusterUnhealthy, "cluster_unhealthy"},
    {ReasonCode::kCapacityUnknown, "capacity_unknown"},
    {ReasonCode::kHotPartition, "hot_partition"},
    {ReasonCode::kNotPlaceable, "not_placeable"},
    {ReasonCode::kDataStale, "data_stale"},
    {ReasonCode::kDataImplausible, "data_implausible"},
    {ReasonCode::kDataZero, "data_zero"},
    {ReasonCode::kRateLimit, "rate_limit"},
    {ReasonCode::kWindow, "window"},
    {ReasonCode::kBudget, "budget"},
    {ReasonCode::kForeignChange, "foreign_change"},
    {ReasonCode::kClockJumped, "clock_jumped"},
    {ReasonCode::kDecreaseKept, "decrease_kept"},
    {ReasonCode::kQuotaTooSmall, "quota_too_small"},
    {ReasonCode::kPartitionTooBig, "partition_too_big"},
    {ReasonCode::kHotKey, "hot_key"},
    {ReasonCode::kHeld, "held"},
    {ReasonCode::kSurvivesLoss, "survives_loss"},
    {ReasonCode::kFailureDomainUnknown, "failure_domain_unknown"},
    {ReasonCode::kHitRatioLow, "hit_ratio_low"},
    {ReasonCode::kHitRatioUnknown, "hit_ratio_unknown"},
    {ReasonCode::kSizedByHitRatio, "sized_by_hit_ratio"},
    {ReasonCode::kStillPaid, "still_paid"},
    {ReasonCode::kStopped, "stopped"},
    {ReasonCode::kAutoLocked, "auto_locked"},
    {ReasonCode::kFailureBackoff, "failure_backoff"},
    {ReasonCode::kBreakerOpen, "breaker_open"},
    {ReasonCode::kNodeRate, "node_rate"},
    {ReasonCode::kActionRate, "action_rate"},
    {ReasonCode::kActionPaused, "action_paused"},
    {ReasonCode::kStoreDegraded, "store_degraded"},
    {ReasonCode::kNotLeader, "not_leader"},
    {ReasonCode::kOtherController, "other_controller"},
}};

}  // namespace

const char* ReasonName(ReasonCode code) {
  for (const auto& [value, name] : kNames) {
    if (value == code) return name;
  }
  return "unknown";
}

std::optional<ReasonCode> ParseReason(const std::string& name) {
  for (const auto& [value, text] : kNames) {
    if (name == text) return value;
  }
  return std::nullopt;
}

}  // namespace tidewright
