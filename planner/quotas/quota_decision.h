// Which quota a tenant, a table or a partition should have now. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collector/load_snapshot.h"
#include "core/reason.h"
#include "core/series.h"
#include "forecast/forecast.h"
#include "planner/quotas/decrease_budget.h"
#include "planner/quotas/quota_policy.h"
#include "planner/sizing/forecast_gate.h"

namespace tidewright {

/// What a decider keeps between two looks (and over restarts).
struct QuotaState {
  DecreaseBudget decreases;
  ForecastGate gate;
  double billed = 0;  ///< highest quota so far of the billing period that lies now
};

struct QuotaInput {
  const QuotaPolicy& policy;
  double quota = 0;  ///< in force
  /// Of demand, in the quota's units; null: there is none. With sample paths.
  const Forecast* forecast = nullptr;
  Series recent;           ///< observed, at the forecast's step, oldest first; 16 days are used
  Reading observed;        ///< the newest look
  bool throttled = false;  ///< clients were refused in it: demand was more than it tells
  const QuotaState& state;
  WallTime now;
  /// Also look for what would be done if decreases were free: another schedule.
  bool explain = false;
};

/// Expected figures over the horizon.
struct QuotaOutlook {
  double unit_hours = 0;           ///< billed
  double unserved_unit_hours = 0;  ///< demand above what the quota may bear
  double violation_hours = 0;      ///< with demand above it

  friend bool operator==(const QuotaOutlook&, const QuotaOutlook&) = default;
};

/// A later change that the cheapest schedule foresees.
struct QuotaChange {
  WallTime at;
  double from = 0;
  double to = 0;

  friend bool operator==(const QuotaChange&, const QuotaChange&) = default;
};

struct QuotaDecision {
  double from = 0;
  double to = 0;           ///< in force from now on; `from`: nothing is changed
  bool emergency = false;  ///< demand passes the quota, or clients are refused
  std::vector<Reason> reasons;
  std::vector<Reason> rejections;
  std::optional<int> decreases_left;  ///< today, before this decision; absent: any number
  WallTime next_decrease;             ///< when one is allowed, not before now
  std::vector<QuotaChange> later;     ///< at most kMostLater
  static constexpr std::size_t kMostLater = 24;
  Duration horizon{0};   ///< of the outlooks; 0: nothing is known of demand
  QuotaOutlook with;     ///< the cheapest schedule
  QuotaOutlook without;  ///< the quota stays as it is

  QuotaState state;  ///< of the next look, if this decision is carried out at once
};

/// Always answers. A decrease needs a fresh plausible look that is low enough, a forecast that is
/// trusted (or as many similar times as make up for it), and one of the decreases that are left:
/// taken when it saves most. An increase needs none of it: observed demand raises the quota by
/// itself, and so does a trusted forecast while nothing is observed. floor and ceiling are
/// constraints.
[[nodiscard]] QuotaDecision DecideQuota(const QuotaInput& input);

}  // namespace tidewright
