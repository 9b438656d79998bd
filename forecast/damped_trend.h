// Decomposition into a season and a level whose trend fades.
#pragma once

#include "forecast/domain.h"
#include "forecast/member.h"

namespace tidewright {

/// The sum of a damped trend over `steps` steps, in units of the trend: φ + φ² + … + φ^steps.
[[nodiscard]] double DampedSum(double phi, double steps);

/// On logs: the season is the shape (the mean of the last seasons at each place) less its own mean;
/// the level and trend are Holt's, damped (Gardner and McKenzie, 1985), over the means of the last
/// blocks of one season (of one day where there is none), counted back from the origin:
///   l(b) = l' + α·(m(b) − l'),  l' = l(b−1) + φ·t(b−1),  t(b) = φ·t(b−1) + β·(m(b) − l')
///   forecast k blocks ahead: l + (φ + … + φ^k)·t, in straight lines between blocks.
class DampedTrend : public Member {
 public:
  [[nodiscard]] const char* Name() const override { return "damped trend"; }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(const Prepared& p, int origin, std::span<float> out) const override;

 private:
  int block_ = 1;            ///< steps
  std::vector<float> sums_;  ///< [h] of the damped trend
};

}  // namespace tidewright
