// A calendar as people write it: lines of comma-separated fields.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "forecast/calendar.h"

namespace tidewright {
namespace {

constexpr auto kBad = StatusCode::kInvalidArgument;
constexpr std::size_t kMostProblems = 20;
constexpr std::size_t kFewestFields = 4;
constexpr std::size_t kMostFields = 6;
constexpr std::array<const char*, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                  "thursday", "friday", "saturday"};

std::string Trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    out.push_back(Trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::optional<double> Number(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

Status ReadEffect(const std::string& text, CalendarEvent& event) {
  if (text.empty()) return OkStatus();
  if (text.starts_with("like ")) {
    const auto day = std::find(kWeekdays.begin(), kWeekdays.end(), Lower(Trimmed(text.substr(5))));
    if (day != kWeekdays.end()) {
      event.effect = CalendarEvent::Effect::kLikeDay;
      event.like = std::chrono::weekday(static_cast<unsigned>(day - kWeekdays.begin()));
      return OkStatus();
    }
  }
  const bool level = text.front() == '=';
  const auto value = Number(level ? Trimmed(text.substr(1)) : text);
  if (!value) {
    return Error(kBad,
                 "effect '{}' is not known; write a factor such as 1.8, a level such as =5000, "
                 "'like sunday', or nothing to learn it",
                 text);
  }
  event.effect = level ? CalendarEvent::Effect::kLevel : CalendarEvent::Effect::kFactor;
  event.value = *value;
  return OkStatus();
}

Status ReadRecurrence(const std::string& text, CalendarEvent& event) {
  using Recurrence = CalendarEvent::Recurrence;
  if (text.empty() || text == "once") return OkStatus();
  if (text == "yearly") {
    event.recurrence = Recurrence::kYearly;
    return OkStatus();
  }
  constexpr Duration kDay = std::chrono::days(1);
  Duration period = text == "daily" ? kDay : text == "weekly" ? 7 * kDay : Duration(0);
  if (period == Duration(0)) {
    const auto parsed = ParseDuration(text);
    if (parsed.ok() && *parsed % kDay == Duration(0)) period = *parsed;
  }
  if (period < kDay || period > 366 * kDay) {
    return Error(kBad,
                 "recurrence '{}' is not known; write once, daily, weekly, yearly, or a number of "
                 "days such as 14d",
                 text);
  }
  event.recurrence = Recurrence::kDays;
  event.days = static_cast<int>(period / kDay);
  return OkStatus();
}

Status ReadResources(const std::string& text, CalendarEvent& event) {
  for (const std::string& word : Split(text, ' ')) {
    if (word.empty()) continue;
    const auto resource = ParseResource(word);
    if (!resource) {
      return Error(kBad, "resource '{}' is not known; write requests, cpu, memory or network",
                   word);
    }
    event.resources.push_back(*resource);
  }
  return OkStatus();
}

StatusOr<CalendarEvent> ReadEvent(const std::string& line) {
  std::vector<std::string> fields = Split(line, ',');
  if (fields.size() < kFewestFields || fields.size() > kMostFields) {
    return Error(kBad,
                 "{} fields; write name,start,end,effect,recurrence,resource, the last two if "
                 "need be; names have no commas",
                 fields.size());
  }
  fields.resize(kMostFields);
  CalendarEvent event;
  event.name = fields[0];
  TW_ASSIGN_OR_RETURN(event.start, ParseTime(fields[1]));
  if (const auto length = ParseDuration(fields[2]); length.ok()) {
    event.end = event.start + std::min<Duration>(*length, std::chrono::days(100'000));
  } else {
    TW_ASSIGN_OR_RETURN(event.end, ParseTime(fields[2]));
  }
  TW_RETURN_IF_ERROR(ReadEffect(fields[3], event));
  TW_RETURN_IF_ERROR(ReadRecurrence(Lower(fields[4]), event));
  TW_RETURN_IF_ERROR(ReadResources(Lower(fields[5]), event));
  TW_RETURN_IF_ERROR(CheckCalendar({{event}}));
  return event;
}

}  // namespace

StatusOr<Calendar> ParseCalendar(const std::string& text, const std::string& name) {
  Calendar calendar;
  std::vector<std::string> problems;
  int number = 0;
  for (const std::string& line : Split(text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (calendar.events.empty() && problems.empty() && line.starts_with("name,start,")) continue;
    auto event = ReadEvent(line);
    if (event.ok()) {
      calendar.events.push_back(*std::move(event));
    } else if (problems.size() < kMostProblems) {
      problems.push_back(fmt::format("{}:{}: {}", name, number, Message(event.status())));
    }
  }
  if (!problems.empty()) return Error(kBad, "{}", fmt::join(problems, "\n"));
  if (auto status = CheckCalendar(calendar); !status.ok()) return Annotate(status, name);
  return calendar;
}

}  // namespace tidewright
