// What is left of a cluster when the host, or the zone, that bears the most shards is lost. Pure
// arithmetic. Internal to the planner.
//
// The model: a domain that is lost takes the capacity of its masters with it. Replicas elsewhere
// take over their data and their load, but bring no capacity of their own, since they run beside
// masters that use it. Where every replica has as much idle capacity as a master of its own, a
// failover loses none, and a policy need not ask for this.
//
// Memory is not part of it: what a shard holds its replica holds already. The load is taken to fall
// on those that remain as evenly as it lay before.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/reason.h"
#include "core/topology.h"
#include "planner/policy.h"

namespace tidewright::planner {

/// Where a node lies, by what the policy wants to survive; empty where it is not known, or nothing
/// is asked for.
[[nodiscard]] const std::string& DomainOf(const Node& node, SurviveLoss asked);

class FailureDomains {
 public:
  FailureDomains() = default;  ///< nothing is asked for: all shards remain
  /// Of the masters that serve.
  FailureDomains(const Topology& topology, SurviveLoss asked);

  [[nodiscard]] SurviveLoss asked() const { return asked_; }
  [[nodiscard]] int unknown() const { return unknown_; }  ///< masters whose domain is not known
  /// All that is known lies in one domain: no number of shards survives its loss.
  [[nodiscard]] bool single() const;
  /// A domain with a master is down already: the reserve for it is in use, no other is asked for.
  [[nodiscard]] bool lost() const { return !lost_.empty(); }

  /// Of `shards` shards, those outside the domain that bears the most of them. More shards than now
  /// go where the fewest are, but on hosts of their own where each has one now; those that leave
  /// leave where the most are (PlaceScaleIn). All of them where `single`, `lost`, or no domain is
  /// known: what is not known is no reason for an increase. Never falls as shards grow.
  [[nodiscard]] int Remaining(int shards) const;
  /// The fewest shards of which so many remain.
  [[nodiscard]] int ShardsFor(int remaining) const;

  /// For people: what is counted now, and after a change of size; nothing where nothing is asked
  /// for.
  [[nodiscard]] std::optional<Reason> Tell(int from, int to) const;
  /// Why nothing may be removed; nothing where nothing stands against it.
  [[nodiscard]] std::optional<Reason> AgainstScaleIn() const;

 private:
  [[nodiscard]] bool Counts() const;
  [[nodiscard]] int LargestOf(int shards) const;
  [[nodiscard]] Reason TellUnknown() const;
  [[nodiscard]] Reason TellSingle() const;

  SurviveLoss asked_ = SurviveLoss::kNone;
  std::vector<int> shards_;  ///< of each domain that is known, falling
  int serving_ = 0;
  int unknown_ = 0;
  std::string first_unknown_;  ///< address
  std::string largest_;        ///< name
  std::string lost_;           ///< name
};

}  // namespace tidewright::planner
