#include "replay/quota_trial.h"

#include <algorithm>
#include <cmath>

#include "planner/quotas/quota_decision.h"
#include "planner/quotas/quota_schedule.h"
#include "replay/trace_forecast.h"

namespace tidewright::replay {
namespace {

constexpr int kMostLevels = 1024;
constexpr double kRounding = 1 + 1e-9;

// The highest quota of each period of the clock so far, billed for all of it.
class Bill {
 public:
  Bill(Duration period, Duration step) : period_(period), step_(step) {}

  // In quota-steps.
  [[nodiscard]] double Add(WallTime begin, double quota) {
    if (period_ <= step_) return quota;
    const WallTime period = FloorTo(begin, period_);
    if (period != current_) {
      current_ = period;
      highest_ = 0;
      steps_ = 0;
    }
    const double before = highest_ * steps_;
    highest_ = std::max(highest_, quota);
    ++steps_;
    return highest_ * steps_ - before;
  }

 private:
  Duration period_;
  Duration step_;
  WallTime current_ = WallTime::min();
  double highest_ = 0;
  double steps_ = 0;  // of the period, so far
};

class Predictive : public ScalingPolicy {
 public:
  Predictive(const QuotaPolicy& policy, const QuotaRules& rules, const ScalingTerms& terms,
             bool greedy, ForecastFaults faults)
      : policy_(policy), terms_(terms), forecast_(terms.step, policy.horizon, std::move(faults)) {
    // One unit is a step of the quota.
    policy_.step = 1;
    policy_.floor = terms.fewest;
    policy_.ceiling = terms.most;
    policy_.decreases = rules.decreases;
    policy_.billing_period = rules.billing_period;
    if (greedy) policy_.decreases = {.per_day = 0, .extra_after = Duration(0), .per_hour = 0};
  }

  [[nodiscard]] std::string Name() const override { return "tidewright"; }

  [[nodiscard]] int Shards(const ScalingQuestion& question) override {
    auto forecast = forecast_.Look(question.demand);
    if (forecast) {
      for (float& v : forecast->paths.values) v /= static_cast<float>(terms_.shard_capacity);
    }
    Series recent = forecast_.recent();
    for (double& v : recent.values) v /= terms_.shard_capacity;
    Reading observed;
    if (!recent.empty() && !Series::IsGap(recent.values.back())) {
      observed = {recent.values.back(), Quality::kFresh};
    }
    QuotaDecision decision = DecideQuota({.policy = policy_,
                                          .quota = static_cast<double>(question.shards),
                                          .forecast = forecast ? &*forecast : nullptr,
                                          .recent = std::move(recent),
                                          .observed = observed,
                                          .throttled = false,
                                          .state = state_,
                                          .now = question.demand.end()});
    state_ = std::move(decision.state);
    return static_cast<int>(std::lround(decision.to));
  }

