#include "planner/tally.h"

#include <cmath>

namespace tidewright {
namespace {

constexpr Duration kApart = std::chrono::minutes(30);  // as in replay
constexpr double kRounding = 1 + 1e-9;

}  // namespace

void Tally::Add(const TallyStretch& stretch) {
  if (stretch.length <= Duration(0)) return;
  if (std::isnan(stretch.demand) || std::isnan(stretch.capacity)) {
    dark += stretch.length;
    return;
  }
  const double hours = Seconds(stretch.length) / 3600;
  judged += stretch.length;
  demand += stretch.demand * hours;
  node_hours += stretch.nodes * hours;
  cost = cost + stretch.price_per_node_hour * (stretch.nodes * hours);
  if (stretch.demand <= stretch.capacity * kRounding) return;
  short_for += stretch.length;
  unserved += (stretch.demand - stretch.capacity) * hours;
  if (!newest_short || stretch.from - *newest_short > kApart) ++episodes;
  newest_short = stretch.from;
}

}  // namespace tidewright
