// Target tracking as DynamoDB's auto scaling does it, with the service's limit on decreases.
#pragma once

#include <memory>

#include "planner/scaling_policy.h"

namespace tidewright::baselines {

struct DynamoDbSettings {
  double target = 0.70;    ///< utilisation
  double scale_in = 0.50;  ///< below it the low alarm rings: 20 points under the target
  Duration up_after = std::chrono::minutes(2);     ///< of utilisation above the target
  Duration down_after = std::chrono::minutes(15);  ///< of utilisation below scale_in
  int free_decreases = 4;                          ///< a day (UTC), at any time
  Duration then_every = std::chrono::hours(1);     ///< one more where there was none for so long
};

/// Both go to ⌈d/(Q·target)⌉, d the highest of the steps that rang the alarm. A gap silences both
/// alarms.
/// Source: Amazon DynamoDB Developer Guide, "Managing throughput capacity automatically" and
/// "Service quotas" (decreases); AWS re:Post, "dynamodb auto scaling" (when alarms ring).
[[nodiscard]] std::unique_ptr<ScalingPolicy> MakeDynamoDb(const ScalingTerms& terms,
                                                          DynamoDbSettings settings = {});

}  // namespace tidewright::baselines
