#include "planner/guards.h"

#include <algorithm>

#include "planner/explain.h"
#include "planner/guards/guard.h"

namespace tidewright::planner {
namespace {

const std::vector<Guard>& GuardsOf(PlanKind kind) {
  using namespace guards;  // NOLINT: every one of them
  // Those that weaken come first: what they leave is what the others judge.
  static const std::vector<Guard> kOut = {PoorForecast,       Maximum, Budget, StepLimit, InFlight,
                                          Settling,           Windows, Held,   RateLimit, Cooldown,
                                          MovesMustBePossible};
  static const std::vector<Guard> kIn = {Minimum,
                                         StepLimit,
                                         DemandMustStayLow,
                                         LossMustBeSurvivable,
                                         HitsMustSuffice,
                                         InFlight,
                                         Settling,
                                         Windows,
                                         Held,
                                         MovesMustBePossible,
                                         NodesMustBeWell,
                                         DataMustBeFresh,
                                         RateLimit,
                                         Cooldown,
                                         ForecastMustBeTrusted,
                                         ObservedLoadMustBeLow};
  // It adds no capacity and moves data on the word of the samples alone.
  static const std::vector<Guard> kRebalance = {
      InFlight,        Settling,        Windows, Held, MovesMustBePossible,
      NodesMustBeWell, DataMustBeFresh, Cooldown};
  switch (kind) {
    case PlanKind::kScaleIn:
      return kIn;
    case PlanKind::kRebalance:
      return kRebalance;
    default:
      return kOut;
  }
}

}  // namespace

double HighestFillAfterScaleIn(const Policy& policy) { return 1 - policy.scale_in_slack; }

std::optional<Reason> MovesImpossible(const Topology& topology) {
  const auto unhealthy = [](std::string text) {
    return Reason{ReasonCode::kClusterUnhealthy, std::move(text)};
  };
  if (topology.ServingShards() == 0) return unhealthy("no shard owns a partition");
  if (!topology.open.empty()) {
    return unhealthy(fmt::format("{} partitions are open (between two owners), the first is {}",
                                 topology.open.size(), topology.open.front().partition));
  }
  if (topology.Unowned() != 0) {
    return unhealthy(fmt::format("{} partitions are owned by nobody", topology.Unowned()));
  }
  if (!topology.agreed) return unhealthy("the nodes do not agree on who owns what");
  for (const Shard& shard : topology.shards) {
    if (!shard.partitions.empty() && shard.master.health != NodeHealth::kOnline) {
      return unhealthy(fmt::format("master {} is {}", shard.master.Address(),
                                   NodeHealthName(shard.master.health)));
    }
  }
  return std::nullopt;
}

Judgement Judge(const Situation& situation, const Proposal& proposal) {
  Judgement judgement{proposal.to, {}, false};
  Proposal left = proposal;
  for (Guard guard : GuardsOf(proposal.kind)) {
    Verdict verdict = guard(situation, left);
    if (!verdict.reason) continue;
    judgement.objections.push_back(*std::move(verdict.reason));
    const auto [low, high] = std::minmax(proposal.from, left.to);
    const int allowed = std::clamp(verdict.allowed, low, high);
    if (allowed == proposal.from) {
      judgement.vetoed = true;  // the others are still asked: people want to know all of it
    } else {
      left.to = allowed;
    }
  }
  judgement.to = judgement.vetoed ? proposal.from : left.to;
  return judgement;
}

}  // namespace tidewright::planner
