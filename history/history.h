// What was observed, on disk: one embedded SQLite file.
#pragma once

#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "collector/load_snapshot.h"
#include "core/series.h"
#include "core/status.h"
#include "core/topology.h"

namespace tidewright {

/// One value of one series, for the step that begins at `at`.
struct HistoryPoint {
  SeriesKey key;
  WallTime at;
  double value = 0;
  unsigned flags = 0;  ///< SampleFlag
};

/// Thread-safe.
class History {
 public:
  static constexpr Duration kStep = std::chrono::minutes(1);

  virtual ~History() = default;
  /// Creates the file when it is not there. kFailedPrecondition for a file of a newer version.
  static StatusOr<std::unique_ptr<History>> Open(const std::string& path);

  /// One durable commit. A value for a step that is already there replaces it. Refuses what is not
  /// finite (kInvalidArgument). kResourceExhausted when the disk is full; nothing is half-written.
  virtual Status Append(const std::vector<HistoryPoint>& values) = 0;
  /// Steps without an observation are gaps. Empty (not an error) for an unknown series.
  virtual StatusOr<Series> Read(const SeriesKey& key, WallTime from, WallTime to) const = 0;
  virtual StatusOr<std::vector<SeriesKey>> List() const = 0;
  /// Bytes on disk.
  virtual StatusOr<std::int64_t> Size() const = 0;
  /// Folds minute rows into compressed chunks and drops what is past its retention.
  virtual Status Fold(WallTime now) = 0;
};

}  // namespace tidewright
