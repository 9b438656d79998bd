#include "history/history.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <mutex>

#include "history/fold.h"
#include "history/tables.h"
#include "io/sqlite.h"

namespace tidewright {
namespace {

Status CheckStretch(const HistorySeries& stretch) {
  const Series& series = stretch.series;
  if (series.step < History::kStep || series.step % History::kStep != Duration(0) ||
      (!series.flags.empty() && series.flags.size() != series.values.size())) {
    return Error(StatusCode::kInvalidArgument,
                 "{}: a step of {} and {} flags for {} values; the step must be whole minutes",
                 ToString(stretch.key), FormatDuration(series.step), series.flags.size(),
                 series.values.size());
  }
  const auto infinite = std::find_if(series.values.begin(), series.values.end(),
                                     [](double v) { return std::isinf(v); });
  if (infinite != series.values.end() || series.start < WallTime{}) {
    return Error(StatusCode::kInvalidArgument,
                 "{}: infinite values and times before 1970 are not kept", ToString(stretch.key));
  }
  return OkStatus();
}

/// Writes stretches chunk by chunk, past the rows.
class Importer {
 public:
  static Status Run(io::SqliteDatabase& database, const std::vector<HistorySeries>& stretches) {
    TW_ASSIGN_OR_RETURN(SeriesTable series, SeriesTable::Prepare(database));
    TW_ASSIGN_OR_RETURN(ChunkTable chunks, ChunkTable::Prepare(database));
    TW_ASSIGN_OR_RETURN(auto remove,
                        database.Prepare("DELETE FROM recent WHERE minute=?1 AND series=?2"));
    TW_ASSIGN_OR_RETURN(const auto recent, RecentSpan(database));
    Importer importer(std::move(chunks), std::move(remove), recent);
    for (const HistorySeries& stretch : stretches) {
      TW_ASSIGN_OR_RETURN(importer.series_, series.FindOrAdd(stretch.key));
      TW_RETURN_IF_ERROR(importer.Write(stretch.series));
    }
    return OkStatus();
  }

 private:
  Importer(ChunkTable chunks, io::SqliteStatement remove, std::optional<MinuteSpan> recent)
      : chunks_(std::move(chunks)), remove_(std::move(remove)), recent_(recent) {}

  Status Write(const Series& series) {
    const auto width = static_cast<Minute>(series.step / History::kStep);
    const Minute first = ToMinute(series.start);
    for (std::size_t i = 0; i < series.size(); ++i) {
      if (Series::IsGap(series.values[i])) continue;
      const unsigned flags = series.flags.empty() ? 0 : series.flags[i];
      const Minute begin = first + static_cast<Minute>(i) * width;
      for (Minute m = begin; m < begin + width; ++m) {
        TW_RETURN_IF_ERROR(Put({.minute = m, .value = series.values[i], .flags = flags}));
      }
    }
    return Flush();
  }

  Status Put(const MinuteSample& sample) {
    if (!pending_.empty() &&
        ChunkStart(pending_.front().minute, 1) != ChunkStart(sample.minute, 1)) {
      TW_RETURN_IF_ERROR(Flush());
    }
    pending_.push_back(sample);
    // A row would win over what is written here.
    if (recent_ && sample.minute >= recent_->first && sample.minute <= recent_->last) {
      return remove_.Run(sample.minute, series_);
    }
    return OkStatus();
  }

  Status Flush() {
    if (pending_.empty()) return OkStatus();
    const Status status =
        chunks_.Merge(series_, 1, ChunkStart(pending_.front().minute, 1), pending_);
    pending_.clear();
    return status;
  }

