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
#include "journal/leader_term.h"
#include "stores/redis/actuator_options.h"
#include "tests/sim/clients.h"
#include "tests/sim/cluster.h"
#include "tests/sim/etcd.h"
#include "tests/sim/turns.h"
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
  double doubt = 0;        ///< of each MIGRATE; not counted in `left`
  bool two_hosts = false;  ///< a lease in etcd says which of two controllers acts
  double suspended = 0;    ///< a controller stands still, as by SIGSTOP, with a command under way
  double etcd_silent = 0;  ///< of each leg, not counted in `left`: for seconds, or for ten minutes
  bool big_key = false;    ///< among those that are to move lies one above the cap
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
  int failed = 0;       ///< left to a person
  int given_up = 0;     ///< legs that were rolled back six times
  int suspensions = 0;  ///< of a controller's process
  int outages = 0;      ///< of etcd
  int leads_lost = 0;   ///< in the midst of an action, or nearly
  int leads_ended = 0;  ///< of those, because etcd was away
  int takeovers = 0;    ///< by the other host
  int reported = 0;     ///< open slots of the other host, before anything was begun
  int handed_over = 0;  ///< back to the host whose action is open, by a person
  int big_keys = 0;     ///< that were refused by name
  std::vector<std::string> failures;
  Duration simulated{0};
};

/// A controller's host: what its journal holds, and its lease.
struct Host {
  std::string name;
  std::optional<ActionRecord> record;
  std::map<std::string, std::string> notes;
  std::unique_ptr<Turns> turns;      ///< of the controller's threads
  bool working = false;              ///< its controller carries something out
  bool dead = false;                 ///< the controller
  Duration after_death{0};           ///< what a dead controller believes to have waited
  bool frozen = false;               ///< the process stands still
  bool stood_still = false;          ///< while the controller worked
  std::unique_ptr<LeaderTerm> term;  ///< null: no process
  Duration next_turn{0};             ///< of the lease; when there is no process, when it is started
  int passes = 0;                    ///< by the fence, of commands that have not been sent yet
  bool led = false;                  ///< when it was looked at last
  [[nodiscard]] bool Busy() const { return record && record->Open(); }
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
  void CheckOpening(const Node& target, int slot);
  void CheckGivingAway(const Node& source, int slot, const std::string& target);
  void CheckBigKey(const redis::Command& command);
  void PlantBigKey();
  /// Whether an action that has ended told of it; then somebody removes it.
  void LookForBigKey();
  void CheckWorld(int goal);
  void CheckAmbiguous();
  Status Durable(const std::string& what);

  // With two hosts (world_of_two.cc).
  void LegOfTwo();
  /// Passes time until a host may write; null when nobody comes to lead.
  Host* AwaitLeader(Duration since);
  /// The leader's turn: its open action goes on, or a new one begins. True when nothing is to do.
  bool ActOnce();
  void CheckBeside();
  bool SlotsOpen();
  void Died(Host& host);
  void HandOver(Host& host);  ///< a person stops this one, so that the other may lead
  void StartProcess(Host& host);
  void Tend();  ///< leases are renewed or asked for, by all that run
  Status Fence();
  void CheckPass();
  void MayStopEtcd();
  void MaySuspend();
  /// What was open has been brought to its end before the leader may not write any more.
  void CheckLeadLost();
  void CheckPaused();
  void CheckClosed(const std::string& when);
  Host& Other() { return host_ == &hosts_[0] ? hosts_[1] : hosts_[0]; }
  [[nodiscard]] bool Strikes(double chance);
  void Violate(const std::string& text);
  void Trace(const std::string& text);

  Random random_;
  WorldFaults faults_;
  const bool keep_text_;
  bool durable_nodes_;
  int replicas_;
  Duration command_time_{0};
  Cluster cluster_;
  std::unique_ptr<Clients> clients_;
  WireRules rules_;
  redis::RedisActuatorOptions options_;
  Story story_;
  Host hosts_[2];
  Host* host_ = &hosts_[0];  ///< whose turn it is
  SimulatedEtcd etcd_;
  LeaseClock lease_clock_;
  Duration etcd_silent_until_{0};
  int outage_in_ = -1;  ///< so many commands that change something; negative: never
  Duration server_died_ = -std::chrono::hours(1);  ///< the last time
  int goal_ = 0;
  int rolled_back_in_leg_ = 0;
  std::int64_t token_ = 0;   ///< the newest one
  bool suspending_ = false;  ///< one host stands still; no server dies meanwhile
  std::optional<std::string> big_key_;
  std::map<int, std::string> given_away_;  ///< slots that targets were told of, to whom
  std::map<int, std::string> ambiguous_;   ///< notes by slot, of all hosts
  std::map<std::string, int> given_;       ///< ports by token
  std::map<int, Duration> returns_;        ///< dead servers, when they come back
  std::vector<int> retired_ids_;
  int actions_ = 0;
  bool calm_ = false;
  bool failed_over_ = false;
  bool doubted_ = false;
};

}  // namespace tidewright::sim
