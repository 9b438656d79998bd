#include <algorithm>

#include "forecast/damped_trend.h"
#include "forecast/direct_ridge.h"
#include "forecast/intermittent.h"
#include "forecast/lag_ridge.h"
#include "forecast/member.h"
#include "forecast/naive.h"
#include "forecast/shape_level.h"

namespace tidewright {

void RepeatSeason(const std::vector<float>& source, int origin, int period, std::span<float> out) {
  for (std::size_t begin = 0; begin < out.size(); begin += static_cast<std::size_t>(period)) {
    const std::size_t count = std::min(out.size() - begin, static_cast<std::size_t>(period));
    std::copy_n(source.begin() + origin - period, count,
                out.begin() + static_cast<std::ptrdiff_t>(begin));
  }
}

std::vector<std::unique_ptr<Member>> MakeMembers(const Prepared& p) {
  using Ratio = SeasonalRatio;
  std::vector<std::unique_ptr<Member>> members;
  members.push_back(std::make_unique<RecentLevel>(1, "last value"));
  members.push_back(std::make_unique<RecentLevel>(std::max(3, p.hour), "last hour"));
  members.push_back(std::make_unique<RecentLevel>(24 * p.hour, "last day"));
  members.push_back(std::make_unique<DampedTrend>());
  if (Intermittent::Suits(p)) members.push_back(std::make_unique<Intermittent>());
  if (p.season > 0) {
    members.push_back(std::make_unique<ShapeLevel>());
    members.push_back(std::make_unique<SeasonalNaive>(p.season, "season"));
    members.push_back(
        std::make_unique<Ratio>(p.season, Ratio::Source::kLastPeriod, "season × recent ratio"));
    members.push_back(
        std::make_unique<Ratio>(p.season, Ratio::Source::kShape, "mean season × recent ratio"));
  }
  if (p.long_season > 0) {
    members.push_back(std::make_unique<SeasonalNaive>(p.long_season, "long season"));
    members.push_back(std::make_unique<Ratio>(p.long_season, Ratio::Source::kLastPeriod,
                                              "long season × recent ratio"));
  }
  members.push_back(std::make_unique<LagRidge>(Domain::kLevel));
  members.push_back(std::make_unique<LagRidge>(Domain::kLog));
  members.push_back(std::make_unique<DirectRidge>(Domain::kLevel));
  members.push_back(std::make_unique<DirectRidge>(Domain::kLog));
  return members;
}

}  // namespace tidewright
