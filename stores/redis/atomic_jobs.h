// What servers of Valkey 9 tell about slots that they send or receive as a whole (CLUSTER
// GETSLOTMIGRATIONS). Pure.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "core/topology.h"
#include "stores/redis/reply.h"

namespace tidewright::redis {

/// One job, as one of its two ends tells it. A server remembers those of its own process alone, and
/// of those that have ended so many as its cluster-slot-migration-log-max-len says.
struct AtomicJob {
  std::string name;      ///< drawn by the source; the same at both ends
  bool exports = false;  ///< the teller is the source, else the target
  PartitionSet slots;
  std::string source;  ///< node ids; empty where a replica tells it, also after its promotion
  std::string target;
  std::string state;
  std::string message;  ///< why it failed

  [[nodiscard]] bool Ended() const { return Succeeded() || state == "failed" || Cancelled(); }
  [[nodiscard]] bool Succeeded() const { return state == "success"; }
  [[nodiscard]] bool Cancelled() const { return state == "cancelled"; }
  /// The source stopped its clients' writes and left it to the target when to take the slots: from
  /// then on nobody can call it back safely.
  [[nodiscard]] bool Granted() const { return state == "failover-granted"; }
  /// Failed so that the source may have acknowledged writes that the target never got.
  [[nodiscard]] bool MayHaveLostWrites() const;
  /// Failed by what another try will meet again: the target lets the source's account not in.
  [[nodiscard]] bool Hopeless() const;
};

/// The newest first. kInternal for a reply of another shape.
[[nodiscard]] StatusOr<std::vector<AtomicJob>> ParseAtomicJobs(const Reply& reply);

/// Of a server's version (valkey_version of INFO server, empty for Redis): whether it knows such
/// jobs, which is since 9.0.
[[nodiscard]] bool KnowsAtomicJobs(const std::string& valkey_version);
/// Whether we let it begin one, which is since 9.1.2. Sources before that have been seen to damage
/// what they send while clients write to its slots (valkey issue 4545), which targets of 9.0 do not
/// always notice.
[[nodiscard]] bool BeginsAtomicJobs(const std::string& valkey_version);

/// The words of CLUSTER MIGRATESLOTS after its name.
[[nodiscard]] std::vector<std::string> SlotsRange(const PartitionSet& slots);

}  // namespace tidewright::redis
