#include "journal/journal_schema.h"

namespace tidewright {
namespace {

constexpr std::int32_t kApplicationId = 0x54774a6f;  // "TwJo"

constexpr const char* kVersion1 = R"sql(
CREATE TABLE recommendation(
  number INTEGER PRIMARY KEY, hash TEXT NOT NULL, cluster TEXT NOT NULL, state TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, plan TEXT NOT NULL,
  decided_by TEXT NOT NULL, comment TEXT NOT NULL, decided INTEGER NOT NULL);
CREATE INDEX recommendation_by_hash ON recommendation(hash);
CREATE INDEX recommendation_by_state ON recommendation(state, expires);
CREATE TABLE action(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, cluster TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'running', open INTEGER NOT NULL DEFAULT 1, plan_hash TEXT NOT NULL,
  plan TEXT NOT NULL, actor TEXT NOT NULL, error TEXT NOT NULL DEFAULT '',
  created INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0,
  partitions_moved INTEGER NOT NULL DEFAULT 0, keys_moved REAL NOT NULL DEFAULT 0,
  bytes_moved REAL NOT NULL DEFAULT 0);
CREATE TABLE step(
  action TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, args TEXT NOT NULL,
  title TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending', attempts INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '', PRIMARY KEY(action, position)) WITHOUT ROWID;
CREATE TABLE note(
  number INTEGER PRIMARY KEY, action TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
  UNIQUE(action, key));
CREATE TABLE audit(
  sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, what TEXT NOT NULL,
  detail TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE audit_head(
  one INTEGER PRIMARY KEY CHECK(one=1), sequence INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE TABLE fact(key TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL);
)sql";

/// The audit log is pruned at its beginning.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE audit_anchor(
  one INTEGER PRIMARY KEY CHECK(one=1), sequence INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE INDEX audit_by_what ON audit(what);
)sql";

/// A person can end an action.
constexpr const char* kVersion3 = R"sql(
ALTER TABLE action ADD COLUMN cancelled_by TEXT NOT NULL DEFAULT '';
)sql";

}  // namespace

io::SqliteSchema JournalSchema() {
  return {.application_id = kApplicationId,
          .what = "journal",
          .versions = {kVersion1, kVersion2, kVersion3}};
}

}  // namespace tidewright
