#include "history/series_csv.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "history/csv_text.h"
#include "history/series_grid.h"

namespace tidewright {
namespace {

constexpr std::size_t kLongLine = 4096;
constexpr std::size_t kMaximumRows = 10'000'000;
constexpr std::size_t kPanelLine = std::size_t{64} << 20;
constexpr std::size_t kMaximumSeries = 1'000'000;
constexpr std::size_t kMaximumValues = 100'000'000;

template <typename... Args>
Status LineError(const std::string& name, std::int64_t line, fmt::format_string<Args...> format,
                 Args&&... args) {
  return Error(StatusCode::kInvalidArgument, "{}:{}: {}", name, line,
               fmt::format(format, std::forward<Args>(args)...));
}

/// What is wrong with a field that is no demand.
std::string Complaint(std::string_view field) {
  const auto number = csv::Number(field);
  if (!number) {
    return fmt::format(
        "{} is no number; write one with a decimal point, such as 1234.5, or nothing for a gap",
        csv::Shown(field));
  }
  return fmt::format(
      "a demand of {} cannot be; write 0 or more, or nothing where it was not observed",
      csv::Shown(field));
}

/// Demand as it stands in a field; a word for "missing" is counted and read as a gap.
std::optional<double> Demand(std::string_view field, std::int64_t& words) {
  const auto number = csv::Number(field);
  if (number) {
    if (!(*number >= 0) || std::isinf(*number)) return std::nullopt;
    return *number + 0.0;  // no negative zero
  }
  if (!csv::IsMissing(field)) return std::nullopt;
  if (!field.empty()) ++words;
  return Series::kGap;
}

bool IsNumberOrMissing(std::string_view field) {
  return csv::IsMissing(field) || csv::Number(field).has_value();
}

Status EndOf(const csv::LineReader& lines, const std::string& name) {
  if (lines.status().ok()) return OkStatus();
  if (lines.status().code() != StatusCode::kInvalidArgument) {
    return Annotate(lines.status(), name);
  }
  return LineError(name, lines.number(), "{}", Message(lines.status()));
}

void TellMissing(std::int64_t words, std::vector<std::string>& repairs) {
  if (words == 0) return;
  repairs.push_back(
      fmt::format("values written as nan, null or the like: {}; read as gaps", words));
}

struct LongRow {
  std::string time;
  std::string value;
  std::size_t fields = 0;
  bool well_formed = true;
};

/// For messages alone: the same line again, at leisure.
LongRow Dissect(std::string_view line) {
  LongRow row;
  csv::Fields fields(line);
  while (const auto field = fields.Next()) {
    if (row.fields == 0) row.time = *field;
    if (row.fields == 1) row.value = *field;
    ++row.fields;
  }
  row.well_formed = fields.well_formed();
  return row;
}

std::string WrongFields(std::string_view line, std::size_t count) {
  if (count == 1 && line.find_first_of(";\t") != std::string_view::npos) {
    return fmt::format("{} has no comma; write timestamp,value with a comma between them",
                       csv::Shown(line));
  }
  return fmt::format("{} field{} in {}; write timestamp,value on each line{}", count,
                     count == 1 ? "" : "s", csv::Shown(line),
                     count > 3 ? " (or is this a panel, one series a line?)" : "");
}

Status LongLineError(const std::string& name, std::int64_t number, std::string_view line) {
  const LongRow row = Dissect(line);
  if (!row.well_formed) {
    return LineError(name, number, "a quote in {} does not end; close it on the same line",
                     csv::Shown(line));
  }
  if (row.fields != 2) return LineError(name, number, "{}", WrongFields(line, row.fields));
  if (!csv::ParseTimestamp(row.time)) {
    return LineError(name, number,
                     "{} is not a time; write 2026-11-22T04:30:00Z (UTC) or seconds since 1970",
                     csv::Shown(row.time));
  }
  return LineError(name, number, "{}", Complaint(row.value));
}

bool IsLongHeader(std::string_view line) {
  const LongRow row = Dissect(line);
  return row.well_formed && row.fields == 2 && !csv::ParseTimestamp(row.time) &&
         !IsNumberOrMissing(row.value);
}

struct LongParser {
  std::vector<TimedValue> rows;
  std::int64_t words = 0;
  const char* unit = nullptr;       ///< of times since 1970
  std::vector<std::int64_t> lines;  ///< of the rows; filled where asked for

