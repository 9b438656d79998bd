#include "controller/backoff.h"

#include <algorithm>

namespace tidewright {
namespace {

constexpr Duration kFirst = std::chrono::minutes(5);
constexpr Duration kLongest = std::chrono::hours(2);
constexpr int kDoublings = 5;

}  // namespace

void FailureBackoff::Ended(const ActionRecord& record) {
  if (record.state == ActionState::kCancelled) return;
  failures_ = record.state == ActionState::kDone ? 0 : failures_ + 1;
  last_ = record.ended;
}

std::optional<WallTime> FailureBackoff::Until() const {
  if (failures_ == 0) return std::nullopt;
  return last_ + std::min(kFirst * (1 << std::min(failures_ - 1, kDoublings)), kLongest);
}

}  // namespace tidewright
