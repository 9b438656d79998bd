#include "core/topology.h"

#include <algorithm>
#include <charconv>

#include "core/hash.h"

namespace tidewright {

const char* NodeHealthName(NodeHealth health) {
  switch (health) {
    case NodeHealth::kOnline:
      return "online";
    case NodeHealth::kSuspected:
      return "suspected";
    case NodeHealth::kFailed:
      return "failed";
    case NodeHealth::kJoining:
      return "joining";
  }
  return "unknown";
}

int Count(const PartitionSet& set) {
  int count = 0;
  for (const auto& range : set) count += range.size();
  return count;
}

bool Contains(const PartitionSet& set, int partition) {
  return std::any_of(set.begin(), set.end(), [&](const PartitionRange& r) {
    return r.first <= partition && partition <= r.last;
  });
}

std::vector<int> Expand(const PartitionSet& set) {
  std::vector<int> out;
  out.reserve(static_cast<std::size_t>(Count(set)));
  for (const auto& range : set) {
    for (int p = range.first; p <= range.last; ++p) out.push_back(p);
  }
  return out;
}

PartitionSet ToPartitionSet(std::vector<int> partitions) {
  std::sort(partitions.begin(), partitions.end());
  PartitionSet set;
  for (int p : partitions) {
    if (!set.empty() && p <= set.back().last + 1) {
      set.back().last = std::max(set.back().last, p);
    } else {
      set.push_back({p, p});
    }
  }
  return set;
}

std::string ToString(const PartitionSet& set) {
  std::string text;
  for (const auto& range : set) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += '-' + std::to_string(range.last);
  }
  return text;
}

StatusOr<PartitionSet> ParsePartitionSet(const std::string& text) {
  std::vector<int> partitions;
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p < end) {
    int first = 0;
    auto result = std::from_chars(p, end, first);
    int last = first;
    if (result.ec == std::errc() && result.ptr < end && *result.ptr == '-') {
      result = std::from_chars(result.ptr + 1, end, last);
    }
    if (result.ec != std::errc() || first < 0 || last < first || last > (1 << 24) ||
        (result.ptr < end && (*result.ptr != ',' || result.ptr + 1 == end))) {
      return Error(StatusCode::kInvalidArgument, "'{}' is not a list of partitions like 0-99,120",
                   text);
    }
    for (int i = first; i <= last; ++i) partitions.push_back(i);
    p = result.ptr + 1;
  }
  return ToPartitionSet(std::move(partitions));
}

int Topology::ServingShards() const {
  return static_cast<int>(std::count_if(shards.begin(), shards.end(),
                                        [](const Shard& s) { return !s.partitions.empty(); }));
}

int Topology::Unowned() const {
  int owned = 0;
  for (const auto& shard : shards) owned += Count(shard.partitions);
  return partition_count - owned;
}

std::vector<Node> Topology::Nodes() const {
  std::vector<Node> nodes;
  for (const auto& shard : shards) {
    nodes.push_back(shard.master);
    nodes.insert(nodes.end(), shard.replicas.begin(), shard.replicas.end());
  }
  return nodes;
}

const Shard* Topology::FindShard(const std::string& id) const {
  const auto it =
      std::find_if(shards.begin(), shards.end(), [&](const Shard& s) { return s.id == id; });
  return it == shards.end() ? nullptr : &*it;
}

const Shard* Topology::OwnerOf(int partition) const {
  for (const auto& shard : shards) {
    if (Contains(shard.partitions, partition)) return &shard;
  }
  return nullptr;
}

std::string Topology::Fingerprint() const {
  std::string text = cluster;
  std::vector<std::string> lines;
  for (const auto& shard : shards) lines.push_back(shard.id + "=" + ToString(shard.partitions));
  std::sort(lines.begin(), lines.end());
  for (const auto& line : lines) text += "\n" + line;
  return Sha256Hex(text);
}

}  // namespace tidewright
