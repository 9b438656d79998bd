#include "planner/quotas/cluster_remedies.h"

#include <algorithm>

namespace tidewright::planner {

std::vector<PartitionRemedy> ClusterRemedies(const Situation& s, Duration window) {
  if (!s.capacity.known() || s.shards <= 0 || !s.Settled()) return {};
  const Demand demand = s.ExpectedDemand(window);
  const Resource r = s.FillNow(demand).resource;
  const auto& share = s.weights.share[r];
  if (share.empty() || !demand[r]) return {};
  RemedyQuestion question;
  question.resource = r;
  question.shard_capacity = s.capacity.Usable(r, 1, 1.0);
  question.partition_limit = question.shard_capacity;
  for (const Shard& shard : s.input.topology.shards) {
    if (shard.partitions.empty()) continue;
    const auto index = static_cast<int>(question.shards.size());
    question.shards.push_back(shard.master.Address());
    for (const PartitionRange& range : shard.partitions) {
      for (int p = range.first; p <= range.last; ++p) {
        if (p < 0 || p >= static_cast<int>(share.size())) continue;
        question.partitions.push_back({.partition = p,
                                       .demand = *demand[r] * share[static_cast<std::size_t>(p)],
                                       .shard = index,
                                       .hottest_key = {}});
      }
    }
  }
  return FindRemedies(question);
}

Reason AsAdvice(const PartitionRemedy& remedy) {
  return {remedy.reason.code,
          std::string("remedy ") + RemedyName(remedy.remedy) + ": " + remedy.reason.text};
}

}  // namespace tidewright::planner
