#include "planner/quotas/decrease_budget.h"

#include <algorithm>

namespace tidewright {
namespace {

constexpr Duration kDay = std::chrono::days(1);
constexpr Duration kHour = std::chrono::hours(1);

// Of those that were made within the period of `last`.
int Counted(const std::optional<WallTime>& last, int made, WallTime now, Duration period) {
  return last && FloorTo(now, period) <= FloorTo(*last, period) ? made : 0;
}

}  // namespace

bool DecreaseBudget::May(const DecreaseLimit& limit, WallTime now) const {
  if (limit.per_hour > 0 && Counted(last, that_hour, now, kHour) >= limit.per_hour) return false;
  if (limit.per_day <= 0 || Counted(last, that_day, now, kDay) < limit.per_day) return true;
  return limit.extra_after > Duration(0) && now - *last >= limit.extra_after;
}

void DecreaseBudget::Take(WallTime now) {
  that_day = Counted(last, that_day, now, kDay) + 1;
  that_hour = Counted(last, that_hour, now, kHour) + 1;
  last = last ? std::max(*last, now) : now;
}

std::optional<int> DecreaseBudget::LeftToday(const DecreaseLimit& limit, WallTime now) const {
  if (limit.per_day <= 0) return std::nullopt;
  return std::max(0, limit.per_day - Counted(last, that_day, now, kDay));
}

WallTime DecreaseBudget::NextAt(const DecreaseLimit& limit, WallTime now) const {
  if (May(limit, now)) return now;
  // Something was made, else it would be allowed.
  WallTime at = std::max(now, FloorTo(*last, kDay) + kDay);
  if (limit.extra_after > Duration(0)) at = std::min(at, std::max(now, *last + limit.extra_after));
  const bool day_has_one = limit.per_day <= 0 || Counted(last, that_day, now, kDay) < limit.per_day;
  const WallTime next_hour = FloorTo(*last, kHour) + kHour;
  if (limit.per_hour > 0 && that_hour >= limit.per_hour) {
    at = day_has_one ? next_hour : std::max(at, next_hour);
  }
  return at;
}

namespace planner {

BudgetStates::BudgetStates(const DecreaseLimit& limit, const DecreaseBudget& spent, WallTime now,
                           Duration step)
    : limit_(limit), now_(now), step_(step) {
  if (limit.per_day > 0) {
    if (limit.extra_after > Duration(0)) {
      ages_ = static_cast<int>((limit.extra_after + step - Duration(1)) / step);
    }
    days_ = limit.per_day + ages_ + 1;
  }
  if (limit.per_hour > 0) hours_ = limit.per_hour + 1;
  int day = 0;
  int hour = 0;
  if (spent.last && limit.per_day > 0) {
    day = std::min(Counted(spent.last, spent.that_day, now, kDay), limit.per_day);
    if (day == limit.per_day && ages_ > 0) {
      const auto age = std::max<Duration::rep>(0, (now - *spent.last) / step);
      // What is allowed by the clock is allowed, though it is less than whole steps ago.
      const bool old = now - *spent.last >= limit.extra_after;
      day += old ? ages_ : static_cast<int>(std::min<Duration::rep>(age, ages_ - 1));
    }
  }
  if (spent.last && limit.per_hour > 0) {
    hour = std::min(Counted(spent.last, spent.that_hour, now, kHour), limit.per_hour);
  }
  start_ = day * hours_ + hour;
}

// Whether a new period begins between decision t and the next one.
bool BudgetStates::Passes(int t, Duration period) const {
  return FloorTo(now_ + step_ * t, period) != FloorTo(now_ + step_ * (t + 1), period);
}

int BudgetStates::Next(int t, int day, int hour) const {
  if (limit_.per_hour > 0 && Passes(t, kHour)) hour = 0;
  if (limit_.per_day > 0 && Passes(t, kDay)) day = 0;
  return day * hours_ + hour;
}

int BudgetStates::Keep(int t, int state) const {
  const int day = state / hours_;
  const bool ages = day >= limit_.per_day && day + 1 < days_;
  return Next(t, ages ? day + 1 : day, state % hours_);
}

int BudgetStates::Take(int t, int state) const {
  const int day = state / hours_;
  const int hour = state % hours_;
  if (limit_.per_hour > 0 && hour >= limit_.per_hour) return -1;
  const int hour_after = limit_.per_hour > 0 ? hour + 1 : 0;
  if (limit_.per_day <= 0) return Next(t, 0, hour_after);
  if (day + 1 < limit_.per_day) return Next(t, day + 1, hour_after);
  // Right after the last one of the day, or an extra one, a step has passed at the next decision.
  const int after = limit_.per_day + std::min(1, ages_);
  if (day + 1 == limit_.per_day) return Next(t, after, hour_after);
  return ages_ > 0 && day == days_ - 1 ? Next(t, after, hour_after) : -1;
}

}  // namespace planner
}  // namespace tidewright
