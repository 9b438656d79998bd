// What a size that follows demand came to on demand that was measured: cost and violations, for the
// real cluster and for policies in shadow alike. Pure arithmetic.
#pragma once

#include <optional>
#include <string>

#include "core/money.h"
#include "core/time.h"

namespace tidewright {

/// A stretch of time in which nothing changes. Demand and capacity are in shards' worth at full
/// use; either is NaN where nobody knows it.
struct TallyStretch {
  WallTime from;
  Duration length{0};
  double demand = 0;
  double capacity = 0;
  int nodes = 0;  ///< billed
  Money price_per_node_hour{};
};

/// What is not known is told and not judged: it counts nowhere else.
struct Tally {
  Duration judged{0};
  Duration dark{0};       ///< demand or capacity is not known
  Duration short_for{0};  ///< demand above capacity
  int episodes = 0;       ///< of it, those that are no more than 30 minutes apart counted as one
  double unserved = 0;    ///< shard-hours of demand above capacity
  double demand = 0;      ///< shard-hours
  double node_hours = 0;
  Money cost;
  int moves = 0;                           ///< changes of size, or actions, that began
  std::optional<WallTime> newest_short{};  ///< beginning of the newest stretch that was short

  /// Stretches come in the order of time.
  void Add(const TallyStretch& stretch);

  friend bool operator==(const Tally&, const Tally&) = default;
};

/// For people: one policy and what it came to.
struct PolicyTally {
  std::string policy;      ///< "tidewright" is the real one
  bool estimated = false;  ///< simulated
  WallTime since;
  int shards = 0;               ///< that serve; of a move under way, before it
  std::optional<int> moves_to;  ///< a move is under way
  Tally tally;
};
inline constexpr char kRealPolicy[] = "tidewright";

}  // namespace tidewright
