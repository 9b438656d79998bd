// `tidectl forecast --evaluate`: forecasts of what is already known.
#include <algorithm>
#include <cstdio>

#include "cli/evaluation_writer.h"
#include "cli/exit_code.h"
#include "cli/forecast_file.h"
#include "cli/ordered_work.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "core/status.h"

namespace tidewright::cli {
namespace {

/// One series from one origin.
struct Task {
  std::size_t series = 0;
  int origin = 0;
};

/// A trial owns what it compares.
struct TaskResult {
  Status status;
  Trial ours;
  Trial naive;
  double milliseconds = 0;
};

class FileEvaluator {
 public:
  FileEvaluator(const ForecastFileOptions& options, FileForecastJob job, Clock& clock)
      : options_(options), job_(std::move(job)), clock_(clock), levels_(job_.request.levels) {
    // The point forecast that is compared is the median, also where nobody asked for it.
    auto& asked = job_.request.levels;
    if (std::find(asked.begin(), asked.end(), 0.5) == asked.end()) {
      asked.insert(std::upper_bound(asked.begin(), asked.end(), 0.5), 0.5);
    }
    job_.request.windows.clear();
    job_.request.keep_paths = false;
  }

  int Run() {
    TellRepairs(options_, job_.repairs);
    Plan();
    Compute();
    if (const Status status = Write(); !status.ok()) return Fail(status);
    std::size_t failed = 0;
    for (const SeriesEvaluation& s : evaluations_) {
      if (s.status.ok()) continue;
      ++failed;
      std::fprintf(stderr, "tidectl: %s: %s\n", s.id.c_str(), Message(s.status).c_str());
    }
    return failed == 0 ? kExitOk : kExitError;
  }

 private:
  /// The origins of each series, and what its naive forecast repeats.
  void Plan() {
    evaluations_.resize(job_.series.size());
    for (std::size_t i = 0; i < job_.series.size(); ++i) {
      Series& series = job_.series[i].series;
      SeriesEvaluation& evaluation = evaluations_[i];
      evaluation.id = job_.series[i].id;
      if (series.step != job_.request.step) {
        auto coarse = Coarsen(series, job_.request.step);
        evaluation.status = coarse.status();
        if (!coarse.ok()) continue;
        series = *std::move(coarse);
      }
      const auto origins = ChooseOrigins(static_cast<int>(series.size()), series.step,
                                         job_.request.horizon, options_.origins);
      if (origins.empty()) {
        evaluation.status = Error(
            StatusCode::kFailedPrecondition,
            "{} steps are too few to forecast the last {} of them; choose a shorter --horizon",
            series.size(), job_.request.horizon);
        continue;
      }
      evaluation.period = ChoosePeriod(Before(series, origins.front()));
      for (const int origin : origins) tasks_.push_back({i, origin});
    }
  }

  static Series Before(const Series& series, int origin) {
    return {.start = series.start,
            .step = series.step,
            .values = {series.values.begin(), series.values.begin() + origin},
            .flags = {}};
  }

  /// On any thread.
  [[nodiscard]] TaskResult Try(const Task& task) const {
    const Series& series = job_.series[task.series].series;
    const int period = evaluations_[task.series].period.steps;
    const auto horizon = static_cast<std::size_t>(job_.request.horizon);
    const ForecastState state = StateFor(Before(series, task.origin), job_);
    const auto& history = state.observed.values;
    TaskResult result;
    result.ours.actual = {series.values.data() + task.origin, horizon};
    result.ours.scale = SeasonalScale(history, period);
    result.naive = result.ours;
    auto naive = SeasonalNaive(history, period, job_.request.horizon, levels_);
    result.naive.point = std::move(naive.point);
    result.naive.quantiles = std::move(naive.quantiles);
    // A forecast begins after the last observation: steps that are lost in a gap come before.
    const auto seen =
        std::find_if(history.rbegin(), history.rend(), [](double v) { return !Series::IsGap(v); });
    const auto skipped = static_cast<std::size_t>(seen - history.rbegin());
    ForecastRequest request = job_.request;
    request.horizon += static_cast<int>(skipped);
    const MonoTime began = clock_.Monotonic();
    auto forecast = MakeForecast(state, request);
    result.milliseconds = 1e3 * Seconds(clock_.Monotonic() - began);
    result.status = forecast.status();
    if (!forecast.ok()) return result;
    for (std::size_t l = 0; l < request.levels.size(); ++l) {
      auto& quantile = forecast->quantiles[l];
      quantile.erase(quantile.begin(), quantile.begin() + static_cast<std::ptrdiff_t>(skipped));
      if (request.levels[l] == 0.5) result.ours.point = quantile;
      if (std::find(levels_.begin(), levels_.end(), request.levels[l]) != levels_.end()) {
        result.ours.quantiles.push_back(std::move(quantile));
      }
    }
    return result;
  }

  void Compute() {
    Progress progress(clock_, tasks_.size(), "forecasts");
    std::vector<Trial> ours, naive;  // of the series at hand
    double milliseconds = 0;
    WorkInOrder<TaskResult>(
        tasks_.size(), job_.jobs, [this](std::size_t i) { return Try(tasks_[i]); },
        [&](std::size_t i, TaskResult result) {
          SeriesEvaluation& evaluation = evaluations_[tasks_[i].series];
          if (evaluation.status.ok()) evaluation.status = result.status;
          ours.push_back(std::move(result.ours));
          naive.push_back(std::move(result.naive));
          milliseconds += result.milliseconds;
          const bool last = i + 1 == tasks_.size() || tasks_[i + 1].series != tasks_[i].series;
          if (last) {
            evaluation.origins = static_cast<int>(ours.size());
            evaluation.milliseconds = milliseconds / static_cast<double>(ours.size());
            if (evaluation.status.ok()) {
              evaluation.ours = Score(ours, levels_);
              evaluation.naive = Score(naive, levels_);
            }
            ours.clear();
            naive.clear();
            milliseconds = 0;
          }
          progress.Done(i + 1);
          return true;
        });
  }

  [[nodiscard]] Status Write() const {
    const EvaluationFrame frame{.levels = levels_,
                                .step = job_.request.step,
                                .horizon = job_.request.horizon,
                                .origins = options_.origins};
    TW_ASSIGN_OR_RETURN(auto out, OutputFile::Open(options_.output_file));
    TW_RETURN_IF_ERROR(out.Write(options_.output == "csv" ? EvaluationCsv(frame, evaluations_)
                                 : options_.output == "json"
                                     ? EvaluationJson(frame, evaluations_)
                                     : EvaluationTable(frame, evaluations_)));
    return out.Close();
  }

  const ForecastFileOptions& options_;
  FileForecastJob job_;
  Clock& clock_;
  const std::vector<double> levels_;  ///< that were asked for
  std::vector<SeriesEvaluation> evaluations_;
  std::vector<Task> tasks_;
};

}  // namespace

int EvaluateFile(const ForecastFileOptions& options, Clock& clock) {
  auto job = PrepareJob(options);
  if (!job.ok()) return Fail(job.status());
  return FileEvaluator(options, *std::move(job), clock).Run();
}

}  // namespace tidewright::cli
