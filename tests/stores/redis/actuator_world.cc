#include "tests/stores/redis/actuator_world.h"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <filesystem>

#include "core/random.h"
#include "stores/redis/step_args.h"

namespace tidewright::testing {
namespace {

using redis::Command;
using redis::Reply;

class FusedWire : public io::Transport {
 public:
  FusedWire(std::shared_ptr<io::Transport> inner, std::shared_ptr<Fuse> fuse)
      : inner_(std::move(inner)), fuse_(std::move(fuse)) {}

  void Connect(const std::string& host, int port, Done done) override {
    if (fuse_->blown) return done(Dead());
    inner_->Connect(host, port, std::move(done));
  }
  void Read(char* data, std::size_t size, ReadDone done) override {
    inner_->Read(data, size, [fuse = fuse_, done = std::move(done)](StatusOr<std::size_t> count) {
      done(fuse->blown ? StatusOr<std::size_t>(Dead()) : std::move(count));
    });
  }
  void Write(const char* data, std::size_t size, Done done) override {
    if (fuse_->aside.second &&
        std::string_view(data, size).find(fuse_->aside.first) != std::string_view::npos) {
      std::exchange(fuse_->aside.second, nullptr)();
    }
    if (fuse_->blown) return done(Dead());
    if (!fuse_->before.empty() &&
        std::string(data, size).find(fuse_->before) != std::string::npos) {
      fuse_->blown = true;
      return done(Dead());
    }
    if (--fuse_->writes_left > 0) return inner_->Write(data, size, std::move(done));
    fuse_->blown = true;
    if (!fuse_->last_one_arrives) return done(Dead());
    inner_->Write(data, size, [done = std::move(done)](const Status&) { done(Dead()); });
  }
  void Close() override { inner_->Close(); }

 private:
  static Status Dead() { return Error(StatusCode::kUnavailable, "cut off by the test"); }

