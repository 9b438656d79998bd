// The tables of the history file and the words for reading and writing them.
//
//   series  one row a series: its integer id
//   recent  minute values that are not folded yet. Keyed by minute first: the one commit a minute
//           touches a few pages, however many series there are.
//   chunk   120 samples of one series at 1, 5 or 60 minutes, encoded (history/chunk.h). Keyed by
//           series first: reading a month of one series is one short walk.
//
// Where the same minute is in several, a row wins over a chunk and a finer chunk over a coarser
// one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/series.h"
#include "core/status.h"
#include "history/chunk.h"
#include "io/sqlite.h"

namespace tidewright {

/// Since 1970.
using Minute = std::int64_t;
inline constexpr std::array<int, 3> kResolutions = {1, 5, 60};

[[nodiscard]] io::SqliteSchema HistorySchema();
[[nodiscard]] Minute ToMinute(WallTime time);
[[nodiscard]] WallTime FromMinute(Minute minute);
[[nodiscard]] std::optional<Scope> ParseScope(std::string_view name);

/// The first minute of the chunk that holds `minute`.
[[nodiscard]] inline Minute ChunkStart(Minute minute, int resolution) {
  const Minute span = static_cast<Minute>(resolution) * kChunkSamples;
  return minute - ((minute % span) + span) % span;
}

struct MinuteSample {
  Minute minute = 0;
  double value = 0;
  unsigned flags = 0;
};

/// Prepared statements on the series table; made for one transaction.
class SeriesTable {
 public:
  static StatusOr<SeriesTable> Prepare(io::SqliteDatabase& database);
  StatusOr<std::optional<std::int64_t>> Find(const SeriesKey& key);
  StatusOr<std::int64_t> FindOrAdd(const SeriesKey& key);

 private:
  SeriesTable(io::SqliteStatement find, io::SqliteStatement add)
      : find_(std::move(find)), add_(std::move(add)) {}
  io::SqliteStatement find_;
  io::SqliteStatement add_;
};

/// Prepared statements on the chunk table; made for one transaction.
class ChunkTable {
 public:
  static StatusOr<ChunkTable> Prepare(io::SqliteDatabase& database);

  /// All gaps when there is none.
  StatusOr<ChunkSamples> Load(std::int64_t series, int resolution, Minute first);
  /// Lays samples over the chunk that begins at `first`, in which all of them fall.
  Status Merge(std::int64_t series, int resolution, Minute first,
               const std::vector<MinuteSample>& samples);
  Status Remove(std::int64_t series, int resolution, Minute first);
  /// The first minutes of the chunks that begin before `before`, rising.
  StatusOr<std::vector<Minute>> FirstsBefore(std::int64_t series, int resolution, Minute before);

 private:
  ChunkTable(io::SqliteStatement load, io::SqliteStatement save, io::SqliteStatement remove,
             io::SqliteStatement firsts, std::string path)
      : load_(std::move(load)),
        save_(std::move(save)),
        remove_(std::move(remove)),
        firsts_(std::move(firsts)),
        path_(std::move(path)) {}
  io::SqliteStatement load_;
  io::SqliteStatement save_;
  io::SqliteStatement remove_;
  io::SqliteStatement firsts_;
  std::string path_;
};

/// The first and the last minute of `recent`; absent when it is empty.
struct MinuteSpan {
  Minute first = 0;
  Minute last = 0;
};
[[nodiscard]] StatusOr<std::optional<MinuteSpan>> RecentSpan(io::SqliteDatabase& database);

/// Fills the values and flags of `out`, whose minutes are [first, first + out.size()).
[[nodiscard]] Status ReadMinutes(io::SqliteDatabase& database, std::int64_t series, Minute first,
                                 Series& out);

}  // namespace tidewright
