#include "replay/trial.h"

#include <algorithm>
#include <cmath>

namespace tidewright::replay {
namespace {

/// Notes what each forecast says of the step an hour ahead.
class Notes {
 public:
  Notes(const Series& trace, std::vector<Foreseen>& out) : trace_(trace), out_(out) {}

  void Take(const Forecast& forecast) {
    const auto ahead = static_cast<int>(std::chrono::hours(1) / forecast.step);
    const int step = std::clamp(ahead - 1, 0, forecast.horizon - 1);
    const double median = At(forecast, 0.5, step);
    const double high = At(forecast, 0.95, step);
    const auto index = static_cast<int>((forecast.TimeOf(step) - trace_.start) / trace_.step);
    if (std::isnan(median) || index >= static_cast<int>(trace_.size())) return;
    out_.push_back({index, median, std::isnan(high) ? median : high});
  }

 private:
  static double At(const Forecast& forecast, double level, int step) {
    for (std::size_t l = 0; l < forecast.levels.size(); ++l) {
      if (std::abs(forecast.levels[l] - level) < 1e-9 && l < forecast.quantiles.size()) {
        return forecast.quantiles[l][static_cast<std::size_t>(step)];
      }
    }
    return std::nan("");
  }

  const Series& trace_;
  std::vector<Foreseen>& out_;
};

Series Part(const Series& series, std::size_t from, std::size_t to) {
  return {.start = series.TimeOf(from),
          .step = series.step,
          .values = {series.values.begin() + static_cast<std::ptrdiff_t>(from),
                     series.values.begin() + static_cast<std::ptrdiff_t>(to)},
          .flags = {}};
}

}  // namespace

ScalingTerms TermsOf(const StoreModel& store) {
  return {.shard_capacity = store.node_capacity,
          .fewest = store.min_nodes,
          .most = store.max_nodes,
          .step = store.step,
          .moves = store.moves};
}

Trial RunTrial(const Series& trace, const StoreModel& store, const Contestant& contestant,
               const TrialSettings& settings, Clock& clock) {
  Trial trial;
  const Series visible = LoseMetrics(trace, settings.faults, settings.seed);
  const ForecastFaults garbage = MakeGarbage(settings.faults.forecast, settings.seed);
  Notes notes(trace, trial.foreseen);
  const auto policy = contestant.make(TermsOf(store), [&](Forecast& forecast) {
    if (garbage) garbage(forecast);
    if (settings.keep_course) notes.Take(forecast);
  });
  const auto first = static_cast<std::size_t>(store.first);
  policy->Learn(contestant.hindsight ? Part(visible, first, visible.size())
                                     : Part(visible, 0, first));
  Series seen = Part(visible, 0, 0);
  const auto decide = [&](int t, int nodes) {
    const auto from = visible.values.begin() + static_cast<std::ptrdiff_t>(seen.size());
    seen.values.insert(seen.values.end(), from, visible.values.begin() + t + 1);
    const MonoTime before = clock.Monotonic();
    const int answer = policy->Shards({.demand = seen, .shards = nodes});
    trial.milliseconds += 1000 * Seconds(clock.Monotonic() - before);
    ++trial.asked;
    trial.decisions.push_back({t, nodes, std::clamp(answer, store.min_nodes, store.max_nodes)});
    return answer;
  };
  std::function<void(const ServedStep&)> keep;
  if (settings.keep_course) {
    keep = [&](const ServedStep& step) { trial.served.push_back(step); };
  }
  trial.outcome = settings.quota ? RunQuota(trace, store, *settings.quota, decide, keep)
                                 : Run(trace, store, decide, {}, keep,
                                       FaultyMoves(settings.faults, store, settings.seed));
  return trial;
}

void Pool::Add(const Trial& trial, const Score& score) {
  const Outcome& outcome = trial.outcome;
  ++traces_;
  log_cost_ += std::log(score.cost_ratio);
  log_hours_ += std::log(score.hours_ratio);
  node_hours_ += outcome.node_hours;
  unserved_ += outcome.unserved_hours;
  violating_shares_ += outcome.ViolatingShare();
  unserved_shares_ += outcome.UnservedShare();
  violating_ += outcome.violating;
  episodes_ += outcome.episodes;
  moves_ += static_cast<long>(outcome.moves.size());
  steps_ += outcome.steps;
  decisions_ += trial.asked;
  milliseconds_ += trial.milliseconds;
}

double Pool::CostRatio() const { return std::exp(log_cost_ / traces_); }
double Pool::HoursRatio() const { return std::exp(log_hours_ / traces_); }
double Pool::MillisecondsPerDecision() const {
  return decisions_ > 0 ? milliseconds_ / static_cast<double>(decisions_) : 0;
}
double Pool::ViolatingShare() const { return traces_ > 0 ? violating_shares_ / traces_ : 0; }
double Pool::UnservedShare() const { return traces_ > 0 ? unserved_shares_ / traces_ : 0; }

}  // namespace tidewright::replay
