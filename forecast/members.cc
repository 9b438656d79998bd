#include "forecast/direct_ridge.h"
#include "forecast/lag_ridge.h"
#include "forecast/member.h"
#include "forecast/naive.h"

namespace tidewright {

std::vector<std::unique_ptr<Member>> MakeMembers(const Prepared& p) {
  std::vector<std::unique_ptr<Member>> members;
  members.push_back(std::make_unique<RecentLevel>(1, "last value"));
  members.push_back(std::make_unique<RecentLevel>(std::max(3, p.hour), "last hour"));
  if (p.season > 0) {
    members.push_back(std::make_unique<SeasonalNaive>(p.season, "season"));
    members.push_back(std::make_unique<SeasonalRatio>(p.season, 1, "season × recent ratio"));
    members.push_back(std::make_unique<SeasonalRatio>(p.season, 7, "mean season × recent ratio"));
  }
  if (p.long_season > 0) {
    members.push_back(std::make_unique<SeasonalNaive>(p.long_season, "long season"));
    members.push_back(
        std::make_unique<SeasonalRatio>(p.long_season, 1, "long season × recent ratio"));
  }
  members.push_back(std::make_unique<LagRidge>(LagRidge::Domain::kLevel));
  members.push_back(std::make_unique<LagRidge>(LagRidge::Domain::kLog));
  members.push_back(std::make_unique<DirectRidge>(DirectRidge::Domain::kLevel));
  members.push_back(std::make_unique<DirectRidge>(DirectRidge::Domain::kLog));
  return members;
}

}  // namespace tidewright
