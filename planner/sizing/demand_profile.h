// A forecast seen from now on, at the policy's risk. Internal to the planner.
#pragma once

#include <optional>
#include <vector>

#include "core/time.h"
#include "forecast/forecast.h"

namespace tidewright::planner {

/// What demand may reach within a window that begins now.
struct Peak {
  double value = 0;
  WallTime by;           ///< end of the step in which it is reached
  bool covered = false;  ///< the forecast reaches to the end of the window
};

/// Holds a reference to the forecast. peak(window) is the risk quantile of the *maximum* over the
/// window, read off the sample paths: a quantile of each step alone would promise too much. Where a
/// forecast has no paths its declared maxima are used, and the highest of its steps' quantiles.
class DemandProfile {
 public:
  /// Nothing when the forecast is untrustworthy by its own word (Trust::kNone), lies wholly in the
  /// past or in the future, or holds a number that is none.
  static std::optional<DemandProfile> Make(const Forecast& forecast, WallTime now, double risk);

  [[nodiscard]] Peak Over(Duration window) const;
  /// When the risk quantile passes `limit`: the start of that step, not before now.
  [[nodiscard]] std::optional<WallTime> Crossing(double limit) const;
  /// Which scenarios pass `limit` within the window, one flag a path. Without paths: 100 scenarios,
  /// as many of them short as the quantiles tell.
  [[nodiscard]] std::vector<bool> ScenariosAbove(double limit, Duration window) const;

  [[nodiscard]] const Forecast& forecast() const { return *forecast_; }
  [[nodiscard]] int offset() const { return offset_; }  ///< first step that is not past
  [[nodiscard]] Trust trust() const { return forecast_->trust; }
  [[nodiscard]] WallTime made_from() const {
    return forecast_->start;
  }  ///< end of what was observed
  [[nodiscard]] Duration step() const { return forecast_->step; }

 private:
  DemandProfile(const Forecast& forecast, WallTime now, int offset)
      : forecast_(&forecast), now_(now), offset_(offset) {}
  [[nodiscard]] bool HasPaths() const { return forecast_->paths.paths > 0; }
  [[nodiscard]] int StepsWithin(Duration window) const;
  [[nodiscard]] double LevelPeak(std::size_t level, int steps) const;
  void FillFromPaths(double risk);
  void FillFromQuantiles(double risk);

  const Forecast* forecast_;
  WallTime now_;
  int offset_;  ///< first step of the forecast that is not past
  std::vector<double>
      peak_;  ///< [i]: risk quantile of the maximum over the steps offset_ … offset_+i
};

}  // namespace tidewright::planner
