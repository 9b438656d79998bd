#include "stores/redis/pair_moves.h"

#include <algorithm>
#include <functional>
#include <set>

#include "stores/redis/slot_lanes.h"

namespace tidewright::redis {
namespace {

StatusOr<ShardParty> PartyOf(const StepContext& context, const std::string& shard) {
  ShardParty party{shard, ShardNodes(context, shard)};
  if (!party.ids.empty()) return party;
  return Error(StatusCode::kFailedPrecondition, "{} has not been provisioned", shard);
}

}  // namespace

struct PairMoves::Pair {
  ClusterLink link;  ///< its own: the kill switch passes for one pair alone
  SlotMigration migration;

  Pair(ClusterLink& step, Client& watching, StepContext& context, MoveSpeed& speed,
       const SlotMigration::Task& task)
      : link(step.OfTheSame()), migration(link, watching, context, speed, task) {}
};

StatusOr<PairMoves::Pairs> PairMoves::Make(bool back) {
  Pairs pairs;
  std::set<int> all;
  for (const auto& move : moves_) {
    const auto slots = Expand(move.slots);
    all.insert(slots.begin(), slots.end());
  }
  for (std::size_t i = 0; i < moves_.size(); ++i) {
    const SlotMove& move = moves_[i];
    const auto& [from, to] = back ? std::pair(move.to, move.from) : std::pair(move.from, move.to);
    SlotMigration::Task task;
    TW_ASSIGN_OR_RETURN(task.from, PartyOf(context_, from));
    TW_ASSIGN_OR_RETURN(task.to, PartyOf(context_, to));
    const auto slots = Expand(move.slots);
    task.slots = {slots.begin(), slots.end()};
    task.step_slots = all;
    task.note_key = i == 0 ? note_key_ : fmt::format("{}@{}", note_key_, i);
    if (back) task.note_key += ":back";
    pairs.push_back(std::make_unique<Pair>(link_, watching_, context_, speeds_[{from, to}], task));
  }
  return pairs;
}

Status PairMoves::Run(Pairs& pairs) {
  std::vector<Status> ends(pairs.size());
  std::vector<std::function<void()>> jobs;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    jobs.emplace_back([this, &pair = *pairs[i], &end = ends[i]] {
      end = pair.migration.Move();
      if (!end.ok()) context_.Halt();
    });
  }
  if (!jobs.empty()) AtOnce(link_, std::move(jobs));
  return Gravest(ends);
}

Status PairMoves::Move() {
  TW_ASSIGN_OR_RETURN(Pairs pairs, Make(/*back=*/false));
  return Run(pairs);
}

StatusOr<bool> PairMoves::Moved() {
  TW_ASSIGN_OR_RETURN(const Pairs pairs, Make(/*back=*/false));
  for (const auto& pair : pairs) {
    TW_ASSIGN_OR_RETURN(const bool moved, pair->migration.Moved());
    if (!moved) return false;
  }
  return true;
}

Status PairMoves::Undo() {
  TW_ASSIGN_OR_RETURN(const ClusterView view, link_.Read());
  // Nothing can have been moved to who has not joined.
  std::erase_if(moves_, [&](const SlotMove& move) {
    const auto target = ShardNodes(context_, move.to);
    return std::none_of(target.begin(), target.end(),
                        [&](const std::string& id) { return view.nodes.Find(id) != nullptr; });
  });
  TW_ASSIGN_OR_RETURN(Pairs back, Make(/*back=*/true));
  // Nothing moves back before all that was open is finished: then it has been already.
  const bool begun = std::any_of(back.begin(), back.end(),
                                 [&](const auto& pair) { return pair->migration.HasOpen(view); });
  if (!begun) {
    TW_ASSIGN_OR_RETURN(const Pairs forward, Make(/*back=*/false));
    for (const auto& pair : forward) TW_RETURN_IF_ERROR(pair->migration.FinishOpen());
  }
  return Run(back);
}

}  // namespace tidewright::redis
