#include "planner/baselines/hpa.h"

#include "planner/baselines/support.h"

namespace tidewright::baselines {

Hpa::Hpa(const ScalingTerms& terms, HpaSettings settings) : terms_(terms), settings_(settings) {}

int Hpa::Shards(const ScalingQuestion& question) {
  const std::vector<double>& values = question.demand.values;
  const auto steps = static_cast<std::size_t>(StepsOf(settings_.window, terms_));
  double sum = 0;
  int seen = 0;
  for (std::size_t i = values.size() - std::min(steps, values.size()); i < values.size(); ++i) {
    if (Series::IsGap(values[i])) continue;
    sum += values[i];
    ++seen;
  }
  if (seen == 0) return question.shards;
  const double utilisation = sum / seen / (question.shards * terms_.shard_capacity);
  const double ratio = utilisation / settings_.target;
  int desired = question.shards;
  if (std::abs(ratio - 1) > settings_.tolerance) {
    desired = ShardsFor(sum / seen, settings_.target, terms_);
  }
  const WallTime now = question.demand.end();
  desires_.push_back({now, desired});
  while (desires_.front().at < now - settings_.stabilisation) desires_.pop_front();
  if (desired >= question.shards) return desired;
  for (const Desire& desire : desires_) desired = std::max(desired, desire.shards);
  return std::min(desired, question.shards);
}

}  // namespace tidewright::baselines
