#include "planner/sizing/shard_billing.h"

#include <algorithm>
#include <cmath>

namespace tidewright::planner {
namespace {

constexpr double kRounding = 1e-6;  // of a step: what is a whole number of periods stays one

}  // namespace

double ShardBilling::Left(double age) const {
  const double at_least = std::max(age, least);
  if (period <= 0) return std::max(0.0, at_least - age);
  const double periods = std::max(1.0, std::ceil(at_least / period - kRounding));
  return std::max(0.0, periods * period - age);
}

ReleaseTable::ReleaseTable(const ShardBilling& billing, int from, int steps)
    : billing_(billing), present_(from), steps_(steps) {
  if (!billing.ByPeriod()) return;
  const auto count = static_cast<std::size_t>(present_);
  std::vector<double> left(count);
  for (int end = 0; end <= steps_; ++end) {
    for (std::size_t i = 0; i < count; ++i) {
      const bool known = i < billing.ages.size() && billing.ages[i];
      left[i] = known ? billing.Left(*billing.ages[i] + end) : billing.LeftOfUnknown();
      left[i] = std::min<double>(left[i], steps_ - end);
    }
    std::sort(left.begin(), left.end());
    double sum = 0;
    wasted_.push_back(0);
    for (const double one : left) wasted_.push_back(sum += one);
  }
}

double ReleaseTable::OfPresent(int end, int count) const {
  return wasted_[static_cast<std::size_t>(end) * static_cast<std::size_t>(present_ + 1) +
                 static_cast<std::size_t>(std::clamp(count, 0, present_))];
}

double ReleaseTable::Wasted(int end, int from, int to) const {
  if (wasted_.empty() || to >= from || end >= steps_) return 0;
  const int charged = from - std::max(to, std::min(from, billing_.committed));
  const int added = std::min(charged, std::max(0, from - present_));
  const double each = std::max(billing_.LeftOfUnknown(), billing_.least - end);
  return added * std::min<double>(each, steps_ - end) + OfPresent(end, charged - added);
}

ScheduleBill::ScheduleBill(const ShardBilling& billing, int from, int steps)
    : billing_(billing), steps_(steps), came_(static_cast<std::size_t>(from)) {
  for (std::size_t i = 0; i < came_.size() && i < billing.ages.size(); ++i) {
    if (billing.ages[i]) came_[i] = -*billing.ages[i];
  }
}

void ScheduleBill::Come(int step, int count) {
  came_.insert(came_.end(), static_cast<std::size_t>(count), step);
}

double ScheduleBill::Leave(int end, int count, int charged) {
  if (!billing_.ByPeriod()) return 0;
  const auto left = [&](const std::optional<double>& came) {
    return came ? billing_.Left(end - *came) : billing_.LeftOfUnknown();
  };
  std::stable_sort(came_.begin(), came_.end(),
                   [&](const auto& a, const auto& b) { return left(a) < left(b); });
  double wasted = 0;
  for (int i = 0; i < count && i < static_cast<int>(came_.size()); ++i) {
    if (i >= charged || end >= steps_) break;
    wasted += std::min<double>(left(came_[static_cast<std::size_t>(i)]), steps_ - end);
  }
  const auto gone = std::min(came_.size(), static_cast<std::size_t>(count));
  came_.erase(came_.begin(), came_.begin() + static_cast<std::ptrdiff_t>(gone));
  return wasted;
}

}  // namespace tidewright::planner
