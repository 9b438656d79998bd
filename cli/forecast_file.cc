#include "cli/forecast_file.h"

#include <cstdio>
#include <optional>

#include "cli/exit_code.h"
#include "cli/forecast_writer.h"
#include "cli/ordered_work.h"
#include "cli/output_file.h"
#include "cli/progress.h"

namespace tidewright::cli {
namespace {

/// What a worker hands over: the forecast and, where they are wanted, its text.
struct Made {
  SeriesForecast result;
  std::string text;   ///< of csv and json
  std::string paths;  ///< of --paths-output
};

class FileForecaster {
 public:
  FileForecaster(const ForecastFileOptions& options, FileForecastJob job, Clock& clock)
      : options_(options),
        job_(std::move(job)),
        terminal_(Terminal::Detect(options.no_color)),
        progress_(clock, job_.series.size(), "series") {}

  int Run() {
    TellRepairs(options_, job_.repairs);
    const Status status = WriteAll();
    progress_.Clear();
    if (!status.ok()) return Fail(status);
    if (failed_ == 0) return kExitOk;
    if (job_.series.size() > 1) {
      std::fprintf(stderr, "tidectl: %zu of %zu series could not be forecast\n", failed_,
                   job_.series.size());
    }
    return kExitError;
  }

 private:
  Status WriteAll() {
    TW_ASSIGN_OR_RETURN(auto out, OutputFile::Open(options_.output_file));
    std::optional<OutputFile> paths;
    if (!options_.paths_output.empty()) {
      TW_ASSIGN_OR_RETURN(auto file, OutputFile::Open(options_.paths_output));
      paths.emplace(std::move(file));
      TW_RETURN_IF_ERROR(paths->Write(PathsHeader()));
    }
    TW_RETURN_IF_ERROR(out.Write(Opening()));
    Status status;
    WorkInOrder<Made>(
        job_.series.size(), job_.jobs, [this](std::size_t i) { return Make(i); },
        [&](std::size_t i, Made made) {
          status = Use(i, made, out);
          if (status.ok() && paths) status = paths->Write(made.paths);
          progress_.Done(i + 1);
          return status.ok();
        });
    TW_RETURN_IF_ERROR(status);
    TW_RETURN_IF_ERROR(out.Write(Closing()));
    if (paths) TW_RETURN_IF_ERROR(paths->Close());
    return out.Close();
  }

  /// On any thread.
  [[nodiscard]] Made Make(std::size_t i) const {
    const NamedSeries& named = job_.series[i];
    Made made;
    SeriesForecast& result = made.result;
    result.id = named.id;
    const ForecastState state = StateFor(named.series, job_);
    result.steps = named.series.size();
    result.gaps = result.steps - named.series.Observed();
    result.used = state.observed.size();
    auto forecast = MakeForecast(state, job_.request);
    result.status = WithoutKey(forecast.status(), state.key);
    if (forecast.ok()) result.forecast = *std::move(forecast);
    if (options_.output == "json") {
      made.text = JsonObject(result, job_.dated, options_.panel ? NoRepairs() : job_.repairs);
    }
    if (!result.status.ok()) return made;
    if (options_.output == "csv") made.text = CsvRows(result, job_.dated);
    if (!options_.paths_output.empty()) made.paths = PathsRows(result, job_.dated);
    return made;
  }

  /// A file's series have ids, no keys.
  static Status WithoutKey(const Status& status, const SeriesKey& key) {
    const std::string prefix = ToString(key) + ": ";
    const std::string message = Message(status);
    if (status.ok() || message.compare(0, prefix.size(), prefix) != 0) return status;
    return Error(status.code(), "{}", message.substr(prefix.size()));
  }

  static std::vector<std::string> NoRepairs() { return {}; }

  Status Use(std::size_t i, const Made& made, OutputFile& out) {
    const SeriesForecast& result = made.result;
    if (!result.status.ok()) {
      ++failed_;
      progress_.Clear();
      std::fprintf(stderr, "tidectl: %s: %s\n", result.id.c_str(), Message(result.status).c_str());
    }
    if (options_.output == "json") {
      return out.Write((i == 0 ? "\n" : ",\n") + made.text);
    }
    if (!result.status.ok()) return OkStatus();
    const Series& observed = job_.series[i].series;
    if (options_.output == "csv") {
      if (options_.explain) {
        progress_.Clear();
        std::fputs(Explanation(result, observed).c_str(), stderr);
      }
      return out.Write(made.text);
    }
    if (!options_.panel) {
      std::string text = Picture(terminal_, result, observed, job_.dated);
      if (options_.explain) {
        text += "note: " + DescribeInput(result, observed, job_.dated) + "\n";
      }
      return out.Write(text);
    }
    rows_.push_back(PanelRow(result));
    if (options_.explain) explanations_ += Explanation(result, observed);
    return OkStatus();
  }

  std::string Explanation(const SeriesForecast& result, const Series& observed) const {
    std::string text =
        fmt::format("{}: {}\n", result.id, DescribeInput(result, observed, job_.dated));
    for (const std::string& note : result.forecast.notes) text += result.id + ": " + note + "\n";
    return text;
  }

  [[nodiscard]] std::string Opening() const {
    if (options_.output == "csv") return CsvHeader(job_.request.levels);
    return options_.output == "json" ? "[" : "";
  }

  [[nodiscard]] std::string Closing() {
    if (options_.output == "json") return "\n]\n";
    if (options_.output != "table" || !options_.panel || rows_.empty()) return "";
    rows_.insert(rows_.begin(), PanelHeader(job_.request.levels));
    return Table(rows_) + (explanations_.empty() ? "" : "\n" + explanations_);
  }

  const ForecastFileOptions& options_;
  const FileForecastJob job_;
  const Terminal terminal_;
  Progress progress_;
  std::size_t failed_ = 0;
  std::vector<std::vector<std::string>> rows_;  ///< of the panel's table
  std::string explanations_;
};

}  // namespace

int ForecastFile(const ForecastFileOptions& options, Clock& clock) {
  auto job = PrepareJob(options);
  if (!job.ok()) return Fail(job.status());
  return FileForecaster(options, *std::move(job), clock).Run();
}

}  // namespace tidewright::cli
