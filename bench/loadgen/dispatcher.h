// Executes commands on a Redis Cluster as a good client does: follows MOVED and ASK, tries again
// after TRYAGAIN and CLUSTERDOWN, keeps its slot map fresh, and never sends twice what may have
// been executed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/loadgen/server_link.h"
#include "bench/loadgen/slot_map.h"
#include "core/clock.h"

namespace tidewright::loadgen {

struct DispatcherOptions {
  std::vector<Address> seeds;
  redis::Credentials credentials;
  Duration timeout = std::chrono::seconds(8);    ///< of one answer
  Duration patience = std::chrono::seconds(20);  ///< for redirects and retries of one operation
  int connections_per_server = 2;
  int outstanding_per_server = 256;
};

struct Completion {
  Fate fate = Fate::kNotExecuted;
  std::vector<redis::Reply> replies;  ///< when kAnswered; none is a redirect
  MonoTime sent;                      ///< of the attempt that counts
  MonoTime received;
};

/// Not thread-safe: belongs to the event loop's thread.
class Dispatcher {
 public:
  using Done = std::function<void(Completion)>;

  Dispatcher(boost::asio::io_context& context, Clock& clock, DispatcherOptions options);

  /// All commands of the batch concern `slot`. When any is redirected the whole batch is sent
  /// again: several commands must therefore be reads. `done` is called once.
  void Execute(int slot, redis::Batch batch, Done done);
  /// Whether the slot's server has fewer commands under way than the bound.
  [[nodiscard]] bool HasRoom(int slot) const;
  /// Asks some server for the slot map, unless that was done a moment ago.
  void Refresh();
  [[nodiscard]] bool Ready() const { return map_known_; }
  void Close();
  [[nodiscard]] const SlotMap& slots() const { return map_; }

  /// By kind: MOVED, ASK, TRYAGAIN, CLUSTERDOWN, …, "timeout", "io", "gave up".
  [[nodiscard]] const std::map<std::string, std::int64_t>& errors() const { return errors_; }

 private:
  struct Attempt {
    int slot = 0;
    redis::Batch batch;
    Done done;
    MonoTime deadline;
    MonoTime sent;
    Address to;
    int tries = 0;
  };
  using AttemptPtr = std::shared_ptr<Attempt>;

  void Route(const AttemptPtr& attempt);
  void SendTo(const AttemptPtr& attempt, const Address& to, bool asking);
  void Answered(const AttemptPtr& attempt, bool asking, Fate fate, const Status& status,
                std::vector<redis::Reply> replies);
  bool Redirected(const AttemptPtr& attempt, const redis::Reply& error);
  void RetryLater(const AttemptPtr& attempt);
  void Finish(const AttemptPtr& attempt, Fate fate, std::vector<redis::Reply> replies);
  ServerLink& Link(const Address& address);
  [[nodiscard]] Address SomeServer();

  boost::asio::io_context& context_;
  Clock& clock_;
  DispatcherOptions options_;
  SlotMap map_;
  bool map_known_ = false;
  bool refreshing_ = false;
  MonoTime last_refresh_;
  std::size_t next_server_ = 0;
  std::size_t next_link_ = 0;
  std::map<Address, std::vector<std::shared_ptr<ServerLink>>> links_;
  std::map<Address, int> outstanding_;
  std::map<std::string, std::int64_t> errors_;
};

}  // namespace tidewright::loadgen
