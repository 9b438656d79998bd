#include "stores/redis/plan_steps.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <set>

#include "stores/redis/cluster_nodes.h"
#include "stores/redis/step_args.h"

namespace tidewright::redis {
namespace {

class StepList {
 public:
  explicit StepList(const Plan& plan, const Topology& topology)
      : plan_(plan), topology_(topology) {}

  void Add(const std::string& kind, const StepArgs& args, std::string title) {
    steps_.push_back({static_cast<int>(steps_.size()), kind, Encode(args), std::move(title)});
  }

  void AddMoves(std::vector<SlotMove> moves) {
    std::string title = "move ";
    for (const auto& move : moves) {
      const int slots = Count(move.slots);
      title += fmt::format("{}{} slot{} from {} to {}", &move == &moves.front() ? "" : ", ", slots,
                           slots == 1 ? "" : "s", Name(move.from), Name(move.to));
    }
    StepArgs args;
    args.moves = std::move(moves);
    Add(kMove, args, std::move(title));
  }

  /// For people: an address where there is one.
  [[nodiscard]] std::string Name(const std::string& shard) const {
    const Shard* found = topology_.FindShard(shard);
    return found == nullptr ? shard : found->master.Address();
  }

  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const Topology& topology() const { return topology_; }
  std::vector<Step> Take() { return std::move(steps_); }

 private:
  const Plan& plan_;
  const Topology& topology_;
  std::vector<Step> steps_;
};

/// What is still to be moved, in batches. Sources take turns, and each source's targets do.
class Rounds {
 public:
  Rounds(const std::vector<PartitionMove>& moves, int slots_per_batch) {
    const auto size = static_cast<std::size_t>(slots_per_batch);
    std::map<std::string, Source> sources;
    for (const auto& move : moves) {
      std::deque<SlotMove> queue;
      const auto slots = Expand(move.partitions);
      for (std::size_t i = 0; i < slots.size(); i += size) {
        const auto end = std::min(slots.size(), i + size);
        queue.push_back({move.from, move.to,
                         ToPartitionSet({slots.begin() + static_cast<std::ptrdiff_t>(i),
                                         slots.begin() + static_cast<std::ptrdiff_t>(end)})});
      }
      if (!queue.empty()) sources[move.from].push_back(std::move(queue));
    }
    for (auto& [id, source] : sources) sources_.push_back(std::move(source));
  }

  /// At most so many batches, of which no two share a shard; empty when all are taken.
  std::vector<SlotMove> Next(int pairs) {
    std::vector<SlotMove> round;
    std::set<std::string> busy;
    std::deque<Source> waiting;
    std::deque<Source> served;
    for (auto& source : sources_) {
      const bool serves = static_cast<int>(round.size()) < pairs && TakeFrom(source, busy, round);
      if (!source.empty()) (serves ? served : waiting).push_back(std::move(source));
    }
    sources_ = std::move(waiting);
    sources_.insert(sources_.end(), std::make_move_iterator(served.begin()),
                    std::make_move_iterator(served.end()));
    return round;
  }

 private:
  using Source = std::deque<std::deque<SlotMove>>;  // batches, by target

  /// The next batch of the first target that is free, if there is one; that target goes last.
  static bool TakeFrom(Source& source, std::set<std::string>& busy, std::vector<SlotMove>& round) {
    const auto free = std::find_if(source.begin(), source.end(), [&](const auto& batches) {
      return busy.count(batches.front().from) + busy.count(batches.front().to) == 0;
    });
    if (free == source.end()) return false;
    std::deque<SlotMove> batches = std::move(*free);
    source.erase(free);
    busy.insert({batches.front().from, batches.front().to});
    round.push_back(std::move(batches.front()));
    batches.pop_front();
    if (!batches.empty()) source.push_back(std::move(batches));
    return true;
  }

