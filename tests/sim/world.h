// A cluster, its clients and a controller in one seeded, simulated world: the production executor,
// state machine, actuator and client against the simulated servers, with everything dying on them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actuator/action_log.h"
#include "actuator/provisioner.h"
#include "core/clock.h"
#include "core/random.h"
#include "stores/redis/actuator_options.h"
#include "tests/sim/clients.h"
#include "tests/sim/cluster.h"
#include "tests/sim/wire.h"

namespace tidewright::sim {

/// Of each command batch, save or tick, as long as there are faults left.
struct WorldFaults {
  int left = 0;
  double controller_dies = 0;
  double server_dies = 0;
  double reply_lost = 0;
  double request_lost = 0;
  double save_fails = 0;
  double doubt = 0;  ///< of each MIGRATE; not counted in `left`
  [[nodiscard]] static WorldFaults Of(std::uint64_t seed);
};

/// What a world came to.
struct Story {
  std::vector<std::string> violations;
  std::uint64_t trace = 0;  ///< hash of all that was sent, saved and done, with its time
  std::string text;         ///< the same in words, when asked for
  int controllers = 0;
  int server_deaths = 0;
  int acknowledged = 0;
  int lost_by_store = 0;
  int ambiguous = 0;  ///< keys in doubt, reported by name
  int done = 0;       ///< actions
  int rolled_back = 0;
  int failed = 0;  ///< left to a person
  int given_up = 0;  ///< legs that were rolled back six times
  std::vector<std::string> failures;
  Duration simulated{0};
};

class World : public ActionLog, public Provisioner, public Clock {
 public:
  World(std::uint64_t seed, const WorldFaults& faults, bool keep_text);
  ~World() override;

  /// 3 → 4 → 3 shards.
  Story Run();

  // ActionLog
  Status SaveAction(const ActionRecord& record) override;
  Status SaveNote(const std::string& action, const std::string& key,
                  const std::string& value) override;
  StatusOr<std::map<std::string, std::string>> Notes(const std::string& action) const override;
  // Provisioner
  StatusOr<ProvisionedNode> Acquire(const NodeRequest& request, Duration timeout) override;
  Status Release(const std::string& host, int port, Duration timeout) override;
  // Clock
  [[nodiscard]] WallTime Wall() const override;
  [[nodiscard]] MonoTime Monotonic() const override;
  bool WaitUntil(MonoTime deadline, std::stop_token stop) override;

 private:
  void Leg(int goal);
  Status OneController(int goal);
  void Live(Duration by);  ///< time passes with clients, deaths and returns
  void Calm();
  void MayKillServer();
  void ReturnServers(bool all);
  WireRules::Fate Before(int port, const std::vector<redis::Command>& batch);
  void CheckCommand(int port, const redis::Command& command);
  void CheckClosing(const Node& target, int slot);
  void CheckOpening(const Node& target);
  void CheckWorld(int goal);
  void CheckAmbiguous();
  Status Durable(const std::string& what);
  [[nodiscard]] bool Strikes(double chance);
  void Violate(const std::string& text);
  void Trace(const std::string& text);

  Random random_;
  WorldFaults faults_;
  const bool keep_text_;
  bool durable_nodes_;
  int replicas_;
  Cluster cluster_;
  std::unique_ptr<Clients> clients_;
  WireRules rules_;
  redis::RedisActuatorOptions options_;
  Story story_;
  std::optional<ActionRecord> record_;  ///< as the journal has it
  std::map<std::string, std::string> notes_;
  std::map<std::string, int> given_;  ///< ports by token
  std::map<int, Duration> returns_;   ///< dead servers, when they come back
  std::vector<int> retired_ids_;
  int actions_ = 0;
  bool dead_ = false;        ///< the controller
  Duration after_death_{0};  ///< what a dead controller believes to have waited
  bool calm_ = false;
  bool failed_over_ = false;
  bool doubted_ = false;
};

}  // namespace tidewright::sim
