// Up at once, down after a while: what a careful team writes itself, and tunes on its history.
#pragma once

#include <memory>

#include "planner/baselines/support.h"
#include "planner/scaling_policy.h"

namespace tidewright::baselines {

struct ReactiveSettings {
  double target = 0.7;  ///< u: share of capacity that observed demand may reach
  int window = 12;      ///< steps whose maximum a scale-in must still bear
};

/// Up to ⌈d/(Q·u)⌉ at once, down to ⌈(maximum of d over the window)/(Q·u)⌉. A gap changes nothing.
class Reactive : public ScalingPolicy {
 public:
  /// Learn() replaces `settings` by the best of the grid where the history has at least 2 steps.
  Reactive(const ScalingTerms& terms, double penalty, ReactiveSettings settings = {});
  [[nodiscard]] std::string Name() const override { return "reactive"; }
  void Learn(const Series& history) override;
  [[nodiscard]] int Shards(const ScalingQuestion& question) override;
  [[nodiscard]] const ReactiveSettings& settings() const { return settings_; }

 private:
  ScalingTerms terms_;
  double penalty_;
  ReactiveSettings settings_;
  News news_;
  TrailingMaximum recent_;
};

/// The settings of the grid (target 0.5…0.9, window 1…288 steps) with the least shard-hours +
/// penalty × unserved shard-hours, had they run over the history in the simulated store. Of equals
/// the first: low targets before high ones, short windows before long.
[[nodiscard]] ReactiveSettings TuneReactive(const Series& history, const ScalingTerms& terms,
                                            double penalty);

}  // namespace tidewright::baselines
