// A real cluster under writes, and the controller process that scales it and is disturbed.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bench/loadgen/cluster_harness.h"
#include "bench/loadgen/load_generator.h"
#include "core/clock.h"
#include "core/random.h"
#include "io/subprocess.h"
#include "stores/redis/cluster_nodes.h"
#include "tests/faults/cases.h"
#include "tests/faults/proxy.h"

namespace tidewright::faults {

struct WorldOptions {
  int replicas = 1;
  std::string appendfsync;  ///< "always", …; empty: nothing goes to disk
  double rate = 300;        ///< commands per second
  int keys = 3000;
  int slots = 600;  ///< that move in a leg
  int slots_per_batch = 50;
  std::uint64_t seed = 1;
  std::string filter;  ///< of RunCases
};

/// Three shards. Not thread-safe. The destructor stops whatever runs in its folder.
class World {
 public:
  static StatusOr<std::unique_ptr<World>> Make(WorldOptions options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// One leg with its fault, and the books made up after it: every key is read back and every node
  /// asked. The world goes on from there unless the outcome has problems: then make another.
  Outcome Run(const Case& one);

 private:
  /// What one of the controller's processes told.
  struct Event {
    MonoTime at;
    std::string text;
  };
  /// By port: what each server that answers and is no loner tells.
  using View = std::map<int, redis::ClusterNodes>;

  explicit World(WorldOptions options) : options_(std::move(options)) {}
  Status Form();

  // The controller's processes.
  Status Launch(const Case& one, bool first);
  void ReadEvents();
  std::optional<Event> AwaitEvent(const std::string& word, Duration timeout);
  void AwaitEnd(const Case& one, Outcome& outcome);
  void MeasureResumption(Outcome& outcome) const;

  // Faults.
  void Disturb(const Case& one, Outcome& outcome);
  void KillControllerAtRandom(const Case& one, Outcome& outcome);
  void DisturbServer(const Case& one, Outcome& outcome);
  void Strike(const Case& one, int port, Outcome& outcome);
  void DisturbNetwork(const Case& one, Outcome& outcome);
  [[nodiscard]] static int ChooseVictim(const Case& one, const View& view, int source, int target);
  [[nodiscard]] bool AwaitFailover(const std::string& id, Duration timeout);
  void MeasureSettling(const std::set<int>& slots, MonoTime since, Outcome& outcome);

  // Looking.
  [[nodiscard]] View Look();
  [[nodiscard]] bool ReportedAmbiguous(const std::string& key) const;
  void CheckKeys(Outcome& outcome);
  void CheckNodes(const Case& one, Outcome& outcome);
  [[nodiscard]] std::string Unsettled(int goal, Outcome& outcome);

  [[nodiscard]] std::string File(const std::string& name) const { return directory_ + "/" + name; }
  void Sleep(Duration d) { clock_.WaitFor(d, {}); }

  const WorldOptions options_;
  RealClock clock_;
  std::string directory_;
  std::unique_ptr<loadgen::ClusterHarness> cluster_;
  std::unique_ptr<loadgen::LoadGenerator> load_;
  std::unique_ptr<Proxy> proxy_;
  std::vector<int> seeds_;
  int first_port_ = 0;
  int last_port_ = 0;
  std::optional<io::Subprocess> controller_;
  std::vector<io::Subprocess> restarted_;
  std::vector<Event> events_;
  std::streamoff read_to_ = 0;
  std::vector<MonoTime> deaths_;  ///< of controllers, in this leg
  std::set<int> doubtful_slots_;  ///< whose newest writes the store may lose by itself, in this leg
  std::int64_t lost_before_ = 0;
  std::int64_t undone_before_ = 0;
  std::size_t findings_before_ = 0;
  std::int64_t acknowledged_before_ = 0;
};

}  // namespace tidewright::faults
