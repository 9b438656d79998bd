#include "planner/sizing/turning_point.h"

#include <cmath>
#include <vector>

namespace tidewright::planner {
namespace {

constexpr int kHalvings = 7;  // of the interval that holds the factor: 2^(1/128)

int ChoiceAt(const ScheduleProblem& problem, double factor) {
  std::vector<DemandRisk> tables;
  tables.reserve(problem.demand.size());
  ScheduleProblem other = problem;
  for (RiskTerm& term : other.demand) {
    tables.push_back(term.risk->TimesDemand(factor));
    term.risk = &tables.back();
  }
  return MakeSchedule(other).to;
}

}  // namespace

std::optional<TurningPoint> FindTurningPoint(const ScheduleProblem& problem, int to,
                                             double farthest) {
  const auto turned = [&](int shards) { return farthest > 1 ? shards > to : shards < to; };
  TurningPoint found{.factor = farthest, .shards = ChoiceAt(problem, farthest)};
  if (!turned(found.shards)) return std::nullopt;
  double near = 1;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = std::sqrt(near * found.factor);
    const int shards = ChoiceAt(problem, middle);
    if (turned(shards)) {
      found = {.factor = middle, .shards = shards};
    } else {
      near = middle;
    }
  }
  return found;
}

}  // namespace tidewright::planner
