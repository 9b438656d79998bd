// Time series as people have them in files, for programs that work without a daemon. Two forms:
//   long    timestamp,value        one series, a row an observation
//   panel   id,v1,v2,…             one series a line, all at one step
// Both: the header may be missing; blank lines, CRLF, a byte-order mark and quoted fields are no
// errors. Values are demand: finite and ≥ 0; an empty field, nan, na, n/a, null, none and - are
// gaps.
#pragma once

#include <istream>
#include <optional>
#include <string>
#include <vector>

#include "core/series.h"
#include "core/status.h"

namespace tidewright {

struct NamedSeries {
  std::string id;
  Series series;
};

struct LongCsvOptions {
  std::string name = "input";  ///< of the file, for messages
  Duration irregular_step{0};  ///< what rows at irregular times are averaged over; 0: see
                               ///< history/series_grid.h
  bool complete = false;       ///< a value for every step, in order: else an error with its line
};
struct LongCsv {
  Series series;
  std::vector<std::string> repairs;  ///< what was done to the rows, a sentence each
};
/// Timestamps as core/time.h reads them (UTC, or with an offset such as +02:00), or since 1970 in
/// s, ms, us or ns. What cannot be read stops with "name:line: what; what would be right"
/// (kInvalidArgument): a row that has not two fields, a time that is none, a value that is no
/// number, is negative or infinite. What can be repaired is, and `repairs` says so: order, repeated
/// and irregular times (history/series_grid.h), words for a missing value. Where the series must be
/// `complete` none of these is repaired: the first row that is early, repeated, late, between steps,
/// without a value or above kMostDemand stops. Bounds: 10 million rows, 4096 bytes a line.
inline constexpr double kMostDemand = 1e15;
[[nodiscard]] StatusOr<LongCsv> ReadLongCsv(std::istream& in, const LongCsvOptions& options);

struct PanelCsvOptions {
  std::string name = "input";
  Duration step{0};  ///< of all series; positive
  WallTime start{};  ///< of v1, in all series
};
struct PanelCsv {
  std::vector<NamedSeries> series;  ///< in the order of the file; ids differ and are not empty
  std::vector<std::string> repairs;
};
/// Empty fields at the end of a line end the series; inside they are gaps. A first line without any
/// number is the header. Errors as ReadLongCsv. Bounds: 1 million series, 100 million values, 64
/// MiB a line.
[[nodiscard]] StatusOr<PanelCsv> ReadPanelCsv(std::istream& in, const PanelCsvOptions& options);

}  // namespace tidewright
