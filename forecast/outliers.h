// Spikes that stand alone. Inside the room only.
#pragma once

#include <vector>

namespace tidewright {

/// Clips spikes of at most a few steps that do not recur near the same time of another day or week
/// to the running median around them; NaN values are gaps. The last hour is left as it is: what
/// began just now may be a burst that stays. `hour` and `day` are in steps. Returns how many values
/// were changed.
int ClipOutliers(std::vector<double>& values, int hour, int day);

}  // namespace tidewright
