// History as text. Two forms:
//   timestamp,value                                 one series, named by the caller
//   timestamp,scope,id,resource,value[,flags]       any number of them
// Timestamps as core/time.h reads them (ISO 8601 in UTC, or seconds since 1970). scope is cluster,
// shard, partition or tenant; id is empty for the cluster itself; resource is requests, cpu, memory
// or network; flags is empty or some of saturated, throttled and moving, joined by '|'. A field
// that holds a comma or a quote stands in quotes, doubled inside. The header line may be missing;
// blank lines, CRLF and a byte-order mark are no errors; rows come in any order.
#pragma once

#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "history/history.h"

namespace tidewright {

struct CsvReport {
  std::int64_t rows = 0;  ///< lines with a value
  std::int64_t series = 0;
  WallTime first;    ///< the earliest minute
  WallTime last;     ///< the latest minute that has a row
  Duration step{0};  ///< the coarsest of the series' steps
};

/// Reads all of it before it writes any of it, in one commit. An unreadable row stops with line
/// number and remedy (kInvalidArgument), and so do values that are negative or not finite, and two
/// rows of a series at one time.
/// Rows within one minute are averaged. Rows further apart stand until the next one, at most for
/// the series' step: the distance that a tenth of its rows keep or undercut, in whole minutes, at
/// most an hour. `default_key` names the series of two-column files; without it those are refused.
[[nodiscard]] StatusOr<CsvReport> ImportCsv(std::istream& in, const std::string& cluster,
                                            const std::optional<SeriesKey>& default_key,
                                            History& history);
/// One row for each observed minute of [from, to), in the six-column form. kUnavailable when `out`
/// takes no more.
[[nodiscard]] StatusOr<CsvReport> ExportCsv(const History& history, const std::string& cluster,
                                            WallTime from, WallTime to, std::ostream& out);

}  // namespace tidewright
