// The planner's product: what to do now, why, and what was not done.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/money.h"
#include "core/reason.h"
#include "core/resource.h"
#include "core/status.h"
#include "core/time.h"
#include "core/topology.h"

namespace tidewright {

enum class PlanKind {
  kNone,
  kScaleOut,
  kScaleIn,
  kRebalance,  ///< moves partitions between the shards that there are
};
/// "none", "scale-out", "scale-in", "rebalance"
[[nodiscard]] const char* PlanKindName(PlanKind kind);

/// Partitions that change their owner. A shard that does not exist yet is named "new-1", "new-2", …
struct PartitionMove {
  PartitionSet partitions;
  std::string from;
  std::string to;

  friend bool operator==(const PartitionMove&, const PartitionMove&) = default;
};

/// Expected figures over the time that the plan must cover (scale-out and none: lead time and
/// consolidation window; scale-in: scale-in window and the way back), with the shards of the plan
/// or without them. All numbers are finite.
struct Outlook {
  double peak_demand = 0;      ///< binding resource, at the policy's risk quantile
  double usable_capacity = 0;  ///< target utilisation × shards × shard capacity ÷ imbalance
  double shortfall_probability = 0;  ///< share of sample paths that pass full capacity
  Money cost_per_hour;

  friend bool operator==(const Outlook&, const Outlook&) = default;
};

/// A size that was considered: what it comes to if it is begun now and the best is done after it.
struct SizeOption {
  int shards = 0;
  /// Expected, in shard-hours over the horizon; the first is what is billed, moves included, the
  /// others are the policy's penalties × expected unserved demand, and × expected hours with demand
  /// above what the shards may bear.
  double billed = 0;
  double unserved = 0;
  double violation = 0;

  [[nodiscard]] double Cost() const { return billed + unserved + violation; }
  friend bool operator==(const SizeOption&, const SizeOption&) = default;
};

/// A change of size that the cheapest schedule foresees.
struct LaterMove {
  WallTime at;
  int from = 0;
  int to = 0;

  friend bool operator==(const LaterMove&, const LaterMove&) = default;
};

/// All demand to come times `factor`, and the schedule would go to `shards` instead.
struct TurningPoint {
  double factor = 1;
  int shards = 0;

  friend bool operator==(const TurningPoint&, const TurningPoint&) = default;
};

/// A forecast that the plan rests on, and how far it is trusted.
struct ForecastBasis {
  /// How often demand stayed at or below a published quantile, lately.
  struct Held {
    double level = 0;
    Duration ahead{0};  ///< longest distance of the steps it was promised for
    double share = 0;

    friend bool operator==(const Held&, const Held&) = default;
  };

  Resource resource = Resource::kRequests;
  std::string trust;  ///< "none", "poor", "fair", "good"
  double recent_error = 0;
  WallTime made_from;  ///< end of what was observed
  std::vector<Held> held;
  std::vector<std::string> notes;  ///< season, members, why the trust is what it is

  friend bool operator==(const ForecastBasis&, const ForecastBasis&) = default;
};

/// What the choice of size rests on: for explaining it, not for carrying it out.
struct PlanBasis {
  std::vector<SizeOption> options;  ///< of every size that one move may reach, rising
  int cheapest = 0;                 ///< shards of the cheapest option
  int wanted = 0;                   ///< shards that demand asked for before any guard was asked
  /// Nearest ones; absent where not even kFarthest times the demand, or a kFarthest-th of it, turns
  /// the choice, or where nobody asked (PlanInput::explain).
  std::optional<TurningPoint> more;
  std::optional<TurningPoint> less;
  static constexpr double kFarthest = 2;
  std::vector<LaterMove> moves;  ///< of the cheapest schedule; one that begins now included
  Duration horizon{0};
  double forecast_share = 0;  ///< in the demand planned for; the rest is that of similar times
  int analogues = 0;          ///< similar past times that were found
  Duration seen{0};           ///< observed demand that they were looked for in
  double risk_quantile = 0;   ///< at which demand is told
  std::vector<ForecastBasis> forecasts;  ///< of binding resources
  /// In the plan's binding resource; absent where it is not known.
  std::optional<double> observed;
  std::optional<double> reactive_at;  ///< observed demand that adds shards whatever is forecast

  [[nodiscard]] const SizeOption* Option(int shards) const;  ///< null: no move reaches it
  friend bool operator==(const PlanBasis&, const PlanBasis&) = default;
};

/// A value: two equal inputs give two equal plans, hash included.
struct Plan {
  std::string cluster;
  PlanKind kind = PlanKind::kNone;
  WallTime created;
  WallTime expires;
  std::string topology_fingerprint;  ///< the plan holds for this topology alone
  int from_shards = 0;
  int to_shards = 0;                ///< of a rebalance: from_shards
  int replicas_per_shard = 0;       ///< of the shards it adds
  std::vector<std::string> retire;  ///< shards that scale-in removes
  std::vector<PartitionMove> moves;
  Resource binding = Resource::kRequests;  ///< the resource that asked for the most shards
  bool emergency = false;
  std::vector<Reason> reasons;       ///< why this
  std::vector<Reason> rejections;    ///< what was considered and not done
  Duration lead_time{0};             ///< wall time until the plan would be complete
  std::optional<WallTime> crossing;  ///< when the risk quantile passes usable capacity
  Outlook without;
  Outlook with;
  std::optional<PlanBasis> basis;  ///< absent in plans of before it was kept

  friend bool operator==(const Plan&, const Plan&) = default;
};

/// One text for one value: keys sorted, times in microseconds, no white space. Journal and hash use
/// it. A basis written by a later version is left out when it is read: nothing is executed by it.
[[nodiscard]] std::string CanonicalJson(const Plan& plan);
[[nodiscard]] StatusOr<Plan> ParsePlan(const std::string& canonical_json);
/// SHA-256 of what would be executed and on what: cluster, kind, fingerprint, shards, moves,
/// retire, replicas. Reasons and times of creation do not count, so that a plan that is found again
/// a minute later is the same recommendation.
[[nodiscard]] std::string PlanHash(const Plan& plan);
/// The first 10 characters: what people type.
[[nodiscard]] std::string ShortHash(const std::string& hash);

}  // namespace tidewright
