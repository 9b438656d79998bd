#include "planner/foreign_change.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace tidewright {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

bool HasNode(const Shard& shard, const std::string& id) {
  return shard.master.id == id ||
         std::any_of(shard.replicas.begin(), shard.replicas.end(),
                     [&](const Node& replica) { return replica.id == id; });
}

// The shard of now that its master was, or else whichever has most of its nodes.
const Shard* NowOf(const KnownShard& known, const Topology& now) {
  for (const std::string& id : known.nodes) {
    for (const Shard& shard : now.shards) {
      if (HasNode(shard, id)) return &shard;
    }
  }
  return nullptr;
}

std::string AddressOf(const Topology& now, const std::string& shard) {
  const Shard* found = now.FindShard(shard);
  return found == nullptr ? shard : found->master.Address();
}

}  // namespace

std::vector<KnownShard> KnownShards(const Topology& topology) {
  std::vector<KnownShard> known;
  for (const Shard& shard : topology.shards) {
    if (shard.partitions.empty()) continue;
    KnownShard one{{shard.master.id}, shard.master.Address(), shard.partitions};
    for (const Node& replica : shard.replicas) one.nodes.push_back(replica.id);
    known.push_back(std::move(one));
  }
  return known;
}

ForeignChange CompareShards(const std::vector<KnownShard>& before, const Topology& now) {
  ForeignChange change;
  std::map<std::pair<std::string, std::string>, std::vector<int>> moved;
  std::vector<std::string> stayed;
  for (const KnownShard& known : before) {
    const Shard* same = NowOf(known, now);
    if (same == nullptr || same->partitions.empty()) change.left.push_back(known.address);
    if (same != nullptr) stayed.push_back(same->id);
    for (const int partition : Expand(known.partitions)) {
      const Shard* owner = now.OwnerOf(partition);
      if (owner == nullptr || owner == same) continue;
      if (same == nullptr) {
        ++change.orphans;
      } else {
        moved[{same->id, owner->id}].push_back(partition);
      }
    }
  }
  for (auto& [way, partitions] : moved) {
    change.moves.push_back({ToPartitionSet(std::move(partitions)), way.first, way.second});
  }
  for (const Shard& shard : now.shards) {
    const bool known = std::find(stayed.begin(), stayed.end(), shard.id) != stayed.end();
    if (!known && !shard.partitions.empty()) change.joined.push_back(shard.master.Address());
  }
  return change;
}

std::string Describe(const ForeignChange& change, const Topology& now) {
  constexpr std::size_t kShown = 4;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(kShown, change.moves.size()); ++i) {
    const PartitionMove& move = change.moves[i];
    const int count = Count(move.partitions);
    parts.push_back(fmt::format("{} partition{} went from {} to {}", count, count == 1 ? "" : "s",
                                AddressOf(now, move.from), AddressOf(now, move.to)));
  }
  if (change.moves.size() > kShown) {
    parts.push_back(fmt::format("and so on between {} other pairs", change.moves.size() - kShown));
  }
  for (const std::string& address : change.joined) parts.push_back(address + " joined");
  for (const std::string& address : change.left) parts.push_back(address + " serves no more");
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string EncodeShards(const std::vector<KnownShard>& shards) {
  Json list = Json::array();
  for (const KnownShard& shard : shards) {
    list.push_back({{"nodes", shard.nodes},
                    {"address", shard.address},
                    {"partitions", ToString(shard.partitions)}});
  }
  return Json{{"version", kVersion}, {"shards", std::move(list)}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

StatusOr<std::vector<KnownShard>> DecodeShards(const std::string& text) {
  try {
    const Json json = Json::parse(text);
    if (json.at("version").get<int>() != kVersion) {
      return Error(StatusCode::kDataLoss, "shards as they were, of an unknown version");
    }
    std::vector<KnownShard> shards;
    for (const Json& one : json.at("shards")) {
      KnownShard shard;
      shard.nodes = one.at("nodes").get<std::vector<std::string>>();
      shard.address = one.at("address").get<std::string>();
      TW_ASSIGN_OR_RETURN(shard.partitions,
                          ParsePartitionSet(one.at("partitions").get<std::string>()));
      shards.push_back(std::move(shard));
    }
    return shards;
  } catch (const Json::exception& error) {
    return Error(StatusCode::kDataLoss, "shards as they were: {}", error.what());
  }
}

}  // namespace tidewright
