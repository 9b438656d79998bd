#include "bench/migration/stage.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "actuator/executor.h"
#include "io/subprocess.h"
#include "planner/plan.h"
#include "stores/redis/atomic_jobs.h"
#include "stores/redis/redis_actuator.h"

namespace tidewright::migration {
namespace {

constexpr char kHost[] = "127.0.0.1";
constexpr Duration kPatience = std::chrono::minutes(5);

/// Reads and writes of plain strings, so that the keys are as many and as large as asked.
loadgen::Mix StringsOnly() {
  loadgen::Mix mix;
  mix.weights.fill(0);
  mix.weights[static_cast<std::size_t>(loadgen::CommandKind::kGet)] = 80;
  mix.weights[static_cast<std::size_t>(loadgen::CommandKind::kSet)] = 20;
  return mix;
}

PartitionSet Lowest(const PartitionSet& all, int count) {
  auto slots = Expand(all);
  slots.resize(std::min<std::size_t>(slots.size(), static_cast<std::size_t>(count)));
  return ToPartitionSet(std::move(slots));
}

}  // namespace

Stage::~Stage() {
  load_.reset();
  source_.reset();
  cluster_.reset();
  journal_.reset();
  std::error_code ignored;
  for (const auto& directory : {directory_, servers_directory_}) {
    if (!directory.empty()) std::filesystem::remove_all(directory, ignored);
  }
}

StatusOr<std::unique_ptr<Stage>> Stage::Set(StageOptions options, Clock& clock) {
  std::unique_ptr<Stage> stage(new Stage(options, clock));
  TW_RETURN_IF_ERROR(stage->Begin());
  return stage;
}

Status Stage::Begin() {
  TW_ASSIGN_OR_RETURN(directory_, loadgen::MakeTemporaryDirectory("tidewright-migration"));
  loadgen::ClusterOptions cluster;
  servers_directory_ = options_.servers_on.empty()
                           ? directory_
                           : options_.servers_on + "/tidewright-migration-servers";
  std::filesystem::create_directories(servers_directory_);
  cluster.directory = servers_directory_;
  cluster.shards = options_.shards;
  cluster.replicas_per_shard = options_.replicas;
  cluster.server = options_.server;
  TW_ASSIGN_OR_RETURN(cluster_, loadgen::ClusterHarness::Start(std::move(cluster)));
  watching_ = std::make_unique<redis::Client>(redis::ClientOptions{});
  redis::RedisLoadOptions names;
  names.cluster = "bench";
  std::vector<redis::RedisLoadSource::Address> seeds;
  loadgen::LoadOptions load;
  for (const int port : cluster_->Ports()) {
    seeds.emplace_back(kHost, port);
    load.servers.seeds.push_back({kHost, port});
  }
  source_ = std::make_unique<redis::RedisLoadSource>(*watching_, clock_, seeds, names);
  TW_ASSIGN_OR_RETURN(journal_, Journal::Open(directory_ + "/journal.db"));
  TW_ASSIGN_OR_RETURN(Topology topology, Read());
  std::sort(topology.shards.begin(), topology.shards.end(), [](const auto& a, const auto& b) {
    return a.partitions.front().first < b.partitions.front().first;
  });
  for (const auto& shard : topology.shards) shards_.push_back(shard.id);
  load.keys.strings = options_.keys;
  load.keys.value_bytes = options_.value_bytes;
  load.mix = StringsOnly();
  load.seed = options_.seed;
  load_ = std::make_unique<loadgen::LoadGenerator>(std::move(load), clock_);
  TW_RETURN_IF_ERROR(load_->Preload(kPatience));
  load_->Start([rate = options_.rate](MonoTime) { return rate; });
  return OkStatus();
}

StatusOr<Topology> Stage::Read() { return source_->ReadTopology(std::chrono::seconds(10)); }

StatusOr<double> Stage::KeysIn(const Shard& shard, const PartitionSet& slots) {
  redis::Batch count;
  for (const int slot : Expand(slots)) {
    count.push_back({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
  }
  TW_ASSIGN_OR_RETURN(const auto counts, watching_->Call(shard.master.host, shard.master.port,
                                                         std::move(count), kPatience));
  double keys = 0;
  for (const auto& reply : counts) keys += static_cast<double>(reply.integer);
  return keys;
}

StatusOr<Outcome> Stage::Measure(int slots, double keys, const std::function<Status()>& move) {
  const auto before = load_->Counters();
  const MonoTime start = clock_.Monotonic();
  TW_RETURN_IF_ERROR(move());
  Outcome outcome;
  outcome.took = clock_.Monotonic() - start;
  auto after = load_->Counters();
  outcome.slots = slots;
  outcome.keys = keys;
  outcome.latency = after.latency.Since(before.latency);
  for (const char* kind : {"ASK", "TRYAGAIN"}) {
    const auto earlier = before.errors.find(kind);
    outcome.redirected +=
        after.errors[kind] - (earlier == before.errors.end() ? 0 : earlier->second);
  }
  return outcome;
}

Outcome Stage::Idle(Duration length) {
  return *Measure(0, 0, [&] {
    clock_.WaitFor(length, {});
    return OkStatus();
  });
}

StatusOr<Outcome> Stage::Ours(int from, int to, int slots,
                              const redis::RedisActuatorOptions& wanted) {
  TW_ASSIGN_OR_RETURN(const Topology topology, Read());
  const auto* source = topology.FindShard(shards_.at(static_cast<std::size_t>(from)));
  const auto* target = topology.FindShard(shards_.at(static_cast<std::size_t>(to)));
  if (source == nullptr || target == nullptr) {
    return Error(StatusCode::kInternal, "a shard has lost its master");
  }
  ActionRecord record;
  Plan& plan = record.plan;
  plan.cluster = topology.cluster;
  plan.kind = PlanKind::kRebalance;
  plan.topology_fingerprint = topology.Fingerprint();
  plan.from_shards = plan.to_shards = static_cast<int>(topology.shards.size());
  plan.moves = {{Lowest(source->partitions, slots), source->id, target->id}};
  TW_ASSIGN_OR_RETURN(const double keys, KeysIn(*source, plan.moves.front().partitions));
  redis::RedisActuatorOptions options = wanted;
  options.allow_unprotected_targets = options_.replicas == 0;
  for (const int port : cluster_->Ports()) options.seeds.emplace_back(kHost, port);
  redis::Client acting({});
  redis::RedisActuator actuator(acting, options, nullptr, clock_);
  return Measure(slots, keys, [&]() -> Status {
    TW_ASSIGN_OR_RETURN(const auto steps, actuator.Expand(plan, topology));
    for (const auto& step : steps) {
      record.steps.emplace_back();
      record.steps.back().step = step;
    }
    TW_ASSIGN_OR_RETURN(record.id, journal_->NextActionId());
    record.plan_hash = PlanHash(plan);
    record.actor = "bench";
    record.created = clock_.Wall();
    Executor executor(*journal_, actuator, clock_, nullptr);
    TW_RETURN_IF_ERROR(executor.Start(std::move(record)));
    executor.Wait();
    const auto ended = executor.Current();
    if (ended && ended->state == ActionState::kDone) return OkStatus();
    return Error(StatusCode::kInternal, "the action did not end well: {}",
                 ended ? ended->error : "nothing is known of it");
  });
}

StatusOr<Outcome> Stage::Peer(int from, int to, int slots, int pipeline) {
  TW_ASSIGN_OR_RETURN(const Topology topology, Read());
  const std::string& source = shards_.at(static_cast<std::size_t>(from));
  const auto* shard = topology.FindShard(source);
  if (shard == nullptr) return Error(StatusCode::kInternal, "a shard has lost its master");
  TW_ASSIGN_OR_RETURN(const double keys, KeysIn(*shard, Lowest(shard->partitions, slots)));
  std::vector<std::string> command = {"redis-cli",       "--cluster",
                                      "reshard",         shard->master.Address(),
                                      "--cluster-from",  source,
                                      "--cluster-to",    shards_.at(static_cast<std::size_t>(to)),
                                      "--cluster-slots", std::to_string(slots),
                                      "--cluster-yes"};
  if (pipeline > 0) {
    command.insert(command.end(), {"--cluster-pipeline", std::to_string(pipeline)});
  }
  return Measure(slots, keys, [&]() -> Status {
    TW_ASSIGN_OR_RETURN(const auto result, io::Run(command, kPatience, clock_));
    if (result.exit_code == 0) return OkStatus();
    const auto tail = result.output.size() - std::min<std::size_t>(result.output.size(), 500);
    return Error(StatusCode::kInternal, "redis-cli reshard: {}", result.output.substr(tail));
  });
}

StatusOr<Outcome> Stage::Whole(int from, int to, int slots) {
  TW_ASSIGN_OR_RETURN(const Topology topology, Read());
  const auto* shard = topology.FindShard(shards_.at(static_cast<std::size_t>(from)));
  if (shard == nullptr) return Error(StatusCode::kInternal, "a shard has lost its master");
  const PartitionSet wanted = Lowest(shard->partitions, slots);
  TW_ASSIGN_OR_RETURN(const double keys, KeysIn(*shard, wanted));
  const auto ask = [&](redis::Command command) {
    return redis::Checked(
        watching_->Call1(shard->master.host, shard->master.port, std::move(command)));
  };
  redis::Command command = {"CLUSTER", "MIGRATESLOTS"};
  for (auto& word : redis::SlotsRange(wanted)) command.push_back(std::move(word));
  command.insert(command.end(), {"NODE", shards_.at(static_cast<std::size_t>(to))});
  return Measure(slots, keys, [&]() -> Status {
    TW_RETURN_IF_ERROR(ask(command).status());
    while (true) {
      TW_ASSIGN_OR_RETURN(const auto reply, ask({"CLUSTER", "GETSLOTMIGRATIONS"}));
      TW_ASSIGN_OR_RETURN(const auto jobs, redis::ParseAtomicJobs(reply));
      if (jobs.empty()) return Error(StatusCode::kInternal, "the job is not listed");
      if (jobs.front().Succeeded()) return OkStatus();
      if (jobs.front().Ended()) {
        return Error(StatusCode::kInternal, "the job failed: {}", jobs.front().message);
      }
      clock_.WaitFor(std::chrono::milliseconds(20), {});
    }
  });
}

Status Stage::Verify() {
  load_->Stop(std::chrono::seconds(10));
  TW_ASSIGN_OR_RETURN(const auto seen, load_->Verify(kPatience));
  if (seen.Clean()) return OkStatus();
  return Error(StatusCode::kDataLoss, "{} lost, {} undone, {} unread: {}", seen.lost, seen.undone,
               seen.keys_unread, seen.findings.empty() ? "" : seen.findings.front());
}

}  // namespace tidewright::migration
