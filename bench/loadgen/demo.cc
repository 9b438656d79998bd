// tidewright-demo: a real Redis Cluster under a replayed day of load, scaled by the real daemon.
#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "bench/loadgen/demand_curve.h"
#include "bench/loadgen/demo_calibration.h"
#include "bench/loadgen/demo_replay.h"
#include "bench/loadgen/demo_stage.h"
#include "core/random.h"

namespace tidewright::demo {
namespace {

using loadgen::DemandCurve;

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;  // also: a key was lost or undone
constexpr int kExitInterrupted = 130;
constexpr auto kStopSignals = {SIGINT, SIGTERM, SIGHUP};

template <typename... Args>
void Say(fmt::format_string<Args...> format, Args&&... args) {
  std::puts(fmt::format(format, std::forward<Args>(args)...).c_str());
  std::fflush(stdout);
}

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request. Made before any other thread, so that all
/// of them leave the signals to its own.
class Interrupt {
 public:
  Interrupt() {
    signal(SIGPIPE, SIG_IGN);  // a closed stdout is no reason to leave servers behind
    sigemptyset(&signals_);
    for (const int one : kStopSignals) sigaddset(&signals_, one);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::jthread([this](const std::stop_token& end) {
      const timespec slice{0, 100'000'000};
      while (!end.stop_requested()) {
        if (sigtimedwait(&signals_, nullptr, &slice) > 0) source_.request_stop();
      }
    });
  }
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  sigset_t signals_{};
  std::stop_source source_;
  std::jthread thread_;
};

/// The fortnight that is imported. Weekly pattern, growth and noise of its own.
DemandCurve HistoryCurve(double peak, std::uint64_t seed, WallTime end) {
  DemandCurve curve;
  curve.seed = Random(seed).Fork(1).Next();
  curve.peak = peak;
  curve.drift_origin = end;
  curve.drift_per_day = 0.003;
  return curve;
}

/// The day that is replayed: other noise, another level, a little later, and a burst out of the
/// blue.
DemandCurve ReplayedCurve(double peak, std::uint64_t seed, WallTime start) {
  Random random = Random(seed).Fork(2);
  DemandCurve curve = HistoryCurve(peak * (1.0 + 0.06 * random.Uniform()), seed, start);
  curve.seed = random.Next();
  curve.phase = std::chrono::minutes(static_cast<int>(random.Below(31)) - 10);
  curve.burst =
      loadgen::Burst{start + std::chrono::minutes(13 * 60 + static_cast<int>(random.Below(90))),
                     std::chrono::minutes(40), 0.25 + 0.1 * random.Uniform()};
  return curve;
}

Status WriteHistory(const DemandCurve& curve, WallTime end, int days, const std::string& file) {
  std::ofstream out(file);
  out << "timestamp,scope,id,resource,value\n";
  for (WallTime at = end - days * std::chrono::hours(24); at < end; at += std::chrono::minutes(1)) {
    out << fmt::format("{},cluster,,requests,{:.1f}\n", FormatTime(at), curve.At(at));
  }
  out.flush();
  return out ? OkStatus() : Error(StatusCode::kResourceExhausted, "{} cannot be written", file);
}

double HighestOf(const DemandCurve& curve, WallTime from, WallTime to) {
  double highest = 0;
  for (WallTime at = from; at < to; at += std::chrono::minutes(1)) {
    highest = std::max(highest, curve.At(at));
  }
  return highest;
}

class Show {
 public:
  Show(Options options, Paths paths, std::stop_token stop)
      : options_(options), stop_(std::move(stop)), stage_(std::move(paths), clock_) {}

  /// OK when the whole day was played and every key is as it must be.
  Status Run() {
    TW_RETURN_IF_ERROR(SetUp());
    TW_RETURN_IF_ERROR(Calibrate());
    TW_RETURN_IF_ERROR(Import());
    return Play();
  }

 private:
  Status Stopped() const {
    return stop_.stop_requested() ? Error(StatusCode::kCancelled, "stopped") : OkStatus();
  }