  ChunkTable chunks_;
  io::SqliteStatement remove_;
  std::optional<MinuteSpan> recent_;
  std::int64_t series_ = 0;
  std::vector<MinuteSample> pending_;  ///< of one chunk
};

Status AppendRows(io::SqliteDatabase& database, const std::vector<HistoryPoint>& values) {
  TW_ASSIGN_OR_RETURN(SeriesTable table, SeriesTable::Prepare(database));
  TW_ASSIGN_OR_RETURN(
      auto insert, database.Prepare("INSERT OR REPLACE INTO recent(minute, series, value, flags) "
                                    "VALUES(?1, ?2, ?3, ?4)"));
  // Looked up anew in each transaction: a fold, also another process's, may have dropped a series.
  std::map<SeriesKey, std::int64_t> ids;
  for (const HistoryPoint& point : values) {
    auto found = ids.find(point.key);
    if (found == ids.end()) {
      TW_ASSIGN_OR_RETURN(const std::int64_t id, table.FindOrAdd(point.key));
      found = ids.emplace(point.key, id).first;
    }
    TW_RETURN_IF_ERROR(insert.Run(ToMinute(point.at), found->second, point.value,
                                  static_cast<std::int64_t>(point.flags)));
  }
  return OkStatus();
}

class SqliteHistory : public History {
 public:
  SqliteHistory(std::unique_ptr<io::SqliteDatabase> writer,
                std::unique_ptr<io::SqliteDatabase> reader)
      : writer_(std::move(writer)), reader_(std::move(reader)) {}

  Status Append(const std::vector<HistoryPoint>& values) override {
    if (values.empty()) return OkStatus();
    for (const HistoryPoint& point : values) {
      if (!std::isfinite(point.value) || point.at < WallTime{}) {
        return Error(StatusCode::kInvalidArgument,
                     "{} at {}: {} cannot be kept; values are finite, times after 1970",
                     ToString(point.key), FormatTime(point.at), point.value);
      }
    }
    const std::lock_guard lock(writer_mutex_);
    return writer_->Transact([&] { return AppendRows(*writer_, values); });
  }

  Status Import(const std::vector<HistorySeries>& stretches) override {
    for (const HistorySeries& stretch : stretches) TW_RETURN_IF_ERROR(CheckStretch(stretch));
    const std::lock_guard lock(writer_mutex_);
    return writer_->Transact([&] { return Importer::Run(*writer_, stretches); });
  }

  Status KeepStates(const std::vector<KeptState>& states) override {
    if (states.empty()) return OkStatus();
    const std::lock_guard lock(writer_mutex_);
    return writer_->Transact([&]() -> Status {
      TW_ASSIGN_OR_RETURN(
          auto insert,
          writer_->Prepare("INSERT OR REPLACE INTO forecast_state(cluster, scope, name, resource, "
                           "data) VALUES(?1, ?2, ?3, ?4, ?5)"));
      for (const KeptState& state : states) {
        TW_RETURN_IF_ERROR(insert.Run(state.key.cluster, ScopeName(state.key.scope), state.key.id,
                                      ResourceName(state.key.resource),
                                      io::SqliteBlob{state.bytes}));
      }
      return OkStatus();
    });
  }

  StatusOr<std::string> ReadState(const SeriesKey& key) const override {
    const std::lock_guard lock(reader_mutex_);
    TW_ASSIGN_OR_RETURN(auto select,
                        reader_->Prepare("SELECT data FROM forecast_state WHERE cluster=?1 AND "
                                         "scope=?2 AND name=?3 AND resource=?4"));
    std::string bytes;
    TW_RETURN_IF_ERROR(select.ForEach(
        [&](const io::SqliteRow& row) {
          bytes = std::string(row.View(0));
          return OkStatus();
        },
        key.cluster, ScopeName(key.scope), key.id, ResourceName(key.resource)));
    return bytes;
  }

  StatusOr<Series> Read(const SeriesKey& key, WallTime from, WallTime to) const override {
    Series series{.start = FloorTo(from, kStep), .step = kStep, .values = {}, .flags = {}};
    if (to <= from) return series;
    if (to - from > kMaxRange) {
      return Error(StatusCode::kInvalidArgument,
                   "a range of {} is too long; read at most {} at once", FormatDuration(to - from),
                   FormatDuration(kMaxRange));
    }
    const std::lock_guard lock(reader_mutex_);
    // One snapshot: a fold between two queries would hide the rows that it moves.
    TW_RETURN_IF_ERROR(reader_->Snapshot([&]() -> Status {
      TW_ASSIGN_OR_RETURN(const auto id, FindSeries(key));
      if (!id) return OkStatus();
      series.values.assign(
          static_cast<std::size_t>((to - series.start + kStep - Duration(1)) / kStep),
          Series::kGap);
      return ReadMinutes(*reader_, *id, ToMinute(series.start), series);
    }));
    return series;
  }

