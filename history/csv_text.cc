#include "history/csv_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace tidewright::csv {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18;
constexpr const char* kByteOrderMark = "\xEF\xBB\xBF";

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Reads exactly `digits` digits off the front of `text`.
bool TakeDigits(std::string_view& text, int digits, int& out) {
  if (text.size() < static_cast<std::size_t>(digits)) return false;
  out = 0;
  for (int i = 0; i < digits; ++i) {
    if (!IsDigit(text[static_cast<std::size_t>(i)])) return false;
    out = out * 10 + (text[static_cast<std::size_t>(i)] - '0');
  }
  text.remove_prefix(static_cast<std::size_t>(digits));
  return true;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// ".123456789" to whole microseconds.
Duration TakeFraction(std::string_view& text) {
  std::int64_t micros = 0;
  std::int64_t worth = 100'000;
  while (!text.empty() && IsDigit(text.front())) {
    micros += worth * (text.front() - '0');
    worth /= 10;
    text.remove_prefix(1);
  }
  return Duration(micros);
}

/// "Z", "UTC", "+02:00", "-0730", "+02" or nothing.
std::optional<Duration> TakeOffset(std::string_view& text) {
  if (text.empty() || text == "Z" || text == "z" || text == "UTC" || text == " UTC") {
    text = {};
    return Duration(0);
  }
  const bool west = text.front() == '-';
  if (!west && text.front() != '+') return std::nullopt;
  text.remove_prefix(1);
  int hours = 0, minutes = 0;
  if (!TakeDigits(text, 2, hours)) return std::nullopt;
  if (!text.empty()) {
    Take(text, ':');
    if (!TakeDigits(text, 2, minutes)) return std::nullopt;
  }
  if (hours > 14 || minutes > 59) return std::nullopt;
  const Duration offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return west ? -offset : offset;
}

std::optional<Time> ParseCalendar(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!TakeDigits(text, 4, year) || !Take(text, '-') || !TakeDigits(text, 2, month) ||
      !Take(text, '-') || !TakeDigits(text, 2, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  WallTime at = std::chrono::sys_days(date);
  if (text.empty()) return Time{at, nullptr};
  if (!Take(text, 'T') && !Take(text, ' ')) return std::nullopt;
  if (!TakeDigits(text, 2, hour) || !Take(text, ':') || !TakeDigits(text, 2, minute)) {
    return std::nullopt;
  }
  if (Take(text, ':')) {
    if (!TakeDigits(text, 2, second)) return std::nullopt;
    if (Take(text, '.')) at += TakeFraction(text);
  }
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto offset = TakeOffset(text);
  if (!offset || !text.empty()) return std::nullopt;
  at += std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  return Time{at - *offset, nullptr};
}

/// Seconds since 1970 reach 1e11 in the year 5138; milliseconds passed it in 1973.
std::optional<Time> ParseEpoch(std::string_view text) {
  struct Unit {
    double below;
    double micros;
    const char* name;
  };
  static constexpr std::array<Unit, 4> kUnits = {
      {{1e11, 1e6, "s"}, {1e14, 1e3, "ms"}, {1e17, 1, "us"}, {1e20, 1e-3, "ns"}}};
  const auto number = Number(text);
  if (!number || !std::isfinite(*number) || *number < 0) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (*number >= unit.below) continue;
    return Time{WallTime(Duration(std::llround(*number * unit.micros))), unit.name};
  }
  return std::nullopt;
}

}  // namespace

LineReader::LineReader(std::istream& in, std::size_t limit)
    : in_(in), limit_(limit), buffer_(std::min(kBlock, limit + 2)) {}

bool LineReader::Fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(std::min(buffer_.size() * 2, limit_ + 2));
  in_.read(buffer_.data() + end_, static_cast<std::streamsize>(buffer_.size() - end_));
  const auto got = static_cast<std::size_t>(in_.gcount());
  end_ += got;
  return got > 0;
}

