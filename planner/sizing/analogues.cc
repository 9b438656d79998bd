#include "planner/sizing/analogues.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tidewright::planner {
namespace {

constexpr int kLevelSteps = 3;
constexpr int kRiseSteps = 12;
constexpr double kHoursApart = 3;     // that times of day may be
constexpr double kNearHours = 1.41;   // that weigh as much as one usual change of level
constexpr double kLevelShare = 0.05;  // of the level: what counts as near beside the usual change

// Means over the last steps of every time, by running sums; NaN where one of them is a gap.
std::vector<float> RunningMeans(std::span<const float> demand, int length) {
  std::vector<float> means(demand.size(), std::nanf(""));
  double sum = 0;
  int known = 0;
  for (std::size_t s = 0; s < demand.size(); ++s) {
    if (std::isnan(demand[s])) {
      sum = 0;
      known = 0;
      continue;
    }
    sum += demand[s];
    if (++known > length) {
      sum -= demand[s - static_cast<std::size_t>(length)];
      known = length;
    }
    if (known == length) means[s] = static_cast<float>(sum / length);
  }
  return means;
}

double UsualChange(std::span<const float> demand) {
  double sum = 0;
  double count = 0;
  for (std::size_t s = 1; s < demand.size(); ++s) {
    const double change = std::abs(demand[s] - demand[s - 1]);
    if (std::isnan(change)) continue;
    sum += change;
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace

Analogues FindAnalogues(std::span<const float> demand, int steps, const AnalogueOptions& options) {
  Analogues out{.steps = steps, .count = 0, .values = {}};
  // What followed a similar time must lie in the past as well.
  const auto span = static_cast<std::size_t>(options.look_back + steps + kRiseSteps);
  if (demand.size() > span) demand = demand.subspan(demand.size() - span);
  const auto n = static_cast<int>(demand.size());
  const std::vector<float> level = RunningMeans(demand, kLevelSteps);
  const std::vector<float> hour = RunningMeans(demand, kRiseSteps);
  if (n == 0 || std::isnan(level.back())) return out;
  const double now = level.back();
  const double rise = std::isnan(hour.back()) ? 0 : now - hour.back();
  const double near = UsualChange(demand) + kLevelShare * now + 1e-12;

  // Hours between the times of day; 0 where they do not matter.
  const auto apart = [&](int steps_ago) {
    if (options.day <= 0) return 0.0;
    const int phase = steps_ago % options.day;
    return 24.0 * std::min(phase, options.day - phase) / options.day;
  };
  std::vector<std::pair<float, int>> alike;
  for (int s = n - 1 - steps; s >= 0; --s) {
    const auto i = static_cast<std::size_t>(s);
    const double by_level = (level[i] - now) / near;
    const double by_rise = (level[i] - hour[i] - rise) / near;
    const double hours = apart(n - 1 - s);
    if (hours > kHoursApart) continue;
    const double by_clock = hours / kNearHours;
    const double distance = by_level * by_level + by_rise * by_rise + by_clock * by_clock;
    if (!std::isnan(distance)) alike.emplace_back(static_cast<float>(distance), s);
  }
  if (static_cast<int>(alike.size()) < options.least) return out;
  const auto count = std::min(alike.size(), static_cast<std::size_t>(options.most));
  std::nth_element(alike.begin(), alike.begin() + static_cast<std::ptrdiff_t>(count - 1),
                   alike.end());

  out.count = static_cast<int>(count);
  out.values.resize(static_cast<std::size_t>(steps) * count);
  for (std::size_t k = 0; k < count; ++k) {
    const auto s = static_cast<std::size_t>(alike[k].second);
    const double shift = now - level[s];
    double followed = level[s];
    for (int h = 0; h < steps; ++h) {
      const float v = demand[s + 1 + static_cast<std::size_t>(h)];
      if (!std::isnan(v)) followed = v;
      out.values[static_cast<std::size_t>(h) * count + k] =
          static_cast<float>(std::max(0.0, followed + shift));
    }
  }
  return out;
}

}  // namespace tidewright::planner
