// Turning minute rows into chunks, fine chunks into coarse ones, and old ones into nothing.
#pragma once

#include <mutex>

#include "core/status.h"
#include "history/tables.h"
#include "io/sqlite.h"

namespace tidewright {

/// How long each resolution is kept, in minutes. A chunk goes only when all of it is past that.
struct Retention {
  Minute minutes = 15 * 1440;
  Minute five_minutes = 90 * 1440;
  Minute hours = 400 * 1440;
};

/// Takes `mutex`, which guards `database`, for one short transaction after another. A cut between
/// them loses nothing: each leaves the data whole.
[[nodiscard]] Status FoldHistory(io::SqliteDatabase& database, std::mutex& mutex, Minute now,
                                 const Retention& retention);

}  // namespace tidewright