  Status SetUp() {
    Say("everything of this demo lies in {}", stage_.paths().directory);
    Say("starting a Redis Cluster: {} shards with {} replica each", world_.shards,
        world_.replicas_per_shard);
    TW_RETURN_IF_ERROR(stage_.StartCluster(world_));
    TW_RETURN_IF_ERROR(Stopped());
    Say("loading {} keys", world_.keys);
    TW_RETURN_IF_ERROR(stage_.LoadKeys(world_, options_.seed, stop_));
    TW_RETURN_IF_ERROR(stage_.ThrottleServers(world_));
    Say("every server is held to {:g}% of a core ({})", 100 * world_.share,
        stage_.throttle().Name());
    return OkStatus();
  }

  DaemonSettings Settings(const std::string& mode, const std::string& data) {
    DaemonSettings settings;
    settings.mode = mode;
    settings.data_dir = stage_.paths().directory + "/" + data;
    settings.seed_ports = stage_.SeedPorts();
    settings.shard_capacity = shard_capacity_;
    settings.clock = {start_, clock_.Monotonic(), options_.speed};
    settings.world = world_;
    return settings;
  }

  /// How much these servers bear differs from machine to machine; the day is made to fit.
  Status Calibrate() {
    Say("measuring what a throttled shard bears, the daemon watching (20 s)");
    TW_RETURN_IF_ERROR(stage_.daemon().Start(Settings("observe", "calibration"), stop_));
    TW_ASSIGN_OR_RETURN(const auto masters, stage_.Masters());
    TW_ASSIGN_OR_RETURN(capacity_, MeasureCapacity(stage_.load(), masters, world_.share,
                                                   stage_.daemon(), clock_, stop_));
    stage_.daemon().Stop();
    shard_capacity_ = capacity_.commands * capacity_.request_units_per_command;
    Say("a shard bears {:.0f} commands/s = {:.0f} RU/s ({:.1f} us of cpu each; idle it needs "
        "{:.1f}% of a core)",
        capacity_.commands, shard_capacity_, 1e6 * capacity_.cpu_per_command, 100 * capacity_.idle);
    return OkStatus();
  }

  Status Import() {
    const double peak = world_.peak_shards * shard_capacity_;
    const DemandCurve past = HistoryCurve(peak, options_.seed, start_);
    const std::string file = stage_.paths().directory + "/history.csv";
    TW_RETURN_IF_ERROR(WriteHistory(past, start_, world_.history_days, file));
    const auto settings = Settings("auto", "data");
    std::error_code error;
    std::filesystem::create_directories(settings.data_dir, error);
    if (error) {
      return Error(StatusCode::kResourceExhausted, "{}: {}", settings.data_dir, error.message());
    }
    TW_RETURN_IF_ERROR(stage_.daemon().ImportHistory(settings.data_dir, file));
    Say("imported {} simulated days of history (tidectl history import)", world_.history_days);
    const double highest =
        HighestOf(past, start_ - world_.history_days * std::chrono::hours(24), start_);
    static_shards_ = std::max(
        world_.shards,
        static_cast<int>(std::ceil(highest / (shard_capacity_ * world_.target_utilisation))));
    return OkStatus();
  }

  Status Play() {
    Say("replaying {} at {:g} times real time: a second of moving slots is {} of the day\n",
        options_.days == 1 ? "the next day" : fmt::format("the next {} days", options_.days),
        options_.speed, FormatDuration(FromSeconds(options_.speed)));
    auto settings = Settings("auto", "data");
    ReplayPlan plan;
    plan.curve = ReplayedCurve(world_.peak_shards * shard_capacity_, options_.seed, start_);
    plan.request_units_per_command = capacity_.request_units_per_command;
    plan.days = options_.days;
    plan.origin = settings.clock;
    TW_RETURN_IF_ERROR(stage_.daemon().Start(settings, stop_));
    Ledger ledger(shard_capacity_, world_.target_utilisation, 1 + world_.replicas_per_shard,
                  static_shards_);
    loadgen::LoadCounters counters;
    std::vector<ActionSummary> actions;
    {
      Replay replay(plan, ledger, stage_.daemon(), stage_.load());
      TW_RETURN_IF_ERROR(replay.Run(stop_));
      counters = replay.DayCounters();
      actions = replay.Actions();
      stage_.load().Stop(std::chrono::seconds(30));
    }
    return Conclude(ledger, counters, actions);
  }

