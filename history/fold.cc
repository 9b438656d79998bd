#include "history/fold.h"

#include <algorithm>
#include <limits>
#include <map>

namespace tidewright {
namespace {

/// Series of one transaction: bounds its memory and the time for which it keeps others waiting.
constexpr std::int64_t kBatch = 1024;

StatusOr<std::int64_t> MaxSeries(io::SqliteDatabase& database) {
  return database.QueryInt("SELECT max(id) FROM series");
}

/// Rows of [first, first + 120) of the series [low, high) become chunks.
Status FoldRows(io::SqliteDatabase& database, Minute first, std::int64_t low, std::int64_t high) {
  TW_ASSIGN_OR_RETURN(
      auto select, database.Prepare("SELECT series, value, flags FROM recent WHERE minute=?1 AND "
                                    "series>=?2 AND series<?3"));
  TW_ASSIGN_OR_RETURN(
      auto remove,
      database.Prepare("DELETE FROM recent WHERE minute=?1 AND series>=?2 AND series<?3"));
  TW_ASSIGN_OR_RETURN(ChunkTable chunks, ChunkTable::Prepare(database));
  std::map<std::int64_t, std::vector<MinuteSample>> samples;
  for (Minute m = first; m < first + kChunkSamples; ++m) {
    TW_RETURN_IF_ERROR(select.ForEach(
        [&](const io::SqliteRow& row) {
          samples[row.Int(0)].push_back(
              {.minute = m, .value = row.Real(1), .flags = static_cast<unsigned>(row.Int(2))});
          return OkStatus();
        },
        m, low, high));
    TW_RETURN_IF_ERROR(remove.Run(m, low, high));
  }
  for (const auto& [series, values] : samples) {
    TW_RETURN_IF_ERROR(chunks.Merge(series, 1, first, values));
  }
  return OkStatus();
}

/// Rows of all two-hour blocks that have ended.
Status FoldEndedRows(io::SqliteDatabase& database, std::mutex& mutex, Minute now) {
  while (true) {
    Minute first = 0;
    std::int64_t max_series = 0;
    {
      const std::lock_guard lock(mutex);
      TW_ASSIGN_OR_RETURN(const auto span, RecentSpan(database));
      if (!span) return OkStatus();
      first = ChunkStart(span->first, 1);
      TW_ASSIGN_OR_RETURN(max_series, MaxSeries(database));
    }
    if (first + kChunkSamples > now) return OkStatus();
    for (std::int64_t low = 0; low <= max_series; low += kBatch) {
      // The last batch is open: no row of the block stays behind, or this would never end.
      const std::int64_t high =
          low + kBatch > max_series ? std::numeric_limits<std::int64_t>::max() : low + kBatch;
      const std::lock_guard lock(mutex);
      TW_RETURN_IF_ERROR(database.Transact([&] { return FoldRows(database, first, low, high); }));
    }
  }
}

/// Means over `coarse` minutes of what one coarse chunk's time holds at `fine`.
Status CoarsenChunk(ChunkTable& chunks, std::int64_t series, int fine, int coarse,
                    const std::vector<Minute>& fine_firsts, Minute coarse_first) {
  const auto size = static_cast<std::size_t>(kChunkSamples * coarse / fine);
  Series joined{.start = FromMinute(coarse_first),
                .step = std::chrono::minutes(fine),
                .values = std::vector<double>(size, Series::kGap),
                .flags = std::vector<unsigned>(size, 0)};
  for (Minute first : fine_firsts) {
    TW_ASSIGN_OR_RETURN(const ChunkSamples samples, chunks.Load(series, fine, first));
    const auto offset = (first - coarse_first) / fine;
    std::copy(samples.values.begin(), samples.values.end(), joined.values.begin() + offset);
    std::copy(samples.flags.begin(), samples.flags.end(), joined.flags.begin() + offset);
    TW_RETURN_IF_ERROR(chunks.Remove(series, fine, first));
  }
  TW_ASSIGN_OR_RETURN(const Series means, Coarsen(joined, std::chrono::minutes(coarse)));
  std::vector<MinuteSample> samples;
  for (std::size_t i = 0; i < means.size(); ++i) {
    if (Series::IsGap(means.values[i])) continue;
    samples.push_back({.minute = coarse_first + static_cast<Minute>(i) * coarse,
                       .value = means.values[i],
                       .flags = means.flags[i]});
  }
  return chunks.Merge(series, coarse, coarse_first, samples);
}

/// Chunks at `fine` that lie wholly before `cutoff`, grouped by the coarse chunk they belong to.
Status CoarsenSeries(ChunkTable& chunks, std::int64_t series, int fine, int coarse, Minute cutoff) {
  TW_ASSIGN_OR_RETURN(const auto firsts,
                      chunks.FirstsBefore(series, fine, ChunkStart(cutoff, coarse)));
  std::map<Minute, std::vector<Minute>> groups;
  for (Minute first : firsts) groups[ChunkStart(first, coarse)].push_back(first);
  for (const auto& [coarse_first, members] : groups) {
    TW_RETURN_IF_ERROR(CoarsenChunk(chunks, series, fine, coarse, members, coarse_first));
  }
  return OkStatus();
}

/// A series whose last chunk has gone and that has no rows any more is forgotten.
Status ForgetIfEmpty(io::SqliteDatabase& database, std::int64_t series) {
  const std::string id = std::to_string(series);
  TW_ASSIGN_OR_RETURN(
      const std::int64_t kept,
      database.QueryInt("SELECT EXISTS(SELECT 1 FROM chunk WHERE series=" + id +
                        ") OR EXISTS(SELECT 1 FROM recent WHERE series=" + id + ")"));
  return kept != 0 ? OkStatus() : database.Execute("DELETE FROM series WHERE id=" + id);
}

Status AgeSeries(io::SqliteDatabase& database, ChunkTable& chunks, std::int64_t series, Minute now,
                 const Retention& retention) {
  TW_RETURN_IF_ERROR(CoarsenSeries(chunks, series, 1, 5, now - retention.minutes));
  TW_RETURN_IF_ERROR(CoarsenSeries(chunks, series, 5, 60, now - retention.five_minutes));
  TW_ASSIGN_OR_RETURN(const auto expired,
                      chunks.FirstsBefore(series, 60, ChunkStart(now - retention.hours, 60)));
  for (Minute first : expired) TW_RETURN_IF_ERROR(chunks.Remove(series, 60, first));
  return expired.empty() ? OkStatus() : ForgetIfEmpty(database, series);
}

}  // namespace

Status FoldHistory(io::SqliteDatabase& database, std::mutex& mutex, Minute now,
                   const Retention& retention) {
  TW_RETURN_IF_ERROR(FoldEndedRows(database, mutex, now));
  std::int64_t max_series = 0;
  {
    const std::lock_guard lock(mutex);
    TW_ASSIGN_OR_RETURN(max_series, MaxSeries(database));
  }
  for (std::int64_t low = 0; low <= max_series; low += kBatch) {
    const std::lock_guard lock(mutex);
    TW_RETURN_IF_ERROR(database.Transact([&]() -> Status {
      TW_ASSIGN_OR_RETURN(ChunkTable chunks, ChunkTable::Prepare(database));
      for (std::int64_t id = low; id < low + kBatch && id <= max_series; ++id) {
        TW_RETURN_IF_ERROR(AgeSeries(database, chunks, id, now, retention));
      }
      return OkStatus();
    }));
  }
  return OkStatus();
}

}  // namespace tidewright
