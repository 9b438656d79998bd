#include "tests/faults/world.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "bench/loadgen/throttle.h"
#include "tests/faults/server_process.h"

namespace tidewright::faults {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLegTime = 240s;
constexpr int kMostDeaths = 12;
constexpr int kProvisionerPorts = 12;

std::string Join(const std::vector<int>& numbers) {
  return fmt::format("{}", fmt::join(numbers, ","));
}

std::string ControllerProgram() {
  const char* folder = std::getenv("TIDEWRIGHT_BIN_DIR");
  return (folder == nullptr ? std::string("build/dev/bin") : std::string(folder)) +
         "/fault_controller";
}

}  // namespace

StatusOr<std::unique_ptr<World>> World::Make(WorldOptions options) {
  std::unique_ptr<World> world(new World(std::move(options)));
  TW_RETURN_IF_ERROR(Annotate(world->Form(), "make a world"));
  return world;
}

Status World::Form() {
  TW_ASSIGN_OR_RETURN(directory_, loadgen::MakeTemporaryDirectory("tidewright-faults"));
  std::vector<std::string> arguments;
  if (!options_.appendfsync.empty()) {
    arguments = {"--appendonly", "yes", "--appendfsync", options_.appendfsync};
  }
  TW_ASSIGN_OR_RETURN(cluster_,
                      loadgen::ClusterHarness::Start({.directory = directory_,
                                                      .shards = 3,
                                                      .replicas_per_shard = options_.replicas,
                                                      .arguments = std::move(arguments)}));
  seeds_ = cluster_->Ports();
  TW_ASSIGN_OR_RETURN(first_port_, io::FreePort());
  last_port_ = first_port_ + kProvisionerPorts - 1;
  std::vector<int> behind = seeds_;
  for (int port = first_port_; port <= last_port_; ++port) behind.push_back(port);
  proxy_ = std::make_unique<Proxy>(behind);
  loadgen::LoadOptions load;
  for (int port : seeds_) load.servers.seeds.push_back({"127.0.0.1", port});
  load.keys = loadgen::KeySpace::Of(options_.keys, 100);
  load.seed = options_.seed;
  // Writes are what is judged: fewer reads than people send.
  load.mix.weights = {12, 20, 3, 2, 2, 8, 12, 6, 6, 6, 3, 4, 8};
  load_ = std::make_unique<loadgen::LoadGenerator>(std::move(load), clock_);
  return load_->Preload(60s);
}

