#include "cli/savings_text.h"

#include <vector>

#include "cli/render.h"
#include "core/time.h"

namespace tidewright::cli {
namespace {

using Row = std::vector<std::string>;

std::string Named(const std::string& name, bool estimated) {
  return estimated ? name + " (estimated)" : name;
}

std::string Span(double seconds) {
  return seconds <= 0 ? "0s" : FormatDuration(FromSeconds(seconds));
}

std::string Cost(double amount, const std::string& currency) {
  return fmt::format("{:.2f} {}", amount, currency);
}

// Of what the other one would have cost; nothing where that is nothing.
std::string Share(const pb::Saving& saving) {
  if (saving.otherwise_cost() <= 0) return "-";
  return fmt::format("{:.1f}%", 100 * saving.saved_cost() / saving.otherwise_cost());
}

std::string Against(const pb::Status& status) {
  std::vector<Row> rows = {
      {"AGAINST", "COMPARED", "NODE-HOURS", "OTHERWISE", "COST", "OTHERWISE", "SAVED", "SHARE"}};
  for (const pb::Saving& saving : status.savings().against()) {
    rows.push_back({Named(saving.against(), saving.estimated()), Span(saving.compared_seconds()),
                    fmt::format("{:.1f}", saving.node_hours()),
                    fmt::format("{:.1f}", saving.otherwise_node_hours()),
                    Cost(saving.cost(), status.currency()),
                    Cost(saving.otherwise_cost(), status.currency()),
                    Cost(saving.saved_cost(), status.currency()), Share(saving)});
  }
  return Table(rows);
}

std::string Policies(const pb::Status& status) {
  std::vector<Row> rows = {{"POLICY", "SHARDS", "NODE-HOURS", "COST", "TOO SMALL FOR", "EPISODES",
                            "UNSERVED", "MOVES", "JUDGED", "NOT JUDGED"}};
  for (const pb::PolicyTally& policy : status.policies()) {
    const double unserved = policy.demand_shard_hours() > 0
                                ? 100 * policy.unserved_shard_hours() / policy.demand_shard_hours()
                                : 0;
    rows.push_back(
        {Named(policy.policy(), policy.estimated()),
         policy.moves_to() > 0 ? fmt::format("{} -> {}", policy.shards(), policy.moves_to())
                               : std::to_string(policy.shards()),
         fmt::format("{:.1f}", policy.node_hours()), Cost(policy.cost(), status.currency()),
         Span(policy.short_seconds()), std::to_string(policy.episodes()),
         fmt::format("{:.3g}%", unserved), std::to_string(policy.moves()),
         Span(policy.judged_seconds()), Span(policy.dark_seconds())});
  }
  return Table(rows);
}

}  // namespace

std::string SavingsText(const pb::Status& status) {
  const pb::Savings& savings = status.savings();
  if (savings.recorded_seconds() <= 0) return "nothing is recorded yet\n";
  std::string text =
      fmt::format("{}: {:.1f} node-hours used in {}, {} (a node-hour is {} now)\n\n",
                  status.cluster(), savings.node_hours(), Span(savings.recorded_seconds()),
                  Cost(savings.cost(), status.currency()),
                  fmt::format("{:g} {}", status.price_per_node_hour(), status.currency()));
  text += Against(status);
  if (savings.missing_seconds() > 0) {
    text +=
        fmt::format("not counted: {} in which nobody looked\n", Span(savings.missing_seconds()));
  }
  if (status.policies().empty()) return text;
  text += "\nOn the same demand, as measured:\n" + Policies(status);
  return text;
}

}  // namespace tidewright::cli
