// What is done to the servers and wires of the world, and how soon it is well again.
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/faults/server_process.h"
#include "tests/faults/world.h"

namespace tidewright::faults {
namespace {

using namespace std::chrono_literals;

constexpr char kHost[] = "127.0.0.1";
constexpr Duration kNodeTimeout = 5s;
constexpr Duration kPhaseTime = 60s;

const redis::NodeLine* MasterAt(const std::map<int, redis::ClusterNodes>& view, int port) {
  const auto it = view.find(port);
  if (it == view.end() || !it->second.Myself()->master) return nullptr;
  return it->second.Myself();
}

std::set<int> OpenSlots(const std::map<int, redis::ClusterNodes>& view) {
  std::set<int> open;
  for (const auto& [port, nodes] : view) {
    for (const auto& [slot, peer] : nodes.Myself()->migrating) open.insert(slot);
    for (const auto& [slot, peer] : nodes.Myself()->importing) open.insert(slot);
  }
  return open;
}

}  // namespace

void World::Disturb(const Case& one, Outcome& outcome) {
  if (one.kind == FaultKind::kControllerAtRandom) return KillControllerAtRandom(one, outcome);
  if (OfServer(one.kind)) return DisturbServer(one, outcome);
  if (OfNetwork(one.kind)) return DisturbNetwork(one, outcome);
  // The others happen within the controller.
  if (one.kind != FaultKind::kControllerAtBoundary) outcome.injected = true;
}

void World::KillControllerAtRandom(const Case& one, Outcome& outcome) {
  Random random(one.seed);
  const int kills = 1 + static_cast<int>(random.Below(3));
  // However fast it is, an action comes by so many boundaries; its last ones are a fault of their
  // own.
  const auto boundary = "boundary " + std::to_string(1 + random.Below(60)) + " ";
  if (!AwaitEvent(boundary, kPhaseTime)) return;
  for (int i = 0; i < kills; ++i) {
    const auto wait = FromSeconds((i == 0 ? 0.3 : 2.5) * random.Uniform() * random.Uniform());
    if (controller_->Wait(wait, clock_)) return;  // it was faster
    controller_->Signal(SIGKILL);
    const MonoTime death = clock_.Monotonic();
    controller_->Wait(5s, clock_);
    deaths_.push_back(death);
    outcome.injected = true;
    if (const Status launched = Launch(one, /*first=*/false); !launched.ok()) {
      outcome.problems.push_back(Message(launched));
      return;
    }
  }
}

int World::ChooseVictim(const Case& one, const View& view, int source, int target) {
  if (one.victim == "source") return source;
  if (one.victim == "target") return target;
  std::vector<int> bystanders;
  for (const auto& [port, nodes] : view) {
    const auto* self = MasterAt(view, port);
    if (self == nullptr || self->slots.empty() || port == source || port == target) continue;
    bystanders.push_back(port);
  }
  if (bystanders.empty()) return 0;
  return bystanders[one.seed % bystanders.size()];
}

void World::DisturbServer(const Case& one, Outcome& outcome) {
  const auto held = AwaitEvent("hold ", kPhaseTime);
  if (!held) return;
  std::stringstream text(held->text.substr(5));
  int source = 0;
  int target = 0;
  text >> source >> target;
  const View view = Look();
  const int victim = ChooseVictim(one, view, source, target);
  if (victim == 0) {
    outcome.problems.push_back("there is no " + one.victim);
  } else {
    Strike(one, victim, outcome);
  }
}

bool World::AwaitFailover(const std::string& id, Duration timeout) {
  const MonoTime deadline = clock_.Monotonic() + timeout;
  while (clock_.Monotonic() < deadline) {
    for (const auto& [port, nodes] : Look()) {
      const auto* line = nodes.Find(id);
      // Its slots are another's now.
      if (line != nullptr && !nodes.Myself()->slots.empty() && line->slots.empty()) return true;
    }
    Sleep(50ms);
  }
  return false;
}

void World::Strike(const Case& one, int port, Outcome& outcome) {
  const View view = Look();
  const auto servers = ServersBelow(directory_);
  if (servers.count(port) == 0) {
    outcome.problems.push_back("the victim does not run before it is struck");
    return;
  }
  const ServerProcess victim = servers.at(port);
  redis::NodeLine self;  // one that has not joined is known to nobody
  if (view.count(port) != 0) self = *view.at(port).Myself();
  const auto open = OpenSlots(view);
  std::set<int> concerned = open;
  const auto owned = Expand(self.slots);
  if (concerned.empty()) concerned = {owned.begin(), owned.end()};
  const bool has_replica = std::any_of(view.begin(), view.end(), [&](const auto& other) {
    return !self.id.empty() && other.second.Myself()->master_id == self.id;
  });
  const bool failover =
      (one.kind == FaultKind::kServerKill || one.kind == FaultKind::kServerFreeze) && has_replica &&
      !self.slots.empty();
  if (failover) {
    // Replication is asynchronous, and what has been moved to a target is its own to keep.
    doubtful_slots_.insert(owned.begin(), owned.end());
    if (one.victim == "target") doubtful_slots_.insert(open.begin(), open.end());
  }
  const bool kills = one.kind == FaultKind::kServerKill || one.kind == FaultKind::kServerCrash;
  kill(victim.pid, kills ? SIGKILL : SIGSTOP);
  if (kills) cluster_->Kill(port, SIGKILL);  // reaps it if it is the harness' own
  outcome.injected = true;
  std::ofstream(File("go")) << "go\n";

  MonoTime since = clock_.Monotonic();
  if (failover) {
    if (!AwaitFailover(self.id, 60s)) {
      outcome.problems.emplace_back("the store did not fail over");
    }
    since = clock_.Monotonic();
    Sleep(1s);
  } else if (one.kind == FaultKind::kServerCrash) {
    Sleep(300ms);
  } else {
    Sleep(one.kind == FaultKind::kServerStop ? kNodeTimeout / 2 : kNodeTimeout);
  }
  if (!std::filesystem::exists(victim.directory)) {
    // Failed over, drained from its successor, and given back meanwhile.
    if (!kills) kill(victim.pid, SIGCONT);
  } else if (kills) {
    auto again = StartAgain(victim, options_.appendfsync);
    if (!again.ok()) return outcome.problems.push_back(Message(again.status()));
    restarted_.push_back(*std::move(again));
  } else {
    kill(victim.pid, SIGCONT);
  }
  if (!failover) since = clock_.Monotonic();
  MeasureSettling(concerned, since, outcome);
}

/// Until those slots that were open (or the victim's) are whole and have one owner again.
void World::MeasureSettling(const std::set<int>& slots, MonoTime since, Outcome& outcome) {
  const MonoTime deadline = since + 90s;
  while (clock_.Monotonic() < deadline) {
    const View view = Look();
    const auto open = OpenSlots(view);
    bool settled = !view.empty();
    for (int slot : slots) {
      const std::string owner = view.empty() ? "" : view.begin()->second.Owner(slot);
      settled = settled && !owner.empty() && open.count(slot) == 0;
      for (const auto& [port, nodes] : view) settled = settled && nodes.Owner(slot) == owner;
      if (!settled) break;
    }
    if (settled) {
      outcome.settled = Seconds(clock_.Monotonic() - since);
      return;
    }
    if (controller_->Poll()) break;
    Sleep(50ms);
  }
  if (controller_->Poll()) return;  // the books are made up later
  outcome.problems.emplace_back("slots were not whole within 90 s");
}

void World::DisturbNetwork(const Case& one, Outcome& outcome) {
  Random random(one.seed);
  ProxyFaults faults;
  faults.seed = one.seed;
  if (one.kind == FaultKind::kDelay) faults.delay = 20ms + random.Below(60) * 1ms;
  if (one.kind == FaultKind::kReset) faults.reset_chance = 0.01 + 0.05 * random.Uniform();
  const long pieces = proxy_->pieces();
  if (one.kind == FaultKind::kSilence) {
    // In the middle of it: when the first slots have moved.
    if (!AwaitEvent("boundary " + std::to_string(12 + 2 * random.Below(20)), kPhaseTime)) return;
    faults.swallow = true;
  }
  proxy_->Set(faults);
  const auto lasts = one.kind == FaultKind::kSilence ? 3s + random.Below(4000) * 1ms : 25s;
  controller_->Wait(lasts, clock_);
  proxy_->Set({});
  outcome.injected = proxy_->pieces() > pieces;
}

}  // namespace tidewright::faults
