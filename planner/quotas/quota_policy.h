// What the owner of a quota wants: provisioned throughput of a tenant, a table or a partition.
#pragma once

#include "core/money.h"
#include "core/time.h"

namespace tidewright {

/// How often a store lets a quota be lowered; raising it is never limited. The defaults are
/// DynamoDB's (Amazon DynamoDB Developer Guide, "Service quotas").
struct DecreaseLimit {
  int per_day = 4;  ///< at any time of a day (UTC); 0: any number
  /// Beyond these one more where there was none for so long; 0: none.
  Duration extra_after = std::chrono::hours(1);
  int per_hour = 0;  ///< within an hour of the clock; 0: any number
};

/// Every figure of a quota is in its own units per second, such as RU, RCU or WCU.
struct QuotaPolicy {
  double floor = 1;
  double ceiling = 40'000;  ///< DynamoDB's default for a table
  double step = 1;          ///< the quota is a multiple of it
  DecreaseLimit decreases;
  /// The highest quota of each such period (of the clock) is billed for all of it; 0: as held.
  Duration billing_period{0};

  double target_utilisation = 0.85;  ///< share of the quota that planned demand may reach
  /// Observed demand above this share of the quota raises it whatever is forecast.
  double reactive_utilisation = 0.95;
  /// While clients are refused, demand is not known: the quota grows by this factor at least.
  double throttled_growth = 1.25;
  /// Unit-hours that would be paid to serve one more unit of demand for an hour.
  double unserved_penalty = 20;
  /// Hours of mean demand's worth of quota that would be paid to spare one hour with demand above
  /// what the quota may bear.
  double violation_penalty = 2;
  /// A change costs as much as mean demand's worth of quota held for so long: what saves less is
  /// left.
  Duration change_cost = std::chrono::minutes(1);
  Duration horizon = std::chrono::hours(24);
  /// A forecast counts while the data that it was made from ended no longer ago.
  Duration max_forecast_age = std::chrono::hours(1);
  Money price_per_unit_hour = Money::FromUnits(0.00065);  ///< DynamoDB's for a WCU in us-east-1
};

}  // namespace tidewright
