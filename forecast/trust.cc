#include "forecast/trust.h"

#include <algorithm>
#include <cmath>

namespace tidewright {
namespace {

constexpr int kRecentHours = 6;
// An error this near to that of always saying the median is a blind guess …
constexpr double kBlindRatio = 0.9;
// … and harmful only where demand varies: flat noisy load is forecast well by its level.
constexpr double kHarmfulError = 0.3;
// Of errors up to an hour ahead: the older ones' 90th percentile must hold this share of the newer.
constexpr double kCoverageLevel = 0.9;
constexpr double kCoverageSlack = 0.07;

// Mean |error| up to one origin's spacing ahead, over the last `steps`, and what it was measured
// on.
struct Errors {
  double error = 0;
  double demand = 0;
  int count = 0;
};

Errors RecentErrors(const Prepared& p, const Combined& combined, int steps) {
  Errors out;
  for (std::size_t o = 0; o < combined.origins.size(); ++o) {
    if (p.size() - combined.origins[o] > steps) break;
    const int length = std::min<int>(combined.spacing, static_cast<int>(combined.past[o].size()));
    for (int h = 0; h < length; ++h) {
      const double target = p.targets[combined.origins[o] + h];
      if (std::isnan(target)) continue;
      out.error += std::abs(target - combined.past[o][h]);
      out.demand += target;
      ++out.count;
    }
  }
  return out;
}

double BlindError(const Prepared& p) {
  std::vector<float> sorted = p.level.y;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double median = *middle;
  double sum = 0;
  for (const double v : p.level.y) sum += std::abs(v - median);
  return sum / p.size();
}

// The share of the newer third of errors up to an hour ahead that the older two thirds' quantile
// would have held; the level itself where there are too few.
double BacktestCoverage(const Prepared& p, const Residuals& residuals) {
  constexpr std::size_t kFewest = 100;
  std::vector<float> newer;
  std::vector<float> older;
  for (std::size_t o = 0; o < residuals.lines.size(); ++o) {
    const auto& line = residuals.lines[o];
    const auto length = std::min(line.size(), static_cast<std::size_t>(p.hour));
    auto& side = o < residuals.lines.size() / 3 ? newer : older;
    side.insert(side.end(), line.begin(), line.begin() + static_cast<std::ptrdiff_t>(length));
  }
  if (newer.size() < kFewest || older.size() < kFewest) return kCoverageLevel;
  const auto at = older.begin() +
                  static_cast<std::ptrdiff_t>(kCoverageLevel * static_cast<double>(older.size()));
  std::nth_element(older.begin(), at, older.end());
  const auto held = std::count_if(newer.begin(), newer.end(), [&](float e) { return e <= *at; });
  return static_cast<double>(held) / static_cast<double>(newer.size());
}

int GapsInLastHour(const Prepared& p) {
  int gaps = 0;
  for (int i = std::max(0, p.size() - p.hour); i < p.size(); ++i) {
    gaps += std::isnan(p.targets[i]) ? 1 : 0;
  }
  return gaps;
}

}  // namespace

const char* TrustName(Trust trust) {
  switch (trust) {
    case Trust::kNone:
      return "none";
    case Trust::kPoor:
      return "poor";
    case Trust::kFair:
      return "fair";
    case Trust::kGood:
      return "good";
  }
  return "unknown";
}

Verdict Judge(const Prepared& p, const Combined& combined, const Residuals& residuals,
              const std::vector<RealisedCoverage>& realised) {
  Verdict v;
  const Errors last_hours = RecentErrors(p, combined, kRecentHours * p.hour);
  if (last_hours.demand > 0) v.recent_error = last_hours.error / last_hours.demand;
  const auto poor = [&](std::string reason) {
    v.trust = Trust::kPoor;
    v.reason = std::move(reason);
    return v;
  };
  if (p.size() < 24 * p.hour) {
    return poor(
        fmt::format("only {} of history, less than a day", FormatDuration(p.step * p.size())));
  }
  if (2 * GapsInLastHour(p) > p.hour) return poor("most of the last hour is missing");
  const Errors last_day = RecentErrors(p, combined, 24 * p.hour);
  if (last_day.count > 0 && last_day.demand > 0) {
    const double ratio = last_day.error / last_day.count / (BlindError(p) + 1e-12);
    const double relative = last_day.error / last_day.demand;
    if (ratio > kBlindRatio && relative > kHarmfulError) {
      return poor(fmt::format("the last day's error, {:.0f} % of demand, is that of a blind guess",
                              100 * relative));
    }
  }
  v.trust = Trust::kFair;
  if (p.season == 0) {
    v.reason = "no season to lean on";
    return v;
  }
  double coverage = BacktestCoverage(p, residuals);
  for (const RealisedCoverage& published : realised) {
    if (published.level == kCoverageLevel && published.ahead == std::chrono::hours(1)) {
      coverage = published.held;
    }
  }
  if (std::abs(coverage - kCoverageLevel) > kCoverageSlack) {
    v.reason = fmt::format("a quantile of {:.0f} % held {:.0f} % lately", 100 * kCoverageLevel,
                           100 * coverage);
    return v;
  }
  v.trust = Trust::kGood;
  v.reason = "its season is known and its quantiles held lately";
  return v;
}

}  // namespace tidewright
