#include "stores/redis/redis_actuator.h"

#include <algorithm>
#include <utility>

#include "stores/redis/atomic_jobs.h"
#include "stores/redis/membership.h"
#include "stores/redis/plan_steps.h"
#include "stores/redis/preflight.h"

namespace tidewright::redis {
namespace {

Status UnknownKind(const Step& step) {
  return Error(StatusCode::kInternal, "a step of kind '{}' is not one of Redis'", step.kind);
}

StatusOr<std::string> NodeId(const StepContext& context, const std::string& name) {
  if (!IsNewName(name)) return name;
  const auto node = NotedNode(context, name);
  if (!node) return Error(StatusCode::kFailedPrecondition, "{} has not been provisioned", name);
  return node->id;
}

}  // namespace

RedisActuator::RedisActuator(Client& client, RedisActuatorOptions options, Provisioner* provisioner,
                             Clock& clock)
    : options_(std::move(options)),
      provisioner_(provisioner),
      link_(client, options_, clock),
      watching_(client.options()) {}

StatusOr<std::vector<Step>> RedisActuator::Expand(const Plan& plan, const Topology& topology) {
  return PlanSteps(plan, topology, SlotsPerStep(), options_.limits.pairs_at_once);
}

/// Each job of the servers holds back clients' writes once: they are few and large.
int RedisActuator::SlotsPerStep() {
  if (options_.move_by == MoveBy::kSlotBySlot) return options_.slots_per_batch;
  const auto view = link_.Read();
  if (!view.ok()) return options_.slots_per_batch;  // then nothing will be moved either
  for (const auto& master : view->Masters()) {
    const auto info = link_.Info(master, "server");
    if (!info.ok() || !BeginsAtomicJobs(info->Field("valkey_version"))) {
      return options_.slots_per_batch;
    }
  }
  return options_.atomic_slots;
}

Status RedisActuator::Preflight(const StepArgs& args, StepContext& context) {
  // Gossip and background saves get a moment to end.
  TW_RETURN_IF_ERROR(link_.Await(options_.settle_timeout, context,
                                 [&] { return CheckBefore(link_, args.shards); }));
  // Any of the nodes that make up a shard now may be its master when its slots move.
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  if (provisioner_ != nullptr && !args.retired.empty()) {
    std::vector<NodeAddress> retired;
    for (const auto& id : args.retired) {
      const NodeLine* line = view.nodes.Find(id);
      if (line != nullptr) retired.push_back({line->host, line->port});
    }
    TW_RETURN_IF_ERROR(provisioner_->MayRelease(retired, options_.provision_timeout));
  }
  for (const auto& shard : args.shards) {
    auto replicas = shard.replicas;
    for (const auto& replica : view.ReplicasOf(shard.name)) {
      if (std::find(replicas.begin(), replicas.end(), replica.id) == replicas.end()) {
        replicas.push_back(replica.id);
      }
    }
    TW_RETURN_IF_ERROR(SaveShardNodes(context, shard.name, replicas));
  }
  return OkStatus();
}

Status RedisActuator::CheckEnd(const StepArgs& args, StepContext& context) {
  auto shards = args.shards;
  for (auto& shard : shards) {
    shard.replicas = ShardNodes(context, shard.name);
    TW_ASSIGN_OR_RETURN(shard.name, NodeId(context, shard.name));
  }
  return CheckAfter(link_, shards, args.retired);
}

PairMoves RedisActuator::Moves(const Step& step, StepArgs args, StepContext& context) {
  return PairMoves(link_, watching_, context, speeds_, "batch:" + std::to_string(step.index),
                   std::move(args.moves));
}

StatusOr<bool> RedisActuator::Holds(const Step& step, const StepArgs& args, StepContext& context) {
  Membership membership(link_, context, provisioner_);
  if (step.kind == kPreflight) return false;
  if (step.kind == kProvision) return membership.Provisioned(args.names.front());
  if (step.kind == kJoin) return membership.Joined(args.names);
  if (step.kind == kReplicate) return membership.Replicated(args.names).ok();
  if (step.kind == kRemove) return membership.Removed(args.members);
  if (step.kind == kRelease) return membership.Released(args.members);
  if (step.kind == kVerify) return CheckEnd(args, context).ok();
  if (step.kind != kMove) return UnknownKind(step);
  return Moves(step, args, context).Moved();
}

StatusOr<StepCheck> RedisActuator::Check(const Step& step, StepContext& context) {
  TW_ASSIGN_OR_RETURN(const StepArgs args, ParseStepArgs(step.args));
  TW_ASSIGN_OR_RETURN(const bool holds, Holds(step, args, context));
  return holds ? StepCheck::kDone : StepCheck::kReady;
}

Status RedisActuator::Do(const Step& step, StepContext& context) {
  TW_ASSIGN_OR_RETURN(const StepArgs args, ParseStepArgs(step.args));
  Membership membership(link_, context, provisioner_);
  if (step.kind == kPreflight) return Preflight(args, context);
  if (step.kind == kProvision) {
    return membership.Provision(args.names.front(), args.token, args.cluster);
  }
  if (step.kind == kJoin) return membership.Join(args.names);
  if (step.kind == kReplicate) return membership.Replicate(args.names);
  if (step.kind == kRemove) return membership.Remove(args.members);
  if (step.kind == kRelease) return membership.Release(args.members);
  if (step.kind == kVerify) {
    return link_.Await(options_.settle_timeout, context, [&] { return CheckEnd(args, context); });
  }
  if (step.kind != kMove) return UnknownKind(step);
  return Moves(step, args, context).Move();
}

Status RedisActuator::Verify(const Step& step, StepContext& context) {
  if (step.kind == kPreflight) return OkStatus();  // it changed nothing that could be seen
  TW_ASSIGN_OR_RETURN(const StepArgs args, ParseStepArgs(step.args));
  // Replicas and bystanders learn by gossip.
  return link_.Await(options_.settle_timeout, context, [&, this]() -> Status {
    TW_ASSIGN_OR_RETURN(const bool holds, Holds(step, args, context));
    if (holds) return OkStatus();
    return Error(StatusCode::kUnavailable, "not seen by every node: {}", step.title);
  });
}

Status RedisActuator::Undo(const Step& step, StepContext& context) {
  TW_ASSIGN_OR_RETURN(const StepArgs args, ParseStepArgs(step.args));
  Membership membership(link_, context, provisioner_);
  if (step.kind == kPreflight || step.kind == kVerify) return OkStatus();
  // Replicas become empty masters again when the join is undone, by a reset.
  if (step.kind == kReplicate) return OkStatus();
  if (step.kind == kProvision) {
    return membership.GiveBack(args.names.front(), args.token, args.cluster);
  }
  if (step.kind == kJoin) return membership.Leave(args.names);
  if (step.kind == kMove) return Moves(step, args, context).Undo();
  if (step.kind == kRemove) {
    TW_ASSIGN_OR_RETURN(const bool untouched, membership.AllListed(args.members));
    if (untouched) return OkStatus();
  } else if (step.kind != kRelease) {
    return UnknownKind(step);
  }
  return Error(StatusCode::kFailedPrecondition,
               "nodes that were removed from the cluster are not taken back: {}", step.title);
}

}  // namespace tidewright::redis
