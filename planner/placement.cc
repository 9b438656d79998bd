#include "planner/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "planner/partition_runs.h"
#include "planner/placing/search.h"

namespace tidewright::planner {
namespace {

using Index = std::size_t;

// Partitions without load still cost a little to own: they may have some tomorrow.
constexpr double kCountWeight = 0.05;
constexpr double kLeastUrgency = 0.01;  // resources below it do not count

// What a placement costs. The fullest shard's distance from even comes first by far; the rest is in
// shares of the whole data set, and decides among placements that are as even.
constexpr double kFullestWeight = 10;
constexpr double kUnevenWeight = 1;
constexpr double kBytesWeight = 1;
constexpr double kZoneWeight = 0.25;    // of bytes that cross zones: dearer, but never unevenness
constexpr double kMoveWeight = 0.5;     // of a partition's even share, for each that moves
constexpr double kBorderWeight = 0.25;  // likewise, for each border between ranges

// The search, where runs and descent do not get there: a plan is made every cycle.
constexpr int kTrajectories = 3;
constexpr int kLeastSteps = 4096;
constexpr int kMostSteps = 32768;
constexpr std::uint64_t kSeed = 20240229;

struct Dimension {
  Resource resource;
  double urgency;
  const std::vector<double>* share;
};

// The serving shards and then the new ones, what each partition weighs, and who owns it.
struct Layout {
  std::vector<const Shard*> serving;
  std::vector<std::string> names;
  std::vector<Dimension> dimensions;  // those that count; none: by number
  std::vector<double> even;
  const std::vector<double>* bytes = nullptr;
  Owners owner;

  Layout(const Topology& topology, const PartitionWeights& weights, int add);
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;

  [[nodiscard]] int shards() const { return static_cast<int>(names.size()); }
  /// One figure a partition over all dimensions; they sum to 1 over the owned ones.
  [[nodiscard]] std::vector<double> Combined() const;
};

Owners OwnersOf(const Topology& topology, const std::vector<const Shard*>& serving) {
  Owners owner(static_cast<Index>(std::max(0, topology.partition_count)), -1);
  for (Index shard = 0; shard < serving.size(); ++shard) {
    for (const PartitionRange& range : serving[shard]->partitions) {
      const int last = std::min(range.last, topology.partition_count - 1);
      for (int p = std::max(0, range.first); p <= last; ++p) {
        if (owner[static_cast<Index>(p)] < 0)
          owner[static_cast<Index>(p)] = static_cast<int>(shard);
      }
    }
  }
  return owner;
}

Layout::Layout(const Topology& topology, const PartitionWeights& weights, int add) {
  for (const Shard& shard : topology.shards) {
    if (shard.partitions.empty()) continue;
    serving.push_back(&shard);
    names.push_back(shard.id);
  }
  for (int i = 1; i <= add; ++i) names.push_back("new-" + std::to_string(i));
  owner = OwnersOf(topology, serving);
  even.assign(owner.size(), 1.0 / static_cast<double>(std::max<Index>(1, owner.size())));
  for (Resource r : kAllResources) {
    if (!weights.share[r].empty() && weights.urgency[r] > kLeastUrgency) {
      dimensions.push_back({r, weights.urgency[r], &weights.share[r]});
    }
  }
  if (dimensions.empty()) dimensions.push_back({Resource::kRequests, 1.0, &even});
  const auto& memory = weights.share[Resource::kMemory];
  bytes = memory.empty() ? &even : &memory;
}

std::vector<double> Layout::Combined() const {
  double urgency = 0;
  for (const Dimension& d : dimensions) urgency += d.urgency;
  std::vector<double> combined(owner.size(), 0.0);
  double total = 0;
  for (Index p = 0; p < owner.size(); ++p) {
    if (owner[p] < 0) continue;
    for (const Dimension& d : dimensions) combined[p] += d.urgency / urgency * (*d.share)[p];
    combined[p] = (1 - kCountWeight) * combined[p] + kCountWeight * even[p];
    total += combined[p];
  }
  if (total > 0) {
    for (double& w : combined) w /= total;
  }
  return combined;
}

// The layout as the engine sees it. Utilisation 1 of a shard is an even share of the most urgent
// resource.
struct EngineView {
  placing::Problem problem;
  std::vector<Index> partition;  // of each item

