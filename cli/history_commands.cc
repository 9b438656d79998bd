#include <cstdio>
#include <fstream>
#include <iostream>

#include "cli/commands.h"
#include "history/csv.h"

namespace tidewright::cli {
namespace {

StatusOr<std::unique_ptr<History>> Open(const HistoryOptions& options) {
  return History::Open(options.data_dir + "/history.db");
}

void Report(const char* what, const CsvReport& report) {
  if (report.rows == 0) {
    std::fprintf(stderr, "%s nothing\n", what);
    return;
  }
  std::fprintf(stderr, "%s %lld rows of %lld series, %s to %s\n", what,
               static_cast<long long>(report.rows), static_cast<long long>(report.series),
               FormatTime(report.first).c_str(), FormatTime(report.last).c_str());
}

}  // namespace

int ImportHistory(const HistoryOptions& options) {
  std::optional<SeriesKey> key;
  if (!options.resource.empty()) {
    const auto resource = ParseResource(options.resource);
    if (!resource) {
      return Fail(Error(StatusCode::kInvalidArgument,
                        "unknown resource '{}': requests, cpu, memory or network",
                        options.resource));
    }
    key = SeriesKey{options.cluster, Scope::kCluster, "", *resource};
  }
  auto history = Open(options);
  if (!history.ok()) return Fail(history.status());
  std::ifstream file;
  const bool from_stdin = options.file.empty() || options.file == "-";
  if (!from_stdin) {
    file.open(options.file);
    if (!file) {
      return Fail(Error(StatusCode::kInvalidArgument, "{} cannot be read", options.file));
    }
  }
  const auto report = ImportCsv(from_stdin ? std::cin : file, options.cluster, key, **history);
  if (!report.ok()) return Fail(Annotate(report.status(), from_stdin ? "stdin" : options.file));
  Report("imported", *report);
  return kExitOk;
}

int ExportHistory(const HistoryOptions& options) {
  WallTime from{};
  WallTime to = WallTime::max();
  for (const auto& [text, time] : {std::pair{&options.from, &from}, std::pair{&options.to, &to}}) {
    if (text->empty()) continue;
    const auto parsed = ParseTime(*text);
    if (!parsed.ok()) return Fail(parsed.status());
    *time = *parsed;
  }
  auto history = Open(options);
  if (!history.ok()) return Fail(history.status());
  std::ofstream file;
  const bool to_stdout = options.file.empty() || options.file == "-";
  if (!to_stdout) {
    file.open(options.file);
    if (!file) {
      return Fail(Error(StatusCode::kInvalidArgument, "{} cannot be written", options.file));
    }
  }
  std::ostream& out = to_stdout ? std::cout : file;
  const auto report = ExportCsv(**history, options.cluster, from, to, out);
  if (!report.ok()) return Fail(report.status());
  out.flush();
  if (!out) return Fail(Error(StatusCode::kResourceExhausted, "the output could not be written"));
  Report("exported", *report);
  return kExitOk;
}

}  // namespace tidewright::cli
