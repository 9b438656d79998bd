// What the combined forecast was wrong by at past origins. Inside the room only.
#pragma once

#include <vector>

#include "forecast/combination.h"

namespace tidewright {

/// Past errors of the combined forecast, made comparable between high and low demand:
/// (observed − forecast) ÷ Spread(forecast).
struct Residuals {
  /// 0, ¼ or ½: the likeliest if errors are Laplace-distributed. Higher ones would be likelier
  /// still for some series, but far-off high forecasts then come out too wide (67 traces, pinball
  /// loss).
  double power = 0;
  std::vector<std::vector<float>> lines;  ///< [past origin, newest first][h], no gaps

  /// (forecast + shift)^power, so that a forecast of zero has some spread too.
  [[nodiscard]] double Spread(double forecast) const;
};

/// A lower bound (saturation) below the forecast counts as no error. Lines are a little smoothed,
/// at their own mean size (see Calm in the source).
[[nodiscard]] Residuals MeasureResiduals(const Prepared& p, const Combined& combined);

}  // namespace tidewright