 private:
  QuotaPolicy policy_;
  ScalingTerms terms_;
  TraceForecast forecast_;
  QuotaState state_;
};

}  // namespace

StoreModel QuotaStoreFor(const Series& trace, StoreModel store, const QuotaPolicy& policy,
                         double unit) {
  const double highest = *std::max_element(trace.values.begin(), trace.values.end());
  if (unit <= 0) {
    std::vector<double> values = trace.values;
    const auto rank = static_cast<std::ptrdiff_t>(0.995 * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + rank, values.end());
    const double p995 = values[static_cast<std::size_t>(rank)];
    unit = (p995 > 0 ? p995 : highest) / 1000;
  }
  store.node_capacity = unit * policy.step;
  store.min_nodes = std::max(1, static_cast<int>(std::ceil(policy.floor / policy.step - 1e-9)));
  const double most = std::min(std::floor(policy.ceiling / policy.step + 1e-9),
                               std::ceil(2 * highest / store.node_capacity) + 2);
  store.max_nodes = std::max(store.min_nodes, static_cast<int>(std::min(most, 1e9)));
  store.moves = {.provisioning = 0, .full_migration = 1e-9};
  const double before = trace.values[static_cast<std::size_t>(std::max(0, store.first - 1))];
  store.start_nodes = static_cast<int>(std::clamp(std::ceil(before / (0.8 * store.node_capacity)),
                                                  static_cast<double>(store.min_nodes),
                                                  static_cast<double>(store.max_nodes)));
  return store;
}

Outcome RunQuota(const Series& trace, const StoreModel& store, const QuotaRules& rules,
                 const Decide& decide, const std::function<void(const ServedStep&)>& served) {
  Outcome out;
  Episodes episodes(store.step);
  DecreaseBudget budget;
  Bill bill(rules.billing_period, store.step);
  const double hours = store.StepHours();
  int quota = store.start_nodes;
  for (int t = store.first; t < static_cast<int>(trace.size()); ++t) {
    const WallTime begin = trace.TimeOf(static_cast<std::size_t>(t));
    int wanted = std::clamp(decide(t - 1, quota), store.min_nodes, store.max_nodes);
    if (wanted < quota) {
      if (budget.May(rules.decreases, begin)) {
        budget.Take(begin);
      } else {
        wanted = quota;
      }
    }
    if (wanted != quota) out.moves.push_back({t - 1, quota, wanted});
    quota = wanted;
    const double demand = trace.values[static_cast<std::size_t>(t)] / store.node_capacity;
    const double billed = bill.Add(begin, quota);
    out.node_hours += billed * hours;
    out.demand_hours += demand * hours;
    ++out.steps;
    if (demand > quota * kRounding) {
      out.unserved_hours += (demand - quota) * hours;
      ++out.violating;
      episodes.Violated(t);
    }
    if (served) served({t, quota * store.node_capacity, quota});
  }
  out.episodes = episodes.count();
  return out;
}

Outcome QuotaOptimum(const Series& trace, const StoreModel& store, const QuotaRules& rules,
                     const OptimumObjective& objective) {
  const auto first = static_cast<std::size_t>(store.first);
  double least = store.max_nodes;
  double most = store.min_nodes;
  for (std::size_t i = first; i < trace.size(); ++i) {
    least = std::min(least, trace.values[i] / store.node_capacity);
    most = std::max(most, trace.values[i] / store.node_capacity);
  }
  most = std::min(most, static_cast<double>(store.max_nodes));
  planner::QuotaProblem problem;
  problem.levels = planner::QuotaLevels(
      std::clamp(least, static_cast<double>(store.min_nodes), most), most, 1, kMostLevels);
  const double start = store.start_nodes;
  const auto place = std::lower_bound(problem.levels.begin(), problem.levels.end(), start);
  if (place == problem.levels.end() || *place != start) problem.levels.insert(place, start);
  problem.from = start;
  problem.steps = static_cast<int>(trace.size() - first);
  problem.step = store.step;
  problem.now = trace.TimeOf(first);
  problem.limit = rules.decreases;
  problem.billing_period = rules.billing_period;
  const double violation = objective.per_violation / store.StepHours();
  problem.risk = [&](int t, std::span<double> cost) {
    const double demand = trace.values[first + static_cast<std::size_t>(t)] / store.node_capacity;
    for (std::size_t q = 0; q < cost.size(); ++q) {
      const double short_by = demand - problem.levels[q] * kRounding;
      cost[q] = short_by > 0 ? objective.penalty * short_by + violation : 0;
    }
  };
  const planner::QuotaChoice choice = planner::MakeQuotaSchedule(problem);
  return RunQuota(trace, store, rules, [&](int t, int) {
    const auto level = choice.best.level[static_cast<std::size_t>(t + 1 - store.first)];
    return static_cast<int>(std::lround(problem.levels[static_cast<std::size_t>(level)]));
  });
}

std::unique_ptr<ScalingPolicy> MakeQuotaPredictive(const QuotaPolicy& policy,
                                                   const QuotaRules& rules,
                                                   const ScalingTerms& terms, bool greedy,
                                                   ForecastFaults faults) {
  return std::make_unique<Predictive>(policy, rules, terms, greedy, std::move(faults));
}

}  // namespace tidewright::replay
