#include "replay/predictive.h"

#include <algorithm>

#include "forecast/forecaster.h"
#include "planner/capacity_schedule.h"

namespace tidewright::replay {
namespace {

class Predictive : public ScalingPolicy {
 public:
  Predictive(const Policy& policy, const ScalingTerms& terms) : policy_(policy), terms_(terms) {
    request_.step = terms.step;
    request_.horizon = static_cast<int>(policy.horizon / terms.step);
    request_.keep_paths = true;
  }

  [[nodiscard]] std::string Name() const override { return "tidewright"; }

  [[nodiscard]] int Shards(const ScalingQuestion& question) override {
    Series news = question.demand;
    const auto known =
        state_.observed.empty() ? 0 : (state_.observed.end() - news.start) / state_.observed.step;
    news.values.erase(news.values.begin(), news.values.begin() + known);
    news.start += known * news.step;
    auto updated = Update(state_, news);
    if (!updated.ok()) return question.shards;
    state_ = *std::move(updated);
    if (NeedsRefit(state_, request_)) {
      auto refitted = Refit(state_, request_);
      if (refitted.ok()) state_ = *std::move(refitted);
    }
    const auto forecast = MakeForecast(state_, request_);
    if (!forecast.ok()) return question.shards;
    NotePromises(*forecast, state_.calibration);
    return Decide(*forecast, question.shards);
  }

 private:
  [[nodiscard]] int Decide(const Forecast& forecast, int shards) const {
    planner::DemandRisk risk(forecast.horizon, terms_.most);
    const SamplePaths& paths = forecast.paths;
    const auto scale = static_cast<float>(1 / terms_.shard_capacity);
    for (int h = 0; h < paths.steps; ++h) {
      risk.Add(h, paths.values.data() + h, static_cast<std::size_t>(paths.paths),
               static_cast<std::size_t>(paths.steps), scale, 1);
    }
    risk.Finish();
    planner::ScheduleProblem problem;
    problem.from = shards;
    problem.fewest = terms_.fewest;
    problem.most = terms_.most;
    problem.moves = terms_.moves;
    problem.demand = {{.risk = &risk}};
    return planner::MakeSchedule(problem).to;
  }

  Policy policy_;
  ScalingTerms terms_;
  ForecastRequest request_;
  ForecastState state_;
};

}  // namespace

std::unique_ptr<ScalingPolicy> MakePredictive(const Policy& policy, const ScalingTerms& terms) {
  return std::make_unique<Predictive>(policy, terms);
}

}  // namespace tidewright::replay
