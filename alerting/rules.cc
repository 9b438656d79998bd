#include "alerting/rules.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tidewright {
namespace {

constexpr Duration kFailedFor = std::chrono::hours(24);
constexpr Duration kRolledBackFor = std::chrono::hours(1);
constexpr std::size_t kMostNamed = 5;  // longer lists are cut: an alert is read on a phone

/// "8400 RU/s", "3.20 GiB".
std::string Quantity(double value, Resource resource) {
  if (resource != Resource::kMemory && resource != Resource::kNetwork) {
    return fmt::format("{:.4g} {}", value, ResourceUnit(resource));
  }
  static constexpr std::array<const char*, 5> kPrefixes = {"", "Ki", "Mi", "Gi", "Ti"};
  std::size_t prefix = 0;
  while (value >= 1024 && prefix + 1 < kPrefixes.size()) {
    value /= 1024;
    ++prefix;
  }
  return fmt::format("{:.3g} {}{}", value, kPrefixes[prefix], ResourceUnit(resource));
}

std::string Percent(double share) { return fmt::format("{:.3g}%", 100 * share); }

/// "a; b; c and 4 more".
std::string JoinSome(const std::vector<std::string>& items) {
  std::string text;
  for (std::size_t i = 0; i < std::min(items.size(), kMostNamed); ++i) {
    text += (i == 0 ? "" : "; ") + items[i];
  }
  if (items.size() > kMostNamed) text += fmt::format(" and {} more", items.size() - kMostNamed);
  return text;
}

std::string Texts(const std::vector<Reason>& reasons) {
  std::vector<std::string> texts;
  texts.reserve(reasons.size());
  for (const Reason& reason : reasons) {
    texts.push_back(reason.text.empty() ? ReasonName(reason.code) : reason.text);
  }
  return JoinSome(texts);
}

Alert Make(const AlertInput& input, const char* name, Severity severity, std::string summary,
           std::string description) {
  std::string anchor = name;
  std::transform(anchor.begin(), anchor.end(), anchor.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return {.name = name,
          .severity = severity,
          .labels = {{"cluster", input.cluster}},
          .annotations = {{"summary", std::move(summary)},
                          {"description", std::move(description)},
                          {"runbook_url", "docs/alerts.md#" + anchor}},
          .since = input.now};
}

/// It gives the busiest shard room.
bool Relieves(PlanKind kind) { return kind == PlanKind::kScaleOut || kind == PlanKind::kRebalance; }

const ActionRecord* OpenRelief(const AlertInput& input) {
  const ActionRecord* action = input.last_action;
  return action != nullptr && action->Open() && Relieves(action->plan.kind) ? action : nullptr;
}

std::string Counted(std::size_t n, const char* what) {
  return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}
std::string ShardCount(int shards) { return Counted(static_cast<std::size_t>(shards), "shard"); }

std::string Figures(const Plan& plan) {
  const auto outlook = [&plan](const Outlook& o) {
    return fmt::format("{} against {} usable, {} chance of passing full capacity",
                       Quantity(o.peak_demand, plan.binding),
                       Quantity(o.usable_capacity, plan.binding), Percent(o.shortfall_probability));
  };
  std::string text = fmt::format("{} with {}: {}", ResourceName(plan.binding),
                                 ShardCount(plan.from_shards), outlook(plan.without));
  if (plan.to_shards != plan.from_shards) {
    text += fmt::format("; with {}: {}", ShardCount(plan.to_shards), outlook(plan.with));
  }
  return text;
}

/// "3 to 4 shards", "spread 120 partitions anew over 3 shards".
std::string Change(const Plan& plan) {
  if (plan.kind != PlanKind::kRebalance) {
    return fmt::format("{} to {}", plan.from_shards, ShardCount(plan.to_shards));
  }
  std::size_t moved = 0;
  for (const PartitionMove& move : plan.moves) {
    moved += static_cast<std::size_t>(Count(move.partitions));
  }
  return fmt::format("spread {} anew over {}", Counted(moved, "partition"),
                     ShardCount(plan.to_shards));
}

/// What is or can be done about missing capacity, and the command for it.
void AddRemedy(const AlertInput& input, Alert& alert) {
  auto& notes = alert.annotations;
  if (const ActionRecord* action = OpenRelief(input)) {
    notes["remedy"] = fmt::format("action {}: {} ({})", action->id, Change(action->plan),
                                  action->state == ActionState::kPaused ? "paused" : "under way");
    notes["command"] = "tidectl actions";
    return;
  }
  const Plan* plan = input.plan;
  if (plan == nullptr) return;
  if (!Relieves(plan->kind)) {
    notes["remedy"] = "no scale-out is planned: " +
                      Texts(plan->rejections.empty() ? plan->reasons : plan->rejections);
    notes["command"] = "tidectl recommendations";
    return;
  }
  const std::string hash = ShortHash(PlanHash(*plan));
  notes["recommendation"] = hash;
  notes["remedy"] = fmt::format(
      "recommendation {}: {}, {}", hash, Change(*plan),
      input.acts_by_itself ? "which the controller begins by itself" : "which waits for approval");
  notes["command"] = input.acts_by_itself ? "tidectl recommendations show " + hash
                                          : "tidectl recommendations approve " + hash;
}

/// What a person must lift before more shards can help; empty when nothing of the kind.
std::string Barred(const Plan& plan, WallTime complete) {
  std::vector<Reason> bars;
  for (const auto* reasons : {&plan.reasons, &plan.rejections}) {
    for (const Reason& reason : *reasons) {
      // The maximum stands in the way of a scale-out alone; partitions that cannot be placed also
      // in that of a scale-in, which is considered while no crossing is near.
      const bool bar =
          reason.code == ReasonCode::kAtMaximum ||
          (reason.code == ReasonCode::kNotPlaceable && plan.crossing && *plan.crossing < complete);
      if (bar) bars.push_back(reason);
    }
  }
  return Texts(bars);
}

std::optional<Alert> CapacityWillBeShort(const AlertInput& input) {
  const ActionRecord* action = OpenRelief(input);
  const Plan* plan = action != nullptr ? &action->plan : input.plan;
  if (plan == nullptr) return std::nullopt;
  const bool waits = action == nullptr && Relieves(plan->kind) && !input.acts_by_itself;
  const WallTime complete = plan->created + plan->lead_time;
  const bool late = Relieves(plan->kind) && plan->crossing && *plan->crossing < complete;
  const std::string barred = Barred(*plan, complete);
  if (!waits && !late && barred.empty()) return std::nullopt;

  const std::string resource = ResourceName(plan->binding);
  std::string summary = plan->kind == PlanKind::kScaleOut
                            ? fmt::format("{}: {} needs {} instead of {}", input.cluster, resource,
                                          ShardCount(plan->to_shards), plan->from_shards)
                            : fmt::format("{}: {} needs more than {}", input.cluster, resource,
                                          ShardCount(plan->from_shards));
  std::string description = Figures(*plan) + ".";
  if (plan->crossing) {
    const std::string when = FormatTime(*plan->crossing);
    summary = fmt::format("{}: {} passes usable capacity at {}", input.cluster, resource, when);
    description = fmt::format("The forecast passes usable capacity at {}. ", when) + description;
  }
  if (Relieves(plan->kind)) {
    description += fmt::format(" The change takes {}", FormatDuration(plan->lead_time));
    if (late) {
      description +=
          fmt::format(" and is complete at {} at the earliest: too late", FormatTime(complete));
    } else if (plan->crossing) {
      description += fmt::format(": begin by {}", FormatTime(*plan->crossing - plan->lead_time));
    }
    description += ".";
  }
  if (!barred.empty()) description += " In the way: " + barred + ".";

  Alert alert = Make(input, "TidewrightCapacityWillBeShort", Severity::kWarning, std::move(summary),
                     std::move(description));
  if (plan->crossing) alert.annotations["crossing"] = FormatTime(*plan->crossing);
  alert.annotations["forecast"] = Figures(*plan);
  if (!plan->reasons.empty()) alert.annotations["reason"] = Texts(plan->reasons);
  AddRemedy(input, alert);
  return alert;
}

std::string AddressOf(const AlertInput& input, const std::string& node_id) {
  if (input.topology != nullptr) {
    for (const Node& node : input.topology->Nodes()) {
      if (node.id == node_id) return node.Address();
    }
  }
  return node_id;
}

std::optional<Alert> CapacityIsShort(const AlertInput& input) {
  std::vector<std::string> evidence;
  if (input.load != nullptr) {
    for (const Resource r : kAllResources) {
      const Reading& total = input.load->total[r];
      if (!input.capacity[r] || !total.fresh() || total.value <= *input.capacity[r]) continue;
      evidence.push_back(fmt::format("{} are at {} of {}", ResourceName(r),
                                     Quantity(total.value, r), Quantity(*input.capacity[r], r)));
    }
    for (const NodeLoad& node : input.load->nodes) {
      if (!node.master || (node.flags & (kSaturated | kThrottled)) == 0) continue;
      evidence.push_back(fmt::format(
          "{} {}", AddressOf(input, node.node_id),
          (node.flags & kThrottled) != 0 ? "refuses or delays clients" : "is at its limit"));
    }
  }
  const bool emergency = input.plan != nullptr && input.plan->emergency;
  if (emergency && evidence.empty()) evidence.push_back(Texts(input.plan->reasons));
  if (evidence.empty()) return std::nullopt;

  Alert alert = Make(input, "TidewrightCapacityIsShort", Severity::kCritical,
                     fmt::format("{}: demand is above what the cluster can bear", input.cluster),
                     JoinSome(evidence) + ".");
  if (input.plan != nullptr) {
    alert.annotations["forecast"] = Figures(*input.plan);
    if (!input.plan->reasons.empty()) alert.annotations["reason"] = Texts(input.plan->reasons);
  }
  AddRemedy(input, alert);
  return alert;
}

Quality Worst(const NodeLoad& node) {
  Quality worst = Quality::kFresh;
  for (const Reading& reading : node.usage.values) worst = std::max(worst, reading.quality);
  return worst;
}

std::string WhyNotFresh(const AlertInput& input, const NodeLoad& node, Quality worst) {
  std::string where = AddressOf(input, node.node_id);
  const std::string because = node.error.empty() ? "" : ": " + node.error;
  switch (worst) {
    case Quality::kFresh:
      break;
    case Quality::kMissing:
      return fmt::format("{} missing{}", where, because);
    case Quality::kStale:
      return fmt::format("{} stale since {}{}", where, FormatTime(node.sampled), because);
    case Quality::kImplausible:
      for (auto it = input.load->quarantine.rbegin(); it != input.load->quarantine.rend(); ++it) {
        if (it->node_id != node.node_id) continue;
        return fmt::format("{} implausible: {} = {:g}: {}", where, it->metric, it->value,
                           it->reason);
      }
      return fmt::format("{} implausible{}", where, because);
  }
  return where;
}

bool Serves(const AlertInput& input, const NodeLoad& node) {
  if (!node.master) return false;
  if (input.topology == nullptr) return true;
  const Shard* shard = input.topology->FindShard(node.shard_id);
  return shard != nullptr && !shard->partitions.empty();
}

std::optional<Alert> DataStale(const AlertInput& input) {
  std::vector<std::string> nodes;
  if (input.topology == nullptr) {
    nodes.push_back("the cluster does not answer" +
                    (input.topology_error.empty() ? "" : ": " + input.topology_error));
  } else if (input.load != nullptr && input.load->fresh_share < 1) {
    for (const NodeLoad& node : input.load->nodes) {
      const Quality worst = Worst(node);
      if (worst == Quality::kFresh || !Serves(input, node)) continue;
      // A node that is being sampled for the first time, or whose counters began anew.
      if (worst == Quality::kMissing && node.error.empty()) continue;
      nodes.push_back(WhyNotFresh(input, node, worst));
    }
  }
  if (nodes.empty()) return std::nullopt;
  Alert alert = Make(input, "TidewrightDataStale", Severity::kWarning,
                     input.topology == nullptr
                         ? fmt::format("{}: the cluster does not answer", input.cluster)
                         : fmt::format("{}: no fresh plausible figures of {} master{}",
                                       input.cluster, nodes.size(), nodes.size() == 1 ? "" : "s"),
                     JoinSome(nodes) + ". Nothing is scaled in until the data is fresh again.");
  alert.annotations["nodes"] = JoinSome(nodes);
  alert.annotations["command"] = "tidectl status";
  return alert;
}

/// A person wanted it back: nobody need be told. The health watch's rollback is another matter.
bool AskedFor(const ActionRecord& action) {
  return !action.cancelled_by.empty() && action.cancelled_by != "health watch";
}

std::optional<Alert> ActionFailed(const AlertInput& input) {
  const ActionRecord* action = input.last_action;
  if (action == nullptr) return std::nullopt;
  const bool failed = action->state == ActionState::kFailed;
  if (!failed && AskedFor(*action)) return std::nullopt;
  if (!failed && action->state != ActionState::kRolledBack) return std::nullopt;
  const WallTime ended = action->ended == WallTime() ? input.now : action->ended;
  if (input.now >= ended + (failed ? kFailedFor : kRolledBackFor)) return std::nullopt;

  const auto done =
      std::count_if(action->steps.begin(), action->steps.end(),
                    [](const StepRecord& step) { return step.state == StepState::kDone; });
  const std::string error = action->error.empty() ? "no error was recorded" : action->error;
  Alert alert =
      Make(input, "TidewrightActionFailed", failed ? Severity::kCritical : Severity::kWarning,
           fmt::format("{}: {} {} {}", input.cluster, PlanKindName(action->plan.kind), action->id,
                       failed ? "failed" : "was rolled back"),
           fmt::format("{} of {} steps stand. {}: {}.", done, action->steps.size(),
                       failed ? "It stopped for a person, since neither forward nor back is safe"
                              : "The cluster is as it was before",
                       error));
  alert.labels["action"] = action->id;
  alert.annotations["error"] = error;
  alert.annotations["command"] = "tidectl actions";
  alert.since = std::min(ended, input.now);
  return alert;
}

std::optional<Alert> ClusterUnhealthy(const AlertInput& input) {
  if (input.topology == nullptr) return std::nullopt;
  const Topology& topology = *input.topology;
  std::vector<std::string> troubles;
  for (const Shard& shard : topology.shards) {
    if (shard.master.health != NodeHealth::kFailed || shard.partitions.empty()) continue;
    troubles.push_back(
        fmt::format("master {} has failed with {}", shard.master.Address(),
                    Counted(static_cast<std::size_t>(Count(shard.partitions)), "partition")));
  }
  if (const int unowned = topology.Unowned(); unowned > 0) {
    troubles.push_back(Counted(static_cast<std::size_t>(unowned), "partition") +
                       " without an owner");
  }
  const ActionRecord* action = input.last_action;
  // A paused action has stopped at a boundary at which no partition is open.
  // Under the kill switch nobody closes them.
  const bool ours =
      !input.stop && action != nullptr &&
      (action->state == ActionState::kRunning || action->state == ActionState::kRollingBack);
  if (!topology.open.empty() && !ours) {
    std::vector<int> open;
    for (const OpenPartition& partition : topology.open) open.push_back(partition.partition);
    troubles.push_back(fmt::format("{} open without an action of ours: {}",
                                   Counted(topology.open.size(), "partition"),
                                   ToString(ToPartitionSet(std::move(open)))));
  }
  if (troubles.empty()) return std::nullopt;
  Alert alert = Make(input, "TidewrightClusterUnhealthy", Severity::kCritical,
                     fmt::format("{}: {}", input.cluster, troubles.front()),
                     JoinSome(troubles) + ". Nothing is begun until the cluster is healthy.");
  alert.annotations["command"] = "tidectl status";
  return alert;
}

std::optional<Alert> Stopped(const AlertInput& input) {
  if (!input.stop) return std::nullopt;
  const auto& stop = *input.stop;
  const std::string by = stop.by.empty() ? "" : " by " + stop.by;
  const std::string why = stop.why.empty() ? "no reason is given" : stop.why;
  Alert alert = Make(input, "TidewrightStopped", Severity::kWarning,
                     fmt::format("{}: the kill switch is thrown{}", input.cluster, by),
                     fmt::format("Nothing of the store is changed until a person clears it: {} "
                                 "(file {}). Capacity that becomes short is not added.",
                                 why, stop.path));
  alert.annotations["reason"] = why;
  alert.annotations["command"] = "tidectl stop --clear";
  return alert;
}

std::optional<Alert> ForeignlyChanged(const AlertInput& input) {
  if (input.foreign_change.empty()) return std::nullopt;
  Alert alert = Make(
      input, "TidewrightForeignChange", Severity::kWarning,
      fmt::format("{}: somebody else changed the cluster", input.cluster),
      fmt::format("{}. Plans are made for the cluster as it is now. If that was not meant to be, "
                  "look who else may change it, and take it back.",
                  input.foreign_change));
  alert.annotations["change"] = input.foreign_change;
  alert.annotations["command"] = "tidectl rebalance --revert --plan-only";
  return alert;
}

std::optional<Alert> ActionPaused(const AlertInput& input) {
  const ActionRecord* action = input.last_action;
  if (input.stop || action == nullptr || action->state != ActionState::kPaused) return std::nullopt;
  Alert alert = Make(
      input, "TidewrightActionPaused", Severity::kWarning,
      fmt::format("{}: {} {} is paused", input.cluster, PlanKindName(action->plan.kind),
                  action->id),
      fmt::format("{}. No other action begins meanwhile, and no slot is open. Resume it, or cancel "
                  "it with or without --roll-back.",
                  action->error));
  alert.labels["action"] = action->id;
  alert.annotations["error"] = action->error;
  alert.annotations["command"] = "tidectl actions resume";
  return alert;
}

std::optional<Alert> BreakerOpen(const AlertInput& input) {
  if (input.holds == nullptr) return std::nullopt;
  for (const Reason& hold : *input.holds) {
    if (hold.code != ReasonCode::kBreakerOpen) continue;
    Alert alert = Make(input, "TidewrightBreakerOpen", Severity::kWarning,
                       fmt::format("{}: actions fail again and again", input.cluster),
                       hold.text + ". Plans wait for approval meanwhile.");
    alert.annotations["reason"] = hold.text;
    alert.annotations["command"] = "tidectl actions";
    return alert;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Alert> EvaluateAlerts(const AlertInput& input, const std::vector<Alert>& before) {
  std::vector<Alert> firing;
  const auto add = [&firing](std::optional<Alert> alert) {
    if (alert) firing.push_back(*std::move(alert));
  };
  add(CapacityIsShort(input));
  if (firing.empty()) add(CapacityWillBeShort(input));
  add(DataStale(input));
  add(ActionFailed(input));
  add(ClusterUnhealthy(input));
  add(Stopped(input));
  add(ForeignlyChanged(input));
  add(ActionPaused(input));
  add(BreakerOpen(input));
  for (Alert& alert : firing) {
    for (const Alert& old : before) {
      if (old.name == alert.name && old.labels == alert.labels) alert.since = old.since;
    }
    alert.annotations["since"] = FormatTime(alert.since);
  }
  return firing;
}

}  // namespace tidewright
