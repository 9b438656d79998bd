// Direct regression for a few horizons: how much of the season, of the recent level and of the
// deviation between them survives so many steps ahead.
#pragma once

#include "forecast/member.h"

namespace tidewright {

/// For knots of the horizon, what y(t+h) will deviate from the season's shape there (mean of the
/// last seasons at that place; the last day's mean where there is no season) is regressed by ridge
/// on how the last value, quarter of an hour, hour and day deviated from the shape, on the shape
/// itself, and on what the last season and the long season had there. Coefficients between knots
/// are interpolated. This is SPAR (Chen et al., NSDI 2008) with shape and level kept apart and one
/// regression per horizon.
class DirectRidge : public Member {
 public:
  enum class Domain { kLevel, kLog };
  explicit DirectRidge(Domain domain) : domain_(domain) {}

  [[nodiscard]] const char* Name() const override {
    return domain_ == Domain::kLog ? "direct log ridge" : "direct ridge";
  }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(int origin, std::span<double> out) const override;

 private:
  static constexpr int kFeatures = 8;  ///< the constant included
  struct Model {
    int cutoff = 0;
    bool with_long = false;
    std::vector<std::vector<double>> coefficients;  ///< [knot]
    double lowest = 0;
    double highest = 0;
  };
  void FitKnots(const std::vector<int>& cutoffs, bool with_long);
  /// The regressors of step origin + ahead, known before origin. Returns the shape there.
  double Fill(int origin, int ahead, bool with_long, double* row) const;
  [[nodiscard]] double Mean(int begin, int end) const;
  [[nodiscard]] double ShapeMean(int begin, int end) const;
  [[nodiscard]] int Earliest(bool with_long) const;

  Domain domain_;
  const Prepared* p_ = nullptr;
  const std::vector<double>* y_ = nullptr;
  std::vector<int> knots_;
  std::vector<double> shape_;  ///< mean of y at i and up to six seasons before
  std::vector<double> sums_;   ///< prefix sums of y
  std::vector<double> shape_sums_;
  std::vector<Model> models_;
};

}  // namespace tidewright
