#include <cstdio>
#include <map>

#include "cli/commands.h"

namespace tidewright::cli {
namespace {

void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

std::string Describe(const pb::Plan& plan) {
  if (plan.kind() == "none") return fmt::format("keep {} shards", plan.to_shards());
  return fmt::format("{}{} from {} to {} shards", plan.emergency() ? "EMERGENCY " : "", plan.kind(),
                     plan.from_shards(), plan.to_shards());
}

void PrintResources(const pb::Status& status) {
  std::vector<std::vector<std::string>> rows = {
      {"RESOURCE", "DEMAND", "USABLE", "CAPACITY", "USE", "NEXT HOUR (p95)", "TRUST"}};
  for (const char* resource : {"requests", "cpu", "memory", "network"}) {
    const auto demand = status.demand().find(resource);
    const auto capacity = status.capacity().find(resource);
    const auto usable = status.usable_capacity().find(resource);
    const auto forecast = status.forecast().find(resource);
    const bool has = demand != status.demand().end();
    const bool binds = capacity != status.capacity().end();
    const bool foreseen = forecast != status.forecast().end();
    rows.push_back({resource, has ? HumanResource(resource, demand->second) : "no fresh data",
                    binds ? HumanResource(resource, usable->second) : "does not bind",
                    binds ? HumanResource(resource, capacity->second) : "-",
                    has && binds && capacity->second > 0
                        ? fmt::format("{:.0f}%", 100 * demand->second / capacity->second)
                        : "-",
                    foreseen ? HumanResource(resource, forecast->second.max_1h_q95()) : "-",
                    foreseen ? forecast->second.trust() : "-"});
  }
  Print(Table(rows));
}

void PrintReasons(const char* heading, const google::protobuf::RepeatedPtrField<pb::Reason>& all) {
  for (int i = 0; i < all.size(); ++i) {
    Print(fmt::format("{:<10} {} ({})\n", i == 0 ? heading : "", all[i].text(), all[i].code()));
  }
}

void PrintAction(const pb::Action& action) {
  const bool open = !action.has_ended();
  Print(fmt::format("{:<10} {} {} from {} to {} shards by {}: {}, {} of {} steps", "action",
                    action.id(), action.kind(), action.from_shards(), action.to_shards(),
                    action.actor(), action.state(), action.steps_done(), action.steps()));
  if (action.partitions_moved() > 0) {
    Print(fmt::format(", {} of {} slots and {} moved", action.partitions_moved(),
                      action.partitions(), HumanBytes(action.bytes_moved())));
  }
  if (action.has_estimated_end()) {
    Print(", until about " + TimeText(true, action.estimated_end()));
  }
  Print(open && !action.title().empty() ? "; now: " + action.title() + "\n" : "\n");
  if (!action.error().empty()) Print(fmt::format("{:<10} {}\n", "", action.error()));
}

}  // namespace

int ShowStatus(Session& session) {
  pb::Status status;
  const auto asked = session.Ask(&pb::Controller::Stub::GetStatus, pb::GetStatusRequest(), &status);
  if (!asked.ok()) return Fail(asked);
  if (session.options().json) {
    PrintJson(status);
    return kExitOk;
  }
  const Terminal& terminal = session.terminal();
  Print(fmt::format("{}  mode {}  {} shards, {} nodes  {} UTC{}\n",
                    Paint(terminal, Color::kBold, status.cluster()), status.mode(), status.shards(),
                    status.nodes(), TimeText(true, status.now()),
                    status.wall_speed() == 1
                        ? ""
                        : fmt::format("  (time runs {:g} times as fast)", status.wall_speed())));
  if (status.has_stop()) {
    Print(fmt::format("{:<10} {}\n", Paint(terminal, Color::kRed, "STOPPED"),
                      "by the kill switch, file " + status.stop().path()));
  }
  for (const auto& problem : status.problems()) {
    Print(fmt::format("{:<10} {}\n", Paint(terminal, Color::kRed, "problem"), problem));
  }
  for (const auto& alert : status.alerts()) {
    const Color color = alert.severity() == "critical" ? Color::kRed : Color::kYellow;
    Print(fmt::format("{:<10} {} since {}: {}\n", Paint(terminal, color, "alert"), alert.name(),
                      TimeText(true, alert.since()), alert.summary()));
  }
  Print("\n");
  PrintResources(status);
  Print("\n");
  if (status.has_plan()) {
    Print(fmt::format("{:<10} {}\n", "plan", Describe(status.plan())));
    PrintReasons("because", status.plan().reasons());
    PrintReasons("not done", status.plan().rejections());
  }
  PrintReasons("held", status.holds());
  if (status.has_action()) PrintAction(status.action());
  for (const auto& saving : status.savings().against()) {
    if (saving.against() != "static peak" || saving.otherwise_node_hours() <= 0) continue;
    const double saved = saving.otherwise_node_hours() - saving.node_hours();
    Print(fmt::format(
        "{:<10} {:.1f} node-hours used, {:.1f} at static peak: {} {:.1f} ({:.2f} {})\n", "cost",
        saving.node_hours(), saving.otherwise_node_hours(), saved >= 0 ? "saved" : "lost",
        std::abs(saved), std::abs(saving.saved_cost()), status.currency()));
  }
  return kExitOk;
}

}  // namespace tidewright::cli
