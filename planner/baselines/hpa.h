// Kubernetes' horizontal autoscaler, with its defaults.
#pragma once

#include <deque>
#include <memory>

#include "planner/scaling_policy.h"

namespace tidewright::baselines {

struct HpaSettings {
  double target = 0.70;     ///< utilisation
  double tolerance = 0.10;  ///< of the ratio to the target, in which nothing is done
  Duration window = std::chrono::minutes(5);         ///< over which utilisation is averaged
  Duration stabilisation = std::chrono::minutes(5);  ///< of a scale-down
};

/// desired = ⌈n × ratio⌉, ratio = utilisation ÷ target; n where |ratio − 1| ≤ tolerance. A
/// scale-down goes to the highest desire of the stabilisation window, its beginning included. Nothing is done while the
/// window has no observation.
/// Source: Kubernetes, Horizontal Pod Autoscaling, algorithm details.
class Hpa : public ScalingPolicy {
 public:
  explicit Hpa(const ScalingTerms& terms, HpaSettings settings = {});
  [[nodiscard]] std::string Name() const override { return "hpa"; }
  [[nodiscard]] int Shards(const ScalingQuestion& question) override;

 private:
  struct Desire {
    WallTime at;
    int shards = 0;
  };
  ScalingTerms terms_;
  HpaSettings settings_;
  std::deque<Desire> desires_;  // within the stabilisation window
};

}  // namespace tidewright::baselines
