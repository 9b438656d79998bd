// What the placement engine is given: items with what they take, nodes with what they have, and
// what a good placement is. It knows no store: partitions on shards, replicas on hosts and virtual
// machines on the NUMA nodes of hosts are all items on nodes. Pure values.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/status.h"

namespace tidewright::planner::placing {

inline constexpr int kDimensions = 4;  ///< resources; those that are not used stay 0
using Amounts = std::array<double, kDimensions>;
inline constexpr double kUnlimited = std::numeric_limits<double>::infinity();
inline constexpr int kNowhere = -1;

struct Node {
  Amounts capacity{};  ///< what utilisation is measured by; 0: the dimension does not count here
  Amounts limit{kUnlimited, kUnlimited, kUnlimited, kUnlimited};  ///< no move fills it above this
  int host = kNowhere;  ///< nodes of one host fail together; kNowhere: a host of its own
  int zone = kNowhere;  ///< likewise
  /// The other half of a host of two halves (NUMA), for items that lie on both.
  int partner = kNowhere;
  bool receives = true;
  bool drains = false;  ///< every item must leave it
};

struct Item {
  Amounts demand{};      ///< on each node that it lies on
  double bytes = 0;      ///< what moving it copies
  int node = kNowhere;   ///< where it lies now; of an item on both halves: the lower one
  int group = kNowhere;  ///< no two items of a group on one host (or zone, see Goal)
  bool pinned = false;
  bool both_halves = false;
};

enum class Apart { kHost, kZone };

/// The cost of a placement is the sum of these terms, each with its weight; limits, groups, pins
/// and the number of moves are bounds that no step breaks.
struct Goal {
  /// Utilisation (the worst dimension of a node) up to which spreading gains nothing.
  double level = 0;
  double level_weight = 0;   ///< × what the fullest node has above level
  double excess_weight = 0;  ///< × Σ over nodes of what each has above level
  double bytes_weight = 0;   ///< × Σ bytes of items that are not where they were
  double zone_weight = 0;    ///< × those of them that changed their zone, both zones being known
  double move_weight = 0;    ///< × items that are not where they were
  double border_weight = 0;  ///< × neighbours in the list of items that lie on different nodes
  /// × Σ over nodes of free capacity that no whole `fragment_size` fits into, in one dimension.
  double fragment_weight = 0;
  double fragment_size = 0;
  int fragment_dimension = 0;
  /// × Σ over nodes and dimensions of the share by which a limit is passed at the start, and ×
  /// items on nodes that drain.
  double limit_weight = 1e3;
  int max_moves = std::numeric_limits<int>::max();
  Apart apart = Apart::kHost;
  bool within_host = true;  ///< an item may move from one node of its host to another
};

struct Problem {
  std::vector<Node> nodes;
  std::vector<Item> items;
  Goal goal;
};

/// Whether indices, amounts and halves fit together; the engine expects it.
[[nodiscard]] Status Validate(const Problem& problem);

struct Score {
  double cost = 0;    ///< what the search lowers
  double level = 0;   ///< utilisation of the fullest node
  double excess = 0;  ///< Σ over nodes above goal.level
  double over_limit = 0;
  double fragments = 0;
  double bytes = 0;
  double zone_bytes = 0;  ///< that changed their zone
  int moves = 0;
  int borders = 0;
};

}  // namespace tidewright::planner::placing