  /// False for a row that cannot be read.
  bool Add(std::string_view line) {
    csv::Fields fields(line);
    const auto time_text = fields.Next();
    const auto time = time_text ? csv::ParseTimestamp(*time_text) : std::nullopt;
    if (!time) return false;
    const auto value_text = fields.Next();
    const auto value = value_text ? Demand(*value_text, words) : std::nullopt;
    if (!value || fields.Next() || !fields.well_formed()) return false;
    if (time->unit != nullptr) unit = time->unit;
    rows.push_back({time->at, *value});
    return true;
  }
};

/// What keeps rows that must be complete from being so; `step` is the most common distance.
Status CheckComplete(const LongParser& parser, Duration step, const std::string& name) {
  const std::vector<TimedValue>& rows = parser.rows;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t line = parser.lines[i];
    if (Series::IsGap(rows[i].value)) {
      return LineError(name, line, "no value at {}; every step needs one, so fill it or cut there",
                       FormatTime(rows[i].at));
    }
    if (rows[i].value > kMostDemand) {
      return LineError(name, line, "a demand of {:g} is above {:g}; write it in a larger unit",
                       rows[i].value, kMostDemand);
    }
    if (i == 0) continue;
    const Duration distance = rows[i].at - rows[i - 1].at;
    if (distance == step) continue;
    if (distance <= Duration(0)) {
      return LineError(name, line, "{} {}; sort the rows by time and keep one of each",
                       FormatTime(rows[i].at),
                       distance == Duration(0) ? "stands on the row before already"
                                               : "is earlier than the row before");
    }
    if (distance % step == Duration(0)) {
      const auto missing = distance / step - 1;
      return LineError(name, line, "{} of {} {} missing before {}; fill them or cut there",
                       missing == 1 ? "1 step" : fmt::format("{} steps", missing),
                       FormatDuration(step), missing == 1 ? "is" : "are", FormatTime(rows[i].at));
    }
    return LineError(name, line, "{} is {} after the row before, where rows are {} apart",
                     FormatTime(rows[i].at), FormatDuration(distance), FormatDuration(step));
  }
  return OkStatus();
}

/// The most common distance of neighbouring rows that is positive; 0 where there is none.
Duration CommonDistance(const std::vector<TimedValue>& rows) {
  std::unordered_map<std::int64_t, std::int64_t> counts;
  std::pair<std::int64_t, std::int64_t> best{0, 0};  // how often, the distance
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::int64_t distance = (rows[i].at - rows[i - 1].at).count();
    if (distance <= 0) continue;
    const std::int64_t count = ++counts[distance];
    if (count > best.first || (count == best.first && distance < best.second)) {
      best = {count, distance};
    }
  }
  return Duration(best.second);
}

/// The fields of one line of a panel.
class PanelParser {
 public:
  PanelParser(const PanelCsvOptions& options, PanelCsv& out) : options_(options), out_(out) {}

  Status Add(std::int64_t number, std::string_view line) {
    csv::Fields fields(line);
    NamedSeries named;
    named.id = fields.Next().value_or("");
    named.series.start = options_.start;
    named.series.step = options_.step;
    std::vector<double>& values = named.series.values;
    std::size_t used = 0;  // up to the last field that is not empty
    while (const auto field = fields.Next()) {
      const auto value = Demand(*field, words_);
      if (!value) {
        return LineError(options_.name, number, "value {} of series {}: {}", values.size() + 1,
                         csv::Shown(named.id), Complaint(*field));
      }
      values.push_back(*value);
      if (!field->empty()) used = values.size();
    }
    if (!fields.well_formed()) {
      return LineError(options_.name, number, "a quote does not end; close it on the same line");
    }
    values.resize(used);
    values.shrink_to_fit();
    return Keep(number, std::move(named));
  }

  /// Whether a first line is one of names: it has no number at all.
  static bool IsHeader(std::string_view line) {
    csv::Fields fields(line);
    const auto id = fields.Next();
    bool named =
        id && (csv::EqualsIgnoringCase(*id, "id") || csv::EqualsIgnoringCase(*id, "unique_id"));
    while (const auto field = fields.Next()) {
      if (csv::Number(*field)) return named;
      named = named || !csv::IsMissing(*field);
    }
    return named && fields.well_formed();
  }

