// A controller for the fault suite: the real executor, Redis actuator, local provisioner and
// journal in a process of their own, told to bring a cluster to a number of shards, and to be
// killed, held or starved at places of the suite's choice. Arguments are name=value; the suite is
// the one caller.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>

#include "actuator/executor.h"
#include "actuator/provisioners/local.h"
#include "core/clock.h"
#include "journal/journal.h"
#include "stores/redis/cluster_nodes.h"
#include "stores/redis/redis_actuator.h"
#include "tests/faults/plans.h"
#include "tests/faults/traced_log.h"
#include "tests/faults/wire.h"

namespace tidewright::faults {
namespace {

constexpr char kHost[] = "127.0.0.1";
constexpr char kCluster[] = "faults";

class Arguments {
 public:
  Arguments(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const std::string text = argv[i];
      const auto equals = text.find('=');
      values_[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  [[nodiscard]] std::string Text(const std::string& name) const {
    const auto it = values_.find(name);
    return it == values_.end() ? "" : it->second;
  }
  [[nodiscard]] int Number(const std::string& name) const {
    const std::string text = Text(name);
    return text.empty() ? 0 : std::stoi(text);
  }
  /// Numbers with commas in between.
  [[nodiscard]] std::vector<int> Numbers(const std::string& name) const {
    std::vector<int> numbers;
    std::stringstream text(Text(name));
    for (std::string word; std::getline(text, word, ',');) numbers.push_back(std::stoi(word));
    return numbers;
  }

 private:
  std::map<std::string, std::string> values_;
};

/// Lines "<monotonic microseconds> <text>" for the suite to read.
class Events {
 public:
  Events(const std::string& file, Clock& clock) : out_(file, std::ios::app), clock_(clock) {}
  void Tell(const std::string& text) {
    const std::scoped_lock lock(mutex_);
    out_ << clock_.Monotonic().time_since_epoch().count() << " " << text << std::endl;
  }

 private:
  std::mutex mutex_;
  std::ofstream out_;
  Clock& clock_;
};

/// Where the suite wants its hand on the controller.
class Interventions {
 public:
  Interventions(const Arguments& arguments, Events& events, Clock& clock)
      : events_(events),
        clock_(clock),
        go_file_(arguments.Text("directory") + "/go"),
        die_at_(arguments.Number("die_at")),
        full_at_(arguments.Number("full_at")),
        full_for_(arguments.Number("full_for")),
        slow_(std::chrono::milliseconds(arguments.Number("slow_ms"))),
        hold_at_(arguments.Text("hold_at")),
        hold_after_(arguments.Number("hold_after")) {}

  void AtBoundary(int boundary, const std::string& what) {
    if (boundary % 2 == 0) SetDiskFull(false);
    events_.Tell("boundary " + std::to_string(boundary) + " " + what);
    if (boundary == die_at_) raise(SIGKILL);
    if (boundary % 2 == 1 && slow_ > Duration(0)) clock_.WaitFor(slow_, {});
    if (boundary % 2 == 1 && boundary >= full_at_ && boundary < full_at_ + full_for_) {
      SetDiskFull(true);
    }
    if (boundary % 2 == 0 && hold_at_ == "provision" &&
        what.find("provision intended") != std::string::npos) {
      Hold();
    }
  }

  void BeforeWrite(int port, const std::string& text) {
    const auto has = [&](const char* word) { return text.find(word) != std::string::npos; };
    const auto command = [&](const char* word) {
      return has((std::string("\r\n") + word + "\r\n").c_str());
    };
    // Asked only for the right to it.
    if (text.find("tidewright:probe") != std::string::npos) return;
    if (command("SETSLOT") && command("MIGRATING")) source_ = port;
    if (command("SETSLOT") && command("IMPORTING")) target_ = port;
    if (command("MEET")) target_ = std::stoi(text.substr(text.rfind('$') + 4));
    const bool here = (hold_at_ == "join" && command("MEET")) ||
                      (hold_at_ == "move" && command("MIGRATE")) ||
                      (hold_at_ == "close" && command("SETSLOT") && command("NODE")) ||
                      (hold_at_ == "forget" && command("FORGET"));
    if (here) Hold();
  }

 private:
  /// While a save is under way, as a disk without room does it: whatever would make a file grow
  /// fails.
  static void SetDiskFull(bool full) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{full ? 1 : RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &limit);
  }

  void Hold() {
    if (held_ || hold_after_-- > 0) return;
    held_ = true;
    events_.Tell("hold " + std::to_string(source_) + " " + std::to_string(target_));
    const MonoTime deadline = clock_.Monotonic() + std::chrono::seconds(30);
    while (!std::filesystem::exists(go_file_) && clock_.Monotonic() < deadline) {
      clock_.WaitFor(std::chrono::milliseconds(2), {});
    }
    events_.Tell("go");
  }

  Events& events_;
  Clock& clock_;
  const std::string go_file_;
  const int die_at_;
  const int full_at_;
  const int full_for_;
  const Duration slow_;
  const std::string hold_at_;
  std::atomic<int> hold_after_;
  std::atomic<bool> held_{false};
  std::atomic<int> source_{0};
  std::atomic<int> target_{0};
};

/// As the best informed of the seeds tells it.
StatusOr<Topology> ReadTopology(redis::Client& client, const std::vector<int>& seeds) {
  std::optional<redis::ClusterNodes> best;
  for (int port : seeds) {
    const auto reply = client.Call1(kHost, port, {"CLUSTER", "NODES"});
    if (!reply.ok()) continue;
    TW_ASSIGN_OR_RETURN(auto nodes, redis::ParseClusterNodes(reply->text));
    if (!best || nodes.nodes.size() > best->nodes.size()) best = std::move(nodes);
  }
  if (!best) return Error(StatusCode::kUnavailable, "no seed answers");
  return TopologyOf(*best, kCluster);
}

class Controller {
 public:
  Controller(const Arguments& arguments, Clock& clock)
      : arguments_(arguments),
        clock_(clock),
        directory_(arguments.Text("directory")),
        seeds_(arguments.Numbers("seeds")),
        events_(directory_ + "/events", clock),
        interventions_(arguments, events_, clock) {}

