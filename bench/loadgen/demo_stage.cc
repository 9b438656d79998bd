#include "bench/loadgen/demo_stage.h"

#include <signal.h>

#include <filesystem>
#include <utility>

namespace tidewright::demo {

Stage::~Stage() {
  load_.reset();
  if (kept_) return;
  daemon_.Stop();
  throttle_.reset();
  cluster_.reset();
  KillServersBelow();
  std::error_code ignored;
  std::filesystem::remove_all(paths_.directory, ignored);
}

void Stage::Keep() {
  kept_ = true;
  daemon_.Release();
  if (cluster_) cluster_->Release();
  if (throttle_) throttle_->KeepLimits();
}

/// Those of the provisioner are children of the daemon, or nobody's by now.
void Stage::KillServersBelow() {
  const MonoTime deadline = clock_.Monotonic() + std::chrono::seconds(10);
  while (clock_.Monotonic() < deadline) {
    const auto servers = loadgen::RedisServersBelow(paths_.directory);
    if (servers.empty()) return;
    for (const pid_t pid : servers) kill(pid, SIGKILL);
    clock_.WaitFor(std::chrono::milliseconds(50), {});
  }
}

StatusOr<std::vector<pid_t>> Stage::Masters() {
  std::vector<pid_t> masters;
  for (const auto& [port, server] : cluster_->servers()) {
    TW_ASSIGN_OR_RETURN(const auto role, cluster_->client().Call1("127.0.0.1", port, {"ROLE"}));
    if (!role.elements.empty() && role.elements.front().text == "master") {
      masters.push_back(server.process.pid());
    }
  }
  return masters;
}

Status Stage::StartCluster(const World& world) {
  for (const auto& folder : {paths_.Cluster(), paths_.Nodes()}) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return Error(StatusCode::kResourceExhausted, "{}: {}", folder, error.message());
  }
  loadgen::ClusterOptions options;
  options.directory = paths_.Cluster();
  options.shards = world.shards;
  options.replicas_per_shard = world.replicas_per_shard;
  TW_ASSIGN_OR_RETURN(cluster_, loadgen::ClusterHarness::Start(std::move(options)));
  return OkStatus();
}

Status Stage::LoadKeys(const World& world, std::uint64_t seed, std::stop_token stop) {
  loadgen::LoadOptions options;
  for (const int port : cluster_->Ports()) options.servers.seeds.push_back({"127.0.0.1", port});
  options.servers.outstanding_per_server = 512;
  options.keys = loadgen::KeySpace::Of(world.keys, world.value_bytes);
  options.seed = seed;
  load_ = std::make_unique<loadgen::LoadGenerator>(std::move(options), clock_);
  return load_->Preload(std::chrono::minutes(3), stop);
}

Status Stage::ThrottleServers(const World& world) {
  TW_ASSIGN_OR_RETURN(throttle_, loadgen::Throttle::Start(
                                     {.share = world.share, .watch_folder = paths_.directory}));
  return OkStatus();
}

}  // namespace tidewright::demo
