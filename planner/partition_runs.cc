#include "planner/partition_runs.h"

#include <algorithm>
#include <numeric>

namespace tidewright::planner {
namespace {

using Index = std::size_t;

constexpr double kRounding = 1e-12;

std::vector<double> WeightOfShards(const Owners& owner, const std::vector<double>& weight,
                                   int shards) {
  std::vector<double> sum(static_cast<Index>(shards), 0.0);
  for (Index p = 0; p < owner.size(); ++p) {
    if (owner[p] >= 0) sum[static_cast<Index>(owner[p])] += weight[p];
  }
  return sum;
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
std::vector<Index> TakeFrom(const Owners& owner, const std::vector<double>& weight, int shard,
                            double& amount) {
  std::vector<Index> taken;
  for (Index p = owner.size(); p-- > 0 && amount > kRounding;) {
    if (owner[p] != shard || weight[p] / 2 > amount + kRounding) continue;
    taken.push_back(p);
    amount -= weight[p];
  }
  std::reverse(taken.begin(), taken.end());
  return taken;
}

// Deals a stream of partitions to receivers in runs, each receiver its share of the total weight.
// A partition goes where its middle falls, so that no receiver is off by more than one partition.
void Deal(Owners& owner, const std::vector<double>& weight, const std::vector<Index>& stream,
          const std::vector<double>& wanted) {
  const double total_wanted = std::accumulate(wanted.begin(), wanted.end(), 0.0);
  double total = 0;
  for (Index p : stream) total += weight[p];
  if (stream.empty() || total_wanted <= 0) return;
  int receiver = 0;
  while (wanted[static_cast<Index>(receiver)] <= 0) ++receiver;
  double bound = wanted[static_cast<Index>(receiver)] / total_wanted * total;
  double dealt = 0;
  for (Index p : stream) {
    const double middle = dealt + weight[p] / 2;
    int next = receiver;
    while (middle > bound + kRounding && next + 1 < static_cast<int>(wanted.size())) {
      ++next;
      bound += wanted[static_cast<Index>(next)] / total_wanted * total;
      if (wanted[static_cast<Index>(next)] > 0) receiver = next;
    }
    owner[p] = receiver;
    dealt += weight[p];
  }
}

}  // namespace

void SpreadInRuns(Owners& owner, const std::vector<double>& weight, int old_shards, int shards,
                  double tolerance) {
  const std::vector<double> sums = WeightOfShards(owner, weight, shards);
  const double even = 1.0 / shards;
  double level = LevelWithNew({sums.begin(), sums.begin() + old_shards}, shards - old_shards);
  const bool fill_old = level > even * (1 + tolerance);
  if (fill_old) level = even;
  std::vector<double> wanted(static_cast<Index>(shards), 0.0);
  std::vector<Index> stream;
  const double one = 1.0 / static_cast<double>(std::max<Index>(1, owner.size()));
  double carry = 0;  // rounding must not add up over the owners
  for (int shard = 0; shard < shards; ++shard) {
    const double surplus = sums[static_cast<Index>(shard)] - level;
    if (surplus > 0) {
      double amount = surplus + std::clamp(carry, -one, one);
      const auto taken = TakeFrom(owner, weight, shard, amount);
      carry = amount;
      stream.insert(stream.end(), taken.begin(), taken.end());
    } else if (shard >= old_shards || fill_old) {
      wanted[static_cast<Index>(shard)] = -surplus;
    }
  }
  Deal(owner, weight, stream, wanted);
}

void FillInRuns(Owners& owner, const std::vector<double>& weight,
                const std::vector<bool>& retired) {
  const std::vector<double> sums = WeightOfShards(owner, weight, static_cast<int>(retired.size()));
  std::vector<double> kept;
  double amount = 0;
  for (Index shard = 0; shard < retired.size(); ++shard) {
    if (retired[shard]) {
      amount += sums[shard];
    } else {
      kept.push_back(sums[shard]);
    }
  }
  const double level = LevelFilledBy(kept, amount);
  std::vector<double> wanted(retired.size(), 0.0);
  for (Index shard = 0; shard < retired.size(); ++shard) {
    if (!retired[shard]) wanted[shard] = std::max(0.0, level - sums[shard]);
  }
  std::vector<Index> stream;
  for (Index p = 0; p < owner.size(); ++p) {
    if (owner[p] >= 0 && retired[static_cast<Index>(owner[p])]) stream.push_back(p);
  }
  Deal(owner, weight, stream, wanted);
}

}  // namespace tidewright::planner
