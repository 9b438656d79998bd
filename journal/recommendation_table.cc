#include "journal/recommendation_table.h"

#include <algorithm>
#include <array>

#include "journal/encoding.h"

namespace tidewright {
namespace {

constexpr std::size_t kMinPrefix = 4;
constexpr std::array<RecommendationState, 6> kStates = {
    RecommendationState::kOpen,       RecommendationState::kApproved,
    RecommendationState::kRejected,   RecommendationState::kExpired,
    RecommendationState::kSuperseded, RecommendationState::kExecuted};

struct Row {
  std::int64_t number = 0;
  WallTime expires;
  Recommendation recommendation;
};

StatusOr<Row> ToRow(const io::SqliteRow& row) {
  Row out;
  out.number = row.Int(0);
  out.expires = FromMicros(row.Int(1));
  Recommendation& r = out.recommendation;
  r.hash = row.Text(2);
  TW_ASSIGN_OR_RETURN(r.state, ParseState(row.View(3), kStates, &RecommendationStateName));
  auto plan = ParsePlan(row.Text(4));
  if (!plan.ok()) {
    return Error(StatusCode::kDataLoss, "the plan of {} in the journal cannot be read: {}",
                 ShortHash(r.hash), Message(plan.status()));
  }
  r.plan = *std::move(plan);
  r.decided_by = row.Text(5);
  r.comment = row.Text(6);
  r.decided = FromMicros(row.Int(7));
  return out;
}

/// Rows newest first; `rest` begins with WHERE or ORDER BY.
template <typename... Args>
StatusOr<std::vector<Row>> Select(io::SqliteDatabase& database, const std::string& rest,
                                  const Args&... args) {
  TW_ASSIGN_OR_RETURN(auto select,
                      database.Prepare("SELECT number, expires, hash, state, plan, decided_by, "
                                       "comment, decided FROM recommendation " +
                                       rest));
  std::vector<Row> rows;
  TW_RETURN_IF_ERROR(select.ForEach(
      [&](const io::SqliteRow& row) -> Status {
        TW_ASSIGN_OR_RETURN(rows.emplace_back(), ToRow(row));
        return OkStatus();
      },
      args...));
  return rows;
}

StatusOr<std::vector<Row>> NewestOf(io::SqliteDatabase& database, const std::string& hash) {
  return Select(database, "WHERE hash=?1 ORDER BY number DESC LIMIT 1", hash);
}

StatusOr<Row> FindByPrefix(io::SqliteDatabase& database, const std::string& text) {
  std::string prefix = text;
  std::transform(prefix.begin(), prefix.end(), prefix.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (prefix.size() < kMinPrefix ||
      prefix.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return Error(StatusCode::kInvalidArgument,
                 "'{}' names no recommendation; write at least {} characters of its hash", text,
                 kMinPrefix);
  }
  TW_ASSIGN_OR_RETURN(auto select, database.Prepare("SELECT DISTINCT hash FROM recommendation "
                                                    "WHERE hash>=?1 AND hash<?2 LIMIT 4"));
  std::vector<std::string> hashes;
  TW_RETURN_IF_ERROR(select.ForEach(
      [&](const io::SqliteRow& row) {
        hashes.push_back(row.Text(0));
        return OkStatus();
      },
      prefix, prefix + "g"));
  if (hashes.empty()) {
    return Error(StatusCode::kNotFound, "there is no recommendation {}", text);
  }
  if (hashes.size() > 1) {
    std::string all;
    for (const auto& hash : hashes) all += (all.empty() ? "" : ", ") + ShortHash(hash);
    return Error(StatusCode::kInvalidArgument,
                 "'{}' fits several recommendations ({}); write more of it", text, all);
  }
  TW_ASSIGN_OR_RETURN(auto rows, NewestOf(database, hashes.front()));
  return std::move(rows.front());
}

Status Remove(io::SqliteDatabase& database, std::int64_t number) {
  TW_ASSIGN_OR_RETURN(auto remove, database.Prepare("DELETE FROM recommendation WHERE number=?1"));
  return remove.Run(number);
}

Status Insert(io::SqliteDatabase& database, const Recommendation& r) {
  TW_ASSIGN_OR_RETURN(
      auto insert,
      database.Prepare("INSERT INTO recommendation(hash, cluster, state, created, expires, plan, "
                       "decided_by, comment, decided) VALUES(?1, ?2, ?3, ?4, ?5, ?6, '', '', 0)"));
  return insert.Run(r.hash, r.plan.cluster, RecommendationStateName(RecommendationState::kOpen),
                    ToMicros(r.plan.created), ToMicros(r.plan.expires), CanonicalJson(r.plan));
}

Status Refresh(io::SqliteDatabase& database, const Row& old, const Recommendation& r) {
  Plan plan = r.plan;
  plan.created = old.recommendation.plan.created;
  TW_ASSIGN_OR_RETURN(
      auto update,
      database.Prepare("UPDATE recommendation SET expires=?2, plan=?3 WHERE number=?1"));
  return update.Run(old.number, ToMicros(plan.expires), CanonicalJson(plan));
}

Status Reopen(io::SqliteDatabase& database, const Row& old, const Recommendation& r) {
  switch (old.recommendation.state) {
    case RecommendationState::kOpen:
      return Refresh(database, old, r);
    case RecommendationState::kApproved:
      return OkStatus();
    case RecommendationState::kRejected:
      return r.plan.created < old.expires ? OkStatus() : Insert(database, r);
    case RecommendationState::kExecuted:
      return Insert(database, r);
    case RecommendationState::kExpired:
    case RecommendationState::kSuperseded:
      // Nobody decided on it: one row is enough, however often two plans take turns.
      TW_RETURN_IF_ERROR(Remove(database, old.number));
      return Insert(database, r);
  }
  return OkStatus();
}

Status CheckDecision(const Row& row, const Decision& decision) {
  const Recommendation& r = row.recommendation;
  const bool allowed =
      r.state == RecommendationState::kOpen || (r.state == RecommendationState::kApproved &&
                                                decision.state == RecommendationState::kExecuted);
  if (!allowed) {
    return Error(StatusCode::kFailedPrecondition, "{} is {} already{}", ShortHash(r.hash),
                 RecommendationStateName(r.state),
                 r.decided_by.empty() ? "" : " by " + r.decided_by);
  }
  if (row.expires <= decision.at) {
    return Error(StatusCode::kFailedPrecondition,
                 "{} expired at {}; look for what is recommended now", ShortHash(r.hash),
                 FormatTime(row.expires));
  }
  return OkStatus();
}

}  // namespace

const char* RecommendationStateName(RecommendationState state) {
  switch (state) {
    case RecommendationState::kOpen:
      return "open";
    case RecommendationState::kApproved:
      return "approved";
    case RecommendationState::kRejected:
      return "rejected";
    case RecommendationState::kExpired:
      return "expired";
    case RecommendationState::kSuperseded:
      return "superseded";
    case RecommendationState::kExecuted:
      return "executed";
  }
  return "unknown";
}

Status SaveRecommendationRow(io::SqliteDatabase& database, const Recommendation& r) {
  if (r.hash != PlanHash(r.plan)) {
    return Error(StatusCode::kInvalidArgument, "{} is not the hash of the plan that came with it",
                 ShortHash(r.hash));
  }
  TW_ASSIGN_OR_RETURN(auto supersede,
                      database.Prepare("UPDATE recommendation SET state=?1 WHERE cluster=?2 AND "
                                       "state=?3 AND hash<>?4"));
  TW_RETURN_IF_ERROR(supersede.Run(RecommendationStateName(RecommendationState::kSuperseded),
                                   r.plan.cluster,
                                   RecommendationStateName(RecommendationState::kOpen), r.hash));
  TW_ASSIGN_OR_RETURN(const auto newest, NewestOf(database, r.hash));
  return newest.empty() ? Insert(database, r) : Reopen(database, newest.front(), r);
}

StatusOr<Recommendation> FindRecommendationRow(io::SqliteDatabase& database,
                                               const std::string& hash_prefix) {
  TW_ASSIGN_OR_RETURN(Row row, FindByPrefix(database, hash_prefix));
  return std::move(row.recommendation);
}

StatusOr<std::vector<Recommendation>> RecommendationRows(io::SqliteDatabase& database, int limit) {
  TW_ASSIGN_OR_RETURN(auto rows,
                      Select(database, "ORDER BY number DESC LIMIT ?1", std::max(limit, 0)));
  std::vector<Recommendation> recommendations;
  for (Row& row : rows) recommendations.push_back(std::move(row.recommendation));
  return recommendations;
}

Status DecideRow(io::SqliteDatabase& database, const std::string& hash_prefix,
                 const Decision& decision) {
  if (decision.state != RecommendationState::kApproved &&
      decision.state != RecommendationState::kRejected &&
      decision.state != RecommendationState::kExecuted) {
    return Error(StatusCode::kInvalidArgument, "nobody decides that a recommendation is {}",
                 RecommendationStateName(decision.state));
  }
  TW_ASSIGN_OR_RETURN(const Row row, FindByPrefix(database, hash_prefix));
  TW_RETURN_IF_ERROR(CheckDecision(row, decision));
  const bool approved = row.recommendation.state == RecommendationState::kApproved;
  TW_ASSIGN_OR_RETURN(auto update,
                      database.Prepare("UPDATE recommendation SET state=?2, decided_by=?3, "
                                       "comment=?4, decided=?5 WHERE number=?1"));
  return update.Run(row.number, RecommendationStateName(decision.state),
                    approved ? row.recommendation.decided_by : decision.who,
                    approved ? row.recommendation.comment : decision.comment,
                    ToMicros(approved ? row.recommendation.decided : decision.at));
}

Status ExpireRows(io::SqliteDatabase& database, WallTime now) {
  TW_ASSIGN_OR_RETURN(auto expire, database.Prepare("UPDATE recommendation SET state='expired' "
                                                    "WHERE state IN ('open', 'approved') AND "
                                                    "expires<=?1"));
  TW_RETURN_IF_ERROR(expire.Run(ToMicros(now)));
  TW_ASSIGN_OR_RETURN(auto drop, database.Prepare("DELETE FROM recommendation WHERE state IN "
                                                  "('expired', 'superseded') AND expires<?1"));
  return drop.Run(ToMicros(now - Journal::kUndecidedRetention));
}

}  // namespace tidewright
