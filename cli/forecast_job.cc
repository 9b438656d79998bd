// From what was typed to series and a request.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "cli/forecast_file.h"

namespace tidewright::cli {
namespace {

constexpr auto kBad = StatusCode::kInvalidArgument;
constexpr std::size_t kMaximumLevels = 99;
// At least this many steps are used, even where they last longer than the daemon's history.
constexpr std::size_t kLeastSteps = 8064;

StatusOr<std::vector<double>> ParseLevels(const std::string& text) {
  std::vector<double> levels;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    double level = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), level);
    if (parsed.ec != std::errc() || parsed.ptr != word.data() + word.size() ||
        !(level > 0 && level < 1)) {
      return Error(kBad, "--quantiles: '{}' is not between 0 and 1; write such as 0.5,0.9,0.99",
                   word);
    }
    levels.push_back(level);
    begin = end + 1;
  }
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  if (levels.size() > kMaximumLevels) {
    return Error(kBad, "--quantiles: {} levels; at most {}", levels.size(), kMaximumLevels);
  }
  return levels;
}

StatusOr<Duration> ParseStep(const std::string& text) {
  auto step = ParseDuration(text);
  if (!step.ok()) return Annotate(step.status(), "--step");
  if (*step <= Duration(0)) return Error(kBad, "--step: must be longer than nothing");
  return step;
}

/// "48" is steps; "24h" is as many steps as it takes.
StatusOr<int> ParseHorizon(const std::string& text, Duration step) {
  int steps = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), steps);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) {
    if (steps < 1) return Error(kBad, "--horizon: must be 1 step at least");
    return steps;
  }
  const auto duration = ParseDuration(text);
  if (!duration.ok() || *duration <= Duration(0)) {
    return Error(kBad, "--horizon: '{}' is neither a number of steps nor a duration such as 24h",
                 text);
  }
  const auto count = (*duration + step - Duration(1)) / step;
  return static_cast<int>(std::min<Duration::rep>(count, 1'000'000'000));
}

std::vector<Duration> Windows(Duration step, int horizon) {
  using std::chrono::hours;
  std::vector<Duration> windows;
  const Duration whole = step * horizon;
  for (const Duration window : {hours(1), hours(4), hours(24)}) {
    if (window >= step && window < whole) windows.push_back(window);
  }
  windows.push_back(whole);
  return windows;
}

StatusOr<std::shared_ptr<const Calendar>> ReadEvents(const std::string& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored)) {
    return Error(kBad, "--events: {} cannot be read; is it a file?", path);
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  TW_ASSIGN_OR_RETURN(Calendar calendar, ParseCalendar(text, path));
  // A file's series is of whatever resource its events are of.
  for (CalendarEvent& event : calendar.events) event.resources = {Resource::kRequests};
  return std::make_shared<const Calendar>(std::move(calendar));
}

Status Read(const ForecastFileOptions& options, FileForecastJob& job) {
  const bool from_stdin = options.input == "-";
  if (from_stdin && isatty(STDIN_FILENO) != 0) {
    std::fputs("tidectl: reading from the terminal; end with Ctrl-D\n", stderr);
  }
  std::ifstream file;
  if (!from_stdin) {
    std::error_code ignored;
    file.open(options.input, std::ios::binary);
    if (!file || std::filesystem::is_directory(options.input, ignored)) {
      return Error(kBad, "{} cannot be read; is it a file?", options.input);
    }
  }
  std::istream& in = from_stdin ? std::cin : file;
  const std::string name = from_stdin ? "stdin" : options.input;
  Duration step{0};
  if (!options.step.empty()) {
    TW_ASSIGN_OR_RETURN(step, ParseStep(options.step));
  }
  job.request.step = step;
  if (options.panel) {
    PanelCsvOptions how{.name = name, .step = step, .start = WallTime{}};
    if (step == Duration(0)) {
      return Error(kBad, "--panel: say the distance of its values with --step, such as --step 1h");
    }
    if (!options.start.empty()) {
      auto start = ParseTime(options.start);
      if (!start.ok()) return Annotate(start.status(), "--start");
      how.start = *start;
      job.dated = true;
    }
    TW_ASSIGN_OR_RETURN(auto panel, ReadPanelCsv(in, how));
    job.series = std::move(panel.series);
    job.repairs = std::move(panel.repairs);
    return OkStatus();
  }
  if (!options.start.empty()) return Error(kBad, "--start: only a --panel needs it");
  TW_ASSIGN_OR_RETURN(auto read, ReadLongCsv(in, {.name = name, .irregular_step = step}));
  job.dated = true;
  if (step == Duration(0)) job.request.step = read.series.step;
  if (job.request.step % read.series.step != Duration(0)) {
    return Error(kBad, "--step: {} is no multiple of {}, the distance of the rows of {}",
                 FormatDuration(step), FormatDuration(read.series.step), name);
  }
  job.repairs = std::move(read.repairs);
  job.series.push_back({.id = from_stdin ? name : std::filesystem::path(name).stem().string(),
                        .series = std::move(read.series)});
  return OkStatus();
}

}  // namespace

StatusOr<FileForecastJob> PrepareJob(const ForecastFileOptions& options) {
  FileForecastJob job;
  // What is wrong with the arguments is said before a large file is read.
  if (!options.quantiles.empty()) {
    TW_ASSIGN_OR_RETURN(job.request.levels, ParseLevels(options.quantiles));
  }
  TW_RETURN_IF_ERROR(ParseHorizon(options.horizon, std::chrono::hours(1)).status());
  const std::string output = options.output_file.empty() ? "-" : options.output_file;
  if (options.paths_output == output) {
    return Error(kBad, "--paths-output: {} takes the forecast already; name another file", output);
  }
  if (!options.events.empty()) {
    TW_ASSIGN_OR_RETURN(job.request.calendar, ReadEvents(options.events));
  }
  TW_RETURN_IF_ERROR(Read(options, job));
  if (job.request.calendar != nullptr && !job.dated) {
    return Error(kBad, "--events: say when the panel begins with --start");
  }
  TW_ASSIGN_OR_RETURN(job.request.horizon, ParseHorizon(options.horizon, job.request.step));
  job.request.windows = Windows(job.request.step, job.request.horizon);
  if (options.paths > 0) job.request.paths = options.paths;
  job.request.seed = options.seed;
  job.request.keep_paths = !options.paths_output.empty();
  job.jobs = options.jobs > 0 ? options.jobs
                              : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  return job;
}

void TellRepairs(const ForecastFileOptions& options, const std::vector<std::string>& repairs) {
  const std::string name = options.input == "-" ? "stdin" : options.input;
  for (const std::string& repair : repairs) {
    std::fprintf(stderr, "tidectl: %s: %s\n", name.c_str(), repair.c_str());
  }
}

ForecastState StateFor(Series series, const FileForecastJob& job) {
  ForecastState state;
  state.observed = std::move(series);
  if (job.request.calendar != nullptr) RememberEvents(state, *job.request.calendar);
  Series& observed = state.observed;
  const auto keep =
      std::max(kLeastSteps, static_cast<std::size_t>(ForecastState::kHistory / observed.step));
  if (observed.size() <= keep) return state;
  const std::size_t drop = observed.size() - keep;
  observed = {.start = observed.TimeOf(drop),
              .step = observed.step,
              .values = {observed.values.begin() + static_cast<std::ptrdiff_t>(drop),
                         observed.values.end()},
              .flags = {}};
  return state;
}

}  // namespace tidewright::cli
