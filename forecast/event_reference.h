// What an ordinary time would have brought. Inside the room only.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/series.h"

namespace tidewright {

/// Of a series and the steps of it in which nothing special happened. Both must outlive it.
class OrdinaryDemand {
 public:
  /// special[i] > 0: not ordinary.
  OrdinaryDemand(const Series& series, const std::vector<std::uint8_t>& special);

  /// The median of step i's time of day in other weeks where two of them are known, else in the
  /// days around; empty where nothing is.
  [[nodiscard]] std::optional<double> Usual(int i) const;
  /// What demand in the half days before `begin` and from `end` on was of the usual: median, 1
  /// where unknown.
  [[nodiscard]] double LevelBeside(int begin, int end) const;
  /// Logarithm of how another day of the week differs from step i's own at this time; empty where
  /// either is unknown or they are the same day.
  [[nodiscard]] std::optional<double> LikeDay(int i, std::chrono::weekday like) const;

  [[nodiscard]] bool Known(int i) const;
  [[nodiscard]] double mean() const { return mean_; }

 private:
  [[nodiscard]] int DaysLater(int i, int days) const;
  void Gather(int i, int days, std::vector<double>& values) const;

  const Series& series_;
  const std::vector<std::uint8_t>& special_;
  double mean_ = 1;  ///< of ordinary steps
};

}  // namespace tidewright
