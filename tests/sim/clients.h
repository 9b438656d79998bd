// Those who write to the simulated cluster while it is scaled, and remember what was acknowledged.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/random.h"
#include "tests/sim/cluster.h"

namespace tidewright::sim {

class Clients {
 public:
  Clients(Cluster& cluster, std::vector<std::string> keys, std::uint64_t seed);

  /// One command on one key, with its redirections: SET, DEL, INCR or GET.
  void Act();
  /// Reads every key.
  void ReadAll();

  /// Whether the cluster shows another value than the one acknowledged; then that one is taken.
  bool Differs(const std::string& key);

  /// Acknowledged writes that were not there when they were looked for.
  std::vector<std::string> violations;
  /// Keys whose deletion a copy in doubt may undo; only if somebody says so by name.
  std::set<std::string> ambiguous;
  int acknowledged = 0;
  int given_up = 0;
  int lost_by_store = 0;

  /// The store gives up what its dead master had not replicated.
  void FailedOver(const Node& dead, const Node& successor);
  /// A copy of the key is at the target, and the source has not heard of it.
  void InDoubt(const std::string& key) { copies_.insert(key); }
  /// No slot is open: what had been moved is seen again.
  void WholeAgain() {
    std::erase_if(hidden_, [](const auto& one) { return !one.second; });
  }
  /// The target's copy was replaced or is the only one: doubts are over.
  void DoubtsOver() {
    copies_.clear();
    hidden_.clear();
  }

 private:
  struct Sent {
    bool executed = false;
    std::string answer;
  };
  Sent Send(const redis::Command& command);
  void Judge(const std::string& key, const std::optional<std::string>& seen, const char* by);
  /// Whether what is seen instead of what was acknowledged is the store's own doing.
  bool Hidden(const std::string& key, const std::optional<std::string>& seen);
  void Acknowledged(const std::string& key, std::optional<std::string> value);

  Cluster& cluster_;
  const std::vector<std::string> keys_;
  Random random_;
  std::map<std::string, std::optional<std::string>> state_;
  std::set<std::string> copies_;
  /// Keys that had been moved when their source failed over: its successor knows of no open slot
  /// and answers for them as if they were not there, until the slot is opened again. True: a client
  /// has written meanwhile, and nobody can say which of two values it will see.
  std::map<std::string, bool> hidden_;
  int version_ = 0;
};

}  // namespace tidewright::sim
