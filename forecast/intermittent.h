// Demand that comes now and then.
#pragma once

#include "forecast/member.h"

namespace tidewright {

/// The mean of an intermittent demand (Teunter, Syntetos and Babai, EJOR 2011): probability that
/// there is demand and its size when there is, each smoothed, the size only where there was demand:
///   p(t) = p + α·(d(t) − p),  z(t) = z + β·(y(t) − z) if d(t),  forecast p·z at every step.
/// With a season, p and z are smoothed at each place of it.
class Intermittent : public Member {
 public:
  [[nodiscard]] const char* Name() const override { return "intermittent"; }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(const Prepared& p, int origin, std::span<float> out) const override;

  /// Whether at least a third of the steps, but not all, have no demand.
  [[nodiscard]] static bool Suits(const Prepared& p);
};

}  // namespace tidewright
