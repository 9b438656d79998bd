// Reading CSV text fast: lines, fields, numbers and times. Inside the room only.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "core/time.h"

namespace tidewright::csv {

/// Lines of a stream without their ends (LF or CRLF), a byte-order mark left out, blank lines
/// skipped. Holds one line in memory, never more than `limit` bytes of it.
class LineReader {
 public:
  LineReader(std::istream& in, std::size_t limit);

  /// The next line, valid until the next call; absent at the end and after an error.
  std::optional<std::string_view> Next();
  /// Number of the line that Next() gave last, from 1.
  [[nodiscard]] std::int64_t number() const { return number_; }
  /// kInvalidArgument for a line over the limit or one with a NUL byte, kUnavailable where the
  /// stream broke.
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  std::optional<std::string_view> Raw();
  bool Fill();

  std::istream& in_;
  std::size_t limit_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< of the part that was not given out
  std::size_t end_ = 0;
  std::int64_t number_ = 0;
  Status status_;
};

/// The fields of one line, trimmed, quotes removed (doubled inside). `line` must outlive it.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  /// The next field, valid until the next call; absent after the last one.
  std::optional<std::string_view> Next();
  /// False once a quote did not end or stood in the middle of a field.
  [[nodiscard]] bool well_formed() const { return well_formed_; }

 private:
  std::optional<std::string_view> Quoted();

  std::string_view rest_;
  bool done_ = false;
  bool well_formed_ = true;
  std::string unquoted_;
};

[[nodiscard]] std::string_view Trim(std::string_view text);
[[nodiscard]] bool EqualsIgnoringCase(std::string_view text, std::string_view lower);

/// A decimal number, also "inf"; absent for anything else, for what no double can hold, and for
/// the words of IsMissing().
[[nodiscard]] std::optional<double> Number(std::string_view text);
/// How pandas, R, Prometheus and databases write that there is no value: nan, na, n/a, null, none,
/// - or nothing, in any case.
[[nodiscard]] bool IsMissing(std::string_view text);

/// What ParseTime (core/time.h) reads, and besides: an offset from UTC ("+02:00") and seconds
/// since 1970 in milli-, micro- or nanoseconds, told from their size (`unit`: "s", "ms", "us" or
/// "ns"; null for a calendar date).
struct Time {
  WallTime at;
  const char* unit = nullptr;
};
[[nodiscard]] std::optional<Time> ParseTimestamp(std::string_view text);

/// For messages: printable, at most 40 characters, in single quotes.
[[nodiscard]] std::string Shown(std::string_view text);

}  // namespace tidewright::csv