  Status Finish() {
    if (out_.series.empty()) {
      return Error(StatusCode::kInvalidArgument, "{}: no series; write id,v1,v2,… on each line",
                   options_.name);
    }
    if (NoPanel()) return NoPanelError();
    TellMissing(words_, out_.repairs);
    return OkStatus();
  }

 private:
  /// A long file by mistake.
  [[nodiscard]] bool NoPanel() const {
    return longest_ <= 1 && csv::ParseTimestamp(out_.series.front().id).has_value();
  }
  [[nodiscard]] Status NoPanelError() const {
    return Error(StatusCode::kInvalidArgument,
                 "{}: one value a line, after a time: this is no panel but one series of "
                 "timestamp,value",
                 options_.name);
  }

  Status Keep(std::int64_t number, NamedSeries named) {
    if (named.id.empty()) {
      return LineError(options_.name, number, "the series has no id; write id,v1,v2,…");
    }
    const auto [other, fresh] = lines_.emplace(named.id, number);
    if (!fresh && NoPanel()) return NoPanelError();
    if (!fresh) {
      return LineError(options_.name, number, "series {} stands on line {} already; rename one",
                       csv::Shown(named.id), other->second);
    }
    total_ += named.series.size();
    longest_ = std::max(longest_, named.series.size());
    if (lines_.size() > kMaximumSeries || total_ > kMaximumValues) {
      return LineError(options_.name, number, "more than {} series or {} values; split the file",
                       kMaximumSeries, kMaximumValues);
    }
    out_.series.push_back(std::move(named));
    return OkStatus();
  }

  const PanelCsvOptions& options_;
  PanelCsv& out_;
  std::unordered_map<std::string, std::int64_t> lines_;  ///< of each id
  std::size_t total_ = 0;
  std::size_t longest_ = 0;
  std::int64_t words_ = 0;
};

}  // namespace

StatusOr<LongCsv> ReadLongCsv(std::istream& in, const LongCsvOptions& options) {
  csv::LineReader lines(in, kLongLine);
  LongParser parser;
  bool first = true;
  while (const auto line = lines.Next()) {
    const bool header = first && IsLongHeader(*line);
    first = false;
    if (header) continue;
    if (!parser.Add(*line)) return LongLineError(options.name, lines.number(), *line);
    if (options.complete) parser.lines.push_back(lines.number());
    if (parser.rows.size() > kMaximumRows) {
      return LineError(options.name, lines.number(),
                       "more than {} rows; average them over a coarser step, or leave out old ones",
                       kMaximumRows);
    }
  }
  TW_RETURN_IF_ERROR(EndOf(lines, options.name));
  if (parser.rows.empty()) {
    return Error(StatusCode::kInvalidArgument, "{}: no rows; write timestamp,value on each line",
                 options.name);
  }
  if (options.complete) {
    // Where no distance is positive, any step shows that.
    const Duration step = std::max(CommonDistance(parser.rows), Duration(1));
    TW_RETURN_IF_ERROR(CheckComplete(parser, step, options.name));
  }
  LongCsv out;
  if (parser.unit != nullptr && std::string_view(parser.unit) != "s") {
    out.repairs.push_back(
        fmt::format("the times are so large that they must be {} since 1970", parser.unit));
  }
  TellMissing(parser.words, out.repairs);
  auto grid = PutOnGrid(std::move(parser.rows), options.irregular_step);
  if (!grid.ok()) return Annotate(grid.status(), options.name);
  out.series = std::move(grid->series);
  out.repairs.insert(out.repairs.end(), grid->repairs.begin(), grid->repairs.end());
  return out;
}

StatusOr<PanelCsv> ReadPanelCsv(std::istream& in, const PanelCsvOptions& options) {
  if (options.step <= Duration(0)) {
    return Error(StatusCode::kInvalidArgument, "{}: a panel needs a positive step", options.name);
  }
  csv::LineReader lines(in, kPanelLine);
  PanelCsv out;
  PanelParser parser(options, out);
  bool first = true;
  while (const auto line = lines.Next()) {
    const bool header = first && PanelParser::IsHeader(*line);
    first = false;
    if (header) continue;
    TW_RETURN_IF_ERROR(parser.Add(lines.number(), *line));
  }
  TW_RETURN_IF_ERROR(EndOf(lines, options.name));
  TW_RETURN_IF_ERROR(parser.Finish());
  return out;
}

}  // namespace tidewright
