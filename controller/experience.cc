#include "controller/experience.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tidewright {
namespace {

constexpr char kMoveStep[] = "move";  // the kind that every store uses for moving partitions

std::optional<Duration> Mean(const std::optional<Duration>& a, const std::optional<Duration>& b) {
  if (!a) return b;
  if (!b) return a;
  return (*a + *b) / 2;
}

}  // namespace

std::optional<MoveExperience> ExperienceWatch::Observe(const ActionRecord& record, WallTime now) {
  if (record.id != action_id_) {
    *this = {};
    action_id_ = record.id;
    started_ = now;
  }
  for (const auto& step : record.steps) {
    if (step.step.kind != kMoveStep || step.state == StepState::kPending) continue;
    if (!first_move_) first_move_ = now;
  }
  const bool moved = std::all_of(record.steps.begin(), record.steps.end(), [](const auto& step) {
    return step.step.kind != kMoveStep || step.state == StepState::kDone;
  });
  if (moved && first_move_ && !last_move_) last_move_ = now;
  if (record.state != ActionState::kDone || !first_move_ || !last_move_) return std::nullopt;
  MoveExperience learned;
  if (record.plan.kind == PlanKind::kScaleOut && *first_move_ > started_) {
    learned.provisioning = *first_move_ - started_;
  }
  int partitions = 0;
  for (const auto& move : record.plan.moves) partitions += Count(move.partitions);
  if (partitions > 0 && *last_move_ > *first_move_) {
    learned.per_partition = (*last_move_ - *first_move_) / partitions;
  }
  return learned;
}

MoveExperience Blend(const MoveExperience& old, const MoveExperience& fresh) {
  return {Mean(old.provisioning, fresh.provisioning), Mean(old.per_partition, fresh.per_partition)};
}

std::string ToJson(const MoveExperience& experience) {
  nlohmann::json json = nlohmann::json::object();
  if (experience.provisioning) json["provisioning_us"] = experience.provisioning->count();
  if (experience.per_partition) json["per_partition_us"] = experience.per_partition->count();
  return json.dump();
}

StatusOr<MoveExperience> ParseExperience(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return Error(StatusCode::kDataLoss, "'{}' is no experience", text);
  const auto read = [&](const char* key) -> std::optional<Duration> {
    const auto it = json.find(key);
    if (it == json.end() || !it->is_number_integer() || it->get<std::int64_t>() < 0) return {};
    return Duration(it->get<std::int64_t>());
  };
  return MoveExperience{read("provisioning_us"), read("per_partition_us")};
}

}  // namespace tidewright