World::~World() {
  if (controller_) {
    controller_->Signal(SIGKILL);
    controller_->Wait(5s, clock_);
  }
  load_.reset();
  cluster_.reset();
  const MonoTime deadline = clock_.Monotonic() + 10s;
  while (!directory_.empty() && clock_.Monotonic() < deadline) {
    const auto left = loadgen::RedisServersBelow(directory_);
    if (left.empty()) break;
    for (const pid_t pid : left) {
      kill(pid, SIGCONT);
      kill(pid, SIGKILL);
    }
    for (auto& process : restarted_) process.Poll();
    Sleep(20ms);
  }
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Outcome World::Run(const Case& one) {
  Outcome outcome;
  std::error_code ignored;
  for (const char* name : {"events", "go", "controller.log"}) {
    std::filesystem::remove(File(name), ignored);
  }
  events_.clear();
  read_to_ = 0;
  deaths_.clear();
  doubtful_slots_.clear();
  load_->Start([rate = options_.rate](MonoTime) { return rate; });
  const Status launched = Launch(one, /*first=*/true);
  if (!launched.ok()) {
    outcome.problems.push_back(Message(launched));
    return outcome;
  }
  Disturb(one, outcome);
  AwaitEnd(one, outcome);
  ReadEvents();
  MeasureResumption(outcome);
  load_->Stop(20s);
  CheckNodes(one, outcome);
  CheckKeys(outcome);
  if (!outcome.injected) outcome.problems.emplace_back("the fault was not injected");
  if (!outcome.problems.empty()) {
    std::stringstream told;
    for (const auto& event : events_) {
      told << "    " << Seconds(event.at - events_.front().at) << " " << event.text << "\n";
    }
    outcome.story = told.str();
  }
  return outcome;
}

Status World::Launch(const Case& one, bool first) {
  std::vector<std::string> command = {
      ControllerProgram(),
      "directory=" + directory_,
      "seeds=" + Join(seeds_),
      "goal=" + std::to_string(one.goal),
      "replicas=" + std::to_string(options_.replicas),
      "slots=" + std::to_string(options_.slots),
      "slots_per_batch=" + std::to_string(options_.slots_per_batch),
      "first_port=" + std::to_string(first_port_),
      "last_port=" + std::to_string(last_port_),
      "appendfsync=" + options_.appendfsync,
      // A server's part in a move is told by one pair: the other's source is no bystander.
      "pairs=" + std::to_string(OfServer(one.kind) ? 1 : 2),
  };
  if (OfNetwork(one.kind)) {
    std::vector<int> detours;
    for (const auto& [port, listener] : proxy_->listeners()) {
      detours.insert(detours.end(), {port, listener});
    }
    command.push_back("detours=" + Join(detours));
  }
  if (one.kind == FaultKind::kDiskSlow) command.emplace_back("slow_ms=150");
  if (first && one.kind == FaultKind::kControllerAtBoundary) {
    command.push_back("die_at=" + std::to_string(one.boundary));
  }
  if (first && one.kind == FaultKind::kDiskFull) {
    command.push_back("full_at=" + std::to_string(one.boundary));
    command.push_back("full_for=" + std::to_string(4 + one.seed % 12));
  }
  if (first && OfServer(one.kind)) {
    // Draining is moving, and its end is closing.
    command.push_back("hold_at=" + (one.phase == "drain" ? std::string("move") : one.phase));
    const auto spread = one.phase == "close" ? 16 : one.phase == "forget" ? 3 : 8;
    const bool several = one.phase == "move" || one.phase == "drain" || one.phase == "close" ||
                         one.phase == "forget";
    command.push_back("hold_after=" + std::to_string(several ? one.seed % spread : 0));
  }
  TW_ASSIGN_OR_RETURN(auto process, io::Subprocess::Spawn({.command = std::move(command),
                                                           .working_directory = directory_,
                                                           .output_file = File("controller.log")}));
  controller_ = std::move(process);
  return OkStatus();
}

void World::ReadEvents() {
  std::ifstream in(File("events"));
  in.seekg(read_to_);
  for (std::string line; std::getline(in, line) && !in.eof();) {
    read_to_ = in.tellg();
    const auto space = line.find(' ');
    const auto at = std::strtoll(line.c_str(), nullptr, 10);
    events_.push_back({MonoTime(Duration(at)), line.substr(space + 1)});
  }
}

std::optional<World::Event> World::AwaitEvent(const std::string& word, Duration timeout) {
  const MonoTime deadline = clock_.Monotonic() + timeout;
  while (clock_.Monotonic() < deadline) {
    ReadEvents();
    for (const auto& event : events_) {
      if (event.text.rfind(word, 0) == 0) return event;
    }
    if (controller_->Poll()) return std::nullopt;
    Sleep(5ms);
  }
  return std::nullopt;
}

/// Until a controller ends by itself; one that was killed has a successor at once.
void World::AwaitEnd(const Case& one, Outcome& outcome) {
  const MonoTime deadline = clock_.Monotonic() + kLegTime;
  while (true) {
    const auto code =
        controller_->Wait(std::max<Duration>(deadline - clock_.Monotonic(), 1ms), clock_);
    if (code == 0) return;
    if (!code) {
      outcome.problems.push_back("the controller did not end within " + FormatDuration(kLegTime));
      controller_->Signal(SIGKILL);
      controller_->Wait(5s, clock_);
      return;
    }
    if (code != 128 + SIGKILL || deaths_.size() >= kMostDeaths) {
      outcome.problems.push_back("the controller gave up with code " + std::to_string(*code));
      return;
    }
    ReadEvents();
    deaths_.push_back(events_.empty() ? clock_.Monotonic() : events_.back().at);
    outcome.injected = true;
    if (const Status launched = Launch(one, /*first=*/false); !launched.ok()) {
      outcome.problems.push_back(Message(launched));
      return;
    }
  }
}

void World::MeasureResumption(Outcome& outcome) const {
  const auto completes = [](const Event& event) {
    const auto& text = event.text;
    if (text == "exit 0") return true;
    if (text.rfind("boundary ", 0) != 0) return false;
    const int boundary = std::atoi(text.c_str() + 9);
    const auto says = [&](const char* word) { return text.find(word) != std::string::npos; };
    return boundary % 2 == 0 && !says(" failed ") &&
           (says(" done") || says(" undone") || says(" rolled-back"));
  };
  for (std::size_t i = 0; i < deaths_.size(); ++i) {
    for (const auto& event : events_) {
      if (event.at <= deaths_[i] || !completes(event)) continue;
      // Its successor was killed before it got that far: that one's death counts.
      if (i + 1 < deaths_.size() && event.at > deaths_[i + 1]) break;
      outcome.resumed = std::max(outcome.resumed, Seconds(event.at - deaths_[i]));
      break;
    }
  }
  int boundaries = 0;
  for (const auto& event : events_) {
    if (event.text == "start") boundaries = 0;
    if (event.text.rfind("boundary ", 0) == 0) ++boundaries;
    if (event.text.rfind("action is rolled-back", 0) == 0) ++outcome.rolled_back;
  }
  outcome.boundaries = boundaries;
}

}  // namespace tidewright::faults
