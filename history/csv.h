// History as text: "timestamp,scope,id,resource,value", or "timestamp,value" for one named series.
#pragma once

#include <istream>
#include <optional>
#include <ostream>

#include "history/history.h"

namespace tidewright {

struct CsvReport {
  std::int64_t rows = 0;
  std::int64_t series = 0;
  WallTime first;
  WallTime last;
};

/// Reads all of it before it writes any of it. An unreadable row stops with line number and remedy.
/// `default_key` names the series of two-column files; without it those are refused.
[[nodiscard]] StatusOr<CsvReport> ImportCsv(std::istream& in, const std::string& cluster,
                                            const std::optional<SeriesKey>& default_key,
                                            History& history);
[[nodiscard]] StatusOr<CsvReport> ExportCsv(const History& history, const std::string& cluster,
                                            WallTime from, WallTime to, std::ostream& out);

}  // namespace tidewright
