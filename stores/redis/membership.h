// Lets nodes join a cluster, replicate within it, and leave it.
#pragma once

#include <string>
#include <vector>

#include "actuator/provisioner.h"
#include "actuator/store_actuator.h"
#include "core/status.h"
#include "stores/redis/cluster_link.h"

namespace tidewright::redis {

/// Each operation may be called again whatever part of it an earlier attempt has done.
/// `provisioner` may be null: then nodes cannot be had, and those that left stay running, empty.
class Membership {
 public:
  Membership(ClusterLink& link, StepContext& context, Provisioner* provisioner)
      : link_(link), context_(context), provisioner_(provisioner) {}

  /// Gets a node for `name` and notes who it is.
  Status Provision(const std::string& name, const std::string& token, const std::string& cluster);
  StatusOr<bool> Provisioned(const std::string& name);
  Status GiveBack(const std::string& name, const std::string& token, const std::string& cluster);

  /// Returns when every node lists all, healthy, with the same slots and cluster_state:ok.
  /// kFailedPrecondition for a node that is not empty, of another version, with other modules or
  /// other limits of memory, or in another cluster.
  Status Join(const std::vector<std::string>& names);
  StatusOr<bool> Joined(const std::vector<std::string>& names);
  /// As if they had not joined: they must own no slot.
  Status Leave(const std::vector<std::string>& names);

  /// The first name is the master; returns when the others are in sync with it.
  Status Replicate(const std::vector<std::string>& names);
  Status Replicated(const std::vector<std::string>& names);

  /// Takes nodes that own no slot out of the cluster and resets them: no node lists them any more,
  /// and they list nobody, so that no gossip can bring them back. Replicas of theirs that stay are
  /// given to other masters first.
  Status Remove(const std::vector<Server>& members);
  StatusOr<bool> Removed(const std::vector<Server>& members);
  /// Whether no removal has begun: every node lists every member.
  StatusOr<bool> AllListed(const std::vector<Server>& members);
  Status Release(const std::vector<Server>& members);
  [[nodiscard]] bool Released(const std::vector<Server>& members) const;

 private:
  StatusOr<std::vector<Server>> Noted(const std::vector<std::string>& names) const;
  Status CheckNewNode(const Server& node, const ClusterView& view, const std::vector<Server>& all);
  Status CheckSameMakeUp(const Server& node, const Server& peer);
  Status CopyFunctions(const Server& from, const Server& to);
  Status Converged(const std::vector<Server>& nodes);
  Status CheckMayLeave(const ClusterView& view, const std::vector<Server>& members);
  Status RehomeReplicas(const ClusterView& view, const std::vector<Server>& members);
  Status ForgetEverywhere(const ClusterView& view, const std::vector<Server>& members);
  Status ResetMember(const Server& member);
  Status ReleaseOne(const Server& member);

  ClusterLink& link_;
  StepContext& context_;
  Provisioner* provisioner_;
};

}  // namespace tidewright::redis
