// A few slots that are opened, emptied and closed together: one pass of the order of commands that
// loses nothing (IMPORTING at the target, MIGRATING at the source, MIGRATE, NODE at the target, the
// source, the other masters).
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "stores/redis/cluster_link.h"
#include "stores/redis/key_mover.h"

namespace tidewright::redis {

/// Who takes part in a move, as the newest view has it.
struct MoveParties {
  Server source;  ///< the target itself when a drained source is no master any more
  Server target;
  std::vector<Server> others;    ///< the other masters
  std::vector<Server> replicas;  ///< the target's
};

/// Each operation is right whatever part of it an earlier attempt has done. Errors leave the slots
/// as they are, open or not.
class SlotGroup {
 public:
  SlotGroup(ClusterLink& link, const MoveParties& parties, std::vector<int> slots)
      : link_(link), parties_(parties), slots_(std::move(slots)) {}

  /// Sets the flags. The source must own those slots that the target does not.
  Status Open();
  /// Until the target's replicas have what the target had when this was called.
  Status CatchUp();
  /// Gives the slots to the target, everywhere, and sees that all masters say so. Nothing is told
  /// to the target while the source holds a key: the source would delete it.
  Status Close();
  /// Until all masters say that the target owns the slots, and its epoch is the highest: for slots
  /// that changed hands without Close.
  Status AwaitOwner();
  /// Takes back flags of slots of which the target has received nothing, and leaves the others as
  /// they are: kFailedPrecondition then. No write that the target acknowledges is left behind.
  Status Cancel();

 private:
  StatusOr<ClusterNodes> Tell(const Server& to, const std::vector<int>& slots);
  Status CheckBeforeClosing(std::vector<int>& to_tell_target, bool& epoch_known);
  Status CheckOwner(const Server& teller, const ClusterNodes& told,
                    const std::vector<int>& slots) const;
  Status SetSlots(const Server& to, const std::vector<int>& slots, const Command& what);
  Status RaiseEpoch(ClusterNodes at_target);
  Status AwaitClaims();

  ClusterLink& link_;
  const MoveParties& parties_;
  const std::vector<int> slots_;
};

}  // namespace tidewright::redis
