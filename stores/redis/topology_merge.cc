#include "stores/redis/topology_merge.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace tidewright::redis {
namespace {

constexpr int kNobody = -1;

const std::string& Teller(const NodeView& view) { return view.cluster.Myself()->id; }

int OwnedSlots(const NodeView& view) {
  int count = 0;
  for (const auto& node : view.cluster.nodes) count += Count(node.slots);
  return count;
}

/// One view for each node (it may have been asked by two names), its own address filled in.
std::vector<NodeView> Distinct(std::vector<NodeView> views) {
  std::set<std::string> seen;
  std::erase_if(views, [&](const NodeView& view) {
    const NodeLine* myself = view.cluster.Myself();
    return myself == nullptr || !seen.insert(myself->id).second;
  });
  for (auto& view : views) {
    for (auto& line : view.cluster.nodes) {
      if (line.myself && line.host.empty()) line.host = view.host;
      if (line.myself && line.port == 0) line.port = view.port;
    }
  }
  return views;
}

/// The views that hang together, one teller knowing another; the first group is the cluster.
StatusOr<std::vector<NodeView>> OneCluster(std::vector<NodeView> views) {
  std::vector<std::size_t> group(views.size());
  std::iota(group.begin(), group.end(), 0u);
  for (std::size_t i = 0; i < views.size(); ++i) {
    for (std::size_t j = 0; j < views.size(); ++j) {
      if (group[i] == group[j] || views[j].cluster.Find(Teller(views[i])) == nullptr) continue;
      std::replace(group.begin(), group.end(), group[j], group[i]);
    }
  }
  struct Size {
    int slots = 0;
    int views = 0;
  };
  std::map<std::size_t, Size> sizes;
  for (std::size_t i = 0; i < views.size(); ++i) {
    auto& size = sizes[group[i]];
    size.slots = std::max(size.slots, OwnedSlots(views[i]));
    ++size.views;
  }
  const auto with_slots = std::count_if(sizes.begin(), sizes.end(),
                                        [](const auto& one) { return one.second.slots > 0; });
  if (with_slots > 1) {
    std::string addresses;
    for (const auto& view : views) addresses += fmt::format(" {}:{}", view.host, view.port);
    return Error(StatusCode::kFailedPrecondition,
                 "the addresses belong to {} different clusters that own slots:{}", with_slots,
                 addresses);
  }
  const auto chosen =
      std::max_element(sizes.begin(), sizes.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second.slots, a.second.views) <
               std::pair(b.second.slots, b.second.views);
      });
  std::vector<NodeView> kept;
  for (std::size_t i = 0; i < views.size(); ++i) {
    if (group[i] == chosen->first) kept.push_back(std::move(views[i]));
  }
  return kept;
}

/// Whether any other teller knows the node by its proper id.
bool KnownToOthers(const std::vector<NodeView>& views, const std::string& id) {
  return std::any_of(views.begin(), views.end(), [&](const NodeView& view) {
    return Teller(view) != id && view.cluster.Find(id) != nullptr;
  });
}

/// All lines about one node, its own first.
struct Lines {
  std::vector<const NodeLine*> of_others;
  const NodeLine* own = nullptr;

  [[nodiscard]] const NodeLine& Best() const { return own != nullptr ? *own : *of_others.front(); }
};

NodeHealth HealthOf(const Lines& lines) {
  std::size_t failed = 0;
  std::size_t suspected = 0;
  std::size_t joining = 0;
  for (const NodeLine* line : lines.of_others) {
    if (line->health == NodeHealth::kFailed || line->no_address) ++failed;
    if (line->health == NodeHealth::kSuspected) ++suspected;
    if (line->health == NodeHealth::kJoining) ++joining;
  }
  if (failed > 0 && 2 * failed >= lines.of_others.size()) return NodeHealth::kFailed;
  if (failed + suspected > 0) return NodeHealth::kSuspected;
  if (joining > 0 && joining == lines.of_others.size()) return NodeHealth::kJoining;
  // Its peers may take a whole node timeout to notice what we see already: it does not answer.
  return lines.own == nullptr ? NodeHealth::kSuspected : NodeHealth::kOnline;
}

class Merger {
 public:
  Merger(const std::string& cluster, std::vector<NodeView> views) : views_(std::move(views)) {
    topology_.cluster = cluster;
    topology_.partition_count = kSlotCount;
  }

  Topology Run() {
    if (views_.size() > 1) {
      // A node that was forgotten but still runs tells of the others, not they of it.
      std::vector<NodeView> members;
      for (auto& view : views_) {
        if (KnownToOthers(views_, Teller(view))) members.push_back(view);
      }
      if (!members.empty()) views_ = std::move(members);
    }
    Gather();
    Vote();
    Build();
    FindOpen();
    return std::move(topology_);
  }

 private:
  void Gather() {
    std::set<std::string> addresses;  // of nodes by their proper ids
    for (const auto& view : views_) {
      for (const auto& line : view.cluster.nodes) {
        topology_.epoch = std::max(topology_.epoch, line.config_epoch);
        if (line.health != NodeHealth::kJoining) addresses.insert(Address(line));
      }
    }
    for (const auto& view : views_) {
      for (const auto& line : view.cluster.nodes) {
        // In a handshake a node has a name for the moment only.
        if (line.health == NodeHealth::kJoining && addresses.contains(Address(line))) continue;
        auto& lines = lines_[line.id];
        if (line.myself) {
          lines.own = &line;
        } else {
          lines.of_others.push_back(&line);
        }
      }
    }
    for (const auto& [id, lines] : lines_) {
      index_.emplace(id, static_cast<int>(ids_.size()));
      ids_.push_back(id);
    }
  }

