// The members' forecasts made one: from past origins, to learn errors from, and from the end.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "forecast/member.h"

namespace tidewright {

/// What the combined forecast would have said at past origins, and what it says now.
struct Combined {
  std::vector<double> point;  ///< [step] from the end of the series
  /// Past origins, newest first: `spacing` apart, the newest one spacing before the end.
  int spacing = 1;
  std::vector<int> origins;
  /// [origin][h], as long as the horizon or as what has been observed since.
  std::vector<std::vector<double>> past;
  std::vector<std::string> members;       ///< those that took part in `point`
  std::vector<double> weights;            ///< of each, mean over the horizon, sum 1
};

/// Fits `members` and combines them by a weighted median; see combination.cc for the weights.
[[nodiscard]] Combined Combine(const Prepared& p,
                               const std::vector<std::unique_ptr<Member>>& members, int horizon);

}  // namespace tidewright
