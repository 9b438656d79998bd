// The interface of one forecasting method. A method is a small file; MakeMembers() lists them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "forecast/prepared.h"

namespace tidewright {

/// Forecasts the median of demand, in the prepared series' scaled unit. Not thread-safe while
/// fitting.
class Member {
 public:
  virtual ~Member() = default;

  [[nodiscard]] virtual const char* Name() const = 0;

  /// Learns once for each cutoff (rising), from nothing at or after it. Methods without parameters
  /// do nothing here.
  virtual void Fit(const Prepared& p, const std::vector<int>& cutoffs, int horizon) = 0;

  /// Fills out[h] with the forecast of step origin + h, out of what `p` (the series that was
  /// fitted) has before `origin` and what was learned from the latest cutoff that is not after
  /// `origin`. False where too little lies before. What it fills is finite and ≥ 0. out is no
  /// longer than the horizon that was fitted.
  [[nodiscard]] virtual bool Predict(const Prepared& p, int origin, std::span<float> out) const = 0;
};

/// Copies the last period of `source` before `origin` again and again.
void RepeatSeason(const std::vector<float>& source, int origin, int period, std::span<float> out);

/// All members that make sense for this series' seasons.
[[nodiscard]] std::vector<std::unique_ptr<Member>> MakeMembers(const Prepared& p);

}  // namespace tidewright
