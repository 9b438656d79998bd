#include "bench/loadgen/demo_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace tidewright::demo {
namespace {

double Hours(Duration d) { return Seconds(d) / 3600; }

/// "48 min", "3.2 min".
std::string Minutes(Duration d) {
  const double minutes = Seconds(d) / 60;
  return std::abs(minutes) < 10 ? fmt::format("{:.1f} min", minutes)
                                : fmt::format("{:.0f} min", minutes);
}

/// 1234567 → "1,234,567".
std::string Grouped(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (auto at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}
std::string Grouped(std::int64_t value) { return Grouped(static_cast<double>(value)); }

std::string Milliseconds(Duration d) { return fmt::format("{:.1f} ms", Seconds(d) * 1e3); }

void Line(std::string& text, const std::string& heading, const std::string& what) {
  text += fmt::format("  {:<18} {}\n", heading, what);
}

std::string ErrorsText(const loadgen::LoadCounters& counters) {
  std::string text;
  for (const auto& [kind, count] : counters.errors) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind, Grouped(count));
  }
  return text.empty() ? "none" : text;
}

std::string ForesightText(const Foresight& foresight) {
  const auto& action = foresight.action;
  const std::string what = fmt::format("{} -> {} shards complete at {}", action.from_shards,
                                       action.to_shards, FormatTimeOfDay(*action.ended));
  if (!foresight.reached) {
    return fmt::format("{}; demand never reached the old capacity (at most {:.0f}% of it)", what,
                       100 * foresight.highest);
  }
  const Duration lead = foresight.Lead();
  return fmt::format("{}, {} {} demand reached the old capacity at {}", what,
                     Minutes(lead.count() < 0 ? -lead : lead),
                     lead.count() < 0 ? "after" : "before", FormatTimeOfDay(*foresight.reached));
}

}  // namespace

Foresight Ledger::Judge(const ActionSummary& action, const std::vector<ActionSummary>& all) const {
  WallTime until = WallTime::max();
  for (const auto& other : all) {
    const bool shrinks = other.kind == "scale-in" && other.to_shards <= action.from_shards;
    if (shrinks && other.created > action.created) until = std::min(until, other.created);
  }
  const double old_capacity = action.from_shards * shard_capacity_;
  Foresight foresight{action, std::nullopt, 0};
  for (const auto& look : looks_) {
    if (look.at < action.created || look.at >= until) continue;
    foresight.highest = std::max(foresight.highest, look.demand / old_capacity);
    if (look.demand >= old_capacity && !foresight.reached) foresight.reached = look.at;
  }
  return foresight;
}

DaySummary Ledger::Sum(std::vector<ActionSummary> actions) const {
  DaySummary day;
  day.static_shards = static_shards_;
  for (std::size_t i = 0; i + 1 < looks_.size(); ++i) {
    const Look& look = looks_[i];
    const Duration span = looks_[i + 1].at - look.at;
    day.observed += span;
    day.node_hours += look.nodes * Hours(span);
    day.static_node_hours += static_shards_ * nodes_per_shard_ * Hours(span);
    if (look.demand > look.capacity) day.under_provisioned += span;
    if (look.demand > look.capacity * target_) day.above_target += span;
  }
  for (const auto& look : looks_) day.peak_shards = std::max(day.peak_shards, look.shards);
  std::sort(actions.begin(), actions.end(),
            [](const auto& a, const auto& b) { return a.created < b.created; });
  for (const auto& action : actions) {
    day.slots_moved += action.slots;
    day.keys_moved += action.keys;
    day.bytes_moved += action.bytes;
    if (action.state != "done" || !action.ended) {
      ++day.unfinished;
    } else if (action.kind == "scale-in") {
      ++day.scale_ins;
    } else {
      day.scale_outs.push_back(Judge(action, actions));
    }
  }
  return day;
}

std::string SummaryText(const DaySummary& day, const loadgen::Verification& verified,
                        const loadgen::LoadCounters& counters, double speed) {
  std::string text = "\nSummary (times of the day are simulated)\n";
  Line(text, "writes",
       fmt::format("{} acknowledged, {} verified, {} lost, {} undone",
                   Grouped(verified.writes_acknowledged), Grouped(verified.writes_verified),
                   verified.lost, verified.undone));
  Line(text, "keys",
       fmt::format("{} read back, {} in their last acknowledged state{}{}",
                   Grouped(verified.keys - verified.keys_unread), Grouped(verified.keys_verified),
                   verified.keys_uncertain > 0
                       ? fmt::format(" ({} of them had two right ones: a write was not answered, "
                                     "or a deadline was near)",
                                     verified.keys_uncertain)
                       : "",
                   verified.keys_unread > 0
                       ? fmt::format(", {} could not be read", verified.keys_unread)
                       : ""));
  Line(text, "client errors",
       fmt::format("{}; commands given up {}, unanswered {}, held back {}", ErrorsText(counters),
                   counters.not_executed, counters.unknown, Grouped(counters.shed)));
  Line(text, "latency",
       fmt::format("p50 {}, p99 {}, p99.9 {} over {} commands",
                   Milliseconds(counters.latency.Quantile(0.5)),
                   Milliseconds(counters.latency.Quantile(0.99)),
                   Milliseconds(counters.latency.Quantile(0.999)), Grouped(counters.answered)));
  Line(text, "peak shards", fmt::format("{}", day.peak_shards));
  for (const auto& foresight : day.scale_outs) {
    Line(text, foresight.action.emergency ? "emergency" : "scale-out", ForesightText(foresight));
  }
  if (day.scale_outs.empty()) Line(text, "scale-out", "none");
  Line(text, "scale-in", fmt::format("{} complete", day.scale_ins));
  if (day.unfinished > 0) Line(text, "not done", fmt::format("{} actions", day.unfinished));
  Line(text, "under-provisioned",
       fmt::format("{} simulated ({:.1f} s real) with demand above capacity; {} above the planned "
                   "share of it",
                   Minutes(day.under_provisioned), Seconds(day.under_provisioned) / speed,
                   Minutes(day.above_target)));
  Line(
      text, "node-hours",
      fmt::format("{:.1f} against {:.1f} of a static cluster of {} shards for the peak: {:.0f}% {}",
                  day.node_hours, day.static_node_hours, day.static_shards,
                  100 * std::abs(1 - day.node_hours / std::max(1e-9, day.static_node_hours)),
                  day.node_hours <= day.static_node_hours ? "less" : "more"));
  Line(text, "moved",
       fmt::format("{} slots, {} keys, {:.1f} MB", Grouped(day.slots_moved),
                   Grouped(day.keys_moved), day.bytes_moved / 1e6));
  for (const auto& finding : verified.findings) Line(text, "FINDING", finding);
  text += fmt::format("lost {}, undone {}\n", verified.lost, verified.undone);
  return text;
}

}  // namespace tidewright::demo