  int Run() {
    auto journal = OpenJournal();
    if (journal == nullptr) return 5;
    TracedLog log(*journal, [this](int boundary, const std::string& what) {
      interventions_.AtBoundary(boundary, what);
    });
    const auto hooks = std::make_shared<WireHooks>();
    hooks->before_write = [this](int port, const std::string& text) {
      interventions_.BeforeWrite(port, text);
    };
    const auto detours = arguments_.Numbers("detours");
    for (std::size_t i = 0; i + 1 < detours.size(); i += 2) {
      hooks->detours[detours[i]] = detours[i + 1];
    }
    redis::Client client({.credentials = {},
                          .timeout = std::chrono::seconds(2),
                          .transport = HookedTransport(hooks)});
    LocalProvisioner provisioner(ProvisionerOptions(), clock_);
    redis::RedisActuator actuator(client, ActuatorOptions(), &provisioner, clock_);
    Executor executor(log, actuator, clock_, nullptr);
    events_.Tell("start");
    const int code = Pursue(*journal, client, actuator, executor);
    events_.Tell("exit " + std::to_string(code));
    return code;
  }

 private:
  /// The one that was killed may not have been reaped yet: its lock ends with it.
  std::unique_ptr<Journal> OpenJournal() {
    for (int i = 0; i < 50; ++i) {
      auto journal = Journal::Open(directory_ + "/journal.db");
      if (journal.ok()) return *std::move(journal);
      events_.Tell("journal: " + Message(journal.status()));
      clock_.WaitFor(std::chrono::milliseconds(100), {});
    }
    return nullptr;
  }

  /// As the daemon does: goes on with what is open, else begins what is missing.
  int Pursue(Journal& journal, redis::Client& client, redis::RedisActuator& actuator,
             Executor& executor) {
    int rolled_back = 0;
    const MonoTime deadline = clock_.Monotonic() + std::chrono::minutes(5);
    while (clock_.Monotonic() < deadline) {
      const Status started = Begin(journal, client, actuator, executor);
      if (started.code() == StatusCode::kAlreadyExists) return 0;
      if (!started.ok()) {
        events_.Tell("cannot start: " + Message(started));
        clock_.WaitFor(std::chrono::milliseconds(300), {});
        continue;
      }
      executor.Wait();
      const ActionRecord now = *executor.Current();
      events_.Tell(std::string("action is ") + ActionStateName(now.state) + " " + now.error);
      if (now.state == ActionState::kDone) return 0;
      if (now.state == ActionState::kFailed) return 4;
      if (now.state == ActionState::kRolledBack && ++rolled_back > 5) return 3;
      clock_.WaitFor(std::chrono::milliseconds(300), {});
    }
    return 6;
  }

  Status Begin(Journal& journal, redis::Client& client, redis::RedisActuator& actuator,
               Executor& executor) {
    TW_ASSIGN_OR_RETURN(auto open, journal.OpenAction(kCluster));
    if (open) return executor.Start(*std::move(open));
    TW_ASSIGN_OR_RETURN(const Topology topology, ReadTopology(client, seeds_));
    const int goal = arguments_.Number("goal");
    if (static_cast<int>(topology.shards.size()) == goal) {
      return Error(StatusCode::kAlreadyExists, "nothing is to be done");
    }
    Plan plan = PlanOf(topology, goal, arguments_.Number("replicas"), arguments_.Number("slots"),
                       arguments_.Number("pairs"));
    TW_ASSIGN_OR_RETURN(const auto steps, actuator.Expand(plan, topology));
    TW_ASSIGN_OR_RETURN(std::string id, journal.NextActionId());
    ActionRecord record = RecordOf(std::move(id), std::move(plan), steps);
    record.created = clock_.Wall();
    return executor.Start(std::move(record));
  }

  [[nodiscard]] LocalProvisionerOptions ProvisionerOptions() const {
    LocalProvisionerOptions options;
    options.directory = directory_ + "/nodes";
    options.first_port = arguments_.Number("first_port");
    options.last_port = arguments_.Number("last_port");
    options.arguments = {"--cluster-node-timeout",     "5000", "--save", "",
                         "--repl-diskless-sync-delay", "0"};
    const std::string sync = arguments_.Text("appendfsync");
    if (!sync.empty()) {
      options.arguments.insert(options.arguments.end(),
                               {"--appendonly", "yes", "--appendfsync", sync});
    }
    return options;
  }

  [[nodiscard]] redis::RedisActuatorOptions ActuatorOptions() const {
    redis::RedisActuatorOptions options;
    for (int port : seeds_) options.seeds.emplace_back(kHost, port);
    options.slots_per_batch = std::max(1, arguments_.Number("slots_per_batch"));
    options.open_slots = options.slots_per_batch;
    return options;
  }

  const Arguments& arguments_;
  Clock& clock_;
  const std::string directory_;
  const std::vector<int> seeds_;
  Events events_;
  Interventions interventions_;
};

}  // namespace
}  // namespace tidewright::faults

int main(int argc, char** argv) {
  const tidewright::faults::Arguments arguments(argc, argv);
  std::filesystem::create_directories(arguments.Text("directory") + "/nodes");
  tidewright::RealClock clock;
  return tidewright::faults::Controller(arguments, clock).Run();
}
