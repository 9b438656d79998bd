// A size that does not follow demand: what most clusters have.
#pragma once

#include <memory>

#include "planner/scaling_policy.h"

namespace tidewright::baselines {

struct StaticPeakSettings {
  double multiple = 1.2;
};
/// ⌈multiple × the highest demand of the history ÷ Q⌉ for good. Without a history, of what was
/// observed at the first question.
[[nodiscard]] std::unique_ptr<ScalingPolicy> MakeStaticPeak(const ScalingTerms& terms,
                                                            StaticPeakSettings settings = {});

struct StaticTrailingSettings {
  Duration window = std::chrono::days(7);
  double percentile = 1;  ///< 1 is the maximum
  double multiple = 1.2;
  Duration every = std::chrono::days(1);
};
/// ⌈multiple × a percentile of the newest `window` ÷ Q⌉, looked at again every day: somebody who
/// resizes by hand. The percentile is the value at index ⌊p·(n − 1)⌋ of the sorted ones.
[[nodiscard]] std::unique_ptr<ScalingPolicy> MakeStaticTrailing(
    const ScalingTerms& terms, StaticTrailingSettings settings = {});

}  // namespace tidewright::baselines
