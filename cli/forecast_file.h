// `tidectl forecast --input FILE`: forecasts of series in a file, without a daemon.
#pragma once

#include <string>
#include <vector>

#include "core/clock.h"
#include "core/status.h"
#include "forecast/forecaster.h"
#include "history/series_csv.h"

namespace tidewright::cli {

/// As they were typed; empty where they were not.
struct ForecastFileOptions {
  std::string input;  ///< "-" is stdin
  bool panel = false;
  std::string step;
  std::string start;  ///< of a panel's first value
  std::string horizon = "48";
  std::string quantiles;
  int paths = 0;  ///< 0: the forecaster's own choice
  std::string paths_output;
  std::string events;  ///< file of a calendar
  int jobs = 0;  ///< 0: one a core
  std::uint64_t seed = 1;
  std::string output = "table";
  std::string output_file;
  bool explain = false;
  bool evaluate = false;
  int origins = 8;
  bool no_color = false;
};

/// Understood and read.
struct FileForecastJob {
  std::vector<NamedSeries> series;
  std::vector<std::string> repairs;
  ForecastRequest request;
  bool dated = false;  ///< the times of the series mean something
  int jobs = 1;
};
[[nodiscard]] StatusOr<FileForecastJob> PrepareJob(const ForecastFileOptions& options);

/// What the forecaster is given of a series: the newest part of it, enough for any season that can
/// be forecast, and what the calendar's events did in all of it.
[[nodiscard]] ForecastState StateFor(Series series, const FileForecastJob& job);

/// On stderr: what was done to the rows.
void TellRepairs(const ForecastFileOptions& options, const std::vector<std::string>& repairs);

/// Each returns its exit code.
int ForecastFile(const ForecastFileOptions& options, Clock& clock);
int EvaluateFile(const ForecastFileOptions& options, Clock& clock);

}  // namespace tidewright::cli
