#include "planner/placement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

namespace tidewright::planner {
namespace {

// Partitions without load still cost a little to own: they may have some tomorrow.
constexpr double kCountWeight = 0.05;
constexpr int kRefinements = 256;
constexpr int kReceivers = 4;
constexpr double kRounding = 1e-12;

using Index = std::size_t;

std::vector<const Shard*> Serving(const Topology& topology) {
  std::vector<const Shard*> serving;
  for (const Shard& shard : topology.shards) {
    if (!shard.partitions.empty()) serving.push_back(&shard);
  }
  return serving;
}

// The index of the serving shard that owns each partition; −1 for none.
std::vector<int> Owners(const Topology& topology, const std::vector<const Shard*>& serving) {
  std::vector<int> owner(static_cast<Index>(std::max(0, topology.partition_count)), -1);
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

struct Dimension {
  double urgency;
  const std::vector<double>* share;
};

// Partitions on shards, with the load of each shard in each dimension kept up to date.
class Board {
 public:
  Board(std::vector<int> owner, int shards, const PartitionWeights& weights)
      : shards_(shards), owner_(std::move(owner)), before_(owner_) {
    for (Resource r : kAllResources) {
      if (!weights.share[r].empty() && weights.urgency[r] > 0.01) {
        dimensions_.push_back({weights.urgency[r], &weights.share[r]});
      }
    }
    even_.assign(owner_.size(), 1.0 / static_cast<double>(std::max<Index>(1, owner_.size())));
    if (dimensions_.empty()) dimensions_.push_back({1.0, &even_});
    load_.assign(dimensions_.size() * static_cast<Index>(shards_), 0.0);
    for (Index p = 0; p < owner_.size(); ++p) Add(p, owner_[p], 1);
    Combine();
  }
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  [[nodiscard]] int shards() const { return shards_; }
  [[nodiscard]] int owner(Index p) const { return owner_[p]; }
  [[nodiscard]] Index partitions() const { return owner_.size(); }
  [[nodiscard]] bool Moved(Index p) const { return owner_[p] != before_[p]; }
  /// One figure a partition over all dimensions; they sum to 1 over the owned ones.
  [[nodiscard]] double Weight(Index p) const { return combined_[p]; }
  [[nodiscard]] std::vector<double> WeightOfShards() const {
    std::vector<double> sum(static_cast<Index>(shards_), 0.0);
    for (Index p = 0; p < owner_.size(); ++p) {
      if (owner_[p] >= 0) sum[static_cast<Index>(owner_[p])] += combined_[p];
    }
    return sum;
  }

  void Move(Index p, int to) {
    Add(p, owner_[p], -1);
    owner_[p] = to;
    Add(p, to, 1);
  }

  /// The most urgent dimension's load of a shard, with partition p added (+1) or taken away (−1).
  [[nodiscard]] double Worst(int shard, Index p = 0, int sign = 0) const {
    double worst = 0;
    for (Index d = 0; d < dimensions_.size(); ++d) {
      const double change = sign == 0 ? 0.0 : sign * (*dimensions_[d].share)[p];
      worst = std::max(worst, dimensions_[d].urgency * (Load(d, shard) + change));
    }
    return worst;
  }
  /// What Worst would be on every one of `shards` under a perfectly even placement.
  [[nodiscard]] double EvenWorst(int shards) const {
    double most = 0;
    for (const Dimension& d : dimensions_) most = std::max(most, d.urgency);
    return most / shards;
  }

  [[nodiscard]] std::vector<PartitionMove> Moves(const std::vector<std::string>& names) const;

 private:
  [[nodiscard]] double Load(Index dimension, int shard) const {
    return load_[dimension * static_cast<Index>(shards_) + static_cast<Index>(shard)];
  }
  void Add(Index p, int shard, int sign) {
    if (shard < 0) return;
    for (Index d = 0; d < dimensions_.size(); ++d) {
      load_[d * static_cast<Index>(shards_) + static_cast<Index>(shard)] +=
          sign * (*dimensions_[d].share)[p];
    }
  }
  void Combine() {
    double urgency = 0;
    for (const Dimension& d : dimensions_) urgency += d.urgency;
    combined_.assign(owner_.size(), 0.0);
    double total = 0;
    for (Index p = 0; p < owner_.size(); ++p) {
      if (owner_[p] < 0) continue;
      for (const Dimension& d : dimensions_) combined_[p] += d.urgency / urgency * (*d.share)[p];
      combined_[p] = (1 - kCountWeight) * combined_[p] + kCountWeight * even_[p];
      total += combined_[p];
    }
    if (total > 0) {
      for (double& w : combined_) w /= total;
    }
  }

  int shards_;
  std::vector<int> owner_;
  std::vector<int> before_;
  std::vector<double> even_;
  std::vector<Dimension> dimensions_;
  std::vector<double> load_;  // [dimension][shard]
  std::vector<double> combined_;
};

std::vector<PartitionMove> Board::Moves(const std::vector<std::string>& names) const {
  std::map<std::pair<int, int>, std::vector<int>> grouped;
  for (Index p = 0; p < owner_.size(); ++p) {
    if (Moved(p)) grouped[{before_[p], owner_[p]}].push_back(static_cast<int>(p));
  }
  std::vector<PartitionMove> moves;
  for (auto& [pair, partitions] : grouped) {
    moves.push_back({ToPartitionSet(std::move(partitions)), names[static_cast<Index>(pair.first)],
                     names[static_cast<Index>(pair.second)]});
  }
  return moves;
}

// The level L at which Σ max(0, weight − L) over owners fills `empty` new shards up to L.
double LevelWithNew(std::vector<double> weights, int empty) {
  std::sort(weights.rbegin(), weights.rend());
  double sum = 0;
  double level = 0;
  for (Index i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    level = sum / static_cast<double>(static_cast<int>(i) + 1 + empty);
    if (i + 1 == weights.size() || weights[i + 1] <= level) break;
  }
  return level;
}

// The level L at which Σ max(0, L − weight) takes up `amount`.
double LevelFilledBy(std::vector<double> weights, double amount) {
  std::sort(weights.begin(), weights.end());
  double sum = amount;
  double level = amount;
  for (Index i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    level = sum / static_cast<double>(i + 1);
    if (i + 1 == weights.size() || weights[i + 1] >= level) break;
  }
  return level;
}

// Takes about `amount` of weight from a shard, and leaves in `amount` what is lacking (negative:
// too much): a run from its end, heavier partitions than are asked for passed over. Rising order.
std::vector<Index> TakeFrom(const Board& board, int shard, double& amount) {
  std::vector<Index> taken;
  for (Index p = board.partitions(); p-- > 0 && amount > kRounding;) {
    const double weight = board.Weight(p);
    if (board.owner(p) != shard || weight / 2 > amount + kRounding) continue;
    taken.push_back(p);
    amount -= weight;
  }
  std::reverse(taken.begin(), taken.end());
  return taken;
}

// Deals a stream of partitions to receivers in runs, each receiver its share of the total weight.
// A partition goes where its middle falls, so that no receiver is off by more than one partition.
void Deal(Board& board, const std::vector<Index>& stream, const std::vector<double>& wanted) {
  double total_wanted = std::accumulate(wanted.begin(), wanted.end(), 0.0);
  double total = 0;
  for (Index p : stream) total += board.Weight(p);
  if (stream.empty() || total_wanted <= 0) return;
  int receiver = 0;
  while (wanted[static_cast<Index>(receiver)] <= 0) ++receiver;
  double bound = wanted[static_cast<Index>(receiver)] / total_wanted * total;
  double dealt = 0;
  for (Index p : stream) {
    const double middle = dealt + board.Weight(p) / 2;
    int next = receiver;
    while (middle > bound + kRounding && next + 1 < static_cast<int>(wanted.size())) {
      ++next;
      bound += wanted[static_cast<Index>(next)] / total_wanted * total;
      if (wanted[static_cast<Index>(next)] > 0) receiver = next;
    }
    board.Move(p, receiver);
    dealt += board.Weight(p);
  }
}

struct Step {
  Index partition = 0;
  int to = -1;
  double worst = 0;
};

// The single move away from `shard` that leaves the worse of the two ends lowest.
Step BestMoveFrom(const Board& board, int shard, const std::vector<int>& receivers,
                  bool moved_only) {
  Step best{0, -1, board.Worst(shard) * (1 - 1e-6)};
  for (Index p = 0; p < board.partitions(); ++p) {
    if (board.owner(p) != shard || (moved_only && !board.Moved(p))) continue;
    const double left = board.Worst(shard, p, -1);
    if (left >= best.worst) continue;
    for (int to : receivers) {
      const double worst = std::max(left, board.Worst(to, p, 1));
      if (worst < best.worst) best = {p, to, worst};
    }
  }
  return best;
}

// Improves the worst shard by single moves. `active` are the shards that will serve.
void Refine(Board& board, std::vector<int> active, bool moved_only) {
  const double goal = board.EvenWorst(static_cast<int>(active.size())) * (1 + kTolerance);
  std::vector<int> candidates = active;
  for (int round = 0; round < kRefinements && !candidates.empty(); ++round) {
    const auto lighter = [&](int a, int b) { return board.Worst(a) < board.Worst(b); };
    const auto worst = std::max_element(candidates.begin(), candidates.end(), lighter);
    if (board.Worst(*worst) <= goal) return;
    std::vector<int> receivers = active;
    std::stable_sort(receivers.begin(), receivers.end(), lighter);
    receivers.resize(std::min<Index>(receivers.size(), kReceivers));
    const Step step = BestMoveFrom(board, *worst, receivers, moved_only);
    if (step.to < 0) {
      candidates.erase(worst);  // nothing helps this one, such as one that holds a hot partition
    } else {
      board.Move(step.partition, step.to);
    }
  }
}

PerResource<double> Imbalance(const PartitionWeights& weights, const Board& board, int shards) {
  PerResource<double> imbalance{{1, 1, 1, 1}};
  for (Resource r : kAllResources) {
    if (weights.share[r].empty()) continue;
    std::vector<double> sum(static_cast<Index>(board.shards()), 0.0);
    for (Index p = 0; p < board.partitions(); ++p) {
      if (board.owner(p) >= 0) sum[static_cast<Index>(board.owner(p))] += weights.share[r][p];
    }
    imbalance[r] = std::max(1.0, *std::max_element(sum.begin(), sum.end()) * shards);
  }
  return imbalance;
}

Placement Finish(const Board& board, const PartitionWeights& weights,
                 const std::vector<std::string>& names, int shards) {
  Placement placement;
  placement.moves = board.Moves(names);
  for (const PartitionMove& move : placement.moves) placement.moved += Count(move.partitions);
  placement.imbalance = Imbalance(weights, board, shards);
  return placement;
}

std::vector<std::string> Names(const std::vector<const Shard*>& serving) {
  std::vector<std::string> names;
  for (const Shard* shard : serving) names.push_back(shard->id);
  return names;
}

// The `remove` cheapest to drain, as indices of serving shards, cheapest first.
std::vector<int> Cheapest(const Board& board, const PartitionWeights& weights,
                          const std::vector<std::string>& names, int remove) {
  const auto& memory = weights.share[Resource::kMemory];
  std::vector<std::pair<double, int>> cost(static_cast<Index>(board.shards()), {0, 0});
  for (Index p = 0; p < board.partitions(); ++p) {
    if (board.owner(p) < 0) continue;
    auto& [bytes, count] = cost[static_cast<Index>(board.owner(p))];
    bytes += memory.empty() ? 0.0 : memory[p];
    ++count;
  }
  std::vector<int> order(static_cast<Index>(board.shards()));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    const auto i = static_cast<Index>(a), j = static_cast<Index>(b);
    return std::tie(cost[i], names[i]) < std::tie(cost[j], names[j]);
  });
  order.resize(static_cast<Index>(remove));
  return order;
}

}  // namespace

