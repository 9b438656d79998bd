// Recommendations in the journal's file. Each function is a part of a transaction of the caller.
#pragma once

#include <string>
#include <vector>

#include "io/sqlite.h"
#include "journal/journal.h"

namespace tidewright {

[[nodiscard]] Status SaveRecommendationRow(io::SqliteDatabase& database, const Recommendation& r);
[[nodiscard]] StatusOr<Recommendation> FindRecommendationRow(io::SqliteDatabase& database,
                                                             const std::string& hash_prefix);
[[nodiscard]] StatusOr<std::vector<Recommendation>> RecommendationRows(io::SqliteDatabase& database,
                                                                       int limit);

struct Decision {
  RecommendationState state = RecommendationState::kApproved;
  std::string who;
  std::string comment;
  WallTime at;
};
[[nodiscard]] Status DecideRow(io::SqliteDatabase& database, const std::string& hash_prefix,
                               const Decision& decision);
[[nodiscard]] Status ExpireRows(io::SqliteDatabase& database, WallTime now);

}  // namespace tidewright
