#include "history/csv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "history/tables.h"

namespace tidewright {
namespace {

constexpr const char* kShortHeader = "timestamp,value";
constexpr const char* kLongHeader = "timestamp,scope,id,resource,value";
constexpr std::int64_t kMaxMinutes = 50'000'000;  ///< a mistyped year must not eat the memory

struct FlagName {
  SampleFlag flag;
  const char* name;
};
constexpr std::array<FlagName, 3> kFlagNames = {
    {{kSaturated, "saturated"}, {kThrottled, "throttled"}, {kMoving, "moving"}}};

struct Row {
  WallTime at;
  double value = 0;
  unsigned flags = 0;
  std::int64_t line = 0;
};

template <typename... Args>
Status LineError(std::int64_t line, fmt::format_string<Args...> format, Args&&... args) {
  return Error(StatusCode::kInvalidArgument, "line {}: {}", line,
               fmt::format(format, std::forward<Args>(args)...));
}

std::string Trim(const std::string& text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

/// The fields of a line, unquoted and trimmed; absent when a quote does not end.
std::optional<std::vector<std::string>> Split(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += c;
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.back() = Trim(fields.back());
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  if (quoted) return std::nullopt;
  fields.back() = Trim(fields.back());
  return fields;
}

std::string Quote(const std::string& field) {
  if (field.find_first_of(",\" \t") == std::string::npos) return field;
  std::string quoted = "\"";
  for (char c : field) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

std::string FlagsText(unsigned flags) {
  std::string text;
  for (const auto& [flag, name] : kFlagNames) {
    if ((flags & flag) != 0) text += (text.empty() ? "" : "|") + std::string(name);
  }
  return text;
}

std::optional<unsigned> ParseFlags(const std::string& text) {
  unsigned flags = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('|', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const auto known = std::find_if(kFlagNames.begin(), kFlagNames.end(),
                                    [&](const FlagName& f) { return word == f.name; });
    if (known == kFlagNames.end()) return std::nullopt;
    flags |= known->flag;
    begin = end + 1;
  }
  return flags;
}

StatusOr<double> ParseValue(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return Error(StatusCode::kInvalidArgument,
                 "'{}' is no number; write one with a decimal point, such as 1234.5", text);
  }
  if (!std::isfinite(value) || value < 0) {
    return Error(StatusCode::kInvalidArgument,
                 "a load of {} cannot be; write 0 or more, or leave the line out where nothing was "
                 "observed",
                 text);
  }
  return value;
}

/// Gathers rows by series.
class Reader {
 public:
  Reader(const std::string& cluster, const std::optional<SeriesKey>& default_key)
      : cluster_(cluster), default_key_(default_key) {}

  Status Read(std::istream& in) {
    std::string text;
    for (std::int64_t line = 1; std::getline(in, text); ++line) {
      if (line == 1 && text.compare(0, 3, "\xEF\xBB\xBF") == 0) text.erase(0, 3);
      if (Trim(text).empty()) continue;
      TW_RETURN_IF_ERROR(Line(line, text));
    }
    if (in.bad()) return Error(StatusCode::kUnavailable, "the input could not be read to its end");
    if (series_.empty()) {
      return Error(StatusCode::kInvalidArgument, "no values; write lines of {} or {}", kShortHeader,
                   kLongHeader);
    }
    return OkStatus();
  }

  std::map<SeriesKey, std::vector<Row>>& series() { return series_; }

 private:
  Status Line(std::int64_t line, const std::string& text) {
    const auto fields = Split(text);
    if (!fields) return LineError(line, "a quote does not end; close it on the same line");
    const bool first = columns_ == 0;
    if (first) {
      TW_RETURN_IF_ERROR(SetColumns(line, fields->size()));
      if (IsHeader(*fields)) return OkStatus();
    }
    if (fields->size() != columns_ &&
        !(columns_ >= 5 && (fields->size() == 5 || fields->size() == 6))) {
      return LineError(line, "{} fields where the lines before have {}; write {}", fields->size(),
                       columns_, columns_ == 2 ? kShortHeader : kLongHeader);
    }
    return Data(line, *fields);
  }

  Status SetColumns(std::int64_t line, std::size_t count) {
    if (count != 2 && count != 5 && count != 6) {
      return LineError(line, "{} fields; write {} or {}", count, kShortHeader, kLongHeader);
    }
    if (count == 2 && !default_key_) {
      return LineError(line, "two columns do not say which series they are; name it, or write {}",
                       kLongHeader);
    }
    columns_ = count;
    return OkStatus();
  }

  static bool IsHeader(const std::vector<std::string>& fields) {
    std::string joined;
    for (const std::string& field : fields) joined += (joined.empty() ? "" : ",") + field;
    std::transform(joined.begin(), joined.end(), joined.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return joined == kShortHeader || joined == kLongHeader ||
           joined == kLongHeader + std::string(",flags");
  }

  Status Data(std::int64_t line, const std::vector<std::string>& fields) {
    const auto at = ParseTime(fields[0]);
    if (!at.ok()) return LineError(line, "{}", Message(at.status()));
    if (*at < WallTime{}) return LineError(line, "{} is before 1970; leave it out", fields[0]);
    const auto value = ParseValue(fields[columns_ == 2 ? 1 : 4]);
    if (!value.ok()) return LineError(line, "{}", Message(value.status()));
    Row row{.at = *at, .value = *value, .flags = 0, .line = line};
    if (fields.size() == 6) {
      const auto flags = ParseFlags(fields[5]);
      if (!flags) {
        return LineError(line, "'{}' is no flag; write saturated, throttled, moving or nothing",
                         fields[5]);
      }
      row.flags = *flags;
    }
    TW_RETURN_IF_ERROR(SelectSeries(line, fields));
    rows_->push_back(row);
    return OkStatus();
  }

  /// Neighbouring lines mostly are of one series.
  Status SelectSeries(std::int64_t line, const std::vector<std::string>& fields) {
    if (columns_ == 2) {
      rows_ = &series_[*default_key_];
      return OkStatus();
    }
    std::array<std::string, 3> names = {fields[1], fields[2], fields[3]};
    if (rows_ != nullptr && names == names_) return OkStatus();
    const auto scope = ParseScope(fields[1]);
    if (!scope) {
      return LineError(line, "'{}' is no scope; write cluster, shard, partition or tenant",
                       fields[1]);
    }
    if (fields[2].empty() != (*scope == Scope::kCluster)) {
      return LineError(
          line, "scope {} {} an id; write it in the third field, for the cluster leave it empty",
          fields[1], fields[2].empty() ? "needs" : "has no");
    }
    const auto resource = ParseResource(fields[3]);
    if (!resource) {
      return LineError(line, "'{}' is no resource; write requests, cpu, memory or network",
                       fields[3]);
    }
    rows_ =
        &series_[{.cluster = cluster_, .scope = *scope, .id = fields[2], .resource = *resource}];
    names_ = std::move(names);
    return OkStatus();
  }

  const std::string& cluster_;
  const std::optional<SeriesKey>& default_key_;
  std::size_t columns_ = 0;  ///< 0: not known yet
  std::map<SeriesKey, std::vector<Row>> series_;
  std::vector<Row>* rows_ = nullptr;  ///< of the newest line's series
  std::array<std::string, 3> names_;
};

/// The distance that a tenth of the rows (in rising order) keep or undercut, in whole minutes; one
/// at least. Not the smallest, which one stray row decides; not the median, which gaps stretch.
StatusOr<Duration> StepOf(const SeriesKey& key, const std::vector<Row>& rows) {
  if (rows.size() < 2) return History::kStep;
  std::vector<Duration> distances;
  distances.reserve(rows.size() - 1);
  for (std::size_t i = 1; i < rows.size(); ++i) distances.push_back(rows[i].at - rows[i - 1].at);
  const auto tenth = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 10);
  std::nth_element(distances.begin(), tenth, distances.end());
  if (*tenth > std::chrono::minutes(61)) {
    return Error(StatusCode::kInvalidArgument,
                 "{}: rows {} apart say nothing about a day's load; write one an hour at least",
                 ToString(key), FormatDuration(*tenth));
  }
  const Duration rounded =
      FloorTo(WallTime(*tenth) + History::kStep / 2, History::kStep) - WallTime{};
  return std::max(rounded, History::kStep);
}

/// Rows in rising order, as minutes: a row stands until the next one, at most for a step.
Series ToMinutes(const std::vector<Row>& rows, Duration step) {
  const auto width = static_cast<Minute>(step / History::kStep);
  const Minute first = ToMinute(rows.front().at);
  const auto size = static_cast<std::size_t>(ToMinute(rows.back().at) + width - first);
  Series series{.start = FromMinute(first),
                .step = History::kStep,
                .values = std::vector<double>(size, Series::kGap),
                .flags = {}};
  if (std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.flags != 0; })) {
    series.flags.assign(size, 0);
  }
  for (std::size_t i = 0; i < rows.size();) {
    const Minute begin = ToMinute(rows[i].at);
    double sum = 0;
    double count = 0;
    unsigned flags = 0;
    for (; i < rows.size() && ToMinute(rows[i].at) == begin; ++i) {
      sum += rows[i].value;
      count += 1;
      flags |= rows[i].flags;
    }
    const Minute next = i < rows.size() ? ToMinute(rows[i].at) : begin + width;
    for (Minute m = begin; m < std::min(next, begin + width); ++m) {
      series.values[static_cast<std::size_t>(m - first)] = sum / count;
      if (flags != 0) series.flags[static_cast<std::size_t>(m - first)] = flags;
    }
  }
  return series;
}

/// Sorts the rows of a series and refuses twins. `minutes` is the sum over all series so far.
StatusOr<Duration> Arrange(const SeriesKey& key, std::vector<Row>& rows, std::int64_t& minutes) {
  const auto by_time = [](const Row& a, const Row& b) { return a.at < b.at; };
  if (!std::is_sorted(rows.begin(), rows.end(), by_time)) {
    std::stable_sort(rows.begin(), rows.end(), by_time);
  }
  const auto twin = std::adjacent_find(rows.begin(), rows.end(),
                                       [](const Row& a, const Row& b) { return a.at == b.at; });
  if (twin != rows.end()) {
    return LineError((twin + 1)->line, "{} at {} stands on line {} already; remove one of them",
                     ToString(key), FormatTime(twin->at), twin->line);
  }
  TW_ASSIGN_OR_RETURN(const Duration step, StepOf(key, rows));
  minutes += ToMinute(rows.back().at) - ToMinute(rows.front().at);
  if (minutes > kMaxMinutes) {
    return LineError(
        rows.back().line,
        "from {} to {} the series have more than {} minutes; look for a mistyped year, "
        "or import the file in parts",
        FormatTime(rows.front().at), FormatTime(rows.back().at), kMaxMinutes);
  }
  return step;
}

void ExportStretch(const SeriesKey& key, const Series& series, std::ostream& out,
                   CsvReport& report) {
  const std::string names =
      fmt::format(",{},{},{},", ScopeName(key.scope), Quote(key.id), ResourceName(key.resource));
  for (std::size_t i = 0; i < series.size(); ++i) {
    if (Series::IsGap(series.values[i])) continue;
    const WallTime at = series.TimeOf(i);
    out << FormatTime(at) << names << fmt::format("{}", series.values[i]) << ','
        << (series.flags.empty() ? "" : FlagsText(series.flags[i])) << '\n';
    if (report.rows++ == 0) report.first = report.last = at;
    report.first = std::min(report.first, at);
    report.last = std::max(report.last, at);
  }
}

}  // namespace