  std::shared_ptr<io::Transport> inner_;
  std::shared_ptr<Fuse> fuse_;
};

/// "MOVED 1234 127.0.0.1:7001" → 7001.
int PortOf(const std::string& redirection) {
  return std::stoi(redirection.substr(redirection.rfind(':') + 1));
}

}  // namespace

int SlotOf(const std::string& key) {
  unsigned crc = 0;  // CRC-16/XMODEM
  for (unsigned char c : key) {
    crc ^= static_cast<unsigned>(c) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? (crc << 1) ^ 0x1021U : crc << 1;
    crc &= 0xffffU;
  }
  return static_cast<int>(crc % 16384);
}

Status Journal::SaveNote(const std::string& key, const std::string& value) {
  std::scoped_lock lock(mutex_);
  if (saves_left == 0) return Error(StatusCode::kResourceExhausted, "disk full, says the test");
  if (saves_left > 0) --saves_left;
  notes[key] = value;
  return OkStatus();
}

std::optional<std::string> Journal::Note(const std::string& key) const {
  std::scoped_lock lock(mutex_);
  const auto it = notes.find(key);
  return it == notes.end() ? std::nullopt : std::optional(it->second);
}

void Journal::Progress(int more_partitions, double more_keys, double more_bytes) {
  std::scoped_lock lock(mutex_);
  partitions += more_partitions;
  keys += more_keys;
  bytes += more_bytes;
}

io::TransportFactory FusedTransport(std::shared_ptr<Fuse> fuse) {
  return [fuse](boost::asio::io_context& context) -> std::shared_ptr<io::Transport> {
    return std::make_shared<FusedWire>(io::MakeTcpTransport(context), fuse);
  };
}

World::World(int shards, int replicas, std::vector<std::string> arguments,
             redis::Credentials credentials, std::optional<io::TlsOptions> tls,
             std::string server) {
  auto made = loadgen::MakeTemporaryDirectory("tidewright-actuator-test");
  BOOST_REQUIRE_MESSAGE(made.ok(), made.status());
  directory = *made;
  auto started = loadgen::ClusterHarness::Start({.directory = directory,
                                                 .shards = shards,
                                                 .replicas_per_shard = replicas,
                                                 .arguments = std::move(arguments),
                                                 .credentials = std::move(credentials),
                                                 .tls = std::move(tls),
                                                 .server = std::move(server)});
  BOOST_REQUIRE_MESSAGE(started.ok(), started.status());
  cluster = *std::move(started);
  const auto nodes = Nodes(cluster->Ports().front());
  std::vector<std::pair<int, int>> order;  // by first slot, replicas last
  for (const auto& line : nodes.nodes) {
    order.emplace_back(line.slots.empty() ? redis::kSlotCount : line.slots.front().first,
                       line.port);
  }
  std::sort(order.begin(), order.end());
  for (const auto& [slot, port] : order) ports.push_back(port);
}

World::~World() {
  cluster.reset();
  std::filesystem::remove_all(directory);
}

StatusOr<ProvisionedNode> World::Acquire(const NodeRequest& request, Duration) {
  if (const auto it = given.find(request.token); it != given.end()) {
    return ProvisionedNode{kHost, it->second, ""};
  }
  TW_ASSIGN_OR_RETURN(const int port, cluster->StartServer());
  given[request.token] = port;
  return ProvisionedNode{kHost, port, ""};
}

Status World::Release(const std::string&, int port, Duration) {
  cluster->Kill(port, SIGKILL);
  released.push_back(port);
  std::erase_if(given, [&](const auto& one) { return one.second == port; });
  return OkStatus();
}

redis::RedisActuatorOptions World::Options() const {
  redis::RedisActuatorOptions options;
  for (int port : ports) options.seeds.emplace_back(kHost, port);
  return options;
}

Reply World::Do(int port, Command command) {
  const std::string name = command.front() + (command.size() > 1 ? " " + command[1] : "");
  auto reply = client().Call1(kHost, port, std::move(command), std::chrono::seconds(10));
  BOOST_REQUIRE_MESSAGE(reply.ok(), name << " at " << port << ": " << reply.status());
  return *reply;
}

redis::ClusterNodes World::Nodes(int port) {
  auto nodes = redis::ParseClusterNodes(Do(port, {"CLUSTER", "NODES"}).text);
  BOOST_REQUIRE_MESSAGE(nodes.ok(), nodes.status());
  return *nodes;
}

Topology World::ReadTopology() {
  Topology topology;
  topology.cluster = "test";
  topology.partition_count = redis::kSlotCount;
  topology.agreed = true;
  const auto nodes = [&] {
    for (int port : cluster->Ports()) {
      if (std::find(released.begin(), released.end(), port) == released.end()) return Nodes(port);
    }
    return redis::ClusterNodes{};
  }();
  const auto node_of = [](const redis::NodeLine& line) {
    return Node{line.id,     line.host,
                line.port,   line.master ? NodeRole::kMaster : NodeRole::kReplica,
                line.health, ""};
  };
  for (const auto& line : nodes.nodes) {
    if (!line.master) continue;
    Shard shard{line.id, node_of(line), {}, line.slots};
    for (const auto& other : nodes.nodes) {
      if (other.master_id == line.id) shard.replicas.push_back(node_of(other));
    }
    topology.shards.push_back(std::move(shard));
  }
  return topology;
}

int World::Port(const std::string& id) {
  for (int port : cluster->Ports()) {
    if (std::find(released.begin(), released.end(), port) != released.end()) continue;
    const auto mine = client().Call1(kHost, port, {"CLUSTER", "MYID"});
    if (mine.ok() && mine->text == id) return port;
  }
  BOOST_FAIL("no node " + id);
  return 0;
}

std::string World::Id(int port) { return Do(port, {"CLUSTER", "MYID"}).text; }

void World::Fill(int keys, const std::string& prefix) {
  const auto nodes = Nodes(ports.front());
  std::vector<int> owner(redis::kSlotCount);
  for (const auto& line : nodes.nodes) {
    for (int slot : Expand(line.slots)) owner[static_cast<std::size_t>(slot)] = line.port;
  }
  std::map<int, redis::Batch> batches;
  for (int i = 0; i < keys; ++i) {
    const std::string key = prefix + std::to_string(i);
    batches[owner[static_cast<std::size_t>(SlotOf(key))]].push_back(
        {"SET", key, "value of " + key + std::string(80, '.')});
  }
  for (auto& [port, batch] : batches) {
    const auto replies = client().Call(kHost, port, std::move(batch), std::chrono::seconds(30));
    BOOST_REQUIRE_MESSAGE(replies.ok(), replies.status());
    for (const auto& reply : *replies) BOOST_REQUIRE_MESSAGE(!reply.IsError(), reply.text);
  }
}

Reply World::Ask(Command command) {
  int port = 0;
  for (int candidate : cluster->Ports()) {
    if (std::find(released.begin(), released.end(), candidate) == released.end()) port = candidate;
  }
  bool asking = false;
  for (int hops = 0; hops < 10; ++hops) {
    redis::Batch batch;
    if (asking) batch.push_back({"ASKING"});
    batch.push_back(command);
    const auto replies = client().Call(kHost, port, batch);
    BOOST_REQUIRE_MESSAGE(replies.ok(), replies.status());
    const Reply& reply = replies->back();
    asking = reply.IsError("ASK");
    if (!asking && !reply.IsError("MOVED")) return reply;
    port = PortOf(reply.text);
  }
  BOOST_FAIL("too many redirections");
  return {};
}

int World::OpenSlots() {
  int open = 0;
  for (int port : cluster->Ports()) {
    if (std::find(released.begin(), released.end(), port) != released.end()) continue;
    const auto nodes = Nodes(port);
    open += static_cast<int>(nodes.Myself()->migrating.size() + nodes.Myself()->importing.size());
  }
  return open;
}

Writer::Writer(World& world)
    : world_(world),
      client_(world.client().options()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Writer::~Writer() { Stop(); }

void Writer::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

std::optional<Reply> Writer::Send(const Command& command) {
  const int slot = SlotOf(command[1]);
  int port = route_.count(slot) != 0 ? route_[slot] : world_.ports.front();
  bool asking = false;
  const MonoTime start = world_.clock.Monotonic();
  for (int tries = 0; tries < 200; ++tries) {
    redis::Batch batch;
    if (asking) batch.push_back({"ASKING"});
    batch.push_back(command);
    const auto replies = client_.Call(kHost, port, batch);
    asking = false;
    if (!replies.ok()) {
      // A node that is no more had no slot when it was stopped: it could only have said MOVED, so
      // that nothing was executed, also where the connection broke under the command.
      const bool refused = Message(replies.status()).find("connect") != std::string::npos;
      if (!refused && client_.Call1(kHost, port, {"PING"}).ok()) {
        errors.push_back(Message(replies.status()));
        return std::nullopt;
      }
      route_.erase(slot);
      port = world_.ports[static_cast<std::size_t>(tries) % world_.ports.size()];
      world_.clock.WaitFor(std::chrono::milliseconds(20), {});
      continue;
    }
    const Reply& reply = replies->back();
    if (reply.IsError("MOVED")) {
      ++redirections;
      port = route_[slot] = PortOf(reply.text);
    } else if (reply.IsError("ASK")) {
      ++redirections;
      asking = true;
      port = PortOf(reply.text);
    } else if (reply.IsError("TRYAGAIN") || reply.IsError("CLUSTERDOWN")) {
      world_.clock.WaitFor(std::chrono::milliseconds(10), {});
    } else if (reply.IsError()) {
      errors.push_back(command[0] + ": " + reply.text);
      return std::nullopt;
    } else {
      latencies_.push_back(Seconds(world_.clock.Monotonic() - start) * 1e3);
      return reply;
    }
  }
  errors.push_back("no end of redirections for " + command[1]);
  return std::nullopt;
}

void Writer::Run(const std::stop_token& stop) {
  Random random(7);
  for (std::int64_t n = 0; !stop.stop_requested(); ++n) {
    const std::string i = std::to_string(random.Below(1500));
    switch (random.Below(5)) {
      case 0:
      case 1: {
        const std::string value = "v" + std::to_string(n);
        if (Send({"SET", "w:" + i, value})) values_["w:" + i] = value;
        break;
      }
      case 2:
        if (Send({"DEL", "w:" + i})) values_["w:" + i] = std::nullopt;
        break;
      case 3:
        if (Send({"INCR", "c:" + i})) ++counters_["c:" + i];
        break;
      default:
        if (Send({"RPUSH", "l:" + i, std::to_string(n)})) {
          lists_["l:" + i].push_back(std::to_string(n));
        }
        break;
    }
    ++acknowledged_;
  }
}

std::vector<std::string> Writer::Damage() {
  std::vector<std::string> damage;
  for (const auto& [key, value] : values_) {
    const auto reply = Send({"GET", key});
    if (!reply || reply->IsNil() == value.has_value() || (value && reply->text != *value)) {
      damage.push_back(key + " is " + (reply ? "'" + reply->text + "'" : "unknown") + ", was " +
                       value.value_or("deleted"));
    }
  }
  for (const auto& [key, value] : counters_) {
    const auto reply = Send({"GET", key});
    if (!reply || reply->text != std::to_string(value)) {
      damage.push_back(key + " is " + (reply ? reply->text : "unknown") + ", was " +
                       std::to_string(value));
    }
  }
  for (const auto& [key, items] : lists_) {
    const auto reply = Send({"LRANGE", key, "0", "-1"});
    bool same = reply && reply->elements.size() == items.size();
    for (std::size_t i = 0; same && i < items.size(); ++i) {
      same = reply->elements[i].text == items[i];
    }
    if (!same) damage.push_back(key + " has other elements");
  }
  return damage;
}

double Writer::LatencyPercentile(double p) {
  if (latencies_.empty()) return 0;
  std::sort(latencies_.begin(), latencies_.end());
  return latencies_[static_cast<std::size_t>(p * static_cast<double>(latencies_.size() - 1))];
}

Status Persistently(World& world, const std::function<Status()>& attempt) {
  const MonoTime deadline = world.clock.Monotonic() + std::chrono::seconds(60);
  Status status = attempt();
  while (IsTransient(status) && world.clock.Monotonic() < deadline) {
    world.clock.WaitFor(std::chrono::milliseconds(100), {});
    status = attempt();
  }
  return status;
}

Status RunSteps(redis::RedisActuator& actuator, const std::vector<Step>& steps, Journal& journal) {
  for (const auto& step : steps) {
    StepState& state = journal.steps[step.index];
    if (state == StepState::kDone) continue;
    TW_ASSIGN_OR_RETURN(const StepCheck check, actuator.Check(step, journal));
    if (check == StepCheck::kReady) {
      state = StepState::kIntended;
      TW_RETURN_IF_ERROR(Annotate(actuator.Do(step, journal), step.title));
    }
    TW_RETURN_IF_ERROR(Annotate(actuator.Verify(step, journal), "verify: " + step.title));
    state = StepState::kDone;
  }
  return OkStatus();
}

Status UndoSteps(redis::RedisActuator& actuator, const std::vector<Step>& steps, Journal& journal) {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    StepState& state = journal.steps[step->index];
    if (state != StepState::kIntended && state != StepState::kDone) continue;
    TW_RETURN_IF_ERROR(Annotate(actuator.Undo(*step, journal), "undo: " + step->title));
    state = StepState::kUndone;
  }
  return OkStatus();
}

Plan ScaleOutPlan(const Topology& topology, int new_shards, int replicas) {
  Plan plan;
  plan.cluster = topology.cluster;
  plan.kind = PlanKind::kScaleOut;
  plan.topology_fingerprint = topology.Fingerprint();
  plan.from_shards = static_cast<int>(topology.shards.size());
  plan.to_shards = plan.from_shards + new_shards;
  plan.replicas_per_shard = replicas;
  const int share = redis::kSlotCount / plan.to_shards;
  for (const auto& shard : topology.shards) {
    const auto slots = Expand(shard.partitions);
    const int surplus = static_cast<int>(slots.size()) - share;
    for (int i = 0; i < new_shards; ++i) {
      const auto first = slots.begin() + surplus * i / new_shards;
      const auto last = slots.begin() + surplus * (i + 1) / new_shards;
      if (first >= last) continue;
      plan.moves.push_back(
          {ToPartitionSet({first, last}), shard.id, "new-" + std::to_string(i + 1)});
    }
  }
  return plan;
}

Plan ScaleInPlan(const Topology& topology, const std::vector<std::string>& retire) {
  Plan plan;
  plan.cluster = topology.cluster;
  plan.kind = PlanKind::kScaleIn;
  plan.topology_fingerprint = topology.Fingerprint();
  plan.from_shards = static_cast<int>(topology.shards.size());
  plan.to_shards = plan.from_shards - static_cast<int>(retire.size());
  plan.retire = retire;
  std::vector<std::string> stay;
  for (const auto& shard : topology.shards) {
    if (std::find(retire.begin(), retire.end(), shard.id) == retire.end()) stay.push_back(shard.id);
  }
  for (const auto& id : retire) {
    const auto slots = Expand(topology.FindShard(id)->partitions);
    for (std::size_t i = 0; i < stay.size(); ++i) {
      const auto first =
          slots.begin() + static_cast<std::ptrdiff_t>(slots.size() * i / stay.size());
      const auto last =
          slots.begin() + static_cast<std::ptrdiff_t>(slots.size() * (i + 1) / stay.size());
      if (first < last) plan.moves.push_back({ToPartitionSet({first, last}), id, stay[i]});
    }
  }
  return plan;
}

namespace {

/// A few slots of each shard, so that it is quick.
Plan SmallScaleOut(const Topology& topology) {
  Plan plan = ScaleOutPlan(topology, 1, 1);
  for (auto& move : plan.moves) {
    const int first = move.partitions.front().first;
    move.partitions = {{first, first + 39}};
  }
  return plan;
}

}  // namespace

void GrowAndShrink(World& world, redis::Client& client,
                   const redis::RedisActuatorOptions& options) {
  world.Fill(3000);
  redis::RedisActuator actuator(client, options, &world, world.clock);
  Writer writer(world);
  const Topology before = world.ReadTopology();
  for (const bool grow : {true, false}) {
    const Topology now = world.ReadTopology();
    std::string newest;
    for (const Shard& shard : now.shards) {
      if (before.FindShard(shard.id) == nullptr) newest = shard.id;
    }
    const auto steps = actuator.Expand(grow ? SmallScaleOut(now) : ScaleInPlan(now, {newest}), now);
    BOOST_REQUIRE_MESSAGE(steps.ok(), steps.status());
    Journal journal;
    const Status done = RunSteps(actuator, *steps, journal);
    BOOST_REQUIRE_MESSAGE(done.ok(), done);
    BOOST_TEST(journal.partitions == 120);
    BOOST_TEST(world.ReadTopology().shards.size() == (grow ? 4u : 3u));
    BOOST_TEST(journal.keys > 0);
  }
  writer.Stop();
  BOOST_TEST(writer.errors.empty(), First(writer.errors));
  const auto damage = writer.Damage();
  BOOST_TEST(damage.empty(), First(damage));
  BOOST_TEST(world.released.size() == 2u);
  const Status clean = world.cluster->Check();
  BOOST_TEST(clean.ok(), clean);
}

Step MoveStep(const std::string& from, const std::string& to, const PartitionSet& slots) {
  redis::StepArgs args;
  args.moves = {{from, to, slots}};
  return {5, redis::kMove, redis::Encode(args), "move " + ToString(slots)};
}

}  // namespace tidewright::testing
