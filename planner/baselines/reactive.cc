#include "planner/baselines/reactive.h"

#include <array>
#include <limits>

#include "planner/sizing/move_walk.h"

namespace tidewright::baselines {
namespace {

constexpr std::array kTargets = {0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9};
constexpr std::array kWindows = {1, 2, 3, 6, 12, 24, 48, 72, 144, 288};
constexpr double kStartUse = 0.8;

int Choose(double now, double recent, int shards, double target, const ScalingTerms& terms) {
  const int needed = ShardsFor(now, target, terms);
  if (needed > shards) return needed;
  return std::min(shards, ShardsFor(recent, target, terms));
}

// In shard-steps. `recent` is the trailing maximum at each step.
double Rehearse(const Series& history, const std::vector<double>& recent, double target,
                const ScalingTerms& terms, double penalty) {
  double cost = 0;
  const auto value = [&](int t) {
    const double v = history.values[static_cast<std::size_t>(t)];
    return Series::IsGap(v) ? 0 : v;
  };
  WalkMoves(
      1, static_cast<int>(history.size()), ShardsFor(value(0), kStartUse, terms),
      [&](int t, int shards) {
        return Choose(value(t), recent[static_cast<std::size_t>(t)], shards, target, terms);
      },
      [&](int, int from, int to, MoveCourse& course) { PlanCourse(terms.moves, from, to, course); },
      [&](int t, double capacity, int billed) {
        const double unserved = value(t) / terms.shard_capacity - capacity * (1 + 1e-9);
        cost += billed + (unserved > 0 ? penalty * unserved : 0);
      });
  return cost;
}

}  // namespace

ReactiveSettings TuneReactive(const Series& history, const ScalingTerms& terms, double penalty) {
  std::vector<std::vector<double>> recent;  // [window][step]
  for (const int window : kWindows) {
    TrailingMaximum maximum(window);
    recent.emplace_back();
    for (const double value : history.values) {
      maximum.Add(value);
      recent.back().push_back(maximum.Get());
    }
  }
  ReactiveSettings best;
  double least = std::numeric_limits<double>::infinity();
  for (const double target : kTargets) {
    for (std::size_t w = 0; w < kWindows.size(); ++w) {
      const double cost = Rehearse(history, recent[w], target, terms, penalty);
      if (cost >= least) continue;
      least = cost;
      best = {.target = target, .window = kWindows[w]};
    }
  }
  return best;
}

Reactive::Reactive(const ScalingTerms& terms, double penalty, ReactiveSettings settings)
    : terms_(terms), penalty_(penalty), settings_(settings), recent_(settings.window) {}

void Reactive::Learn(const Series& history) {
  if (history.size() < 2) return;
  settings_ = TuneReactive(history, terms_, penalty_);
  recent_ = TrailingMaximum(settings_.window);
}

int Reactive::Shards(const ScalingQuestion& question) {
  for (const double value : news_.Of(question.demand)) recent_.Add(value);
  const double now = question.demand.values.back();
  if (Series::IsGap(now)) return question.shards;
  return Choose(now, recent_.Get(), question.shards, settings_.target, terms_);
}

}  // namespace tidewright::baselines
