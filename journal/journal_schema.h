// The tables of the journal's file, version by version. Internal to journal.
#pragma once

#include "io/sqlite.h"

namespace tidewright {

[[nodiscard]] io::SqliteSchema JournalSchema();

}  // namespace tidewright