PartitionWeights WeighPartitions(const Topology& topology, const LoadSnapshot& load) {
  PartitionWeights weights;
  weights.urgency = {{1, 1, 1, 1}};
  const auto count = static_cast<Index>(std::max(0, topology.partition_count));
  if (load.partitions.size() != count) return weights;
  for (Resource r : kAllResources) {
    std::vector<double> share(count);
    double total = 0;
    for (Index p = 0; p < count; ++p) {
      const double value = load.partitions[p].share[r];
      share[p] = std::isfinite(value) && value > 0 ? std::min(value, 1e18) : 0.0;
      total += share[p];
    }
    if (total <= 0) continue;
    for (double& s : share) s /= total;
    weights.share[r] = std::move(share);
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
  const auto serving = Serving(topology);
  if (serving.empty()) return shape;
  const Board board(Owners(topology, serving), static_cast<int>(serving.size()), weights);
  shape.imbalance = Imbalance(weights, board, board.shards());
  for (Resource r : kAllResources) {
    const auto& share = weights.share[r];
    if (!share.empty()) shape.hottest[r] = *std::max_element(share.begin(), share.end());
  }
  return shape;
}

Placement PlaceScaleOut(const Topology& topology, const PartitionWeights& weights, int add) {
  const auto serving = Serving(topology);
  std::vector<std::string> names = Names(serving);
  for (int i = 1; i <= add; ++i) names.push_back("new-" + std::to_string(i));
  const int old = static_cast<int>(serving.size());
  const int shards = old + add;
  Board board(Owners(topology, serving), shards, weights);
  const std::vector<double> weight = board.WeightOfShards();

  const double even = 1.0 / shards;
  double level = LevelWithNew({weight.begin(), weight.begin() + old}, add);
  const bool fill_old = level > even * (1 + kTolerance);
  if (fill_old) level = even;
  std::vector<double> wanted(static_cast<Index>(shards), 0.0);
  std::vector<Index> stream;
  const double one = 1.0 / static_cast<double>(std::max<Index>(1, board.partitions()));
  double carry = 0;  // rounding must not add up over the owners
  for (int shard = 0; shard < shards; ++shard) {
    const double surplus = weight[static_cast<Index>(shard)] - level;
    if (surplus > 0) {
      double amount = surplus + std::clamp(carry, -one, one);
      const auto taken = TakeFrom(board, shard, amount);
      carry = amount;
      stream.insert(stream.end(), taken.begin(), taken.end());
    } else if (shard >= old || fill_old) {
      wanted[static_cast<Index>(shard)] = -surplus;
    }
  }
  Deal(board, stream, wanted);
  std::vector<int> active(static_cast<Index>(shards));
  std::iota(active.begin(), active.end(), 0);
  Refine(board, std::move(active), /*moved_only=*/false);
  return Finish(board, weights, names, shards);
}

Placement PlaceRebalance(const Topology& topology, const PartitionWeights& weights) {
  return PlaceScaleOut(topology, weights, 0);
}

Placement PlaceScaleIn(const Topology& topology, const PartitionWeights& weights, int remove) {
  const auto serving = Serving(topology);
  const std::vector<std::string> names = Names(serving);
  const int shards = static_cast<int>(serving.size());
  Board board(Owners(topology, serving), shards, weights);
  const std::vector<int> retire = Cheapest(board, weights, names, remove);
  const auto retired = [&](int shard) {
    return std::find(retire.begin(), retire.end(), shard) != retire.end();
  };

  const std::vector<double> weight = board.WeightOfShards();
  std::vector<int> active;
  std::vector<double> kept;
  double amount = 0;
  for (int shard = 0; shard < shards; ++shard) {
    const double w = weight[static_cast<Index>(shard)];
    if (retired(shard)) {
      amount += w;
    } else {
      active.push_back(shard);
      kept.push_back(w);
    }
  }
  const double level = LevelFilledBy(kept, amount);
  std::vector<double> wanted(static_cast<Index>(shards), 0.0);
  for (int shard : active) {
    wanted[static_cast<Index>(shard)] = std::max(0.0, level - weight[static_cast<Index>(shard)]);
  }
  std::vector<Index> stream;
  for (Index p = 0; p < board.partitions(); ++p) {
    if (board.owner(p) >= 0 && retired(board.owner(p))) stream.push_back(p);
  }
  Deal(board, stream, wanted);
  Refine(board, std::move(active), /*moved_only=*/true);

  Placement placement = Finish(board, weights, names, static_cast<int>(serving.size()) - remove);
  for (int shard : retire) placement.retire.push_back(names[static_cast<Index>(shard)]);
  return placement;
}

}  // namespace tidewright::planner
