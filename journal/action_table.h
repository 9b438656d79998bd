// Actions, their steps and their notes in the journal's file. Each function is a part of a
// transaction of the caller.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actuator/action.h"
#include "io/sqlite.h"

namespace tidewright {

[[nodiscard]] Status SaveActionRow(io::SqliteDatabase& database, const ActionRecord& record);
[[nodiscard]] StatusOr<std::vector<ActionRecord>> ActionRows(io::SqliteDatabase& database,
                                                             int limit);
[[nodiscard]] StatusOr<std::optional<ActionRecord>> OpenActionRow(io::SqliteDatabase& database,
                                                                  const std::string& cluster);
[[nodiscard]] StatusOr<std::string> TakeActionId(io::SqliteDatabase& database);

[[nodiscard]] Status SaveNoteRow(io::SqliteDatabase& database, const std::string& action_id,
                                 const std::string& key, const std::string& value);
[[nodiscard]] StatusOr<std::map<std::string, std::string>> NoteRows(io::SqliteDatabase& database,
                                                                    const std::string& action_id);

}  // namespace tidewright
