// Applies plans to a live Redis Cluster (7.0 and its relatives): nodes join and leave, slots move
// with all their keys under traffic.
#pragma once

#include <string>
#include <vector>

#include "actuator/provisioner.h"
#include "actuator/store_actuator.h"
#include "core/clock.h"
#include "stores/redis/actuator_options.h"
#include "stores/redis/client.h"
#include "stores/redis/cluster_link.h"
#include "stores/redis/pair_moves.h"
#include "stores/redis/step_args.h"

namespace tidewright::redis {

/// Notes it keeps with an action: who was provisioned ("node:new-1"), who made up each shard
/// ("shard:<id>"), what is being moved ("batch:<step>"), what was released ("released:<id>"), and
/// for people: "ambiguous:<slot>", a list of keys of which nobody can tell whether they were moved
/// or deleted since (nothing was done to them).
///
/// One call at a time.
class RedisActuator : public StoreActuator {
 public:
  /// `provisioner` may be null: scale-out is refused then, and retired nodes are left running,
  /// empty. All references must outlive it.
  RedisActuator(Client& client, RedisActuatorOptions options, Provisioner* provisioner,
                Clock& clock);

  StatusOr<std::vector<Step>> Expand(const Plan& plan, const Topology& topology) override;
  StatusOr<StepCheck> Check(const Step& step, StepContext& context) override;
  Status Do(const Step& step, StepContext& context) override;
  Status Undo(const Step& step, StepContext& context) override;
  Status Verify(const Step& step, StepContext& context) override;

 private:
  int SlotsPerStep();
  StatusOr<bool> Holds(const Step& step, const StepArgs& args, StepContext& context);
  Status Preflight(const StepArgs& args, StepContext& context);
  Status CheckEnd(const StepArgs& args, StepContext& context);
  PairMoves Moves(const Step& step, StepArgs args, StepContext& context);

  const RedisActuatorOptions options_;
  Provisioner* const provisioner_;
  ClusterLink link_;
  Client watching_;  // a PING of its must not wait behind a MIGRATE of ours
  PairSpeeds speeds_;
};

}  // namespace tidewright::redis
