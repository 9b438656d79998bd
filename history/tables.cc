#include "history/tables.h"

#include <algorithm>
#include <cmath>

namespace tidewright {
namespace {

constexpr std::int32_t kApplicationId = 0x54774869;  // "TwHi"

constexpr const char* kVersion1 = R"sql(
CREATE TABLE series(
  id INTEGER PRIMARY KEY, cluster TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL,
  resource TEXT NOT NULL, UNIQUE(cluster, scope, name, resource));
CREATE TABLE recent(
  minute INTEGER NOT NULL, series INTEGER NOT NULL, value REAL NOT NULL, flags INTEGER NOT NULL,
  PRIMARY KEY(minute, series)) WITHOUT ROWID;
CREATE TABLE chunk(
  series INTEGER NOT NULL, resolution INTEGER NOT NULL, first INTEGER NOT NULL, data BLOB NOT NULL,
  PRIMARY KEY(series, resolution, first)) WITHOUT ROWID;
)sql";

constexpr const char* kVersion2 = R"sql(
CREATE TABLE forecast_state(
  cluster TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL, resource TEXT NOT NULL,
  data BLOB NOT NULL, PRIMARY KEY(cluster, scope, name, resource)) WITHOUT ROWID;
)sql";

StatusOr<ChunkSamples> Decode(std::string_view data, const std::string& path) {
  auto samples = DecodeChunk(data);
  if (!samples.ok()) {
    return Annotate(
        samples.status(),
        path + " is damaged (restore it from a backup, or move it away to begin a new one)");
  }
  return samples;
}

ChunkSamples AllGaps() {
  return {.values = std::vector<double>(kChunkSamples, Series::kGap),
          .flags = std::vector<unsigned>(kChunkSamples, 0)};
}

/// Minutes of `out` are [first, first + size).
class Canvas {
 public:
  Canvas(Minute first, Series& out) : first_(first), out_(out), flags_(out.size(), 0) {}

  [[nodiscard]] Minute first() const { return first_; }
  [[nodiscard]] Minute end() const { return first_ + static_cast<Minute>(out_.size()); }
  void Put(Minute minute, double value, unsigned flags) {
    const auto i = static_cast<std::size_t>(minute - first_);
    out_.values[i] = value;
    flags_[i] = flags;
  }
  void PutChunk(Minute chunk_first, int resolution, const ChunkSamples& samples) {
    for (std::size_t i = 0; i < samples.values.size(); ++i) {
      if (Series::IsGap(samples.values[i])) continue;
      const Minute begin = chunk_first + static_cast<Minute>(i) * resolution;
      const Minute stop = std::min(begin + resolution, end());
      for (Minute m = std::max(begin, first_); m < stop; ++m) {
        Put(m, samples.values[i], samples.flags[i]);
      }
    }
  }
  /// Series without any flag carry no vector of flags.
  void Finish() {
    if (std::any_of(flags_.begin(), flags_.end(), [](unsigned f) { return f != 0; })) {
      out_.flags = std::move(flags_);
    }
  }

 private:
  Minute first_;
  Series& out_;
  std::vector<unsigned> flags_;
};

Status PutChunks(io::SqliteDatabase& database, std::int64_t series, Canvas& canvas) {
  TW_ASSIGN_OR_RETURN(auto statement,
                      database.Prepare("SELECT first, data FROM chunk WHERE series=?1 AND "
                                       "resolution=?2 AND first>=?3 AND first<?4"));
  for (auto it = kResolutions.rbegin(); it != kResolutions.rend(); ++it) {
    TW_RETURN_IF_ERROR(statement.ForEach(
        [&](const io::SqliteRow& row) -> Status {
          TW_ASSIGN_OR_RETURN(const ChunkSamples samples, Decode(row.View(1), database.path()));
          canvas.PutChunk(row.Int(0), *it, samples);
          return OkStatus();
        },
        series, *it, ChunkStart(canvas.first(), *it), canvas.end()));
  }
  return OkStatus();
}

Status PutRecent(io::SqliteDatabase& database, std::int64_t series, Canvas& canvas) {
  TW_ASSIGN_OR_RETURN(const auto span, RecentSpan(database));
  if (!span) return OkStatus();
  TW_ASSIGN_OR_RETURN(
      auto statement,
      database.Prepare("SELECT value, flags FROM recent WHERE minute=?1 AND series=?2"));
  const Minute last = std::min(span->last, canvas.end() - 1);
  for (Minute m = std::max(span->first, canvas.first()); m <= last; ++m) {
    TW_RETURN_IF_ERROR(statement.ForEach(
        [&](const io::SqliteRow& row) {
          canvas.Put(m, row.Real(0), static_cast<unsigned>(row.Int(1)));
          return OkStatus();
        },
        m, series));
  }
  return OkStatus();
}

}  // namespace

io::SqliteSchema HistorySchema() {
  return {.application_id = kApplicationId, .what = "history", .versions = {kVersion1, kVersion2}};
}

Minute ToMinute(WallTime time) {
  return FloorTo(time, std::chrono::minutes(1)).time_since_epoch() / std::chrono::minutes(1);
}

WallTime FromMinute(Minute minute) { return WallTime(std::chrono::minutes(minute)); }

std::optional<Scope> ParseScope(std::string_view name) {
  for (Scope scope : {Scope::kCluster, Scope::kShard, Scope::kPartition, Scope::kTenant}) {
    if (name == ScopeName(scope)) return scope;
  }
  return std::nullopt;
}

