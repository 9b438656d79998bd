#include "tests/history/series_csv_check.h"

#include <cmath>
#include <set>
#include <sstream>

#include "history/series_csv.h"

namespace tidewright {
namespace {

constexpr Duration kHour = std::chrono::hours(1);

std::string CheckError(const Status& status) {
  if (status.code() != StatusCode::kInvalidArgument) return "an error of another kind";
  if (Message(status).rfind("input", 0) != 0) return "an error that does not name the file";
  return Message(status).size() > 2000 ? "an error of endless length" : "";
}

std::string CheckSeries(const Series& series) {
  if (series.step <= Duration(0)) return "a step that is not positive";
  if (!series.flags.empty()) return "flags out of nowhere";
  for (const double value : series.values) {
    if (!Series::IsGap(value) && !(std::isfinite(value) && value >= 0)) {
      return "a demand that cannot be";
    }
  }
  return "";
}

std::string CheckLong(const std::string& bytes, Duration irregular_step, int* accepted) {
  std::istringstream in(bytes);
  const auto read = ReadLongCsv(in, {.name = "input", .irregular_step = irregular_step});
  if (!read.ok()) return CheckError(read.status());
  if (accepted != nullptr) ++*accepted;
  // Both ends are rows, and rows explain the steps between.
  if (read->series.empty()) return "a series without steps";
  if (read->series.size() > 10'000 + 100 * bytes.size()) return "more steps than rows explain";
  return CheckSeries(read->series);
}

std::string CheckComplete(const std::string& bytes, int* accepted) {
  std::istringstream in(bytes);
  const auto read =
      ReadLongCsv(in, {.name = "input", .irregular_step = Duration(0), .complete = true});
  if (!read.ok()) return CheckError(read.status());
  if (accepted != nullptr) ++*accepted;
  if (read->series.Observed() != read->series.size()) return "a gap in a complete series";
  for (const double value : read->series.values) {
    if (value > kMostDemand) return "a demand beyond the bound";
  }
  return CheckSeries(read->series);
}

std::string CheckPanel(const std::string& bytes, int* accepted) {
  std::istringstream in(bytes);
  const auto read = ReadPanelCsv(in, {.name = "input", .step = kHour, .start = WallTime{}});
  if (!read.ok()) return CheckError(read.status());
  if (accepted != nullptr) ++*accepted;
  std::set<std::string> ids;
  std::size_t values = 0;
  for (const NamedSeries& named : read->series) {
    if (named.id.empty() || !ids.insert(named.id).second) return "an id that names nothing";
    if (const auto wrong = CheckSeries(named.series); !wrong.empty()) return wrong;
    values += named.series.size();
  }
  if (read->series.empty()) return "a panel without series";
  return values > bytes.size() ? "more values than bytes" : "";
}

}  // namespace

std::string CheckSeriesCsv(const std::string& bytes, int* accepted) {
  for (const Duration step : {Duration(0), Duration(std::chrono::seconds(1))}) {
    if (const auto wrong = CheckLong(bytes, step, accepted); !wrong.empty())
      return "long: " + wrong;
  }
  if (const auto wrong = CheckComplete(bytes, accepted); !wrong.empty()) {
    return "complete: " + wrong;
  }
  const auto wrong = CheckPanel(bytes, accepted);
  return wrong.empty() ? "" : "panel: " + wrong;
}

}  // namespace tidewright
