#include <algorithm>
#include <csignal>
#include <cstdio>

#include "cli/commands.h"
#include "core/clock.h"

namespace tidewright::cli {
namespace {

std::string Text(const std::string& resource, const pb::Reading& reading) {
  if (reading.quality() != "fresh") return reading.quality();
  return resource.empty() ? Human(reading.value()) : HumanResource(resource, reading.value());
}

std::string Usage(const pb::NodeLoad& node, const std::string& resource) {
  const auto it = node.usage().find(resource);
  return it == node.usage().end() ? "missing" : Text(resource, it->second);
}

std::string Join(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

struct Screen {
  pb::Status status;
  pb::Load load;
};

Status Fetch(Session& session, Screen& screen) {
  TW_RETURN_IF_ERROR(
      session.Ask(&pb::Controller::Stub::GetStatus, pb::GetStatusRequest(), &screen.status));
  return session.Ask(&pb::Controller::Stub::GetLoad, pb::GetLoadRequest(), &screen.load);
}

std::string Nodes(const Terminal& terminal, const Screen& screen) {
  const auto& capacity = screen.status.capacity();
  const auto binds = capacity.find("requests");
  const double each = binds == capacity.end() || screen.status.shards() == 0
                          ? 0
                          : binds->second / screen.status.shards();
  std::vector<std::vector<std::string>> rows = {
      {"NODE", "ROLE", "SLOTS", "KEYS", "REQUESTS", "LOAD", "CPU", "MEMORY", "NETWORK", "p99", ""}};
  std::vector<const pb::NodeLoad*> nodes;
  for (const auto& node : screen.load.nodes()) nodes.push_back(&node);
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const auto* a, const auto* b) { return a->role() < b->role(); });
  for (const auto* node : nodes) {
    const bool master = node->role() == "master";
    const auto requests = node->usage().find("requests");
    std::string load = "";
    if (master && each > 0 && requests != node->usage().end() &&
        requests->second.quality() == "fresh") {
      const double share = requests->second.value() / each;
      const Color color = share > 1 ? Color::kRed : share > 0.7 ? Color::kYellow : Color::kGreen;
      load = Paint(terminal, color, Bar(share, 12)) + fmt::format(" {:3.0f}%", 100 * share);
    }
    const bool p99 = node->latency_p99_seconds().quality() == "fresh";
    rows.push_back({node->address(), node->role(),
                    master ? std::to_string(node->partitions()) : "-", Text("", node->keys()),
                    master ? Usage(*node, "requests") : "-", load, Usage(*node, "cpu"),
                    Usage(*node, "memory"), Usage(*node, "network"),
                    p99 ? fmt::format("{:.2g}ms", 1e3 * node->latency_p99_seconds().value()) : "-",
                    Join(node->flags()) + (node->error().empty() ? "" : " " + node->error())});
  }
  return Table(rows);
}

std::string Render(const Terminal& terminal, const Screen& screen) {
  const auto& status = screen.status;
  std::string text = fmt::format("{}  {} UTC  mode {}  {} shards (plan: {})  data fresh {:.0f}%\n",
                                 Paint(terminal, Color::kBold, status.cluster()),
                                 TimeText(true, status.now()), status.mode(), status.shards(),
                                 status.recommended_shards(), 100 * status.fresh_share());
  const auto demand = status.demand().find("requests");
  const auto capacity = status.capacity().find("requests");
  const auto forecast = status.forecast().find("requests");
  if (demand != status.demand().end() && capacity != status.capacity().end()) {
    const double share = demand->second / std::max(capacity->second, 1e-9);
    text += fmt::format("demand {} of {} {}", HumanResource("requests", demand->second),
                        HumanResource("requests", capacity->second), Bar(share, 30));
    if (forecast != status.forecast().end()) {
      text += fmt::format("  next hour up to {} (p95)",
                          HumanResource("requests", forecast->second.max_1h_q95()));
    }
    text += "\n";
  }
  for (const auto& problem : status.problems()) {
    text += Paint(terminal, Color::kRed, "problem ") + problem + "\n";
  }
  if (status.has_action() && !status.action().has_ended()) {
    const auto& action = status.action();
    text +=
        fmt::format("action {} {} {} {}/{} steps: {}\n", action.id(), action.kind(),
                    Bar(static_cast<double>(action.steps_done()) / std::max(action.steps(), 1), 20),
                    action.steps_done(), action.steps(), action.title());
  }
  return text + "\n" + Nodes(terminal, screen);
}

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

int ShowTop(Session& session, const TopOptions& options) {
  const Terminal& terminal = session.terminal();
  const bool once = options.once || !terminal.is_terminal || session.options().json;
  std::signal(SIGINT, [](int) { interrupted = 1; });
  RealClock clock;
  while (true) {
    Screen screen;
    const Status fetched = Fetch(session, screen);
    if (!fetched.ok()) return Fail(fetched);
    if (session.options().json) {
      PrintJson(screen.load);
      return kExitOk;
    }
    // Home, each line cleared behind its text, the rest of the screen cleared at the end: no
    // flicker.
    std::string text = Render(terminal, screen);
    if (!once) {
      std::string lines = "\033[H";
      for (char c : text) lines += c == '\n' ? std::string("\033[K\n") : std::string(1, c);
      text = lines + "\033[J";
    }
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    if (once) return kExitOk;
    const MonoTime next = clock.Monotonic() + options.interval;
    while (interrupted == 0 && clock.Monotonic() < next) {
      clock.WaitFor(std::chrono::milliseconds(50), {});
    }
    if (interrupted != 0) return kExitOk;
  }
}

}  // namespace tidewright::cli
