// What tidectl can do; each command returns its exit code.
#pragma once

#include <optional>
#include <string>

#include "cli/session.h"
#include "core/time.h"

namespace tidewright::cli {

int ShowStatus(Session& session);
/// What was saved against what, and what policies in shadow came to.
int ShowSavings(Session& session);

struct TopOptions {
  Duration interval = std::chrono::seconds(2);
  bool once = false;
};
int ShowTop(Session& session, const TopOptions& options);

struct ForecastOptions {
  std::string resource = "requests";
  Duration history = std::chrono::hours(12);
  std::optional<int> partition;  ///< of this one alone
  std::string shard;             ///< or of this one
};
int ShowForecast(Session& session, const ForecastOptions& options);

int ListRecommendations(Session& session, int limit);
int ShowRecommendation(Session& session, const std::string& hash);
/// Asks first when stdin is a terminal, unless --yes.
int Decide(Session& session, const std::string& hash, bool approve, const std::string& comment);

struct RebalanceOptions {
  bool revert = false;
  bool plan_only = false;
  std::string comment;
};
/// Shows the plan, asks as Decide does, and approves it.
int Rebalance(Session& session, const RebalanceOptions& options);

/// `subject`: "now", "latest", or a recommendation's hash or the beginning of it.
int ShowExplanation(Session& session, const std::string& subject);

int ListActions(Session& session, int limit);
int ShowAction(Session& session, const std::string& id);
int PauseAction(Session& session);
int ResumeAction(Session& session);
int CancelAction(Session& session, const std::string& id, bool roll_back,
                 const std::string& comment);

/// The kill switch: by the controller, or on its file where a data folder is named.
struct StopOptions {
  bool clear = false;
  std::string data_dir;
  std::string comment;
};
int StopOrClear(Session& session, const StopOptions& options);
/// Lists holds; adds one where an end is given; clears one where its id is.
struct HoldOptions {
  std::string until;  ///< a duration from now, or a time
  std::string clear;  ///< id
  std::string comment;
};
int Hold(Session& session, const HoldOptions& options);
int SetAutoLock(Session& session, bool lock, const std::string& comment);
int ResetBreaker(Session& session, const std::string& comment);

struct AuditOptions {
  std::string data_dir;  ///< empty: ask the controller
  std::string since;     ///< a duration before now, or a time; empty: from the beginning
  int limit = 20;
  std::string expect;  ///< "NUMBER:HASH" of an entry, noted earlier
};
int ShowAudit(Session& session, const AuditOptions& options);
/// On the file, without a daemon. 1 when the chain is broken.
int VerifyAudit(const AuditOptions& options, bool json);

/// History works on the files, without a daemon.
struct HistoryOptions {
  std::string data_dir;
  std::string cluster;
  std::string file;      ///< "-" or empty: stdin or stdout
  std::string resource;  ///< of a two-column file
  std::string from;
  std::string to;
};
int ImportHistory(const HistoryOptions& options);
int ExportHistory(const HistoryOptions& options);

}  // namespace tidewright::cli
