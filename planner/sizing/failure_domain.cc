#include "planner/sizing/failure_domain.h"

#include <algorithm>
#include <map>

#include "planner/explain.h"

namespace tidewright::planner {
namespace {

struct Domain {
  int shards = 0;
  bool had_master = false;  // also one that serves nothing any more
  bool down = true;         // all of its nodes
};

// A domain whose nodes are all down, one of them a master.
std::string FindLost(const std::map<std::string, Domain>& domains) {
  const auto lost = std::find_if(domains.begin(), domains.end(), [](const auto& one) {
    return one.second.down && one.second.had_master;
  });
  return lost == domains.end() ? "" : lost->first;
}

}  // namespace

const std::string& DomainOf(const Node& node, SurviveLoss asked) {
  static const std::string kUnknown;
  if (asked == SurviveLoss::kNone) return kUnknown;
  return asked == SurviveLoss::kHost ? node.host : node.zone;
}

FailureDomains::FailureDomains(const Topology& topology, SurviveLoss asked) : asked_(asked) {
  if (asked == SurviveLoss::kNone) return;
  std::map<std::string, Domain> domains;
  for (const Node& node : topology.Nodes()) {
    const std::string& name = DomainOf(node, asked);
    if (name.empty()) continue;
    Domain& domain = domains[name];
    domain.down = domain.down && node.health == NodeHealth::kFailed;
    domain.had_master = domain.had_master || node.role == NodeRole::kMaster;
  }
  for (const Shard& shard : topology.shards) {
    if (shard.partitions.empty()) continue;
    ++serving_;
    const std::string& name = DomainOf(shard.master, asked);
    if (name.empty()) {
      if (unknown_++ == 0) first_unknown_ = shard.master.Address();
    } else {
      ++domains[name].shards;
    }
  }
  int most = 0;
  for (const auto& [name, domain] : domains) {
    if (domain.shards == 0) continue;
    shards_.push_back(domain.shards);
    if (domain.shards > most) largest_ = name;
    most = std::max(most, domain.shards);
  }
  std::sort(shards_.rbegin(), shards_.rend());
  lost_ = FindLost(domains);
}

bool FailureDomains::single() const { return shards_.size() == 1 && unknown_ == 0; }

bool FailureDomains::Counts() const { return !shards_.empty() && !single() && !lost(); }

int FailureDomains::LargestOf(int shards) const {
  const int largest = shards_.front();
  if (shards >= serving_) {
    if (asked_ == SurviveLoss::kHost && largest == 1) return 1;
    const int domains = static_cast<int>(shards_.size()) + unknown_;
    return std::max(largest, (shards + domains - 1) / domains);
  }
  // As high as it still is once so many were taken from whichever was the highest.
  const int leave = serving_ - shards;
  for (int height = largest; height > 0; --height) {
    int above = 0;
    for (const int count : shards_) above += std::max(0, count - (height - 1));
    if (above > leave) return height;
  }
  return 0;
}

int FailureDomains::Remaining(int shards) const {
  if (!Counts()) return shards;
  return shards - std::min(shards, LargestOf(shards));
}

int FailureDomains::ShardsFor(int remaining) const {
  if (!Counts()) return remaining;
  for (int shards = remaining; shards < serving_; ++shards) {
    if (Remaining(shards) >= remaining) return shards;
  }
  const std::int64_t largest = shards_.front();
  std::int64_t shards = remaining + largest;
  if (asked_ != SurviveLoss::kHost || largest > 1) {
    const auto domains = static_cast<std::int64_t>(shards_.size()) + unknown_;
    // n − ⌈n/d⌉ = ⌊n(d − 1)/d⌋
    shards = std::max(shards, (remaining * domains + domains - 2) / (domains - 1));
  }
  return static_cast<int>(std::max<std::int64_t>(shards, serving_));
}

Reason FailureDomains::TellUnknown() const {
  const char* name = SurviveLossName(asked_);
  return {
      ReasonCode::kFailureDomainUnknown,
      fmt::format("survive_loss is {}, but the {} of {} of {} serving masters is not known (the "
                  "first is {}): nothing is removed{}",
                  name, name, unknown_, serving_, first_unknown_,
                  asked_ == SurviveLoss::kZone ? "; name them in redis.zones" : "")};
}

Reason FailureDomains::TellSingle() const {
  const char* name = SurviveLossName(asked_);
  return {ReasonCode::kSurvivesLoss,
          fmt::format("survive_loss is {}, but all masters are in {} {}, whose loss no number of "
                      "shards survives: nothing is removed, and capacity is that of all shards",
                      name, name, largest_)};
}

std::optional<Reason> FailureDomains::Tell(int from, int to) const {
  if (asked_ == SurviveLoss::kNone || serving_ == 0) return std::nullopt;
  if (unknown_ > 0) return TellUnknown();
  if (single()) return TellSingle();
  const char* name = SurviveLossName(asked_);
  if (lost()) {
    return Reason{ReasonCode::kSurvivesLoss,
                  fmt::format("survive_loss is {}, and {} {} is down: what was kept for that is in "
                              "use, so capacity is that of all shards",
                              name, name, lost_)};
  }
  std::string text = fmt::format(
      "survive_loss is {}: without {} {}, {} of {} would remain, and what they "
      "serve is what counts",
      name, name, largest_, Remaining(from), Shards(from));
  if (to != from) text += fmt::format(" ({} of {} afterwards)", Remaining(to), Shards(to));
  if (2 * shards_.front() >= from) {
    text += fmt::format(
        "; {} bears half of the masters or more, and without a majority of them no "
        "replica takes over",
        largest_);
  }
  return Reason{ReasonCode::kSurvivesLoss, std::move(text)};
}

std::optional<Reason> FailureDomains::AgainstScaleIn() const {
  if (asked_ == SurviveLoss::kNone) return std::nullopt;
  if (unknown_ > 0) return TellUnknown();
  if (single()) return TellSingle();
  return std::nullopt;
}

}  // namespace tidewright::planner