StatusOr<CsvReport> ImportCsv(std::istream& in, const std::string& cluster,
                              const std::optional<SeriesKey>& default_key, History& history) {
  Reader reader(cluster, default_key);
  TW_RETURN_IF_ERROR(reader.Read(in));
  CsvReport report;
  report.first = WallTime::max();
  report.last = WallTime::min();
  std::vector<HistorySeries> stretches;
  std::int64_t minutes = 0;
  for (auto& [key, rows] : reader.series()) {
    TW_ASSIGN_OR_RETURN(const Duration step, Arrange(key, rows, minutes));
    report.rows += static_cast<std::int64_t>(rows.size());
    report.first = std::min(report.first, FloorTo(rows.front().at, History::kStep));
    report.last = std::max(report.last, FloorTo(rows.back().at, History::kStep));
    report.step = std::max(report.step, step);
    stretches.push_back({.key = key, .series = ToMinutes(rows, step)});
    std::vector<Row>().swap(rows);
  }
  report.series = static_cast<std::int64_t>(stretches.size());
  TW_RETURN_IF_ERROR(history.Import(stretches));
  return report;
}

StatusOr<CsvReport> ExportCsv(const History& history, const std::string& cluster, WallTime from,
                              WallTime to, std::ostream& out) {
  constexpr Duration kStretch = std::chrono::days(30);
  CsvReport report;
  report.step = History::kStep;
  TW_ASSIGN_OR_RETURN(const std::vector<SeriesKey> keys, history.List());
  out << kLongHeader << ",flags\n";
  for (const SeriesKey& key : keys) {
    if (key.cluster != cluster) continue;
    const std::int64_t rows_before = report.rows;
    TW_ASSIGN_OR_RETURN(const TimeRange extent, history.Extent(key));
    const WallTime end = std::min(to, extent.to);
    for (WallTime at = std::max(from, extent.from); at < end; at += kStretch) {
      TW_ASSIGN_OR_RETURN(const Series series, history.Read(key, at, std::min(at + kStretch, end)));
      ExportStretch(key, series, out, report);
      if (!out)
        return Error(StatusCode::kUnavailable, "the output takes no more; is its disk full?");
    }
    if (report.rows > rows_before) ++report.series;
  }
  out.flush();
  if (!out) return Error(StatusCode::kUnavailable, "the output takes no more; is its disk full?");
  return report;
}

}  // namespace tidewright