  StatusOr<TimeRange> Extent(const SeriesKey& key) const override {
    std::optional<MinuteSpan> whole;
    const std::lock_guard lock(reader_mutex_);
    TW_RETURN_IF_ERROR(reader_->Snapshot([&]() -> Status {
      TW_ASSIGN_OR_RETURN(const auto id, FindSeries(key));
      if (!id) return OkStatus();
      TW_ASSIGN_OR_RETURN(whole, RecentSpan(*reader_));
      if (whole) ++whole->last;
      TW_ASSIGN_OR_RETURN(auto statement,
                          reader_->Prepare("SELECT min(first), max(first) FROM chunk WHERE "
                                           "series=?1 AND resolution=?2"));
      for (int resolution : kResolutions) {
        TW_RETURN_IF_ERROR(statement.ForEach(
            [&](const io::SqliteRow& row) {
              if (row.IsNull(0)) return OkStatus();
              const Minute end = row.Int(1) + static_cast<Minute>(resolution) * kChunkSamples;
              if (!whole) whole = MinuteSpan{.first = row.Int(0), .last = end};
              whole->first = std::min(whole->first, row.Int(0));
              whole->last = std::max(whole->last, end);
              return OkStatus();
            },
            *id, resolution));
      }
      return OkStatus();
    }));
    if (!whole) return TimeRange{};
    return TimeRange{.from = FromMinute(whole->first), .to = FromMinute(whole->last)};
  }

  StatusOr<std::vector<SeriesKey>> List() const override {
    std::vector<SeriesKey> keys;
    const std::lock_guard lock(reader_mutex_);
    TW_ASSIGN_OR_RETURN(auto statement,
                        reader_->Prepare("SELECT cluster, scope, name, resource FROM series"));
    TW_RETURN_IF_ERROR(statement.ForEach([&](const io::SqliteRow& row) {
      const auto scope = ParseScope(row.View(1));
      const auto resource = ParseResource(row.Text(3));
      if (scope && resource) {
        keys.push_back(
            {.cluster = row.Text(0), .scope = *scope, .id = row.Text(2), .resource = *resource});
      }
      return OkStatus();
    }));
    std::sort(keys.begin(), keys.end());
    return keys;
  }

  StatusOr<std::int64_t> Size() const override {
    std::int64_t bytes = 0;
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::error_code error;
      const auto size = std::filesystem::file_size(reader_->path() + suffix, error);
      if (!error) bytes += static_cast<std::int64_t>(size);
    }
    return bytes;
  }

  Status Fold(WallTime now) override {
    const std::lock_guard lock(fold_mutex_);
    return FoldHistory(*writer_, writer_mutex_, ToMinute(now), Retention{});
  }

 private:
  StatusOr<std::optional<std::int64_t>> FindSeries(const SeriesKey& key) const {
    TW_ASSIGN_OR_RETURN(SeriesTable table, SeriesTable::Prepare(*reader_));
    return table.Find(key);
  }

  std::mutex fold_mutex_;  ///< one fold at a time; taken before writer_mutex_
  std::mutex writer_mutex_;
  std::unique_ptr<io::SqliteDatabase> writer_;
  mutable std::mutex reader_mutex_;
  std::unique_ptr<io::SqliteDatabase> reader_;
};

}  // namespace

StatusOr<std::unique_ptr<History>> History::Open(const std::string& path) {
  TW_ASSIGN_OR_RETURN(auto writer, io::SqliteDatabase::Open(path, HistorySchema()));
  TW_ASSIGN_OR_RETURN(auto reader, io::SqliteDatabase::Open(path, HistorySchema()));
  return std::unique_ptr<History>(
      std::make_unique<SqliteHistory>(std::move(writer), std::move(reader)));
}

}  // namespace tidewright