  static std::string Address(const NodeLine& line) {
    return line.host + ":" + std::to_string(line.port);
  }

  using SlotMap = std::vector<int>;  ///< index into ids_, or kNobody

  SlotMap MapOf(const NodeView& view) const {
    SlotMap map(kSlotCount, kNobody);
    for (const auto& line : view.cluster.nodes) {
      const auto it = index_.find(line.id);
      if (it == index_.end()) continue;
      for (const auto& range : line.slots) {
        std::fill(map.begin() + range.first, map.begin() + range.last + 1, it->second);
      }
    }
    return map;
  }

  [[nodiscard]] std::int64_t EpochOf(int owner) const {
    return owner == kNobody ? -1
                            : lines_.at(ids_[static_cast<std::size_t>(owner)]).Best().config_epoch;
  }

  void Vote() {
    std::vector<SlotMap> all;
    std::vector<SlotMap> masters;
    for (const auto& view : views_) {
      all.push_back(MapOf(view));
      if (view.cluster.Myself()->master) masters.push_back(all.back());
    }
    const auto& voters = masters.empty() ? all : masters;
    owner_ = voters.front();
    topology_.agreed =
        std::all_of(all.begin(), all.end(), [&](const SlotMap& map) { return map == all.front(); });
    if (topology_.agreed) return;
    for (std::size_t slot = 0; slot < owner_.size(); ++slot) {
      std::map<int, int> votes;
      for (const auto& map : voters) ++votes[map[slot]];
      owner_[slot] =
          std::max_element(votes.begin(), votes.end(), [&](const auto& a, const auto& b) {
            return std::pair(a.second, EpochOf(a.first)) < std::pair(b.second, EpochOf(b.first));
          })->first;
    }
  }

  [[nodiscard]] Node MakeNode(const std::string& id, const Lines& lines, NodeRole role) const {
    const NodeLine& best = lines.Best();
    return {id, best.host, best.port, role, HealthOf(lines), ""};
  }

  /// The master that a node follows, through replicas of replicas; empty when it is not known.
  [[nodiscard]] std::string MasterOf(const NodeLine& replica) const {
    std::string id = replica.master_id;
    for (int hops = 0; hops < 4; ++hops) {
      const auto it = lines_.find(id);
      if (it == lines_.end()) return "";
      if (it->second.Best().master || it->second.Best().master_id.empty()) return id;
      id = it->second.Best().master_id;
    }
    return "";
  }

  void Build() {
    std::map<std::string, std::vector<int>> slots;
    for (int slot = 0; slot < kSlotCount; ++slot) {
      const int owner = owner_[static_cast<std::size_t>(slot)];
      if (owner != kNobody) slots[ids_[static_cast<std::size_t>(owner)]].push_back(slot);
    }
    std::map<std::string, Shard> shards;
    for (const auto& [id, lines] : lines_) {
      const NodeLine& line = lines.Best();
      // Whoever owns slots is a master, also while it does not know yet.
      if (!line.master && !line.master_id.empty() && !slots.contains(id)) continue;
      shards[id] = {id, MakeNode(id, lines, NodeRole::kMaster), {}, ToPartitionSet(slots[id])};
    }
    for (const auto& [id, lines] : lines_) {
      if (shards.contains(id)) continue;
      const auto shard = shards.find(MasterOf(lines.Best()));
      if (shard == shards.end()) continue;  // its master was forgotten
      shard->second.replicas.push_back(MakeNode(id, lines, NodeRole::kReplica));
    }
    for (auto& [id, shard] : shards) topology_.shards.push_back(std::move(shard));
    std::stable_sort(
        topology_.shards.begin(), topology_.shards.end(), [](const Shard& a, const Shard& b) {
          const auto first = [](const Shard& shard) {
            return shard.partitions.empty() ? kSlotCount : shard.partitions.front().first;
          };
          return first(a) < first(b);
        });
  }

  void FindOpen() {
    std::map<int, std::set<std::pair<std::string, std::string>>> open;
    for (const auto& view : views_) {
      const NodeLine& own = *view.cluster.Myself();
      if (!own.master) continue;  // Valkey's replicas repeat what their masters say
      for (const auto& [slot, to] : own.migrating) open[slot].emplace(own.id, to);
      for (const auto& [slot, from] : own.importing) open[slot].emplace(from, own.id);
    }
    for (const auto& [slot, moves] : open) {
      for (const auto& [from, to] : moves) topology_.open.push_back({slot, from, to});
    }
  }

  std::vector<NodeView> views_;
  Topology topology_;
  std::map<std::string, Lines> lines_;
  std::vector<std::string> ids_;
  std::map<std::string, int> index_;
  SlotMap owner_;
};

}  // namespace

StatusOr<Topology> MergeViews(const std::string& cluster, std::vector<NodeView> views) {
  views = Distinct(std::move(views));
  if (views.empty()) {
    return Error(StatusCode::kInternal, "no CLUSTER NODES names its own teller");
  }
  TW_ASSIGN_OR_RETURN(views, OneCluster(std::move(views)));
  return Merger(cluster, std::move(views)).Run();
}

}  // namespace tidewright::redis
