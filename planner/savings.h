// What running the cluster cost, and what it would have cost otherwise. Pure: everything follows
// from what was recorded, so that anybody can compute it again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "core/series.h"
#include "core/time.h"
#include "planner/billing.h"

namespace tidewright {

/// What there was, from `at` on, until the next record; no longer than `holds_for` where that is
/// said. What lies beyond is a gap: nothing is known of it, nothing is counted, nothing is saved.
struct CapacityRecord {
  WallTime at;
  int nodes = 0;
  int shards = 0;
  int static_peak_nodes = 0;    ///< of the counterfactual; what was said of it then
  Money price_per_node_hour{};  ///< of that time
  std::optional<Duration> holds_for{};
  BillingTerms billing{};  ///< of that time

  /// Whether the account has to be told: something other than the time differs.
  [[nodiscard]] bool SameAs(const CapacityRecord& other) const;
};

/// What would have been there from `at` on.
struct CapacityPoint {
  WallTime at;
  int nodes = 0;
  int shards = 0;
  bool known = true;  ///< false: nothing is known of it from `at` on, and nothing is compared

  friend bool operator==(const CapacityPoint&, const CapacityPoint&) = default;
};

/// Something else that could have been done.
struct Counterfactual {
  std::string name;        ///< "static peak", "as provisioned", or a policy's
  bool estimated = false;  ///< simulated: the policy ran in shadow, its capacity was never there
  std::vector<CapacityPoint> capacity;  ///< in the order of time; nothing is known before the first
};

/// The policy's figures, to tell what a saving was paid with.
struct DemandRecord {
  const Series* demand = nullptr;  ///< of one resource; null: not looked at
  double usable_per_shard = 0;     ///< in its unit
};

/// One side of a comparison.
struct Spending {
  double node_hours = 0;  ///< that nodes were there
  Money cost;             ///< each stretch of constant capacity rounded to the nearest micro-unit
  Duration short_for{0};  ///< demand was above what the shards may bear
};

struct Saving {
  std::string against;
  bool estimated = false;
  Duration compared{0};  ///< recorded time in which the counterfactual is known too
  Spending actual;       ///< in that time
  Spending otherwise;

  /// Negative where more was spent than the counterfactual would have.
  [[nodiscard]] double NodeHours() const { return otherwise.node_hours - actual.node_hours; }
  [[nodiscard]] Money Cost() const { return otherwise.cost - actual.cost; }
};

struct Gap {
  WallTime from;
  WallTime until;
};

struct Savings {
  Spending actual;  ///< in all recorded time
  Duration recorded{0};
  std::vector<Gap> gaps;        ///< between the first record and `now`
  Duration demand_unknown{0};   ///< recorded time without a value of demand
  std::vector<Saving> against;  ///< in the order of the counterfactuals

  [[nodiscard]] Duration Missing() const;  ///< length of the gaps
};

/// Up to `now`. Records come in the order in which they were written. Each moment counts once: a
/// record that reaches back (a clock that was set back, a second writer) counts from where the one
/// before it had got to. The price is that of the record on both sides.
///
/// Cost is as billed, by the record's terms, on both sides: at least the committed nodes, and when
/// a node leaves, at once, what it is paid for beyond that; until then it costs by the second.
/// Nodes are told by their number alone: one that leaves is the one that is paid for the shortest
/// time, those of the first record began with it, and one that was replaced by another is the same.
[[nodiscard]] Savings ComputeSavings(const std::vector<CapacityRecord>& records,
                                     const std::vector<Counterfactual>& counterfactuals,
                                     const DemandRecord& demand, WallTime now);

/// "static peak": the size that the records state.
[[nodiscard]] Counterfactual StaticPeak(const std::vector<CapacityRecord>& records);

/// "as provisioned": the capacity as it was recorded until the controller's first action began, and
/// what there was then from then on. Without an action it is what there was.
[[nodiscard]] Counterfactual AsProvisioned(const std::vector<CapacityRecord>& records,
                                           const std::optional<CapacityPoint>& before_first_action);

/// What there was at `at`, by the newest record of before it, else by the first one.
[[nodiscard]] std::optional<CapacityPoint> CapacityAt(const std::vector<CapacityRecord>& records,
                                                      WallTime at);

/// Savings without what they were computed from, so that those of times that follow each other add
/// up.
struct Account {
  Spending actual;
  Duration recorded{0};
  Duration missing{0};          ///< nobody looked: nothing is counted
  std::vector<Saving> against;  ///< one of each name

  [[nodiscard]] const Saving* Against(const std::string& name) const;  ///< null: not compared
};
[[nodiscard]] Account AccountOf(const Savings& savings);
[[nodiscard]] Account operator+(Account a, const Account& b);

/// For a budget: what nodes cost from `from` to `now`. Nothing is saved by not looking: a gap costs
/// what was there before it, and what lies before the first record as much as what it tells.
[[nodiscard]] Money SpentSince(const std::vector<CapacityRecord>& records, WallTime from,
                               WallTime now);

}  // namespace tidewright
