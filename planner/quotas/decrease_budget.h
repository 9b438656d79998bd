// How many decreases of a quota are left: the store's own rule, as the planner counts it and as the
// simulated store enforces it. Pure.
#pragma once

#include <optional>
#include <vector>

#include "planner/quotas/quota_policy.h"

namespace tidewright {

/// Decreases that were made. A regular value that whoever lowers a quota keeps; a store's own count
/// (DynamoDB: NumberOfDecreasesToday, LastDecreaseDateTime) replaces it where there is one.
struct DecreaseBudget {
  std::optional<WallTime> last;  ///< the newest one
  int that_day = 0;              ///< within the day of `last` (UTC), that one included
  int that_hour = 0;             ///< within its hour of the clock

  /// A clock that was set back gives nothing back.
  [[nodiscard]] bool May(const DecreaseLimit& limit, WallTime now) const;
  void Take(WallTime now);
  /// Of those that a day has at any time; nothing where any number is allowed.
  [[nodiscard]] std::optional<int> LeftToday(const DecreaseLimit& limit, WallTime now) const;
  /// The earliest time, not before now, at which one is allowed.
  [[nodiscard]] WallTime NextAt(const DecreaseLimit& limit, WallTime now) const;

  friend bool operator==(const DecreaseBudget&, const DecreaseBudget&) = default;
};

namespace planner {

/// All that a budget can have become by each of the decisions at now + t·step, as numbers from 0:
/// what is left of the day's decreases, once there are none the steps since the last one, and the
/// decreases of the hour. Between two steps nobody decides, so that a time since the last decrease
/// is rounded down to steps: an extra one never comes too early.
class BudgetStates {
 public:
  BudgetStates(const DecreaseLimit& limit, const DecreaseBudget& spent, WallTime now,
               Duration step);

  /// (per_day + ⌈extra_after / step⌉ + 1) × (per_hour + 1), where these are limits; 1 without any.
  [[nodiscard]] int count() const { return days_ * hours_; }
  [[nodiscard]] int start() const { return start_; }  ///< at decision 0
  /// At decision t + 1, when decision t lowers nothing, and when it does; −1 where it may not.
  [[nodiscard]] int Keep(int t, int state) const;
  [[nodiscard]] int Take(int t, int state) const;

 private:
  [[nodiscard]] bool Passes(int t, Duration period) const;
  [[nodiscard]] int Next(int t, int day, int hour) const;

  DecreaseLimit limit_;
  WallTime now_;
  Duration step_;
  int ages_ = 0;  // steps after which an extra one is allowed; 0: never
  int days_ = 1;
  int hours_ = 1;
  int start_ = 0;
};

}  // namespace planner
}  // namespace tidewright