StatusOr<SeriesTable> SeriesTable::Prepare(io::SqliteDatabase& database) {
  TW_ASSIGN_OR_RETURN(auto find,
                      database.Prepare("SELECT id FROM series WHERE cluster=?1 AND scope=?2 AND "
                                       "name=?3 AND resource=?4"));
  TW_ASSIGN_OR_RETURN(
      auto add,
      database.Prepare("INSERT INTO series(cluster, scope, name, resource) VALUES(?1, ?2, ?3, ?4) "
                       "RETURNING id"));
  return SeriesTable(std::move(find), std::move(add));
}

StatusOr<std::optional<std::int64_t>> SeriesTable::Find(const SeriesKey& key) {
  std::optional<std::int64_t> id;
  TW_RETURN_IF_ERROR(find_.ForEach(
      [&](const io::SqliteRow& row) {
        id = row.Int(0);
        return OkStatus();
      },
      key.cluster, ScopeName(key.scope), key.id, ResourceName(key.resource)));
  return id;
}

StatusOr<std::int64_t> SeriesTable::FindOrAdd(const SeriesKey& key) {
  TW_ASSIGN_OR_RETURN(const auto found, Find(key));
  if (found) return *found;
  std::int64_t id = 0;
  TW_RETURN_IF_ERROR(add_.ForEach(
      [&](const io::SqliteRow& row) {
        id = row.Int(0);
        return OkStatus();
      },
      key.cluster, ScopeName(key.scope), key.id, ResourceName(key.resource)));
  return id;
}

StatusOr<ChunkTable> ChunkTable::Prepare(io::SqliteDatabase& database) {
  constexpr const char* kWhich = "WHERE series=?1 AND resolution=?2 AND first";
  TW_ASSIGN_OR_RETURN(auto load,
                      database.Prepare(fmt::format("SELECT data FROM chunk {}=?3", kWhich)));
  TW_ASSIGN_OR_RETURN(auto save,
                      database.Prepare("INSERT OR REPLACE INTO chunk(series, resolution, "
                                       "first, data) VALUES(?1, ?2, ?3, ?4)"));
  TW_ASSIGN_OR_RETURN(auto remove,
                      database.Prepare(fmt::format("DELETE FROM chunk {}=?3", kWhich)));
  TW_ASSIGN_OR_RETURN(auto firsts, database.Prepare(fmt::format(
                                       "SELECT first FROM chunk {}<?3 ORDER BY first", kWhich)));
  return ChunkTable(std::move(load), std::move(save), std::move(remove), std::move(firsts),
                    database.path());
}

StatusOr<ChunkSamples> ChunkTable::Load(std::int64_t series, int resolution, Minute first) {
  ChunkSamples samples = AllGaps();
  TW_RETURN_IF_ERROR(load_.ForEach(
      [&](const io::SqliteRow& row) -> Status {
        TW_ASSIGN_OR_RETURN(samples, Decode(row.View(0), path_));
        samples.values.resize(kChunkSamples, Series::kGap);
        samples.flags.resize(kChunkSamples, 0);
        return OkStatus();
      },
      series, resolution, first));
  return samples;
}

Status ChunkTable::Merge(std::int64_t series, int resolution, Minute first,
                         const std::vector<MinuteSample>& samples) {
  if (samples.empty()) return OkStatus();
  TW_ASSIGN_OR_RETURN(ChunkSamples merged, Load(series, resolution, first));
  for (const MinuteSample& sample : samples) {
    const auto i = static_cast<std::size_t>((sample.minute - first) / resolution);
    merged.values[i] = sample.value;
    merged.flags[i] = sample.flags;
  }
  const std::string data = EncodeChunk(merged);
  return save_.Run(series, resolution, first, io::SqliteBlob{data});
}

Status ChunkTable::Remove(std::int64_t series, int resolution, Minute first) {
  return remove_.Run(series, resolution, first);
}

StatusOr<std::vector<Minute>> ChunkTable::FirstsBefore(std::int64_t series, int resolution,
                                                       Minute before) {
  std::vector<Minute> firsts;
  TW_RETURN_IF_ERROR(firsts_.ForEach(
      [&](const io::SqliteRow& row) {
        firsts.push_back(row.Int(0));
        return OkStatus();
      },
      series, resolution, before));
  return firsts;
}

StatusOr<std::optional<MinuteSpan>> RecentSpan(io::SqliteDatabase& database) {
  // Two queries: SQLite finds min or max alone at the ends of the key.
  std::optional<MinuteSpan> span;
  for (const char* sql : {"SELECT min(minute) FROM recent", "SELECT max(minute) FROM recent"}) {
    TW_ASSIGN_OR_RETURN(auto statement, database.Prepare(sql));
    TW_RETURN_IF_ERROR(statement.ForEach([&](const io::SqliteRow& row) {
      if (row.IsNull(0)) return OkStatus();
      if (span) {
        span->last = row.Int(0);
      } else {
        span = MinuteSpan{.first = row.Int(0), .last = row.Int(0)};
      }
      return OkStatus();
    }));
  }
  return span;
}

Status ReadMinutes(io::SqliteDatabase& database, std::int64_t series, Minute first, Series& out) {
  Canvas canvas(first, out);
  TW_RETURN_IF_ERROR(PutChunks(database, series, canvas));
  TW_RETURN_IF_ERROR(PutRecent(database, series, canvas));
  canvas.Finish();
  return OkStatus();
}

}  // namespace tidewright
