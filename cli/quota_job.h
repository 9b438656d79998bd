// `tidectl replay --quota`: what differs where a quota is replayed instead of shards. Internal to
// replay_job.cc.
#pragma once

#include <string>

#include "cli/replay_job.h"
#include "config/config.h"

namespace tidewright::cli {

/// Refuses what has no meaning for a quota.
[[nodiscard]] Status BeginQuotaJob(const ReplayOptions& options, ReplayJob& job);
/// A policy of ours. The first one's limits on decreases and billing are the store's, for all.
void AddQuotaPolicy(ReplayJob& job, const std::string& name, const Policy& policy);
/// Target tracking, static sizes, a tuned reactive policy, and our own first policy that takes
/// decreases as they come.
void AddQuotaBaselines(const ReplayOptions& options, ReplayJob& job);
void SetQuotaStores(const ReplayOptions& options, ReplayJob& job);

}  // namespace tidewright::cli
