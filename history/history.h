// What was observed, on disk: one embedded SQLite file.
//
// Durability: WAL with synchronous=FULL, so that a call that returned OK survives a power cut; with
// one Append a minute at most a minute is ever lost. A second process (tidectl history import) may
// have the same file open; writers wait for each other up to 10 s, then get kUnavailable.
//
// Resolution: minute values 15 days, then means of 5 minutes to 90 days, then hourly means to 400
// days, all read back as minutes: where only a coarser mean is left, it stands in every minute that
// it was taken over; a mean needs half of its minutes. Values older than about two hours are kept
// to 7 significant digits.
//
// Errors of every call: kDataLoss a damaged file (named, with the remedy), kUnavailable as above,
// kInternal a failing disk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/series.h"
#include "core/status.h"
#include "core/time.h"

namespace tidewright {

/// One value of one series, for the step that begins at `at`.
struct HistoryPoint {
  SeriesKey key;
  WallTime at;
  double value = 0;
  unsigned flags = 0;  ///< SampleFlag
};

/// A stretch of one series. The step is a whole number of minutes.
struct HistorySeries {
  SeriesKey key;
  Series series;
};

/// What a forecaster has learned of one series, in its own encoding.
struct KeptState {
  SeriesKey key;
  std::string bytes;
};

/// [from, to)
struct TimeRange {
  WallTime from;
  WallTime to;
};

/// Thread-safe. A long Fold lets Append and Read through.
class History {
 public:
  static constexpr Duration kStep = std::chrono::minutes(1);
  /// The longest range that one Read answers.
  static constexpr Duration kMaxRange = std::chrono::days(500);

  virtual ~History() = default;
  /// Creates the file when it is not there. kFailedPrecondition for a file of a newer version or of
  /// somebody else, and for a folder that is missing or read-only.
  static StatusOr<std::unique_ptr<History>> Open(const std::string& path);

  /// One durable commit. Times are rounded down to the step. A value for a step that is already
  /// there replaces it. Refuses what is not finite and times before 1970 (kInvalidArgument).
  /// kResourceExhausted when the disk is full; nothing is half-written.
  virtual Status Append(const std::vector<HistoryPoint>& values) = 0;
  /// The same for whole stretches, in one commit, much faster for long ones (about 3 million
  /// minutes a second). Gaps leave what is there; a value of a step of several minutes stands in
  /// each.
  virtual Status Import(const std::vector<HistorySeries>& stretches) = 0;
  /// All steps of [from, to), the first one rounded down; steps without an observation are gaps.
  /// Empty (not an error) for an unknown series. kInvalidArgument for more than kMaxRange.
  virtual StatusOr<Series> Read(const SeriesKey& key, WallTime from, WallTime to) const = 0;
  /// One durable commit; replaces what was kept of these series.
  virtual Status KeepStates(const std::vector<KeptState>& states) = 0;
  /// What KeepStates kept last of this series; empty where nothing was.
  virtual StatusOr<std::string> ReadState(const SeriesKey& key) const = 0;
  /// Outside of it nothing of the series is stored; it may be some days wider than what is. Empty
  /// (from = to) for an unknown series.
  virtual StatusOr<TimeRange> Extent(const SeriesKey& key) const = 0;
  /// In the order of SeriesKey.
  virtual StatusOr<std::vector<SeriesKey>> List() const = 0;
  /// Bytes on disk, write-ahead log included.
  virtual StatusOr<std::int64_t> Size() const = 0;
  /// Folds minute rows into compressed chunks and drops what is past its retention. Call it every
  /// few minutes to hours; cheap when there is nothing to do.
  virtual Status Fold(WallTime now) = 0;
};

}  // namespace tidewright
