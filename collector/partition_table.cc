#include "collector/partition_table.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace tidewright {
namespace {

std::optional<double> RateSince(const std::optional<double>& before,
                                const std::optional<double>& now, double seconds) {
  if (!before || !now || seconds <= 0 || *now < *before) return std::nullopt;
  return (*now - *before) / seconds;
}

void Remember(PartitionEntry& entry, const std::string& node_id, const PartitionSample& sample,
              MonoTime at) {
  const bool same_teller = entry.teller == node_id;
  const double seconds = Seconds(at - entry.at);
  entry.cpu_rate =
      same_teller ? RateSince(entry.cpu_seconds, sample.cpu_seconds, seconds) : std::nullopt;
  entry.network_rate =
      same_teller ? RateSince(entry.network_bytes, sample.network_bytes, seconds) : std::nullopt;
  entry.keys = sample.keys;
  if (sample.memory_bytes) entry.memory_bytes = *sample.memory_bytes;
  entry.teller = node_id;
  entry.at = at;
  entry.cpu_seconds = sample.cpu_seconds;
  entry.network_bytes = sample.network_bytes;
}

using Weights = std::vector<double>;

/// Sums to 1; empty when a weight is not known or all are zero.
Weights Normalised(const std::vector<PartitionSample>& samples,
                   const std::function<std::optional<double>(const PartitionSample&)>& weight) {
  Weights weights;
  weights.reserve(samples.size());
  double sum = 0;
  for (const auto& sample : samples) {
    const auto w = weight(sample);
    if (!w) return {};
    weights.push_back(*w);
    sum += *w;
  }
  if (sum <= 0) return {};
  for (auto& w : weights) w /= sum;
  return weights;
}

/// How a node's load is divided over its partitions.
struct Division {
  const Weights* weights = nullptr;
  bool measured = false;  ///< by what the store tells of each partition, else a guess
};

Division Choose(const Weights& told, const Weights& known, const Weights& by_keys,
                const Weights& even) {
  if (!told.empty()) return {&told, true};
  for (const Weights* guess : {&known, &by_keys}) {
    if (!guess->empty()) return {guess, false};
  }
  return {&even, false};
}

}  // namespace

void Fold(PartitionTable& table, const std::string& node_id,
          const std::vector<PartitionSample>& samples,
          const PerResource<std::optional<double>>& fraction, MonoTime at) {
  for (const auto& sample : samples) {
    const auto index = static_cast<std::size_t>(sample.partition);
    if (index >= table.size()) table.resize(index + 1);
    Remember(table[index], node_id, sample, at);
  }
  const auto entry = [&](const PartitionSample& sample) -> PartitionEntry& {
    return table[static_cast<std::size_t>(sample.partition)];
  };
  const Weights by_cpu =
      Normalised(samples, [&](const PartitionSample& s) { return entry(s).cpu_rate; });
  const Weights by_network =
      Normalised(samples, [&](const PartitionSample& s) { return entry(s).network_rate; });
  const Weights by_memory =
      Normalised(samples, [](const PartitionSample& s) { return s.memory_bytes; });
  const Weights by_keys =
      Normalised(samples, [](const PartitionSample& s) { return std::optional(s.keys); });
  const Weights even =
      Normalised(samples, [](const PartitionSample&) { return std::optional(1.0); });

  for (const Resource r : kAllResources) {
    if (!fraction[r]) continue;
    // Where some of the counters have no rate yet, such as those of partitions that have just
    // come, what was measured of them before tells more than their keys do.
    const Weights known = Normalised(samples, [&](const PartitionSample& s) {
      return s.cpu_seconds ? entry(s).load[r] : std::nullopt;
    });
    const Weights& told = r == Resource::kMemory    ? by_memory
                          : r == Resource::kNetwork ? by_network
                                                    : by_cpu;
    const Division division = Choose(told, known, by_keys, even);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      auto& load = entry(samples[i]).load[r];
      const double share = *fraction[r] * (*division.weights)[i];
      // A guess is held against what the partition bore before, wherever it was.
      const bool flow = r != Resource::kMemory;
      load = load && flow && !division.measured ? (*load + share) / 2 : share;
    }
  }
}

bool AwaitsRates(const PartitionTable& table, const std::vector<PartitionSample>& samples) {
  return std::any_of(samples.begin(), samples.end(), [&](const PartitionSample& sample) {
    const auto index = static_cast<std::size_t>(sample.partition);
    return sample.cpu_seconds && (index >= table.size() || !table[index].cpu_rate);
  });
}

std::vector<PartitionShare> Shares(const PartitionTable& table, int owned) {
  PerResource<double> sum;
  PerResource<int> known;
  for (const auto& entry : table) {
    for (const Resource r : kAllResources) {
      sum[r] += entry.load[r].value_or(0);
      known[r] += entry.load[r] ? 1 : 0;
    }
  }
  std::vector<PartitionShare> shares(table.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    shares[i].keys = table[i].keys;
    shares[i].memory_bytes = table[i].memory_bytes;
    for (const Resource r : kAllResources) {
      if (sum[r] > 0 && known[r] >= owned)
        shares[i].share[r] = table[i].load[r].value_or(0) / sum[r];
    }
  }
  return shares;
}

}  // namespace tidewright