  [[nodiscard]] std::vector<int> At(const Owners& owner) const {
    std::vector<int> at;
    at.reserve(partition.size());
    for (Index p : partition) at.push_back(owner[p]);
    return at;
  }
};

int NumberOf(std::map<std::string, int>& numbers, const std::string& name) {
  if (name.empty()) return placing::kNowhere;
  return numbers.emplace(name, static_cast<int>(numbers.size())).first->second;
}

void AddNodes(const Layout& layout, const std::vector<bool>& retired, placing::Problem& problem) {
  const auto active = static_cast<double>(std::count(retired.begin(), retired.end(), false));
  std::map<std::string, int> hosts;
  std::map<std::string, int> zones;
  for (Index shard = 0; shard < layout.names.size(); ++shard) {
    placing::Node node;
    for (Index d = 0; d < layout.dimensions.size(); ++d) {
      node.capacity[d] = 1 / (active * layout.dimensions[d].urgency);
    }
    if (shard < layout.serving.size()) {
      node.host = NumberOf(hosts, layout.serving[shard]->master.host);
      node.zone = NumberOf(zones, layout.serving[shard]->master.zone);
    }
    node.drains = retired[shard];
    problem.nodes.push_back(node);
  }
}

EngineView ViewOf(const Layout& layout, const std::vector<bool>& retired, double tolerance) {
  EngineView view;
  placing::Problem& problem = view.problem;
  AddNodes(layout, retired, problem);
  const bool drains = std::find(retired.begin(), retired.end(), true) != retired.end();
  for (Index p = 0; p < layout.owner.size(); ++p) {
    if (layout.owner[p] < 0) continue;
    placing::Item item;
    for (Index d = 0; d < layout.dimensions.size(); ++d) {
      item.demand[d] = (*layout.dimensions[d].share)[p];
    }
    item.bytes = (*layout.bytes)[p];
    item.node = layout.owner[p];
    item.pinned = drains && !retired[static_cast<Index>(item.node)];
    problem.items.push_back(item);
    view.partition.push_back(p);
  }
  const double one = 1.0 / static_cast<double>(std::max<Index>(1, problem.items.size()));
  placing::Goal& goal = problem.goal;
  for (const Dimension& d : layout.dimensions) goal.level = std::max(goal.level, d.urgency);
  goal.level *= 1 + tolerance;
  goal.level_weight = kFullestWeight;
  goal.excess_weight = kUnevenWeight;
  goal.bytes_weight = kBytesWeight;
  goal.zone_weight = kZoneWeight;
  goal.move_weight = kMoveWeight * one;
  goal.border_weight = kBorderWeight * one;
  return view;
}

// Utilisation above the goal that no placement avoids: an item that alone is more.
double LeastExcess(const placing::Problem& problem) {
  double least = 0;
  for (const placing::Item& item : problem.items) {
    double level = 0;
    for (Index d = 0; d < placing::kDimensions; ++d) {
      const double capacity = problem.nodes.front().capacity[d];
      if (capacity > 0) level = std::max(level, item.demand[d] / capacity);
    }
    least += std::max(0.0, level - problem.goal.level);
  }
  return least;
}

// The better of the starts, improved by search where it leaves a shard too full.
Owners Search(const Layout& layout, const EngineView& view, const std::vector<Owners>& starts) {
  constexpr double kRounding = 1e-9;
  placing::Solution best;
  const Owners* from = nullptr;
  for (const Owners& start : starts) {
    placing::Solution solution = placing::Solve(view.problem, {0, 0, kSeed}, view.At(start));
    if (from != nullptr && solution.score.cost >= best.score.cost) continue;
    best = std::move(solution);
    from = &start;
  }
  if (best.score.excess > LeastExcess(view.problem) + kRounding) {
    const auto items = static_cast<std::int64_t>(view.problem.items.size());
    const std::int64_t steps = std::clamp<std::int64_t>(2 * items, kLeastSteps, kMostSteps);
    best = placing::Solve(view.problem, {kTrajectories, steps, kSeed}, view.At(*from));
  }
  Owners owner = layout.owner;
  for (Index i = 0; i < view.partition.size(); ++i) owner[view.partition[i]] = best.at[i];
  return owner;
}

std::vector<PartitionMove> MovesBetween(const Layout& layout, const Owners& after) {
  std::map<std::pair<int, int>, std::vector<int>> grouped;
  for (Index p = 0; p < after.size(); ++p) {
    if (after[p] != layout.owner[p]) {
      grouped[{layout.owner[p], after[p]}].push_back(static_cast<int>(p));
    }
  }
  std::vector<PartitionMove> moves;
  for (auto& [pair, partitions] : grouped) {
    moves.push_back({ToPartitionSet(std::move(partitions)),
                     layout.names[static_cast<Index>(pair.first)],
                     layout.names[static_cast<Index>(pair.second)]});
  }
  return moves;
}

PerResource<double> Imbalance(const PartitionWeights& weights, const Owners& owner, Index owners,
                              int shards) {
  PerResource<double> imbalance{{1, 1, 1, 1}};
  for (Resource r : kAllResources) {
    if (weights.share[r].empty()) continue;
    std::vector<double> sum(owners, 0.0);
    for (Index p = 0; p < owner.size(); ++p) {
      if (owner[p] >= 0) sum[static_cast<Index>(owner[p])] += weights.share[r][p];
    }
    imbalance[r] = std::max(1.0, *std::max_element(sum.begin(), sum.end()) * shards);
  }
  return imbalance;
}

// In the resource in which they weigh most for its urgency.
std::vector<HotPartition> HotPartitions(const Layout& layout, const Owners& owner, int shards) {
  std::vector<HotPartition> hot;
  for (Index p = 0; p < owner.size(); ++p) {
    if (owner[p] < 0) continue;
    const Dimension* worst = nullptr;
    for (const Dimension& d : layout.dimensions) {
      const auto weight = [&](const Dimension& of) { return of.urgency * (*of.share)[p]; };
      if (worst == nullptr || weight(d) > weight(*worst)) worst = &d;
    }
    const double share = (*worst->share)[p];
    if (shards < 2 || worst->urgency * share * shards < 1) continue;
    const auto neighbours = std::count(owner.begin(), owner.end(), owner[p]) - 1;
    hot.push_back({static_cast<int>(p), worst->resource, share,
                   layout.names[static_cast<Index>(owner[p])], static_cast<int>(neighbours)});
  }
  std::stable_sort(hot.begin(), hot.end(),
                   [](const HotPartition& a, const HotPartition& b) { return a.share > b.share; });
  return hot;
}

Placement Finish(const Layout& layout, const PartitionWeights& weights, const Owners& after,
                 int shards) {
  Placement placement;
  placement.moves = MovesBetween(layout, after);
  for (const PartitionMove& move : placement.moves) placement.moved += Count(move.partitions);
  placement.imbalance = Imbalance(weights, after, layout.names.size(), shards);
  placement.hot = HotPartitions(layout, after, shards);
  return placement;
}

// By how many the masters that share a zone (or host) are more than half of all, of those that
// stay.
int Majority(const Layout& layout, const std::vector<bool>& retired, std::string Node::*unit) {
  std::map<std::string, int> masters;
  int stay = 0;
  for (Index shard = 0; shard < layout.serving.size(); ++shard) {
    if (retired[shard]) continue;
    ++stay;
    const std::string& name = layout.serving[shard]->master.*unit;
    if (!name.empty()) ++masters[name];
  }
  int most = 0;
  for (const auto& [name, count] : masters) most = std::max(most, count);
  return std::max(0, 2 * most - stay);
}

// Masters that stay beside a shard's own, where its loss would take them too.
int Neighbours(const Layout& layout, const std::vector<bool>& retired, Index of,
               SurviveLoss survive) {
  const std::string& name = DomainOf(layout.serving[of]->master, survive);
  int masters = 0;
  for (Index shard = 0; shard < layout.serving.size(); ++shard) {
    const bool stays = !retired[shard] && !name.empty();
    if (stays && DomainOf(layout.serving[shard]->master, survive) == name) ++masters;
  }
  return masters;
}

// The cheapest to drain, cheapest first, zones and hosts permitting.
std::vector<int> ChooseRetired(const Layout& layout, const PartitionWeights& weights, int remove,
                               SurviveLoss survive, const PaidFor& paid) {
  // In minutes: less is no reason to move more data.
  const auto paid_minutes = [&](Index shard) {
    const auto found = paid.find(layout.names[shard]);
    return found == paid.end() ? 0 : found->second / std::chrono::minutes(1);
  };
  const auto& memory = weights.share[Resource::kMemory];
  std::vector<std::pair<double, int>> cost(layout.names.size(), {0, 0});
  for (Index p = 0; p < layout.owner.size(); ++p) {
    if (layout.owner[p] < 0) continue;
    auto& [bytes, count] = cost[static_cast<Index>(layout.owner[p])];
    bytes += memory.empty() ? 0.0 : memory[p];
    ++count;
  }
  std::vector<int> chosen;
  std::vector<bool> retired(layout.names.size(), false);
  for (int k = 0; k < remove; ++k) {
    Index best = retired.size();
    std::tuple<int, int, int, Duration::rep, std::pair<double, int>, std::string> least;
    for (Index shard = 0; shard < retired.size(); ++shard) {
      if (retired[shard]) continue;
      retired[shard] = true;
      const auto rank = std::make_tuple(-Neighbours(layout, retired, shard, survive),
                                        Majority(layout, retired, &Node::zone),
                                        Majority(layout, retired, &Node::host), paid_minutes(shard),
                                        cost[shard], layout.names[shard]);
      retired[shard] = false;
      if (best < retired.size() && rank >= least) continue;
      best = shard;
      least = rank;
    }
    retired[best] = true;
    chosen.push_back(static_cast<int>(best));
  }
  return chosen;
}

}  // namespace

PartitionWeights WeighPartitions(const Topology& topology, const LoadSnapshot& load,
                                 const PerResource<std::vector<double>>* remembered) {
  PartitionWeights weights;
  weights.urgency = {{1, 1, 1, 1}};
  const auto count = static_cast<Index>(std::max(0, topology.partition_count));
  const auto take = [&](Resource r, const auto& weight_of) {
    std::vector<double> share(count);
    double total = 0;
    for (Index p = 0; p < count; ++p) {
      const double value = weight_of(p);
      share[p] = std::isfinite(value) && value > 0 ? std::min(value, 1e18) : 0.0;
      total += share[p];
    }
    if (total <= 0) return;
    for (double& s : share) s /= total;
    weights.share[r] = std::move(share);
  };
  for (Resource r : kAllResources) {
    if (load.partitions.size() == count) {
      take(r, [&](Index p) { return load.partitions[p].share[r]; });
    }
    if (weights.share[r].empty() && remembered != nullptr && (*remembered)[r].size() == count) {
      take(r, [&](Index p) { return (*remembered)[r][p]; });
    }
  }
  return weights;
}

void SetUrgency(const Capacity& capacity, const Demand& demand, PartitionWeights& weights) {
  if (!capacity.known()) return;
  PerResource<double> even{{1, 1, 1, 1}};
  const double most = capacity.FillOf(demand, 1, even).share;
  if (most <= 0) return;
  for (Resource r : kAllResources) {
    const bool counts = capacity.binds()[r] && demand[r].has_value();
    weights.urgency[r] = counts ? *demand[r] / capacity.Usable(r, 1, 1.0) / most : 0.0;
  }
  auto& memory = weights.urgency[Resource::kMemory];
  memory = std::max(memory, 0.5);
}

LoadShape ShapeOf(const Topology& topology, const PartitionWeights& weights) {
  LoadShape shape;
  const Layout layout(topology, weights, 0);
  if (layout.serving.empty()) return shape;
  shape.imbalance = Imbalance(weights, layout.owner, layout.names.size(), layout.shards());
  for (Resource r : kAllResources) {
    const auto& share = weights.share[r];
    if (!share.empty()) shape.hottest[r] = *std::max_element(share.begin(), share.end());
  }
  return shape;
}

Reason Explain(const HotPartition& hot, int shards) {
  return {
      ReasonCode::kHotPartition,
      fmt::format("partition {} alone draws {:.0f}% of {}, an even share of {} shards is "
                  "{:.0f}%: it cannot be split, so {} bears little else ({} other partitions); if "
                  "one key makes it hot, spread that key over several or cache it at the "
                  "client, if many keys do, give them other hash tags",
                  hot.partition, 100 * hot.share, ResourceName(hot.resource), shards,
                  100.0 / shards, hot.shard, hot.neighbours)};
}

Placement PlaceScaleOut(const Topology& topology, const PartitionWeights& weights, int add) {
  const Layout layout(topology, weights, add);
  if (layout.serving.empty()) return {};
  const int old = static_cast<int>(layout.serving.size());
  const int shards = layout.shards();
  std::vector<Owners> starts = {layout.owner};
  SpreadInRuns(starts.front(), layout.Combined(), old, shards, kTolerance);
  if (add == 0) starts.push_back(layout.owner);
  // Of many shards, one that is empty is little more than the tolerance to the others.
  const double tolerance = add == 0 ? kTolerance : std::min(kTolerance, 0.5 * add / shards);
  const auto nobody = std::vector<bool>(layout.names.size(), false);
  const EngineView view = ViewOf(layout, nobody, tolerance);
  return Finish(layout, weights, Search(layout, view, starts), shards);
}

Placement PlaceRebalance(const Topology& topology, const PartitionWeights& weights) {
  return PlaceScaleOut(topology, weights, 0);
}

Placement PlaceMoves(const Topology& topology, const PartitionWeights& weights,
                     const std::vector<PartitionMove>& moves) {
  std::map<std::string, std::vector<int>> owned;
  for (const Shard& shard : topology.shards) owned[shard.id] = Expand(shard.partitions);
  Placement out;
  for (const PartitionMove& move : moves) {
    std::erase_if(owned[move.from], [&](int p) { return Contains(move.partitions, p); });
    for (const int partition : Expand(move.partitions)) owned[move.to].push_back(partition);
    out.moved += Count(move.partitions);
  }
  out.moves = moves;
  Topology after = topology;
  for (Shard& shard : after.shards) shard.partitions = ToPartitionSet(std::move(owned[shard.id]));
  out.imbalance = ShapeOf(after, weights).imbalance;
  return out;
}

Placement PlaceScaleIn(const Topology& topology, const PartitionWeights& weights, int remove,
                       SurviveLoss survive, const PaidFor& paid) {
  const Layout layout(topology, weights, 0);
  if (layout.serving.empty()) return {};
  const std::vector<int> retire = ChooseRetired(layout, weights, remove, survive, paid);
  std::vector<bool> retired(layout.names.size(), false);
  for (int shard : retire) retired[static_cast<Index>(shard)] = true;
  std::vector<Owners> starts = {layout.owner};
  FillInRuns(starts.front(), layout.Combined(), retired);
  const EngineView view = ViewOf(layout, retired, kTolerance);
  Placement placement = Finish(layout, weights, Search(layout, view, starts),
                               layout.shards() - static_cast<int>(retire.size()));
  for (int shard : retire) placement.retire.push_back(layout.names[static_cast<Index>(shard)]);
  return placement;
}

}  // namespace tidewright::planner
