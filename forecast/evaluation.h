// How good forecasts were: error measures, and what they are compared with. Pure.
//
// Actual values may hold NaN (a gap): such steps do not count. A measure of nothing is NaN.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/series.h"

namespace tidewright {

/// Mean of |y − f|.
[[nodiscard]] double MeanAbsoluteError(std::span<const double> actual,
                                       std::span<const double> forecast);
/// Mean of 200·|y − f| / (|y| + |f|), 0 where both are 0: percent, 0 to 200. Makridakis,
/// Spiliotis, Assimakopoulos: The M4 Competition, International Journal of Forecasting 36 (2020),
/// equation 1.
[[nodiscard]] double SymmetricPercentageError(std::span<const double> actual,
                                              std::span<const double> forecast);
/// What MASE divides the mean absolute error by: mean of |y_t − y_{t−period}| over the history.
/// Hyndman, Koehler: Another look at measures of forecast accuracy, International Journal of
/// Forecasting 22 (2006); seasonal as in the M4 competition. 0 for a history that repeats exactly.
[[nodiscard]] double SeasonalScale(std::span<const double> history, int period);
/// max(τ·(y − q), (τ − 1)·(y − q)). Koenker, Bassett: Regression quantiles, Econometrica 46 (1978).
[[nodiscard]] double PinballLoss(double level, double actual, double quantile);

/// Sums over the steps of any number of forecasts, out of which come the measures of quantiles.
struct QuantileScore {
  std::vector<double> pinball;  ///< one for each level
  std::vector<double> covered;  ///< steps at or under the quantile
  double absolute = 0;          ///< Σ|y|
  double steps = 0;

  /// `quantiles` is [level][step].
  void Add(std::span<const double> actual, const std::vector<double>& levels,
           const std::vector<std::vector<double>>& quantiles);
  void Add(const QuantileScore& other);
  /// 2·Σ pinball / Σ|y|, mean over the levels: the weighted quantile loss of GluonTS (Alexandrov et
  /// al., JMLR 21, 2020; mean_wQuantileLoss).
  [[nodiscard]] double WeightedLoss() const;
  /// Share of steps at or under the quantile, one for each level.
  [[nodiscard]] std::vector<double> Coverage() const;
};

/// The measures of one method for one series, over all of its origins.
struct MethodScore {
  double mae = 0;    ///< mean over the origins, as the two below
  double mase = 0;   ///< NaN where no origin has a scale above 0
  double smape = 0;  ///< percent
  QuantileScore quantiles;
};

/// One forecast beside what came true. `point` and `quantiles` begin where `actual` does.
struct Trial {
  std::span<const double> actual;
  double scale = 0;  ///< SeasonalScale of its history
  std::vector<double> point;
  std::vector<std::vector<double>> quantiles;  ///< [level][step]
};
[[nodiscard]] MethodScore Score(const std::vector<Trial>& trials,
                                const std::vector<double>& levels);

/// Which past step the naive forecast repeats.
struct NaivePeriod {
  int steps = 1;
  std::string reason;  ///< "detected", "a day, none detected", "last value"
};
/// A detected day; else the strongest season detected; else a day where `step` divides it and the
/// history has two of them; else 1.
[[nodiscard]] NaivePeriod ChoosePeriod(const Series& history);

/// The value one period before, over and over; through a gap one more period before. Its quantiles
/// are the point plus the quantiles of y_t − y_{t−period} over the history, at least 0.
struct NaiveForecast {
  std::vector<double> point;
  std::vector<std::vector<double>> quantiles;  ///< [level][step]
};
[[nodiscard]] NaiveForecast SeasonalNaive(std::span<const double> history, int period, int horizon,
                                          const std::vector<double>& levels);

/// Up to `count` equally spaced origins (the first step that is forecast), rising; the last one
/// leaves `horizon` steps to compare with, the first one is not before a week nor before the
/// middle, where there is that much. Empty where two observations and the horizon do not fit.
[[nodiscard]] std::vector<int> ChooseOrigins(int size, Duration step, int horizon, int count);

}  // namespace tidewright
