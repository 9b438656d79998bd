// Speaks to all nodes of a cluster at once, and reads what each of them believes.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actuator/store_actuator.h"
#include "core/clock.h"
#include "core/status.h"
#include "stores/redis/actuator_options.h"
#include "stores/redis/client.h"
#include "stores/redis/cluster_nodes.h"

namespace tidewright::redis {

struct Server {
  std::string id;  ///< empty: not known
  std::string host;
  int port = 0;

  [[nodiscard]] std::string Address() const { return host + ":" + std::to_string(port); }
};
[[nodiscard]] inline Server ServerOf(const NodeLine& line) {
  return {line.id, line.host, line.port};
}

/// A slot with a flag, as one node tells about itself.
struct OpenSlot {
  int slot = 0;
  std::string teller;
  std::string peer;
  bool importing = false;
};

/// What every node of the cluster believes, read at about the same time.
struct ClusterView {
  ClusterNodes nodes;                        ///< of the best informed node
  std::map<std::string, ClusterNodes> told;  ///< by node id, of those that answered
  std::map<std::string, Status> silent;      ///< by node id, of those that did not

  [[nodiscard]] const ClusterNodes* Told(const std::string& id) const;
  /// "127.0.0.1:7001", or the id where no address is known.
  [[nodiscard]] std::string Name(const std::string& id) const;
  /// A node that did not answer and may have slots open all the same: one that has failed tells
  /// nobody anything. Empty: all have been heard.
  [[nodiscard]] std::string Unheard() const;
  /// Masters that answered.
  [[nodiscard]] std::vector<Server> Masters() const;
  [[nodiscard]] std::vector<Server> ReplicasOf(const std::string& id) const;
  [[nodiscard]] std::vector<OpenSlot> Open() const;
  /// Every node answers, is listed by all as healthy, and all tell the same slots. kUnavailable
  /// with the first thing that is not so (gossip may mend it), kFailedPrecondition for a failed
  /// node.
  [[nodiscard]] Status Settled() const;
};

/// Whether two nodes tell the same slots for the same owners.
[[nodiscard]] bool SameSlots(const ClusterNodes& a, const ClusterNodes& b);

/// The text of INFO.
class InfoText {
 public:
  explicit InfoText(std::string text) : text_(std::move(text)) {}
  /// Empty when it is not there.
  [[nodiscard]] std::string Field(const std::string& name) const;
  [[nodiscard]] std::int64_t Number(const std::string& name) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Thread-safe as far as its client is; one operation at a time is meant.
class ClusterLink {
 public:
  ClusterLink(Client& client, const RedisActuatorOptions& options, Clock& clock)
      : client_(client), options_(options), clock_(clock) {}
  /// Another one to the same servers, for another thread.
  [[nodiscard]] ClusterLink OfTheSame() { return ClusterLink(client_, options_, clock_); }
  /// Whether several threads may speak at once: not in a simulated world.
  [[nodiscard]] bool Concurrent() const { return client_.options().own_thread; }

  struct Request {
    Server to;
    Batch batch;
  };
  /// While one lives, what is sent brings open slots to their end: the kill switch lets it pass.
  class Ending {
   public:
    explicit Ending(ClusterLink& link) : link_(link) { ++link_.endings_; }
    ~Ending() { --link_.endings_; }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;

   private:
    ClusterLink& link_;
  };

  using Replies = std::vector<Reply>;
  /// Whatever would change a server is answered with kCancelled, unsent, while the kill switch is
  /// thrown.
  /// All at once; answers in the order of the requests.
  std::vector<StatusOr<Replies>> CallAll(std::vector<Request> requests);
  StatusOr<Replies> Call(const Server& to, Batch batch);
  StatusOr<Replies> Call(const Server& to, Batch batch, Duration timeout);
  /// Every reply must be good: else its error as a status with the address and command.
  StatusOr<Replies> CallChecked(const Server& to, Batch batch);
  StatusOr<InfoText> Info(const Server& to, const std::string& section);

  /// kUnavailable when neither a seed nor a node seen before answers.
  StatusOr<ClusterView> Read();
  /// cluster_state:ok on every node of the view.
  Status StateOk(const ClusterView& view);

  /// kPermissionDenied where no key may be sent to: MIGRATE sends any key to any host, so a forged
  /// view of the cluster or a mistaken provisioner must not be enough to carry data away.
  Status MaySendKeysTo(const std::string& address) const;
  /// Whether keys may be sent to the target (allowed_targets), and whether it lets a source restore
  /// keys that shows it migrate_credentials: kPermissionDenied, with the server's word, where not. A MIGRATE with a wrong password
  /// may leave keys on both sides: where the default account may write, the target refuses the
  /// password and restores the keys all the same.
  Status CheckMigrateCredentials(const Server& target);

  void Forget(const Server& server);

  /// Sleeps; kCancelled as soon as a stop is requested.
  Status Pause(Duration d, const StepContext& context);
  void Sleep(Duration d) { clock_.WaitFor(d, {}); }
  /// Calls `attempt` until it is OK or its error cannot pass, or until the time is over.
  template <typename Attempt>
  Status Await(Duration timeout, const StepContext& context, Attempt&& attempt) {
    const MonoTime deadline = clock_.Monotonic() + timeout;
    while (true) {
      Status status = attempt();
      if (status.ok() || !IsTransient(status)) return status;
      if (clock_.Monotonic() >= deadline) {
        return Error(StatusCode::kDeadlineExceeded, "{} (waited {})", Message(status),
                     FormatDuration(timeout));
      }
      TW_RETURN_IF_ERROR(Pause(std::chrono::milliseconds(100), context));
    }
  }

  /// kCancelled while the kill switch is thrown, also for what is no store command: starting and
  /// stopping servers.
  [[nodiscard]] Status MayChange(const std::string& what) const;

  [[nodiscard]] const RedisActuatorOptions& options() const { return options_; }
  [[nodiscard]] Clock& clock() { return clock_; }

 private:
  [[nodiscard]] Status MaySend(const Server& to, const Batch& batch) const;

  Client& client_;
  std::atomic<int> endings_{0};
  const RedisActuatorOptions& options_;
  Clock& clock_;
  std::mutex mutex_;
  std::vector<std::pair<std::string, int>> known_;  // of the newest view
};

}  // namespace tidewright::redis