  Status Conclude(const Ledger& ledger, const loadgen::LoadCounters& counters,
                  const std::vector<ActionSummary>& actions) {
    if (!options_.keep) {
      stage_.daemon().Stop();
      stage_.LiftThrottle();
    }
    Say("\nthe load has stopped; reading every key back");
    TW_ASSIGN_OR_RETURN(const auto verified, stage_.load().Verify(std::chrono::minutes(5), stop_));
    if (options_.keep) TellHowToLook();
    std::fputs(SummaryText(ledger.Sum(actions), verified, counters, options_.speed).c_str(),
               stdout);
    std::fflush(stdout);
    if (verified.Clean()) return OkStatus();
    return Error(StatusCode::kDataLoss, "{} writes lost, {} undone, {} keys unread", verified.lost,
                 verified.undone, verified.keys_unread);
  }

  void TellHowToLook() {
    auto& daemon = stage_.daemon();
    const auto& paths = stage_.paths();
    const int port = stage_.SeedPorts().front();
    Say("\nEverything goes on running in {}. Look at it:", paths.directory);
    for (const char* words : {"status", "top", "forecast", "recommendations", "actions"}) {
      Say("  {} --address {} {}", paths.Program("tidectl"), daemon.grpc_address(), words);
    }
    Say("  curl http://{}/metrics", daemon.metrics_address());
    Say("  redis-cli -c -p {}", port);
    Say("  less {} {}", daemon.config_file(), daemon.log_file());
    Say("End it: the daemon first, then the servers, then the files:");
    Say("  kill {}", daemon.pid());
    Say("  for p in $(pgrep redis-server); do case $(readlink /proc/$p/cwd) in {}/*) kill $p;; "
        "esac; "
        "done",
        paths.directory);
    Say("  rm -r {}", paths.directory);
    stage_.Keep();
  }

  Options options_;
  World world_;
  std::stop_token stop_;
  RealClock clock_;
  Stage stage_;
  Capacity capacity_;
  double shard_capacity_ = 0;  ///< RU/s
  int static_shards_ = 0;
  /// A Monday; the history is the fortnight before it.
  WallTime start_ = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 3 / 16));
};

int Main(int argc, char** argv) {
  CLI::App app{
      "tidewright-demo: a real Redis Cluster under a replayed day of load, scaled by the real "
      "daemon",
      "tidewright-demo"};
  Options options;
  app.add_option("--speed", options.speed, "Simulated seconds in a real one (144: a day in 10 min)")
      ->check(CLI::Range(1.0, 1000.0))
      ->capture_default_str();
  app.add_option("--days", options.days, "Days to replay")
      ->check(CLI::Range(1, 30))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Another seed is another fortnight and another day")
      ->capture_default_str();
  app.add_flag("--keep", options.keep, "Leave everything running at the end and say how to look");
  app.footer(
      "Exit codes: 0 every acknowledged write was found; 1 failed, or something was lost or\n"
      "undone; 2 wrong usage; 130 stopped by a signal. Cleans up after itself in any case.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : 2;
  }
  const Interrupt interrupt;
  Paths paths;
  paths.programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  for (const char* program : {"tidewright", "tidectl"}) {
    if (!std::filesystem::exists(paths.Program(program))) {
      std::fprintf(stderr, "tidewright-demo: %s is not there; scripts/demo builds it\n",
                   paths.Program(program).c_str());
      return kExitFailed;
    }
  }
  const auto directory = loadgen::MakeTemporaryDirectory("tidewright-demo");
  if (!directory.ok()) {
    std::fprintf(stderr, "tidewright-demo: %s\n", Message(directory.status()).c_str());
    return kExitFailed;
  }
  paths.directory = *directory;
  const Status played = Show(options, paths, interrupt.token()).Run();
  if (played.ok()) return kExitOk;
  if (interrupt.token().stop_requested()) {
    std::fputs("\ntidewright-demo: stopped; servers and files are gone\n", stderr);
    return kExitInterrupted;
  }
  std::fprintf(stderr, "tidewright-demo: %s\n", Message(played).c_str());
  return kExitFailed;
}

}  // namespace
}  // namespace tidewright::demo

int main(int argc, char** argv) { return tidewright::demo::Main(argc, argv); }
