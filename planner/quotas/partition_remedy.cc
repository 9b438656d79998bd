#include "planner/quotas/partition_remedy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "planner/explain.h"

namespace tidewright {
namespace {

using planner::Amount;
using planner::Percent;

constexpr double kRounding = 1 + 1e-9;
// A partition that fills this share of what its shard may bear makes the shard hot by itself.
constexpr double kDominates = 0.5;

class Finder {
 public:
  explicit Finder(const RemedyQuestion& question) : q_(question) {
    for (const PartitionDemand& p : q_.partitions) total_ += p.demand;
  }

  std::vector<PartitionRemedy> Find() {
    PartitionsAboveTheirLimit();
    if (q_.shard_capacity > 0 && !q_.shards.empty()) ShardsAboveTheirCapacity();
    QuotaThatIsShort();
    if (out_.size() > kMostRemedies) out_.resize(kMostRemedies);
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::string Of(double value) const { return Amount(q_.resource, value); }

  void PartitionsAboveTheirLimit() {
    if (q_.partition_limit <= 0) return;
    std::vector<const PartitionDemand*> above;
    for (const PartitionDemand& p : q_.partitions) {
      if (p.demand > q_.partition_limit * kRounding) above.push_back(&p);
    }
    std::stable_sort(above.begin(), above.end(),
                     [](const auto* a, const auto* b) { return a->demand > b->demand; });
    for (const PartitionDemand* p : above) out_.push_back(OfPartition(*p));
  }

  [[nodiscard]] PartitionRemedy OfPartition(const PartitionDemand& p) const {
    PartitionRemedy r{.remedy = Remedy::kAdviseKey,
                      .partition = p.partition,
                      .shard = p.shard,
                      .demand = p.demand,
                      .limit = q_.partition_limit,
                      .amount = 0,
                      .reason = {}};
    const std::string asks = fmt::format("partition {} asks for {}, it may bear {}", p.partition,
                                         Of(p.demand), Of(q_.partition_limit));
    const double key = p.hottest_key.value_or(0) * p.demand;
    if (key > q_.partition_limit * kRounding) {
      r.reason = {ReasonCode::kHotKey,
                  fmt::format("{}; its hottest key alone draws {} ({}): neither a split nor more "
                              "shards help; cache that key at the client, read it from replicas, "
                              "or spread it over several keys",
                              asks, Of(key), Percent(*p.hottest_key))};
      return r;
    }
    if (!q_.can_split) {
      r.reason = {
          ReasonCode::kHotPartition,
          asks +
              (p.hottest_key
                   ? fmt::format("; its hottest key draws {} of that: ", Percent(*p.hottest_key))
                   : std::string("; which keys make it hot is not known: if one does, "
                                 "cache it at the client, read it from replicas or "
                                 "spread it over several keys; if many do, ")) +
              "it cannot be split, so give its keys other hash tags; more shards do not "
              "help"};
      return r;
    }
    r.remedy = Remedy::kSplit;
    r.amount = std::ceil(p.demand / q_.partition_limit - 1e-9);
    r.reason = {
        ReasonCode::kPartitionTooBig,
        fmt::format("{}; split it into {:.0f}{}", asks, r.amount,
                    p.hottest_key
                        ? fmt::format(" (its hottest key draws {}, which one part bears)", Of(key))
                        : std::string(" (its keys' shares are not known: if one key draws "
                                      "more than the limit, no split helps)"))};
    return r;
  }

  struct Shard {
    double demand = 0;
    const PartitionDemand* hottest = nullptr;
    int partitions = 0;
  };

  void ShardsAboveTheirCapacity() {
    std::vector<Shard> shards(q_.shards.size());
    for (const PartitionDemand& p : q_.partitions) {
      if (p.shard < 0 || p.shard >= static_cast<int>(shards.size())) continue;
      Shard& shard = shards[static_cast<std::size_t>(p.shard)];
      shard.demand += p.demand;
      ++shard.partitions;
      if (shard.hottest == nullptr || p.demand > shard.hottest->demand) shard.hottest = &p;
    }
    // What a partition asks for above a whole shard no other shard can serve.
    double placeable = 0;
    for (const PartitionDemand& p : q_.partitions) {
      placeable += std::min(p.demand, q_.shard_capacity);
    }
    const double all = q_.shard_capacity * static_cast<double>(shards.size());
    if (placeable > all * kRounding) {
      out_.push_back(MoreShards(placeable, all));
      return;
    }
    for (std::size_t i = 0; i < shards.size(); ++i) {
      const Shard& shard = shards[i];
      const double excess = shard.demand - q_.shard_capacity;
      if (shard.demand <= q_.shard_capacity * kRounding || shard.partitions < 2) continue;
      out_.push_back(OfShard(shard, static_cast<int>(i), excess));
    }
  }

  [[nodiscard]] PartitionRemedy MoreShards(double placeable, double all) const {
    PartitionRemedy r{.remedy = Remedy::kAddShards,
                      .partition = -1,
                      .shard = -1,
                      .demand = placeable,
                      .limit = all,
                      .amount = std::ceil((placeable - all) / q_.shard_capacity - 1e-9),
                      .reason = {}};
    r.reason = {ReasonCode::kDemandExceedsCapacity,
                fmt::format("{} are asked for, all {} may bear {}: no placement helps, add {}",
                            Of(placeable), planner::Shards(static_cast<int>(q_.shards.size())),
                            Of(all), planner::Shards(static_cast<int>(r.amount)))};
    return r;
  }

  [[nodiscard]] PartitionRemedy OfShard(const Shard& shard, int index, double excess) const {
    const std::string& name = q_.shards[static_cast<std::size_t>(index)];
    PartitionRemedy r{.remedy = Remedy::kMove,
                      .partition = -1,
                      .shard = index,
                      .demand = shard.demand,
                      .limit = q_.shard_capacity,
                      .amount = excess,
                      .reason = {}};
    const std::string bears =
        fmt::format("{} bears {} of at most {}, all shards together have room", name,
                    Of(shard.demand), Of(q_.shard_capacity));
    if (shard.hottest->demand < kDominates * q_.shard_capacity) {
      r.reason = {ReasonCode::kUnevenLoad,
                  fmt::format("{}: move partitions with {} to others", bears, Of(excess))};
      return r;
    }
    r.remedy = Remedy::kIsolate;
    r.partition = shard.hottest->partition;
    const double others = shard.demand - shard.hottest->demand;
    // What fits beside the hot one may stay.
    r.amount = std::min(excess, others);
    r.reason = {ReasonCode::kHotPartition,
                fmt::format("{}: partition {} alone asks for {}; isolate it, {} of the other {} "
                            "partitions must leave",
                            bears, r.partition, Of(shard.hottest->demand), Of(r.amount),
                            shard.partitions - 1)};
    return r;
  }

  void QuotaThatIsShort() {
    if (!q_.quota || total_ <= *q_.quota * kRounding) return;
    PartitionRemedy r{.remedy = Remedy::kRaiseQuota,
                      .partition = -1,
                      .shard = -1,
                      .demand = total_,
                      .limit = *q_.quota,
                      .amount = total_,
                      .reason = {}};
    r.reason = {ReasonCode::kQuotaTooSmall,
                fmt::format("{} are asked for, the quota may bear {}: raise it to {}", Of(total_),
                            Of(*q_.quota), Of(total_))};
    out_.push_back(std::move(r));
  }

  const RemedyQuestion& q_;
  double total_ = 0;
  std::vector<PartitionRemedy> out_;
};

}  // namespace

const char* RemedyName(Remedy remedy) {
  switch (remedy) {
    case Remedy::kNone:
      return "none";
    case Remedy::kRaiseQuota:
      return "raise-quota";
    case Remedy::kSplit:
      return "split";
    case Remedy::kIsolate:
      return "isolate";
    case Remedy::kMove:
      return "move";
    case Remedy::kAddShards:
      return "add-shards";
    case Remedy::kAdviseKey:
      return "advise-key";
  }
  return "unknown";
}

std::vector<PartitionRemedy> FindRemedies(const RemedyQuestion& question) {
  return Finder(question).Find();
}

}  // namespace tidewright