std::optional<std::string_view> LineReader::Raw() {
  std::size_t searched = begin_;
  for (;;) {
    const void* at = std::memchr(buffer_.data() + searched, '\n', end_ - searched);
    if (at != nullptr) {
      const auto length =
          static_cast<std::size_t>(static_cast<const char*>(at) - (buffer_.data() + begin_));
      const std::string_view line(buffer_.data() + begin_, length);
      begin_ += length + 1;
      return line;
    }
    if (end_ - begin_ > limit_) {
      ++number_;
      status_ = Error(StatusCode::kInvalidArgument,
                      "longer than {} bytes; is this a CSV file with one row a line?", limit_);
      return std::nullopt;
    }
    const std::size_t seen = end_ - begin_;
    if (!Fill()) break;
    searched = begin_ + seen;
  }
  if (in_.bad()) {
    status_ = Error(StatusCode::kUnavailable, "the input could not be read to its end");
    return std::nullopt;
  }
  if (begin_ == end_) return std::nullopt;
  const std::string_view line(buffer_.data() + begin_, end_ - begin_);
  begin_ = end_;
  return line;
}

std::optional<std::string_view> LineReader::Next() {
  while (status_.ok()) {
    auto line = Raw();
    if (!line) return std::nullopt;
    ++number_;
    if (number_ == 1 && line->substr(0, 3) == kByteOrderMark) line->remove_prefix(3);
    if (line->find('\0') != std::string_view::npos) {
      status_ = Error(StatusCode::kInvalidArgument,
                      "holds a NUL byte; write plain text in UTF-8, not UTF-16 or a binary format");
      return std::nullopt;
    }
    if (!Trim(*line).empty()) return Trim(*line);
  }
  return std::nullopt;
}

std::optional<std::string_view> Fields::Next() {
  if (done_) return std::nullopt;
  while (!rest_.empty() && IsBlank(rest_.front())) rest_.remove_prefix(1);
  if (!rest_.empty() && rest_.front() == '"') return Quoted();
  const std::size_t comma = rest_.find(',');
  const std::string_view field = rest_.substr(0, comma);
  done_ = comma == std::string_view::npos;
  if (!done_) rest_.remove_prefix(comma + 1);
  if (field.find('"') != std::string_view::npos) well_formed_ = false;
  return Trim(field);
}

std::optional<std::string_view> Fields::Quoted() {
  unquoted_.clear();
  std::size_t i = 1;
  for (;; ++i) {
    if (i >= rest_.size()) {
      well_formed_ = false;
      done_ = true;
      return Trim(unquoted_);
    }
    if (rest_[i] != '"') {
      unquoted_ += rest_[i];
    } else if (i + 1 < rest_.size() && rest_[i + 1] == '"') {
      unquoted_ += rest_[i++];
    } else {
      break;
    }
  }
  rest_.remove_prefix(i + 1);
  const std::size_t comma = rest_.find(',');
  if (!Trim(rest_.substr(0, comma)).empty()) well_formed_ = false;
  done_ = comma == std::string_view::npos;
  if (!done_) rest_.remove_prefix(comma + 1);
  return Trim(unquoted_);
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() &&
         std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

std::optional<double> Number(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-' && text[1] != '+') {
    text.remove_prefix(1);
  }
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || std::isnan(value)) return std::nullopt;
  return value;
}

bool IsMissing(std::string_view text) {
  if (text.empty()) return true;
  static constexpr std::array<std::string_view, 6> kWords = {"nan",  "na",   "n/a",
                                                             "null", "none", "-"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return EqualsIgnoringCase(text, word); });
}

std::optional<Time> ParseTimestamp(std::string_view text) {
  const bool calendar = text.size() >= 10 && text[4] == '-';
  return calendar ? ParseCalendar(text) : ParseEpoch(text);
}

std::string Shown(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::string shown = "'";
  for (const char c : text.substr(0, kLongest)) {
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  }
  return shown + (text.size() > kLongest ? "…'" : "'");
}

}  // namespace tidewright::csv
