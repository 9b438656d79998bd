// What shards cost that leave before the time is over for which they are paid. Internal to the
// planner.
//
// A schedule is billed for the shards that are there, step by step, and where one leaves for the
// rest of what it is paid for: by then that is spent, and was of no use. So a shard that leaves at
// the very end of its period costs nothing more, one that came for a few steps its whole minimum,
// and one that leaves and comes back within a period is paid twice.
#pragma once

#include <optional>
#include <vector>

namespace tidewright::planner {

/// In steps of a schedule.
struct ShardBilling {
  double period = 0;  ///< a period that was begun is paid whole; 0: by the step
  double least = 0;   ///< paid for each shard that comes
  int committed = 0;  ///< shards that are paid for, there or not
  /// Of the shards that are there now; nothing where nobody knows since when.
  std::vector<std::optional<double>> ages;

  [[nodiscard]] bool ByPeriod() const { return period > 0 || least > 0; }
  /// Steps that a shard of this age is still paid for.
  [[nodiscard]] double Left(double age) const;
  /// Likewise where the age is not known: half a period, as if any age were as likely.
  [[nodiscard]] double LeftOfUnknown() const { return period / 2; }

  /// What is paid and not used counts a tenth less than it costs. At any time within a period
  /// leaving costs the same; who waits for its end may miss it (guards and rests hold a decrease
  /// back, demand returns) and pays the next one too. So a shard is kept where it is clearly wanted
  /// again before its time is over, and leaves as soon as it may where it is not.
  static constexpr double kUnused = 0.9;
  /// What is committed and not there counts a little more than it costs: kept, it is of some use.
  static constexpr double kAbsent = 1.001;
};

/// For the dynamic programme, whose state is (step, shards) and knows no ages. Exact while no shard
/// was added: those that are there leave in the order that wastes the least, as PlaceScaleIn
/// prefers. Shards that a schedule added leave first, and waste half a period, or what is left of
/// `least` where that is more and they can be no older.
class ReleaseTable {
 public:
  /// `steps`: end of the horizon; what is paid beyond it counts for nothing, as all that comes
  /// then.
  ReleaseTable(const ShardBilling& billing, int from, int steps);

  /// Shards that go from `from` to `to` and leave at the end of step `end` − 1.
  [[nodiscard]] double Wasted(int end, int from, int to) const;

 private:
  [[nodiscard]] double OfPresent(int end, int count) const;

  const ShardBilling& billing_;
  int present_;
  int steps_;
  std::vector<double> wasted_;  ///< [end · (present + 1) + k]: by the k that waste the least
};

/// One schedule, billed exactly: every shard is known by when it came.
class ScheduleBill {
 public:
  ScheduleBill(const ShardBilling& billing, int from, int steps);

  void Come(int step, int count);
  /// Those that waste the least; returns what they do. `charged` of them are not committed.
  [[nodiscard]] double Leave(int end, int count, int charged);

 private:
  const ShardBilling& billing_;
  int steps_;
  std::vector<std::optional<double>> came_;  ///< steps; before now is below 0
};

}  // namespace tidewright::planner