  std::deque<Source> sources_;
};

std::vector<std::string> NewShards(const Plan& plan) {
  std::vector<std::string> names;
  if (plan.kind != PlanKind::kScaleOut) return names;
  for (int i = 1; i <= plan.to_shards - plan.from_shards; ++i) {
    names.push_back("new-" + std::to_string(i));
  }
  return names;
}

Status CheckMoves(const Plan& plan, const Topology& topology,
                  const std::vector<std::string>& new_shards) {
  std::set<int> moved;
  const auto retired = [&](const std::string& id) {
    return std::find(plan.retire.begin(), plan.retire.end(), id) != plan.retire.end();
  };
  for (const auto& move : plan.moves) {
    const Shard* from = topology.FindShard(move.from);
    const bool to_new =
        std::find(new_shards.begin(), new_shards.end(), move.to) != new_shards.end();
    if (from == nullptr || (!to_new && topology.FindShard(move.to) == nullptr)) {
      return Error(StatusCode::kInvalidArgument,
                   "the plan moves slots from {} to {}: no such shard", move.from, move.to);
    }
    if (move.from == move.to || retired(move.to)) {
      return Error(StatusCode::kInvalidArgument, "the plan moves slots to {}, which is {}", move.to,
                   move.from == move.to ? "their owner" : "retired");
    }
    for (int slot : Expand(move.partitions)) {
      if (!Contains(from->partitions, slot) || !moved.insert(slot).second) {
        return Error(StatusCode::kInvalidArgument, "the plan moves slot {} from {}, {}", slot,
                     move.from,
                     Contains(from->partitions, slot) ? "twice" : "which does not own it");
      }
    }
  }
  for (const auto& id : plan.retire) {
    const Shard* shard = topology.FindShard(id);
    if (shard == nullptr) {
      return Error(StatusCode::kInvalidArgument, "the plan retires {}: no such shard", id);
    }
    for (int slot : Expand(shard->partitions)) {
      if (moved.count(slot) == 0) {
        return Error(StatusCode::kInvalidArgument, "the plan retires {} but leaves it slot {}", id,
                     slot);
      }
    }
  }
  return OkStatus();
}

Status CheckPlan(const Plan& plan, const Topology& topology) {
  if (plan.kind == PlanKind::kNone) {
    return Error(StatusCode::kInvalidArgument, "the plan does nothing");
  }
  if (plan.cluster != topology.cluster || plan.topology_fingerprint != topology.Fingerprint()) {
    return Error(StatusCode::kFailedPrecondition,
                 "the plan was made on another topology: the cluster has changed since");
  }
  if (!topology.open.empty()) {
    return Error(StatusCode::kFailedPrecondition, "slot {} is open already",
                 topology.open.front().partition);
  }
  if (!topology.agreed || topology.Unowned() != 0) {
    return Error(StatusCode::kFailedPrecondition, "{}",
                 topology.agreed ? fmt::format("{} slots have no owner", topology.Unowned())
                                 : "the nodes do not agree on who owns which slot");
  }
  return OkStatus();
}

std::vector<ExpectedShard> ShardsBefore(const Topology& topology) {
  std::vector<ExpectedShard> shards;
  for (const auto& shard : topology.shards) {
    ExpectedShard expected{shard.id, shard.partitions, {}};
    for (const auto& replica : shard.replicas) expected.replicas.push_back(replica.id);
    shards.push_back(std::move(expected));
  }
  return shards;
}

std::vector<ExpectedShard> ShardsAfter(const Plan& plan, const Topology& topology) {
  std::map<std::string, std::vector<int>> slots;
  for (const auto& shard : topology.shards) slots[shard.id] = Expand(shard.partitions);
  for (const auto& move : plan.moves) {
    auto& from = slots[move.from];
    std::erase_if(from, [&](int slot) { return Contains(move.partitions, slot); });
    const auto moved = Expand(move.partitions);
    auto& to = slots[move.to];
    to.insert(to.end(), moved.begin(), moved.end());
  }
  for (const auto& id : plan.retire) slots.erase(id);
  std::vector<ExpectedShard> shards;
  for (auto& [name, owned] : slots) shards.push_back({name, ToPartitionSet(std::move(owned)), {}});
  return shards;
}

/// Who is gone when a shard has been removed, its replicas first: they are forgotten first.
std::vector<Server> Members(const Shard& shard) {
  std::vector<Server> members;
  for (const auto& replica : shard.replicas) {
    members.push_back({replica.id, replica.host, replica.port});
  }
  members.push_back({shard.master.id, shard.master.host, shard.master.port});
  return members;
}

void AddNewNodes(StepList& list, const std::vector<std::string>& new_shards) {
  const Plan& plan = list.plan();
  StepArgs join;
  for (const auto& shard : new_shards) {
    std::vector<std::string> names = {shard};
    for (int i = 1; i <= plan.replicas_per_shard; ++i) names.push_back(NewReplicaName(shard, i));
    for (const auto& name : names) {
      StepArgs args;
      args.cluster = plan.cluster;
      args.names = {name};
      // The same plan on the same topology asks for the same nodes; the next one for others.
      args.token = plan.cluster + "/" + plan.topology_fingerprint.substr(0, 16) + "/" + name;
      list.Add(kProvision, args,
               fmt::format("start {} {}", IsNewReplica(name) ? "replica" : "master", name));
      join.names.push_back(name);
    }
  }
  list.Add(kJoin, join,
           fmt::format("join {} node{} to the cluster", join.names.size(),
                       join.names.size() == 1 ? "" : "s"));
  if (plan.replicas_per_shard == 0) return;
  for (const auto& shard : new_shards) {
    StepArgs args;
    args.names = {shard};
    for (int i = 1; i <= plan.replicas_per_shard; ++i) {
      args.names.push_back(NewReplicaName(shard, i));
    }
    list.Add(kReplicate, args, fmt::format("attach the replicas of {}", shard));
  }
}

void AddRemoval(StepList& list, const std::string& id) {
  StepArgs args;
  args.members = Members(*list.topology().FindShard(id));
  list.Add(kRemove, args, fmt::format("remove shard {} from the cluster", list.Name(id)));
  list.Add(
      kRelease, args,
      fmt::format("release {} node{}", args.members.size(), args.members.size() == 1 ? "" : "s"));
}

}  // namespace

StatusOr<std::vector<Step>> PlanSteps(const Plan& plan, const Topology& topology,
                                      int slots_per_batch, int pairs_at_once) {
  const auto new_shards = NewShards(plan);
  TW_RETURN_IF_ERROR(CheckPlan(plan, topology));
  TW_RETURN_IF_ERROR(CheckMoves(plan, topology, new_shards));
  StepList list(plan, topology);
  StepArgs preflight;
  preflight.shards = ShardsBefore(topology);
  preflight.retired = plan.retire;
  list.Add(kPreflight, preflight, "check that the cluster is well and as it was planned for");
  if (!new_shards.empty()) AddNewNodes(list, new_shards);
  const auto move_from = [&](const auto& is_source) {
    std::vector<PartitionMove> moves;
    std::copy_if(plan.moves.begin(), plan.moves.end(), std::back_inserter(moves),
                 [&](const PartitionMove& move) { return is_source(move.from); });
    Rounds rounds(moves, slots_per_batch);
    for (auto round = rounds.Next(pairs_at_once); !round.empty();
         round = rounds.Next(pairs_at_once)) {
      list.AddMoves(std::move(round));
    }
  };
  const auto& retire = plan.retire;
  for (auto first = retire.begin(); first != retire.end();) {
    const auto last = first + std::min<std::ptrdiff_t>(pairs_at_once, retire.end() - first);
    move_from([&](const std::string& id) { return std::find(first, last, id) != last; });
    for (; first != last; ++first) AddRemoval(list, *first);
  }
  move_from([&](const std::string& id) {
    return std::find(retire.begin(), retire.end(), id) == retire.end();
  });
  StepArgs verify;
  verify.shards = ShardsAfter(plan, topology);
  for (const auto& id : plan.retire) {
    for (const auto& member : Members(*topology.FindShard(id))) verify.retired.push_back(member.id);
  }
  list.Add(kVerify, verify, "check owners, epochs and health on every node");
  return list.Take();
}

}  // namespace tidewright::redis
