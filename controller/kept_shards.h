// The shards as they were before somebody else changed them, over restarts too: what a person is
// told of, and what can be taken back.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "core/topology.h"
#include "journal/journal.h"
#include "planner/continuity.h"
#include "planner/foreign_change.h"

namespace tidewright {

/// Of the cycle's thread alone.
class KeptShards {
 public:
  explicit KeptShards(Journal& journal) : journal_(journal) {}

  Status Load();
  /// `found`: this look found that somebody else changed the cluster since the one before. `ours`:
  /// an action of ours is under way, or ended since: what was before it is no way back any more.
  Status Look(const Topology& now, bool found, bool ours);
  /// What has changed since then; none where nothing has.
  [[nodiscard]] ForeignChange Change(const Topology& now) const;

 private:
  Status Keep(const std::string& key, const std::vector<KnownShard>& shards);

  Journal& journal_;
  std::vector<KnownShard> newest_;
  std::vector<KnownShard> before_;  // a foreign change; empty: there was none
};

}  // namespace tidewright
