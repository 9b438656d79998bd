// migration_bench: how fast slots move, and what clients feel of it, beside redis-cli.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "bench/migration/stage.h"

namespace tidewright::migration {
namespace {

struct Options {
  StageOptions stage;
  int slots = 2000;
  int rounds = 3;
  bool curve = false;
  bool whole = false;
  std::vector<std::string> only;  ///< contenders; empty: all
};

/// A way to move slots, and what it came to, round by round.
struct Contender {
  std::string name;
  std::function<StatusOr<Outcome>(int from, int to)> move;
  std::vector<Outcome> outcomes;
};

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Of(const Contender& contender, double (*figure)(const Outcome&)) {
  std::vector<double> values;
  for (const auto& outcome : contender.outcomes) values.push_back(figure(outcome));
  return Median(std::move(values));
}

double KeysPerSecond(const Outcome& outcome) { return outcome.KeysPerSecond(); }
double SlotsPerSecond(const Outcome& outcome) { return outcome.SlotsPerSecond(); }
double P99(const Outcome& outcome) { return 1e3 * Seconds(outcome.latency.Quantile(0.99)); }
double Redirected(const Outcome& outcome) { return static_cast<double>(outcome.redirected); }

std::vector<Contender> Contenders(Stage& stage, const Options& options) {
  std::vector<Contender> list;
  const auto peer = [&](const std::string& name, int pipeline) {
    list.push_back({name,
                    [&stage, &options, pipeline](int from, int to) {
                      return stage.Peer(from, to, options.slots, pipeline);
                    },
                    {}});
  };
  const auto ours = [&](const std::string& name, const redis::RedisActuatorOptions& how) {
    list.push_back({name,
                    [&stage, &options, how](int from, int to) {
                      return stage.Ours(from, to, options.slots, how);
                    },
                    {}});
  };
  const auto preset = [](const std::string& name) {
    redis::RedisActuatorOptions how;
    redis::SetPreset(how, redis::FindMovePreset(name).value());
    return how;
  };
  peer("redis-cli", 0);
  for (const std::string name : {"normal", "gentle", "fast"}) {
    auto how = preset(name);
    how.move_by = redis::MoveBy::kSlotBySlot;
    ours(name, how);
    if (!options.whole) continue;
    how.move_by = redis::MoveBy::kAtomic;
    ours(name + ", as a whole", how);
  }
  if (options.whole) {
    list.push_back(
        {"one job of the servers",
         [&stage, &options](int from, int to) { return stage.Whole(from, to, options.slots); },
         {}});
  }
  if (!options.curve) return list;
  peer("redis-cli, pipeline 100", 100);
  auto how = preset("normal");
  how.move_by = redis::MoveBy::kSlotBySlot;
  how.limits.groups_at_once = 1;
  ours("normal, one group", how);
  how.keys_per_migrate = 50;
  ours("same, 50 in a MIGRATE", how);
  how.keys_per_migrate = 20;
  ours("same, 20 in a MIGRATE", how);
  for (const int keys : {2'000, 8'000, 16'000, 32'000}) {
    how.limits.keys_per_second = keys;
    ours("same, " + std::to_string(keys) + " keys/s", how);
  }
  return list;
}

/// There and back again by each, taking turns.
Status Run(Stage& stage, const Options& options) {
  auto contenders = Contenders(stage, options);
  std::erase_if(contenders, [&](const Contender& contender) {
    return !options.only.empty() && std::find(options.only.begin(), options.only.end(),
                                              contender.name) == options.only.end();
  });
  if (contenders.empty()) {
    return Error(StatusCode::kInvalidArgument, "none of those that --only names is measured");
  }
  Contender idle{"idle", {}, {}};
  for (int round = 0; round < options.rounds; ++round) {
    idle.outcomes.push_back(stage.Idle(std::chrono::seconds(3)));
    for (auto& contender : contenders) {
      for (const bool back : {false, true}) {
        TW_ASSIGN_OR_RETURN(Outcome outcome, contender.move(back ? 1 : 0, back ? 0 : 1));
        contender.outcomes.push_back(std::move(outcome));
      }
    }
  }
  const Contender& peer = contenders.front();
  std::printf("%-24s %9s %9s %9s %8s %8s %9s\n", "", "keys/s", "slots/s", "p99 ms", "x speed",
              "x p99", "redirects");
  std::printf("%-24s %9s %9s %9.2f %8s %8.2f %9s\n", "idle", "", "", Of(idle, P99), "",
              Of(idle, P99) / Of(peer, P99), "");
  for (const auto& contender : contenders) {
    std::printf("%-24s %9.0f %9.0f %9.2f %8.2f %8.2f %9.0f\n", contender.name.c_str(),
                Of(contender, KeysPerSecond), Of(contender, SlotsPerSecond), Of(contender, P99),
                Of(contender, KeysPerSecond) / Of(peer, KeysPerSecond),
                Of(contender, P99) / Of(peer, P99), Of(contender, Redirected));
  }
  TW_RETURN_IF_ERROR(stage.Verify());
  std::printf("every key was read back in its last acknowledged state\n");
  return OkStatus();
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Moves slots of a real local cluster by an action of ours and by redis-cli --cluster "
      "reshard, there and back, taking turns; prints medians, and clients' p99 meanwhile."};
  app.add_option("--keys", options.stage.keys, "strings in the cluster")->capture_default_str();
  app.add_option("--value-bytes", options.stage.value_bytes, "of each")->capture_default_str();
  app.add_option("--slots", options.slots, "of each move")->capture_default_str();
  app.add_option("--shards", options.stage.shards)->capture_default_str();
  app.add_option("--replicas", options.stage.replicas, "of each shard")->capture_default_str();
  app.add_option("--rate", options.stage.rate, "clients' commands a second")->capture_default_str();
  app.add_option("--rounds", options.rounds, "each two moves by each")->capture_default_str();
  app.add_option("--server", options.stage.server, "program of each node")->capture_default_str();
  app.add_flag("--whole", options.whole,
               "also as a whole; needs a server of Valkey 9.1.2 or newer");
  app.add_flag("--curve", options.curve, "speed against p99 for several settings of ours");
  app.add_option(
      "--servers-on", options.stage.servers_on,
      "folder for the servers' files, such as /dev/shm; else they share our journal's disk");
  app.add_option("--only", options.only, "names of those that take turns, the first is the peer")
      ->delimiter(';');
  CLI11_PARSE(app, argc, argv);
  RealClock clock;
  std::printf("%d keys of %d bytes, %d shards with %d replicas, %d slots a move, %.0f commands/s\n",
              options.stage.keys, options.stage.value_bytes, options.stage.shards,
              options.stage.replicas, options.slots, options.stage.rate);
  std::fflush(stdout);
  auto stage = Stage::Set(options.stage, clock);
  const Status status = stage.ok() ? Run(**stage, options) : stage.status();
  if (status.ok()) return 0;
  std::fprintf(stderr, "migration_bench: %s\n", Message(status).c_str());
  return 1;
}

}  // namespace
}  // namespace tidewright::migration

int main(int argc, char** argv) { return tidewright::migration::Main(argc, argv); }
