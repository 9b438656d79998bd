// What demand did after the past times that were most like now: scenarios that owe nothing to any
// model. Internal to the planner.
//
// Nearest-neighbour ("analogue") forecasting after Lorenz, Atmospheric Predictability as Revealed
// by Naturally Occurring Analogues, J. Atmos. Sci. 26 (1969), on level and recent rise.
#pragma once

#include <span>
#include <vector>

namespace tidewright::planner {

/// values[step · count + k]: scenario k of a step ahead; finite and ≥ 0.
struct Analogues {
  int steps = 0;
  int count = 0;  ///< 0: too little is known
  std::vector<float> values;

  [[nodiscard]] const float* At(int step) const {
    return values.data() + static_cast<std::size_t>(step) * static_cast<std::size_t>(count);
  }
};

struct AnalogueOptions {
  int most = 50;         ///< scenarios
  int least = 20;        ///< fewer similar times than this are none
  int look_back = 2016;  ///< steps: a week of five minutes
  /// Steps of a day, where only times of day within three hours count, nearer ones more; 0: all do.
  int day = 0;
};

/// `demand` is the newest at its end; NaN is a gap. Two times are alike when the mean of the last
/// three steps and its rise over the mean of the last twelve are. A scenario is what followed,
/// shifted to the level of now; where a gap followed, it goes on as before the gap. None where the
/// last three steps hold a gap.
[[nodiscard]] Analogues FindAnalogues(std::span<const float> demand, int steps,
                                      const AnalogueOptions& options = {});

}  // namespace tidewright::planner
