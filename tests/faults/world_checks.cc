// The books that are made up after each leg.
#include <algorithm>

#include "bench/loadgen/slot_map.h"
#include "tests/faults/server_process.h"
#include "tests/faults/world.h"

namespace tidewright::faults {
namespace {

using namespace std::chrono_literals;

constexpr char kHost[] = "127.0.0.1";
constexpr Duration kSettleTime = 40s;

}  // namespace

World::View World::Look() {
  View view;
  for (const auto& [port, server] : ServersBelow(directory_)) {
    const auto reply = cluster_->client().Call1(kHost, port, {"CLUSTER", "NODES"}, 300ms);
    if (!reply.ok()) continue;
    auto nodes = redis::ParseClusterNodes(reply->text);
    // One that is alone has left, or has not come yet.
    if (!nodes.ok() || nodes->Myself() == nullptr || nodes->nodes.size() < 2) continue;
    view[port] = *std::move(nodes);
  }
  return view;
}

bool World::ReportedAmbiguous(const std::string& key) const {
  return std::any_of(events_.begin(), events_.end(), [&](const Event& event) {
    return event.text.find(" note ambiguous:") != std::string::npos &&
           event.text.find('"' + key + '"') != std::string::npos;
  });
}

void World::CheckKeys(Outcome& outcome) {
  const auto result = load_->Verify(60s);
  if (!result.ok()) return outcome.problems.push_back(Message(result.status()));
  outcome.acknowledged = result->writes_acknowledged - acknowledged_before_;
  outcome.lost = result->lost - lost_before_;
  outcome.undone = result->undone - undone_before_;
  for (std::size_t i = findings_before_; i < result->findings.size(); ++i) {
    const std::string& finding = result->findings[i];
    const std::string key = finding.substr(0, finding.find(": "));
    if (doubtful_slots_.count(loadgen::KeySlot(key)) != 0) {
      ++outcome.store_lost;
    } else if (ReportedAmbiguous(key)) {
      ++outcome.ambiguous;
    } else {
      outcome.problems.push_back(finding);
    }
  }
  const auto ours = outcome.lost + outcome.undone - outcome.store_lost - outcome.ambiguous;
  if (ours > 0) {
    outcome.problems.push_back(fmt::format("{} acknowledged writes lost or undone", ours));
  } else {
    outcome.lost = outcome.undone = 0;
  }
  if (result->keys_unread > 0) {
    outcome.problems.push_back(fmt::format("{} keys cannot be read", result->keys_unread));
  }
  acknowledged_before_ = result->writes_acknowledged;
  lost_before_ = result->lost;
  undone_before_ = result->undone;
  findings_before_ = result->findings.size();
}

/// Open slots are counted at once; what gossip tells is waited for.
void World::CheckNodes(const Case& one, Outcome& outcome) {
  for (const auto& [port, nodes] : Look()) {
    const auto& self = *nodes.Myself();
    outcome.open_slots += static_cast<int>(self.migrating.size() + self.importing.size());
  }
  if (outcome.open_slots > 0) {
    outcome.problems.push_back(fmt::format("{} slots are open", outcome.open_slots));
  }
  const MonoTime deadline = clock_.Monotonic() + kSettleTime;
  std::string wrong = Unsettled(one.goal, outcome);
  while (!wrong.empty() && clock_.Monotonic() < deadline) {
    Sleep(100ms);
    wrong = Unsettled(one.goal, outcome);
  }
  if (!wrong.empty()) outcome.problems.push_back(wrong);
}

std::string World::Unsettled(int goal, Outcome& outcome) {
  const View view = Look();
  if (view.empty()) return "no node answers";
  const auto& first = view.begin()->second;
  outcome.disputed_slots = 0;
  for (int slot = 0; slot < redis::kSlotCount; ++slot) {
    const std::string owner = first.Owner(slot);
    const bool agreed =
        !owner.empty() && std::all_of(view.begin(), view.end(), [&](const auto& one) {
          return one.second.Owner(slot) == owner;
        });
    if (!agreed) ++outcome.disputed_slots;
  }
  if (outcome.disputed_slots > 0) {
    return fmt::format("{} slots have no owner that all nodes name", outcome.disputed_slots);
  }
  int serving = 0;
  for (const auto& line : first.nodes) serving += line.master && !line.slots.empty() ? 1 : 0;
  if (serving != goal) return fmt::format("{} shards serve and not {}", serving, goal);
  const auto expected = static_cast<std::size_t>(goal * (1 + options_.replicas));
  if (view.size() != expected) {
    return fmt::format("{} nodes and not {} answer", view.size(), expected);
  }
  for (const auto& [port, nodes] : view) {
    if (nodes.nodes.size() != expected) {
      return fmt::format("{} lists {} nodes and not {}", port, nodes.nodes.size(), expected);
    }
    for (const auto& line : nodes.nodes) {
      if (line.health != NodeHealth::kOnline) {
        return fmt::format("{} sees {} as {}", port, line.port, NodeHealthName(line.health));
      }
    }
    const auto info = cluster_->client().Call1(kHost, port, {"CLUSTER", "INFO"});
    if (!info.ok() || info->text.find("cluster_state:ok") == std::string::npos) {
      return fmt::format("{} does not say cluster_state:ok", port);
    }
    const auto replication = cluster_->client().Call1(kHost, port, {"INFO", "replication"});
    if (!replication.ok()) return fmt::format("{} does not answer", port);
    if (!nodes.Myself()->master &&
        replication->text.find("master_link_status:up") == std::string::npos) {
      return fmt::format("{} is not in sync with its master", port);
    }
  }
  return "";
}

}  // namespace tidewright::faults
