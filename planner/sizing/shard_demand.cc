#include "planner/sizing/shard_demand.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner {
namespace {

constexpr int kQuantileScenarios = 100;  // of a forecast that comes without paths

bool IsOf(DemandKind kind, Resource r) {
  return (r == Resource::kMemory) == (kind == DemandKind::kMemory);
}

// Value of a scenario of a forecast without paths: the same level at each step.
double AtLevel(const Forecast& f, int step, double level) {
  const auto i = static_cast<std::size_t>(step);
  std::size_t above = 0;
  while (above < f.levels.size() && f.levels[above] < level) ++above;
  if (above == 0) return f.quantiles[0][i];
  if (above == f.levels.size()) return f.quantiles.back()[i];
  const double share = (level - f.levels[above - 1]) / (f.levels[above] - f.levels[above - 1]);
  const double low = f.quantiles[above - 1][i];
  return low + share * (f.quantiles[above][i] - low);
}

// Paths with the same number are the same scenario in every resource.
void FoldForecast(const DemandProfile& profile, double unit, ShardDemand& out) {
  const Forecast& f = profile.forecast();
  const int steps = f.horizon - profile.offset();
  const int scenarios = f.paths.paths > 0 ? f.paths.paths : kQuantileScenarios;
  const bool first = out.steps == 0;
  if (first) {
    out.step = f.step;
    out.from = f.TimeOf(profile.offset());
    out.steps = steps;
    out.scenarios = scenarios;
    out.ahead.assign(static_cast<std::size_t>(steps) * static_cast<std::size_t>(scenarios), 0.0F);
  }
  if (f.step != out.step) return;
  for (int i = 0; i < out.steps; ++i) {
    const int step = std::min(i, steps - 1) + profile.offset();
    for (int k = 0; k < out.scenarios; ++k) {
      const double value = f.paths.paths > 0 ? f.paths.At(k % scenarios, step)
                                             : AtLevel(f, step, (k % scenarios + 0.5) / scenarios);
      float& cell =
          out.ahead[static_cast<std::size_t>(i) * static_cast<std::size_t>(out.scenarios) +
                    static_cast<std::size_t>(k)];
      cell = std::max(cell, static_cast<float>(std::max(0.0, value) / unit));
    }
  }
}

// Ends where the newest of them ends; what a resource does not tell, the others do.
void FoldRecent(const Series& series, double unit, ShardDemand& out) {
  if (series.empty()) return;
  if (out.recent.empty()) {
    out.recent_end = series.end();
    out.recent.assign(series.size(), std::nanf(""));
    if (out.step == Duration(0)) out.step = series.step;
  }
  if (series.step != out.step) return;
  const auto behind = (out.recent_end - series.end()) / series.step;
  for (std::size_t back = 0; back < out.recent.size(); ++back) {
    const auto at = static_cast<std::ptrdiff_t>(series.size()) - 1 -
                    (static_cast<std::ptrdiff_t>(back) - static_cast<std::ptrdiff_t>(behind));
    if (at < 0 || at >= static_cast<std::ptrdiff_t>(series.size())) continue;
    const double value = series.values[static_cast<std::size_t>(at)] / unit;
    float& cell = out.recent[out.recent.size() - 1 - back];
    if (std::isfinite(value) && !(cell >= value)) cell = static_cast<float>(std::max(0.0, value));
  }
}

}  // namespace

std::optional<float> ShardDemand::Newest() const {
  if (recent.empty() || std::isnan(recent.back())) return std::nullopt;
  return recent.back();
}

std::optional<ShardDemand> FoldDemand(const Situation& s, DemandKind kind) {
  ShardDemand out;
  for (Resource r : kAllResources) {
    if (!IsOf(kind, r) || !s.capacity.binds()[r]) continue;
    if (s.forecast[r]) FoldForecast(*s.forecast[r], s.capacity.Usable(r, 1, 1.0), out);
  }
  if (s.input.recent != nullptr) {
    for (Resource r : kAllResources) {
      if (!IsOf(kind, r) || !s.capacity.binds()[r]) continue;
      FoldRecent((*s.input.recent)[r], s.capacity.Usable(r, 1, 1.0), out);
    }
  }
  if (out.steps == 0 && out.recent.empty()) return std::nullopt;
  return out;
}

}  // namespace tidewright::planner
