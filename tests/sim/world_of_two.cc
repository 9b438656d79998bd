// Two hosts and one cluster: a lease in etcd says whose controller acts. Each host has a journal of
// its own.
#include <algorithm>

#include "actuator/leadership.h"
#include "tests/sim/world.h"

namespace tidewright::sim {
namespace {

using namespace std::chrono_literals;

constexpr int kMostTurns = 90;
constexpr int kMostRolledBack = 10;

}  // namespace

void World::StartProcess(Host& host) {
  const bool first = &host == &hosts_[0];
  host.name = first ? "A: " : "B: ";
  LeaseOptions options;
  options.cluster = "sim";
  options.instance = first ? "A" : "B";
  host.term = std::make_unique<LeaderTerm>(etcd_, options, lease_clock_);
  host.next_turn = cluster_.now();
  host.dead = false;
  host.led = false;
}

/// Nothing is given back. Its host may start it again at once, or be away for longer.
void World::Died(Host& host) {
  host.dead = false;
  host.term.reset();
  host.next_turn =
      cluster_.now() + FromSeconds(random_.Below(2) == 0 ? 0.1 + 3 * random_.Uniform()
                                                         : 20 + 40 * random_.Uniform());
}

void World::HandOver(Host& host) {
  Trace("a person stops it: the other's action is open");
  ++story_.handed_over;
  host.term->GiveBack();
  host.term.reset();
  host.next_turn = cluster_.now() + 40s;
}

void World::Tend() {
  etcd_.silent = cluster_.now() < etcd_silent_until_;
  for (auto& host : hosts_) {
    if (cluster_.now() < host.next_turn || host.frozen || host.dead) continue;
    if (!host.term) StartProcess(host);
    host.next_turn = host.term->Turn() - MonoTime(1h);
  }
  if (host_->dead || host_->frozen || !host_->term) return;
  const bool leads = host_->term->MayWrite().ok();
  if (host_->led && !leads) CheckLeadLost();
  host_->led = leads;
}

void World::MayStopEtcd() {
  if (outage_in_ < 0 || outage_in_-- > 0) return;
  const Duration away =
      random_.Below(2) == 0 ? Duration(10min) : FromSeconds(1 + 40 * random_.Uniform());
  Trace("etcd is away for " + FormatDuration(away));
  ++story_.outages;
  etcd_silent_until_ = cluster_.now() + away;
}

/// The command that is under way is executed when the process goes on, whoever leads by then.
void World::MaySuspend() {
  if (suspending_ || !returns_.empty() || !Strikes(faults_.suspended)) return;
  Host& sleeper = *host_;
  const Duration until = cluster_.now() + FromSeconds(1 + 50 * random_.Uniform());
  Trace("stands still");
  ++story_.suspensions;
  suspending_ = sleeper.frozen = sleeper.stood_still = true;
  host_ = &Other();
  bool acted = false;
  while (cluster_.now() < until) {
    if (!acted && host_->term && host_->term->MayWrite().ok()) {
      acted = true;
      (void)ActOnce();
    }
    Live(1s);
  }
  host_ = &sleeper;
  suspending_ = sleeper.frozen = sleeper.led = false;
  Trace("goes on");
}

Status World::Fence() {
  TW_RETURN_IF_ERROR(host_->term->MayWrite());
  const auto holder = etcd_.Peek("/tidewright/sim/leader");
  const std::string instance = host_->name.substr(0, 1);
  if (!holder || holder->value.find('"' + instance + '"') == std::string::npos) {
    Violate(instance + " may write, and does not lead");
  }
  ++host_->passes;
  return OkStatus();
}

/// What is sent was let through: before the controller stood still, or while it leads.
void World::CheckPass() {
  if (--host_->passes >= 0) return;
  Violate("a command is sent that no fence has let through");
  host_->passes = 0;
}

void World::CheckLeadLost() {
  if (!host_->working || !host_->Busy()) return;
  Trace("leads no more");
  CheckClosed("the lead ends");
}

/// Whoever hears that its lead may end stops by itself, with nothing open.
void World::CheckPaused() {
  const ActionRecord& record = *host_->record;
  if (record.state != ActionState::kPaused) return;
  if (record.error.find(Leadership::kLeadLost) == std::string::npos) return;
  ++story_.leads_lost;
  if (host_->stood_still) return;
  ++story_.leads_ended;
  CheckClosed("the controller pauses");
}

void World::CheckClosed(const std::string& when) {
  // What a dead server holds up, and what the other had to leave, may stay open.
  if (!returns_.empty() || cluster_.now() - server_died_ < 20s || Other().Busy()) return;
  for (const auto& [port, node] : cluster_.nodes()) {
    if (node.migrating.empty() && node.importing.empty()) continue;
    Violate(fmt::format("{} while {} has open slots: {} migrating, {} importing", when, port,
                        node.migrating.size(), node.importing.size()));
  }
}

Host* World::AwaitLeader(Duration since) {
  while (true) {
    for (auto& host : hosts_) {
      if (host.term && host.term->MayWrite().ok()) return &host;
    }
    Live(500ms);
    if (etcd_.silent || (!hosts_[0].term && !hosts_[1].term)) since = cluster_.now();
    if (cluster_.now() - since <= 2 * LeaseOptions().ttl) continue;
    Violate("nobody leads for twice the lease");
    return nullptr;
  }
}

/// What is open is the other's: its controller has died or stands still.
void World::CheckBeside() {
  const ActionRecord& record = *host_->record;
  if (record.state == ActionState::kDone && !failed_over_) {
    Violate("an action was done beside slots that the other host has open");
  }
  story_.reported += record.error.find(" is open at ") != std::string::npos ? 1 : 0;
}

bool World::SlotsOpen() {
  return std::any_of(cluster_.nodes().begin(), cluster_.nodes().end(), [](const auto& one) {
    return !one.second.migrating.empty() || !one.second.importing.empty();
  });
}

bool World::ActOnce() {
  Host& host = *host_;
  const auto token = host.term->Begin("an action");
  if (!token.ok()) {
    Trace("cannot begin: " + Message(token.status()));
    return false;
  }
  if (std::stoll(*token) < token_) Violate("a token that is older than another leader's");
  token_ = std::stoll(*token);
  const bool beside = !host.Busy() && SlotsOpen();
  if (!host.Busy()) host.record.reset();
  host.working = true;
  const Status begun = OneController(goal_);
  host.working = false;
  if (!begun.ok()) Trace("cannot begin: " + Message(begun));
  if (host.record && !host.dead) CheckPaused();
  if (host.dead) Died(host);
  if (!host.record || host.Busy()) return begun.code() == StatusCode::kAlreadyExists;
  if (beside) CheckBeside();
  LookForBigKey();
  story_.done += host.record->state == ActionState::kDone ? 1 : 0;
  if (host.record->state == ActionState::kRolledBack) {
    ++story_.rolled_back;
    ++rolled_back_in_leg_;
  }
  if (host.record->state == ActionState::kFailed) {
    // A person is needed, also where the other controller has changed what this one had begun.
    ++story_.failed;
    story_.failures.push_back(host.record->error);
  }
  host.record.reset();
  return false;
}

void World::LegOfTwo() {
  calm_ = false;
  rolled_back_in_leg_ = 0;
  if (random_.Uniform() < faults_.etcd_silent) outage_in_ = static_cast<int>(random_.Below(200));
  const Host* last = nullptr;
  for (int turn = 0;; ++turn) {
    if (turn > kMostTurns) return Violate("the action has no end");
    Host* leader = AwaitLeader(cluster_.now());
    if (leader == nullptr) return;
    if (last != nullptr && leader != last) ++story_.takeovers;
    last = host_ = leader;
    const bool idle = ActOnce();
    // Half moved, and nobody can tell which copy is right: a person must look.
    if (story_.failed > 0 && (failed_over_ || doubted_)) return;
    if (!host_->Busy() && host_->term) {
      if (Other().Busy()) {
        HandOver(*host_);
      } else if (idle) {
        break;
      }
    }
    if (rolled_back_in_leg_ > kMostRolledBack && !host_->Busy() && !Other().Busy()) {
      ++story_.given_up;
      break;
    }
    Live(FromSeconds(0.1 + random_.Uniform()));
  }
  Calm();
  CheckWorld(0);
}

}  // namespace tidewright::sim
