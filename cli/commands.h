// What tidectl can do; each command returns its exit code.
#pragma once

#include <string>

#include "cli/session.h"
#include "core/time.h"

namespace tidewright::cli {

int ShowStatus(Session& session);

struct TopOptions {
  Duration interval = std::chrono::seconds(2);
  bool once = false;
};
int ShowTop(Session& session, const TopOptions& options);

struct ForecastOptions {
  std::string resource = "requests";
  Duration history = std::chrono::hours(12);
};
int ShowForecast(Session& session, const ForecastOptions& options);

int ListRecommendations(Session& session, int limit);
int ShowRecommendation(Session& session, const std::string& hash);
/// Asks first when stdin is a terminal, unless --yes.
int Decide(Session& session, const std::string& hash, bool approve, const std::string& comment);

int ListActions(Session& session, int limit);
int ShowAction(Session& session, const std::string& id);
int PauseAction(Session& session);
int ResumeAction(Session& session);

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
