#include "tests/sim/world.h"

#include <algorithm>

#include "actuator/executor.h"
#include "core/hash.h"
#include "stores/redis/client.h"
#include "stores/redis/command_kind.h"
#include "stores/redis/redis_actuator.h"
#include "tests/faults/plans.h"

namespace tidewright::sim {
namespace {

using namespace std::chrono_literals;

constexpr char kHost[] = "127.0.0.1";
constexpr char kCluster[] = "sim";
constexpr int kKeys = 90;
constexpr int kSlotsMoved = 90;
constexpr int kMostControllers = 60;

/// Keys in the slots that move: the first thirty of each third.
std::vector<std::string> MovingKeys() {
  std::vector<std::string> keys;
  for (int i = 0; static_cast<int>(keys.size()) < kKeys; ++i) {
    std::string key = "k:" + std::to_string(i);
    for (int third = 0; third < 3; ++third) {
      const int first = kSlots * third / 3;
      const int slot = Cluster::SlotOf(key);
      if (slot >= first && slot < first + kSlotsMoved / 3) keys.push_back(key);
    }
  }
  return keys;
}

}  // namespace

WorldFaults WorldFaults::Of(std::uint64_t seed) {
  Random random(seed ^ 0xfa17);
  WorldFaults faults;
  faults.left = static_cast<int>(random.Below(14));
  const auto some = [&](double most) { return random.Below(3) == 0 ? 0 : most * random.Uniform(); };
  faults.controller_dies = some(0.02);
  faults.server_dies = some(0.01);
  faults.reply_lost = some(0.02);
  faults.request_lost = some(0.02);
  faults.save_fails = some(0.01);
  faults.doubt = random.Below(3) == 0 ? 0.2 * random.Uniform() : 0;
  faults.two_hosts = random.Below(3) == 0;
  if (faults.two_hosts) {
    faults.suspended = some(0.01);
    faults.etcd_silent = some(1);
  }
  faults.big_key = random.Below(8) == 0;
  return faults;
}

World::World(std::uint64_t seed, const WorldFaults& faults, bool keep_text)
    : random_(seed),
      faults_(faults),
      keep_text_(keep_text),
      cluster_(seed ^ 0xc1),
      etcd_(seed ^ 0xc3, [this] { return cluster_.now(); }),
      lease_clock_([this] { return cluster_.now(); }) {
  replicas_ = static_cast<int>(random_.Below(2));
  durable_nodes_ = replicas_ == 0 || random_.Below(2) == 0;
  cluster_.Form(3, replicas_, durable_nodes_);
  static const std::vector<std::string> kMoving = MovingKeys();
  clients_ = std::make_unique<Clients>(cluster_, kMoving, seed ^ 0xc2);
  cluster_.replicas_migrate = replicas_ > 0;
  cluster_.gossip_chance = 0.15 + 0.6 * random_.Uniform();
  cluster_.on_failover = [this](const Node& dead, const Node& successor) {
    failed_over_ = true;
    Trace(fmt::format("failover of {} to {}", dead.port, successor.port));
    clients_->FailedOver(dead, successor);
  };
  cluster_.on_doubt = [this](const std::string& key) {
    doubted_ = true;
    clients_->InDoubt(key);
  };
  rules_.before = [this](int port, const std::vector<redis::Command>& batch) {
    return Before(port, batch);
  };
  for (const auto& [port, node] : cluster_.nodes()) options_.seeds.emplace_back(kHost, port);
  // Also a network so slow that much else happens within a move.
  const bool slow = random_.Below(3) < (faults_.two_hosts ? 2U : 1U);
  command_time_ = slow ? FromSeconds(0.01 + 0.02 * random_.Uniform()) : 300us;
  options_.slots_per_batch = 10 + static_cast<int>(random_.Below(30));
  options_.limits.groups_at_once = 1 << random_.Below(3);
  options_.at_once = [this](std::vector<std::function<void()>> lanes) {
    host_->turns->Together(std::move(lanes));
  };
  options_.open_slots = 1 + static_cast<int>(random_.Below(16));
  options_.keys_per_migrate = 1 + static_cast<int>(random_.Below(6));
  for (int i = 0; i < 3 * kKeys; ++i) clients_->Act();
  if (faults_.big_key) PlantBigKey();
  if (!faults_.two_hosts) return;
  options_.fence = [this] { return Fence(); };
  options_.fence_before_opening = [this] { return host_->term->MayOpen(); };
  etcd_.answer_lost = random_.Below(2) == 0 ? 0.05 * random_.Uniform() : 0;
  for (auto& host : hosts_) StartProcess(host);
}

World::~World() = default;

Story World::Run() {
  for (const int goal : {4, 3}) {
    if (!story_.violations.empty() || story_.failed + story_.given_up > 0) break;
    given_away_.clear();
    goal_ = goal;
    faults_.two_hosts ? LegOfTwo() : Leg(goal);
  }
  for (const auto& violation : clients_->violations) story_.violations.push_back(violation);
  story_.acknowledged = clients_->acknowledged;
  story_.lost_by_store = clients_->lost_by_store;
  story_.simulated = cluster_.now();
  return story_;
}

void World::Leg(int goal) {
  auto& record = host_->record;
  record.reset();
  calm_ = false;
  int controllers = 0;
  for (int action = 0; action < 6; ++action) {
    do {
      if (++controllers > kMostControllers) return Violate("the action has no end");
      const Status begun = OneController(goal);
      if (!begun.ok()) Trace("cannot begin: " + Message(begun));
      host_->dead = false;
      Live(FromSeconds(0.1 + 3 * random_.Uniform()));
      // A drained master follows whoever took its last slot. When that one dies before the drained
      // one has left, it takes over: the size is right, and the action was rolled back.
      if (begun.code() == StatusCode::kAlreadyExists) {
        Calm();
        return CheckWorld(0);
      }
    } while (!record || record->Open());
    LookForBigKey();
    if (record->state == ActionState::kDone) {
      ++story_.done;
      break;
    }
    if (record->state == ActionState::kFailed) {
      ++story_.failed;
      story_.failures.push_back(record->error);
      // A person is needed where a source failed over in doubt, or after nodes were removed.
      if (!failed_over_ && !doubted_) Violate("failed: " + record->error);
      return;
    }
    ++story_.rolled_back;
    Calm();
    CheckWorld(0);
    record.reset();
  }
  Calm();
  const bool reached = record.has_value();
  if (!reached) ++story_.given_up;
  CheckWorld(reached ? goal : 0);
}

Status World::OneController(int goal) {
  Host& host = *host_;
  ++story_.controllers;
  host.dead = false;
  host.after_death = Duration(0);
  host.passes = 0;
  host.stood_still = false;
  host.turns = std::make_unique<Turns>(
      random_.Next(), [this] { return cluster_.now(); }, [this](Duration by) { Live(by); });
  redis::Client client({.credentials = {},
                        .timeout = 2s,
                        .transport = SimulatedTransport(cluster_, rules_),
                        .own_thread = false,
                        .before_wait = [&host] { host.turns->Yield(); }});
  redis::RedisActuator actuator(client, options_, this, *this);
  Executor executor(*this, actuator, *this, nullptr);
  if (host.Busy()) {
    TW_RETURN_IF_ERROR(executor.Start(*host.record));
    executor.Wait();
    return OkStatus();
  }
  const Node* teller = nullptr;
  for (const auto& [port, node] : cluster_.nodes()) {
    if (node.alive && (teller == nullptr || node.peers.size() > teller->peers.size())) {
      teller = &node;
    }
  }
  const auto reply = client.Call1(kHost, teller->port, {"CLUSTER", "NODES"});
  TW_RETURN_IF_ERROR(reply.status());
  TW_ASSIGN_OR_RETURN(const auto nodes, redis::ParseClusterNodes(reply->text));
  const Topology topology = faults::TopologyOf(nodes, kCluster);
  if (static_cast<int>(topology.shards.size()) == goal) {
    return Error(StatusCode::kAlreadyExists, "nothing is to be done");
  }
  Plan plan = faults::PlanOf(topology, goal, replicas_, kSlotsMoved, /*pairs=*/2);
  TW_ASSIGN_OR_RETURN(const auto steps, actuator.Expand(plan, topology));
  retired_ids_.clear();
  for (const auto& retired : plan.retire) {
    for (const auto& [port, node] : cluster_.nodes()) {
      if (Cluster::Id(node.id) == retired) retired_ids_.push_back(node.id);
    }
  }
  host.notes.clear();
  TW_RETURN_IF_ERROR(
      executor.Start(faults::RecordOf(fmt::format("a-{:04}", ++actions_), std::move(plan), steps)));
  executor.Wait();
  return OkStatus();
}

Status World::Durable(const std::string& what) {
  host_->turns->Yield();  // a disk takes its time
  if (host_->dead) return Error(StatusCode::kInternal, "the controller is dead");
  Trace("save " + what);
  if (Strikes(faults_.save_fails)) {
    return Error(StatusCode::kResourceExhausted, "disk full, says the simulation");
  }
  if (Strikes(faults_.controller_dies)) {
    Trace("controller dies before it is saved");
    host_->dead = true;
    return Error(StatusCode::kInternal, "killed");
  }
  return OkStatus();
}

Status World::SaveAction(const ActionRecord& record) {
  std::string what = ActionStateName(record.state);
  for (const auto& step : record.steps) {
    what += " " + std::to_string(static_cast<int>(step.state));
    if (!step.error.empty()) what += " (" + step.error + ")";
  }
  TW_RETURN_IF_ERROR(Durable(what + " " + record.error));
  host_->record = record;
  return OkStatus();
}

Status World::SaveNote(const std::string&, const std::string& key, const std::string& value) {
  TW_RETURN_IF_ERROR(Durable(key + " = " + value));
  host_->notes[key] = value;
  const std::string ambiguous = "ambiguous:";
  if (key.starts_with(ambiguous)) ambiguous_[std::stoi(key.substr(ambiguous.size()))] += value;
  return OkStatus();
}

StatusOr<std::map<std::string, std::string>> World::Notes(const std::string&) const {
  return host_->notes;
}

StatusOr<ProvisionedNode> World::Acquire(const NodeRequest& request, Duration) {
  if (host_->dead) return Error(StatusCode::kUnavailable, "killed");
  if (faults_.two_hosts) CheckPass();
  // Each host's provisioner is its own.
  const auto [given, made] = given_.try_emplace(host_->name + request.token, 0);
  if (made) given->second = cluster_.AddNode(durable_nodes_);
  const int port = given->second;
  // As the local provisioner: a node that died is started again.
  if (!cluster_.nodes().at(port).alive) {
    cluster_.Start(port);
    returns_.erase(port);
  }
  return ProvisionedNode{kHost, port, ""};
}

Status World::Release(const std::string&, int port, Duration) {
  if (host_->dead) return Error(StatusCode::kUnavailable, "killed");
  if (faults_.two_hosts) CheckPass();
  Trace("release " + std::to_string(port));
  if (cluster_.nodes().count(port) != 0) {
    const Node& node = cluster_.nodes().at(port);
    for (const auto& [other_port, other] : cluster_.nodes()) {
      if (other.alive && other_port != port && other.SlotsOwned(node.id) > 0) {
        Violate(fmt::format("{} is released while {} sees it own slots", port, other_port));
      }
    }
    cluster_.Remove(port);
    returns_.erase(port);
  }
  std::erase_if(given_, [&](const auto& one) { return one.second == port; });
  return OkStatus();
}

WallTime World::Wall() const { return WallTime(1'700'000'000s + cluster_.now()); }
MonoTime World::Monotonic() const { return MonoTime(1h + cluster_.now() + host_->after_death); }

bool World::WaitUntil(MonoTime deadline, std::stop_token) {
  const Duration by = std::max<Duration>(deadline - Monotonic(), 1us);
  if (host_->dead) {
    host_->after_death += by;
  } else {
    host_->turns->SleepFor(by);
  }
  return true;
}

void World::Live(Duration by) {
  const Duration until = cluster_.now() + by;
  while (cluster_.now() < until) {
    cluster_.Advance(std::min<Duration>(until - cluster_.now(), 100ms));
    if (random_.Below(2) == 0) clients_->Act();
    ReturnServers(/*all=*/false);
    MayKillServer();
    if (faults_.two_hosts) Tend();
  }
}

/// No more faults, and time for gossip to tell everybody.
void World::Calm() {
  calm_ = true;
  ReturnServers(/*all=*/false);
  for (int i = 0; i < 300 && !returns_.empty(); ++i) Live(200ms);
  Live(20s);
  calm_ = false;
}

bool World::Strikes(double chance) {
  if (calm_ || faults_.left <= 0 || random_.Uniform() >= chance) return false;
  --faults_.left;
  return true;
}

void World::MayKillServer() {
  if (suspending_ || !Strikes(faults_.server_dies)) return;
  std::vector<int> candidates;
  for (const auto& [port, node] : cluster_.nodes()) {
    if (!node.alive) return;  // one at a time
    const bool keeps = node.durable || !node.Master() || node.data.empty() ||
                       std::any_of(cluster_.nodes().begin(), cluster_.nodes().end(),
                                   [&, id = node.id](const auto& other) {
                                     return !other.second.Master() && other.second.link_up &&
                                            other.second.MasterId() == id;
                                   });
    if (keeps) candidates.push_back(port);
  }
  if (candidates.empty()) return;
  const int victim = candidates[random_.Below(candidates.size())];
  const bool durable = cluster_.nodes().at(victim).durable;
  // What keeps nothing comes back when it has been failed over.
  const Duration away = durable && random_.Below(2) == 0 ? FromSeconds(0.2 + 3 * random_.Uniform())
                                                         : FromSeconds(9 + 10 * random_.Uniform());
  Trace(fmt::format("{} dies for {}", victim, FormatDuration(away)));
  ++story_.server_deaths;
  server_died_ = cluster_.now();
  cluster_.Kill(victim);
  returns_[victim] = cluster_.now() + away;
}

void World::ReturnServers(bool all) {
  for (auto it = returns_.begin(); it != returns_.end();) {
    if (!all && it->second > cluster_.now()) {
      ++it;
      continue;
    }
    if (cluster_.nodes().count(it->first) != 0) {
      Trace(fmt::format("{} is back", it->first));
      cluster_.Start(it->first);
    }
    it = returns_.erase(it);
  }
}

WireRules::Fate World::Before(int port, const std::vector<redis::Command>& batch) {
  Host& host = *host_;
  if (host.dead) return WireRules::Fate::kLost;
  cluster_.Advance(command_time_);
  ReturnServers(/*all=*/false);
  for (auto acts = random_.Below(3); acts > 0; --acts) clients_->Act();
  MayKillServer();
  if (faults_.two_hosts) {
    const bool changes = !std::all_of(batch.begin(), batch.end(), redis::OnlyReads);
    if (changes) CheckPass();
    Tend();
    if (changes) MayStopEtcd();
    MaySuspend();
  }
  if (Strikes(faults_.controller_dies)) {
    Trace("controller dies");
    host.dead = true;
    if (random_.Below(2) == 0) return WireRules::Fate::kLost;
  } else if (Strikes(faults_.request_lost)) {
    return WireRules::Fate::kLost;
  }
  cluster_.doubt_chance = calm_ ? 0 : faults_.doubt;
  for (const auto& command : batch) CheckCommand(port, command);
  std::string text = "to " + std::to_string(port) + ":";
  for (const auto& command : batch) text += fmt::format(" [{}]", fmt::join(command, " "));
  Trace(text);
  if (host.dead) return WireRules::Fate::kReplyLost;
  return Strikes(faults_.reply_lost) ? WireRules::Fate::kReplyLost : WireRules::Fate::kArrives;
}

void World::Violate(const std::string& text) {
  story_.violations.push_back(fmt::format("at {:.3f} s: {}", Seconds(cluster_.now()), text));
  Trace("VIOLATION " + text);
}

void World::Trace(const std::string& text) {
  const std::string line = fmt::format("{:.4f} {}{}\n", Seconds(cluster_.now()), host_->name, text);
  for (const unsigned char c : line) story_.trace = (story_.trace ^ c) * 1099511628211ULL;
  if (keep_text_) story_.text += line;
}

}  // namespace tidewright::sim
