#include "bench/forecast/forecast_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "history/series_csv.h"

namespace tidewright::bench {
namespace {

namespace fs = std::filesystem;

constexpr Duration kTraceStep = std::chrono::minutes(5);

Status CheckFolder(const std::string& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return OkStatus();
  return Error(StatusCode::kNotFound,
               "there is no folder {}: the data is not part of the project; name the folder that "
               "has it",
               folder);
}

StatusOr<std::ifstream> Open(const std::string& path) {
  std::ifstream in(path);
  if (!in) return Error(StatusCode::kNotFound, "cannot read {}", path);
  return in;
}

StatusOr<std::vector<NamedSeries>> ReadHourlyPanel(const std::string& folder,
                                                   const std::string& prefix) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(".csv")) continue;
    TW_ASSIGN_OR_RETURN(std::ifstream in, Open(entry.path().string()));
    TW_ASSIGN_OR_RETURN(PanelCsv panel,
                        ReadPanelCsv(in, {.name = name, .step = std::chrono::hours(1)}));
    return std::move(panel.series);
  }
  return Error(StatusCode::kNotFound, "there is no {}*.csv in {}", prefix, folder);
}

std::vector<std::string> Columns(const std::string& line) {
  std::vector<std::string> columns;
  std::istringstream in(line);
  for (std::string column; std::getline(in, column, '\t');) columns.push_back(column);
  return columns;
}

/// The names in INDEX.tsv of files at steps of 300 s.
StatusOr<std::vector<std::string>> FiveMinuteFiles(const std::string& folder) {
  TW_ASSIGN_OR_RETURN(std::ifstream index, Open(folder + "/INDEX.tsv"));
  std::string line;
  std::getline(index, line);
  const auto header = Columns(line);
  const auto place = [&](const char* name) {
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  const std::size_t file = place("file");
  const std::size_t step = place("step_s");
  std::vector<std::string> names;
  while (std::getline(index, line)) {
    const auto columns = Columns(line);
    if (std::max(file, step) < columns.size() && columns[step] == "300") {
      names.push_back(columns[file]);
    }
  }
  if (names.empty()) {
    return Error(StatusCode::kNotFound, "{}/INDEX.tsv names no file with a step_s of 300", folder);
  }
  return names;
}

}  // namespace

StatusOr<std::vector<M4Series>> ReadM4Hourly(const std::string& folder) {
  TW_RETURN_IF_ERROR(CheckFolder(folder));
  TW_ASSIGN_OR_RETURN(auto train, ReadHourlyPanel(folder, "hourly_train_"));
  TW_ASSIGN_OR_RETURN(auto test, ReadHourlyPanel(folder, "hourly_test_"));
  std::vector<M4Series> all;
  for (std::size_t i = 0; i < train.size(); ++i) {
    if (i >= test.size() || test[i].id != train[i].id) {
      return Error(StatusCode::kInvalidArgument, "{}: the test file has no {} in line {}", folder,
                   train[i].id, i + 1);
    }
    all.push_back({.id = std::move(train[i].id),
                   .history = std::move(train[i].series),
                   .actual = std::move(test[i].series.values)});
  }
  return all;
}

StatusOr<std::vector<Trace>> ReadFiveMinuteTraces(const std::string& folder) {
  TW_RETURN_IF_ERROR(CheckFolder(folder));
  TW_ASSIGN_OR_RETURN(const auto names, FiveMinuteFiles(folder));
  std::vector<Trace> traces;
  for (const std::string& name : names) {
    TW_ASSIGN_OR_RETURN(std::ifstream in, Open(folder + "/" + name));
    TW_ASSIGN_OR_RETURN(LongCsv file, ReadLongCsv(in, {.name = name}));
    if (file.series.step != kTraceStep) {
      return Error(StatusCode::kInvalidArgument, "{} has steps of {}, INDEX.tsv says 5m", name,
                   FormatDuration(file.series.step));
    }
    traces.push_back({.name = name, .series = std::move(file.series)});
  }
  return traces;
}

void Coverage::Add(double value, const std::vector<double>& quantiles) {
  if (Series::IsGap(value)) return;
  held_.resize(quantiles.size(), 0);
  for (std::size_t l = 0; l < quantiles.size(); ++l) {
    // A hair of tolerance: quantiles are read off single-precision paths.
    held_[l] += value <= quantiles[l] * (1 + 1e-6) ? 1 : 0;
  }
  ++count_;
}

std::string Coverage::Text() const {
  std::string text;
  for (const double held : held_) text += fmt::format(" {:.3f}", held / count_);
  return text.empty() ? text : text.substr(1);
}

int OverFolder(const char* name, std::string folder, int argc, char** argv,
               const std::function<Status(const std::string&, bool each)>& run) {
  bool each = false;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--each") {
      each = true;
    } else if (argument.starts_with("-")) {
      fmt::print(stderr, "usage: {} [FOLDER] [--each]\n", name);
      return 2;
    } else {
      folder = argument;
    }
  }
  if (const Status status = run(folder, each); !status.ok()) {
    fmt::print(stderr, "{}: {}\n", name, Message(status));
    return 1;
  }
  return 0;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace tidewright::bench
