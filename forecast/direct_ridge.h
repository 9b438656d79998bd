// Direct regression for a few horizons: how much of the season, of the recent level and of the
// deviation between them survives so many steps ahead.
#pragma once

#include <array>

#include "forecast/domain.h"
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
  explicit DirectRidge(Domain domain) : domain_(domain) {}

  [[nodiscard]] const char* Name() const override {
    return domain_ == Domain::kLog ? "direct log ridge" : "direct ridge";
  }
  void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) override;
  [[nodiscard]] bool Predict(const Prepared& p, int origin, std::span<float> out) const override;

 private:
  static constexpr int kRecent = 4;                       ///< features that are known at the origin
  static constexpr int kFeatures = 7;                     ///< and of the place that is forecast
  using Coefficients = std::array<float, kFeatures + 1>;  ///< intercept first
  struct Model {
    int cutoff = 0;
    bool with_long = false;
    std::vector<int> knots;
    std::vector<Coefficients> coefficients;  ///< [knot]
    Bounds bounds;
  };
  /// What is known at an origin.
  struct Recent {
    float last_day = 0;
    std::array<float, kRecent> deviations{};
  };
  /// How many steps "recently" is.
  struct Windows {
    explicit Windows(const Prepared& p);
    int hour;
    int quarter;
    int season;
    int day;  ///< the season where there is one
    double per_hour;
    double per_quarter;
  };
  [[nodiscard]] static Recent RecentAt(const Windows& windows, const Track& track, int origin);
  [[nodiscard]] static int Earliest(const Prepared& p, bool with_long);
  /// Origins to learn from: every stride-th from `earliest` on, what is known there column by
  /// column.
  struct Rows {
    int earliest = 0;
    int stride = 1;
    std::vector<float> last_day;
    std::array<std::vector<float>, kRecent> deviations;
  };
  [[nodiscard]] static Rows RowsFor(const Prepared& p, const Track& track, bool with_long,
                                    int cutoff);
  /// Models of models_[first, last), whose features are the same; cutoffs rise.
  void FitModels(const Prepared& p, std::size_t first, std::size_t last, int horizon);
  void FitKnot(const Prepared& p, int knot, const Rows& rows, std::size_t first, std::size_t last);
  /// Fills the steps from one knot to the next, in the domain.
  void Between(const Prepared& p, const Recent& recent, const Model& model, std::size_t knot,
               int origin, std::span<float> out) const;

  Domain domain_;
  std::vector<Model> models_;
};

}  // namespace tidewright
