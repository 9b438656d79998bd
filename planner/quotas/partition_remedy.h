// What helps where demand meets a limit: a shortage of everything and one hot partition ask for
// different things. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/reason.h"
#include "core/resource.h"

namespace tidewright {

enum class Remedy {
  kNone,
  kRaiseQuota,  ///< the tenant asks for more than its quota, and every partition bears it
  kSplit,       ///< a partition outgrows its limit by many keys
  kIsolate,     ///< a hot partition shares its shard: everything else leaves it
  kMove,        ///< a shard bears too much, no partition of it is hot: some of them move
  kAddShards,   ///< all shards together are too few
  kAdviseKey,   ///< one key, or what nobody may split, carries it: the application must help
};
/// "none", "raise-quota", "split", "isolate", "move", "add-shards", "advise-key"
[[nodiscard]] const char* RemedyName(Remedy remedy);

struct PartitionDemand {
  int partition = 0;
  double demand = 0;  ///< what clients ask of it
  int shard = -1;     ///< index of the one that owns it; −1: the store does not tell
  /// Of the partition's demand, that of its hottest key; absent where it is not known.
  std::optional<double> hottest_key;
};

/// All figures are of one resource.
struct RemedyQuestion {
  Resource resource = Resource::kRequests;
  std::vector<PartitionDemand> partitions;
  /// What one partition may bear (DynamoDB: 3,000 RCU or 1,000 WCU; a slot: its shard); 0: any
  /// amount.
  double partition_limit = 0;
  bool can_split = false;           ///< a range of keys can; a hash slot cannot
  double shard_capacity = 0;        ///< what a shard may bear; 0: the store places by itself
  std::vector<std::string> shards;  ///< names, by index
  std::optional<double> quota;      ///< what the tenant may use, where there is one
};

struct PartitionRemedy {
  Remedy remedy = Remedy::kNone;
  int partition = -1;  ///< kSplit, kIsolate, kAdviseKey
  int shard = -1;      ///< kIsolate, kMove: the one that bears too much
  double demand = 0;   ///< of what is short
  double limit = 0;    ///< what it may bear
  double amount = 0;   ///< kRaiseQuota: the quota that bears it; kSplit: parts; kAddShards: more
                       ///< shards; kIsolate, kMove: demand that must leave the shard
  Reason reason;       ///< with these figures, for people
};

/// The gravest first: partitions above their limit, then shards, then the quota; at most
/// kMostRemedies. Empty where nothing is short. O(partitions).
inline constexpr std::size_t kMostRemedies = 8;
[[nodiscard]] std::vector<PartitionRemedy> FindRemedies(const RemedyQuestion& question);

}  // namespace tidewright
