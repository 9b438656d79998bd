#include "controller/estimate.h"

#include <algorithm>

namespace tidewright {
namespace {

constexpr char kMoveStep[] = "move";  // the kind that every store uses for moving partitions

bool Moving(const ActionRecord& record) {
  return std::any_of(record.steps.begin(), record.steps.end(), [](const StepRecord& step) {
    return step.step.kind == kMoveStep && step.state != StepState::kPending;
  });
}

}  // namespace

int PartitionsToMove(const Plan& plan) {
  int count = 0;
  for (const auto& move : plan.moves) count += Count(move.partitions);
  return count;
}

void ProgressEstimate::Observe(const ActionRecord& record, WallTime now) {
  if (record.id != action_ || record.state != ActionState::kRunning) since_.reset();
  action_ = record.id;
  if (since_ || record.state != ActionState::kRunning || !Moving(record)) return;
  since_ = now;
  moved_ = record.partitions_moved;
}

std::optional<WallTime> ProgressEstimate::End(const ActionRecord& record,
                                              const ActionProgress& progress, WallTime now) const {
  if (record.state != ActionState::kRunning || record.id != action_) return std::nullopt;
  const int moved =
      record.partitions_moved + (progress.action_id == record.id ? progress.partitions_moved : 0);
  if (since_ && moved > moved_ && now > *since_) {
    const int left = std::max(0, PartitionsToMove(record.plan) - moved);
    return now + (now - *since_) * left / (moved - moved_);
  }
  const WallTime planned = record.created + record.plan.lead_time;
  if (planned > now) return planned;
  return std::nullopt;
}

}  // namespace tidewright
