#include "planner/sizing/shocks.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace tidewright::planner {

Shocks FindShocks(std::span<const float> demand, const ShockOptions& options) {
  const auto before = static_cast<std::size_t>(options.before);
  const std::size_t keep = static_cast<std::size_t>(options.look_back) + before;
  if (demand.size() > keep) demand = demand.last(keep);
  Shocks out;
  std::size_t judged = 0;
  for (std::size_t s = before; s < demand.size(); ++s) {
    float highest = demand[s - before];
    for (std::size_t b = 1; b < before; ++b) {
      if (!(demand[s - b] <= highest)) highest = demand[s - b];  // and a gap stays one
      if (std::isnan(highest)) break;
    }
    const float rise = demand[s] - highest;
    if (std::isnan(rise)) continue;
    ++judged;
    if (rise > 0) out.rises.push_back(rise);
  }
  const std::size_t most = std::min(options.most, out.rises.size());
  std::partial_sort(out.rises.begin(), out.rises.begin() + static_cast<std::ptrdiff_t>(most),
                    out.rises.end(), std::greater<>());
  out.rises.resize(most);
  if (judged > 0) out.each = 1.0 / static_cast<double>(judged);
  return out;
}

}  // namespace tidewright::planner
