#include "journal/action_table.h"

#include <algorithm>
#include <array>

#include "actuator/state_machine.h"
#include "journal/encoding.h"
#include "journal/journal.h"

namespace tidewright {
namespace {

constexpr std::array<ActionState, 7> kActionStates = {
    ActionState::kRunning,    ActionState::kPaused, ActionState::kRollingBack, ActionState::kDone,
    ActionState::kRolledBack, ActionState::kFailed, ActionState::kCancelled};
constexpr std::array<StepState, 4> kStepStates = {StepState::kPending, StepState::kIntended,
                                                  StepState::kDone, StepState::kUndone};

Status CorruptPlan(const std::string& id, const Status& status) {
  return Error(StatusCode::kDataLoss, "the plan of action {} in the journal cannot be read: {}", id,
               Message(status));
}

StatusOr<std::vector<StepRecord>> Steps(io::SqliteDatabase& database, const std::string& action) {
  TW_ASSIGN_OR_RETURN(auto select,
                      database.Prepare("SELECT position, kind, args, title, state, attempts, error "
                                       "FROM step WHERE action=?1 ORDER BY position"));
  std::vector<StepRecord> steps;
  TW_RETURN_IF_ERROR(select.ForEach(
      [&](const io::SqliteRow& row) -> Status {
        StepRecord& record = steps.emplace_back();
        record.step = {.index = static_cast<int>(row.Int(0)),
                       .kind = row.Text(1),
                       .args = row.Text(2),
                       .title = row.Text(3)};
        TW_ASSIGN_OR_RETURN(record.state, ParseState(row.View(4), kStepStates, &StepStateName));
        record.attempts = static_cast<int>(row.Int(5));
        record.error = row.Text(6);
        return OkStatus();
      },
      action));
  return steps;
}

/// Newest first, with their steps; `rest` begins with WHERE or ORDER BY.
template <typename Arg>
StatusOr<std::vector<ActionRecord>> Select(io::SqliteDatabase& database, const std::string& rest,
                                           const Arg& arg) {
  TW_ASSIGN_OR_RETURN(auto select,
                      database.Prepare("SELECT id, state, plan_hash, plan, actor, error, created, "
                                       "ended, partitions_moved, keys_moved, bytes_moved, "
                                       "cancelled_by FROM action " +
                                       rest));
  std::vector<ActionRecord> actions;
  TW_RETURN_IF_ERROR(select.ForEach(
      [&](const io::SqliteRow& row) -> Status {
        ActionRecord& record = actions.emplace_back();
        record.id = row.Text(0);
        TW_ASSIGN_OR_RETURN(record.state, ParseState(row.View(1), kActionStates, &ActionStateName));
        record.plan_hash = row.Text(2);
        auto plan = ParsePlan(row.Text(3));
        if (!plan.ok()) return CorruptPlan(record.id, plan.status());
        record.plan = *std::move(plan);
        record.actor = row.Text(4);
        record.error = row.Text(5);
        record.created = FromMicros(row.Int(6));
        record.ended = FromMicros(row.Int(7));
        record.partitions_moved = static_cast<int>(row.Int(8));
        record.keys_moved = row.Real(9);
        record.bytes_moved = row.Real(10);
        record.cancelled_by = row.Text(11);
        return OkStatus();
      },
      arg));
  for (ActionRecord& record : actions) {
    TW_ASSIGN_OR_RETURN(record.steps, Steps(database, record.id));
  }
  return actions;
}

/// What stands in the file is another plan, or may not become this.
Status CheckChange(const ActionRecord& before, const ActionRecord& after) {
  if (before.plan_hash != after.plan_hash || before.steps.size() != after.steps.size()) {
    return Error(StatusCode::kFailedPrecondition,
                 "action {} executes plan {} in {} steps, and no other", before.id,
                 ShortHash(before.plan_hash), before.steps.size());
  }
  if (!Legal(before.state, after.state)) {
    return Error(StatusCode::kFailedPrecondition, "action {} is {} and cannot become {}", before.id,
                 ActionStateName(before.state), ActionStateName(after.state));
  }
  for (std::size_t i = 0; i < before.steps.size(); ++i) {
    if (Legal(before.steps[i].state, after.steps[i].state)) continue;
    return Error(StatusCode::kFailedPrecondition, "step {} of action {} is {} and cannot become {}",
                 i, before.id, StepStateName(before.steps[i].state),
                 StepStateName(after.steps[i].state));
  }
  return OkStatus();
}

Status Insert(io::SqliteDatabase& database, const ActionRecord& record) {
  TW_ASSIGN_OR_RETURN(const auto open, OpenActionRow(database, record.plan.cluster));
  if (record.Open() && open) {
    return Error(StatusCode::kFailedPrecondition, "{} has an open action already: {}",
                 record.plan.cluster, open->id);
  }
  TW_ASSIGN_OR_RETURN(
      auto insert,
      database.Prepare("INSERT INTO action(id, cluster, plan_hash, plan, actor, created) "
                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
  TW_RETURN_IF_ERROR(insert.Run(record.id, record.plan.cluster, record.plan_hash,
                                CanonicalJson(record.plan), record.actor,
                                ToMicros(record.created)));
  TW_ASSIGN_OR_RETURN(auto add, database.Prepare("INSERT INTO step(action, position, kind, args, "
                                                 "title) VALUES(?1, ?2, ?3, ?4, ?5)"));
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    const Step& step = record.steps[i].step;
    TW_RETURN_IF_ERROR(
        add.Run(record.id, static_cast<std::int64_t>(i), step.kind, step.args, step.title));
  }
  return OkStatus();
}

/// Rows that would stay the same are not written.
Status Update(io::SqliteDatabase& database, const ActionRecord& record) {
  TW_ASSIGN_OR_RETURN(
      auto update,
      database.Prepare("UPDATE action SET state=?2, open=?3, error=?4, ended=?5, "
                       "partitions_moved=?6, keys_moved=?7, bytes_moved=?8, cancelled_by=?9 WHERE "
                       "id=?1"));
  TW_RETURN_IF_ERROR(update.Run(record.id, ActionStateName(record.state), record.Open() ? 1 : 0,
                                record.error, ToMicros(record.ended), record.partitions_moved,
                                record.keys_moved, record.bytes_moved, record.cancelled_by));
  TW_ASSIGN_OR_RETURN(
      auto step, database.Prepare("UPDATE step SET state=?3, attempts=?4, error=?5 WHERE action=?1 "
                                  "AND position=?2 AND (state<>?3 OR attempts<>?4 OR error<>?5)"));
  for (std::size_t i = 0; i < record.steps.size(); ++i) {
    const StepRecord& s = record.steps[i];
    TW_RETURN_IF_ERROR(step.Run(record.id, static_cast<std::int64_t>(i), StepStateName(s.state),
                                s.attempts, s.error));
  }
  return OkStatus();
}

/// Notes can be large, and only an open action needs them; some are kept for those who look into
/// what went wrong.
Status DropOldNotes(io::SqliteDatabase& database) {
  TW_ASSIGN_OR_RETURN(
      auto drop,
      database.Prepare("DELETE FROM note WHERE action IN (SELECT id FROM action WHERE open=0 AND "
                       "number<=(SELECT max(number) FROM action)-?1)"));
  return drop.Run(Journal::kActionsWithNotes);
}

}  // namespace

Status SaveActionRow(io::SqliteDatabase& database, const ActionRecord& record) {
  if (record.id.empty()) {
    return Error(StatusCode::kInvalidArgument, "an action without an id cannot be kept");
  }
  TW_ASSIGN_OR_RETURN(const auto before, Select(database, "WHERE id=?1", record.id));
  if (before.empty()) {
    TW_RETURN_IF_ERROR(Insert(database, record));
  } else {
    TW_RETURN_IF_ERROR(CheckChange(before.front(), record));
  }
  TW_RETURN_IF_ERROR(Update(database, record));
  return record.Open() ? OkStatus() : DropOldNotes(database);
}

StatusOr<std::vector<ActionRecord>> ActionRows(io::SqliteDatabase& database, int limit) {
  return Select(database, "ORDER BY number DESC LIMIT ?1", std::max(limit, 0));
}

StatusOr<std::optional<ActionRecord>> OpenActionRow(io::SqliteDatabase& database,
                                                    const std::string& cluster) {
  TW_ASSIGN_OR_RETURN(auto actions, Select(database, "WHERE cluster=?1 AND open=1", cluster));
  if (actions.empty()) return std::optional<ActionRecord>();
  return std::optional<ActionRecord>(std::move(actions.front()));
}

StatusOr<std::string> TakeActionId(io::SqliteDatabase& database) {
  TW_ASSIGN_OR_RETURN(auto take,
                      database.Prepare("INSERT INTO counter(name, value) VALUES('action', 1) ON "
                                       "CONFLICT(name) DO UPDATE SET value=value+1 RETURNING "
                                       "value"));
  std::int64_t number = 0;
  TW_RETURN_IF_ERROR(take.ForEach([&](const io::SqliteRow& row) {
    number = row.Int(0);
    return OkStatus();
  }));
  return fmt::format("a-{:04}", number);
}

Status SaveNoteRow(io::SqliteDatabase& database, const std::string& action_id,
                   const std::string& key, const std::string& value) {
  TW_ASSIGN_OR_RETURN(auto save,
                      database.Prepare("INSERT INTO note(action, key, value) VALUES(?1, ?2, ?3) ON "
                                       "CONFLICT(action, key) DO UPDATE SET value=excluded.value"));
  return save.Run(action_id, key, io::SqliteBlob{value});
}

StatusOr<std::map<std::string, std::string>> NoteRows(io::SqliteDatabase& database,
                                                      const std::string& action_id) {
  TW_ASSIGN_OR_RETURN(auto select, database.Prepare("SELECT key, value FROM note WHERE action=?1"));
  std::map<std::string, std::string> notes;
  TW_RETURN_IF_ERROR(select.ForEach(
      [&](const io::SqliteRow& row) {
        notes.emplace(row.Text(0), row.Text(1));
        return OkStatus();
      },
      action_id));
  return notes;
}

}  // namespace tidewright
