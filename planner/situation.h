// What the planner's input says, checked and put together once. Internal to the planner.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/reason.h"
#include "planner/placement.h"
#include "planner/planner.h"
#include "planner/sizing/cache_memory.h"
#include "planner/sizing/demand_profile.h"
#include "planner/sizing/size_decision.h"
#include "planner/sizing/sizing.h"

namespace tidewright::planner {

/// Rounds of samples after which the imbalance of shards is believed.
inline constexpr int kSettledRounds = 3;

/// Missing, stale and implausible readings count as idle for an increase, as a full shard for a
/// decrease.
struct Observed {
  std::optional<double> at_least;  ///< absent when no shard has a fresh reading
  double at_most = 0;
};

/// What the serving masters tell of the resources that bind, each by the worst of them.
struct DataQuality {
  int masters = 0;
  int missing = 0;
  int stale = 0;
  int implausible = 0;
  int zero = 0;                ///< told as fresh, where there was load or load is forecast
  double fresh_share = 1;      ///< of the masters
  double partition_share = 1;  ///< of the partitions: those of a fresh master
  std::string first_bad;       ///< address
};

struct Situation {
  const PlanInput& input;
  Policy policy;   ///< Sane
  int shards = 0;  ///< serving ones
  PartitionWeights weights;
  CacheMemory cache;
  Capacity capacity;
  PerResource<std::optional<DemandProfile>> forecast;  ///< of binding resources
  PerResource<Observed> observed;
  PerResource<std::optional<WallTime>> outdated;  ///< data ended then: the forecast is not used
  DataQuality quality;
  Continuity continuity;   ///< this look included
  bool saturated = false;  ///< a serving master says so: its load is a lower bound of demand
  std::vector<std::string> empty_masters;  ///< addresses
  std::optional<SizeDecision> size;        ///< made once the rest is known

  explicit Situation(const PlanInput& plan_input);
  Situation(const Situation&) = delete;
  Situation& operator=(const Situation&) = delete;

  [[nodiscard]] bool HasForecast() const;  ///< of every binding resource
  [[nodiscard]] bool AnyForecast() const;
  [[nodiscard]] Trust ForecastTrust() const;  ///< the worst of those there are; kNone without any
  /// At the policy's risk, over the window from now.
  [[nodiscard]] Demand ForecastDemand(Duration window) const;
  [[nodiscard]] Demand ObservedDemand() const;  ///< at least
  /// The larger of the two.
  [[nodiscard]] Demand ExpectedDemand(Duration window) const;
  [[nodiscard]] Duration LeadTimeTo(int target) const;
  /// Since when a shard is billed: its master's time. Nothing where that is not known.
  [[nodiscard]] std::optional<WallTime> BilledSince(const Shard& shard) const;

  /// Whether the present imbalance is more than noise: the shards own what they own since enough
  /// rounds of samples.
  [[nodiscard]] bool Settled() const;
  /// Where the partitions would go if they were spread anew over the shards that serve.
  [[nodiscard]] const Placement& Respread() const;
  /// The lower of the present imbalance and that after Respread: by it the present size is judged,
  /// since what moving partitions would cure is no reason for another shard.
  [[nodiscard]] PerResource<double> AchievableImbalance() const;
  /// What counts until something is done: the present one, the achievable one while that is noise.
  [[nodiscard]] PerResource<double> ImbalanceNow() const;
  /// Shares of usable capacity as the partitions lie now, and as they could.
  [[nodiscard]] Capacity::Fill FillNow(const Demand& demand) const;
  [[nodiscard]] Capacity::Fill FillAchievable(const Demand& demand) const;

 private:
  mutable std::optional<Placement> respread_;  ///< made when first asked for
};

}  // namespace tidewright::planner
