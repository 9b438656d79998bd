// The audit log: of the controller, or of its file without one.
#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "core/clock.h"
#include "journal/audit.h"

namespace tidewright::cli {
namespace {

pb::AuditEntry ToEntry(const AuditRecord& record) {
  const AuditChange change = ParseAuditDetail(record.detail);
  pb::AuditEntry entry;
  entry.set_sequence(record.sequence);
  entry.mutable_at()->set_seconds(
      std::chrono::floor<std::chrono::seconds>(record.at).time_since_epoch().count());
  entry.set_who(record.actor);
  entry.set_what(record.what);
  entry.set_why(change.why);
  entry.set_before(change.before);
  entry.set_after(change.after);
  entry.mutable_about()->insert(change.about.begin(), change.about.end());
  entry.set_detail(record.detail);
  entry.set_previous_hash(record.previous_hash);
  entry.set_hash(record.hash);
  return entry;
}

/// "2h" before `now`, or a time.
StatusOr<WallTime> Since(const std::string& text, WallTime now) {
  if (text.empty()) return WallTime{};
  if (const auto ago = ParseDuration(text); ago.ok()) return now - *ago;
  auto time = ParseTime(text);
  if (time.ok()) return time;
  return Error(StatusCode::kInvalidArgument,
               "--since {}: neither a duration such as 2h nor a time such as 2026-11-22T04:30:00Z",
               text);
}

StatusOr<std::unique_ptr<AuditFile>> OpenFile(const AuditOptions& options) {
  return AuditFile::Open(options.data_dir + "/journal.db");
}

StatusOr<pb::ListAuditResponse> FromFile(const AuditOptions& options) {
  RealClock clock;
  TW_ASSIGN_OR_RETURN(const WallTime since, Since(options.since, clock.Wall()));
  TW_ASSIGN_OR_RETURN(const auto file, OpenFile(options));
  TW_ASSIGN_OR_RETURN(const auto records, file->Newest(since, options.limit));
  pb::ListAuditResponse answer;
  for (const auto& record : records) *answer.add_entries() = ToEntry(record);
  return answer;
}

StatusOr<pb::ListAuditResponse> FromController(Session& session, const AuditOptions& options) {
  pb::ListAuditRequest request;
  request.set_limit(options.limit);
  if (!options.since.empty()) {
    // Durations are of the controller's time, which may be scaled.
    pb::Status status;
    TW_RETURN_IF_ERROR(
        session.Ask(&pb::Controller::Stub::GetStatus, pb::GetStatusRequest(), &status));
    TW_ASSIGN_OR_RETURN(
        const WallTime since,
        Since(options.since, WallTime(std::chrono::seconds(status.now().seconds()))));
    request.mutable_since()->set_seconds(
        std::chrono::floor<std::chrono::seconds>(since).time_since_epoch().count());
  }
  pb::ListAuditResponse answer;
  TW_RETURN_IF_ERROR(session.Ask(&pb::Controller::Stub::ListAudit, request, &answer));
  return answer;
}

/// What it is about, shortened: plans are long, and `--output json` has them in full.
std::string About(const pb::AuditEntry& entry) {
  std::string text;
  for (const char* key : {"action", "hash", "nodes", "shards", "through"}) {
    const auto it = entry.about().find(key);
    if (it == entry.about().end()) continue;
    const bool hash = std::string(key) == "hash";
    text += (text.empty() ? "" : ", ") + (hash                           ? Short(it->second)
                                          : std::string(key) == "action" ? it->second
                                                                         : it->second + " " + key);
  }
  return text;
}

void PrintEntries(const pb::ListAuditResponse& answer) {
  std::vector<std::vector<std::string>> rows = {
      {"ENTRY", "TIME (UTC)", "WHO", "WHAT", "ABOUT", "CHANGE", "WHY"}};
  for (const auto& entry : answer.entries()) {
    std::string change = entry.before();
    if (!entry.after().empty()) change += (change.empty() ? "" : " -> ") + entry.after();
    rows.push_back({std::to_string(entry.sequence()), TimeText(true, entry.at()), entry.who(),
                    entry.what(), About(entry), change, entry.why()});
  }
  std::fputs(Table(rows).c_str(), stdout);
}

}  // namespace

int ShowAudit(Session& session, const AuditOptions& options) {
  const auto answer =
      options.data_dir.empty() ? FromController(session, options) : FromFile(options);
  if (!answer.ok()) return Fail(answer.status());
  if (session.options().json) {
    PrintJson(*answer);
  } else if (answer->entries().empty()) {
    std::puts("nothing stands in the audit log of that time");
  } else {
    PrintEntries(*answer);
  }
  return kExitOk;
}

int VerifyAudit(const AuditOptions& options, bool json) {
  std::optional<AuditMark> mark;
  if (!options.expect.empty()) {
    const auto colon = options.expect.find(':');
    char* end = nullptr;
    const std::int64_t sequence = std::strtoll(options.expect.c_str(), &end, 10);
    if (colon == std::string::npos || end != options.expect.c_str() + colon || sequence <= 0) {
      return Fail(Error(StatusCode::kInvalidArgument,
                        "--expect {}: write NUMBER:HASH, as an earlier verification printed it",
                        options.expect));
    }
    mark = AuditMark{sequence, options.expect.substr(colon + 1)};
  }
  const auto file = OpenFile(options);
  if (!file.ok()) return Fail(file.status());
  const auto summary = (*file)->Verify(mark);
  if (!summary.ok()) return Fail(summary.status());
  if (json) {
    std::printf(
        "{\"intact\": true, \"entries\": %lld, \"first\": %lld, \"last\": %lld, "
        "\"last_hash\": \"%s\"}\n",
        static_cast<long long>(summary->entries), static_cast<long long>(summary->first),
        static_cast<long long>(summary->last), summary->last_hash.c_str());
    return kExitOk;
  }
  std::printf("%lld entries, chain intact\n", static_cast<long long>(summary->entries));
  if (summary->first > 1) {
    std::printf("%lld earlier ones were pruned at their end of life, as the log itself tells\n",
                static_cast<long long>(summary->first - 1));
  }
  if (summary->last > 0) {
    std::printf("the last one is %lld:%s\n", static_cast<long long>(summary->last),
                summary->last_hash.c_str());
  }
  return kExitOk;
}

}  // namespace tidewright::cli
