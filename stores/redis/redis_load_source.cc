#include "stores/redis/redis_load_source.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <utility>

#include "core/random.h"
#include "stores/redis/node_meter.h"
#include "stores/redis/topology_merge.h"

namespace tidewright::redis {
namespace {

using Address = RedisLoadSource::Address;

constexpr std::size_t kErrorsNamed = 8;

std::string Text(const Address& address) {
  return address.first + ":" + std::to_string(address.second);
}

/// The answers of one round of CLUSTER NODES. Thread-safe.
class Round {
 public:
  Round(std::set<Address> addresses, std::set<Address> members)
      : members_(std::move(members)),
        waiting_(std::move(addresses)),
        members_waiting_(members_.size()) {}

  void Take(const Address& address, StatusOr<std::vector<Reply>> replies) {
    auto view = Read(address, std::move(replies));
    std::scoped_lock lock(mutex_);
    if (waiting_.erase(address) == 0) return;
    if (members_.contains(address)) --members_waiting_;
    if (view.ok()) {
      views_.push_back(*std::move(view));
      member_answered_ = member_answered_ || members_.contains(address);
    } else {
      errors_.emplace_back(address, view.status());
    }
    changed_.notify_all();
  }

  StatusOr<std::vector<NodeView>> Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [&] { return waiting_.empty() || (members_waiting_ == 0 && member_answered_); });
    if (views_.empty()) return NobodyAnswered();
    return views_;
  }

 private:
  static StatusOr<NodeView> Read(const Address& address, StatusOr<std::vector<Reply>> replies) {
    TW_RETURN_IF_ERROR(replies.status());
    auto reply = Checked(std::move(replies->front()));
    if (!reply.ok() &&
        Message(reply.status()).find("cluster support disabled") != std::string::npos) {
      return Error(StatusCode::kFailedPrecondition,
                   "{}: the server is not in cluster mode (its configuration needs "
                   "'cluster-enabled yes')",
                   Text(address));
    }
    if (!reply.ok()) return Annotate(reply.status(), Text(address));
    auto nodes = ParseClusterNodes(reply->text);
    if (!nodes.ok()) return Annotate(nodes.status(), Text(address));
    return NodeView{address.first, address.second, *std::move(nodes)};
  }

  /// The first code that more than patience is needed for, else kUnavailable.
  Status NobodyAnswered() const {
    StatusCode code = StatusCode::kUnavailable;
    std::string text;
    for (std::size_t i = 0; i < errors_.size(); ++i) {
      const Status& status = errors_[i].second;
      if (code == StatusCode::kUnavailable && !IsTransient(status)) code = status.code();
      if (i < kErrorsNamed) text += (i == 0 ? "" : "; ") + Message(status);
    }
    if (errors_.size() > kErrorsNamed) {
      text += fmt::format("; and {} more", errors_.size() - kErrorsNamed);
    }
    return Error(code, "no node of the cluster answered: {}",
                 text.empty() ? "no address is known" : text);
  }

  const std::set<Address> members_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Address> waiting_;
  std::size_t members_waiting_ = 0;
  bool member_answered_ = false;
  std::vector<NodeView> views_;
  std::vector<std::pair<Address, Status>> errors_;
};

/// What is remembered of a node from one sample to the next.
struct NodeMemory {
  NodeMeter meter;
  bool latency_refused = false;
  SlotAbilities slots;
  std::uint64_t rounds = 0;
};

}  // namespace

/// Thread-safe.
class RedisLoadSource::State : public std::enable_shared_from_this<State> {
 public:
  State(Client& client, Clock& clock, std::vector<Address> seeds, RedisLoadOptions options)
      : client_(client),
        clock_(clock),
        seeds_(std::move(seeds)),
        options_(std::move(options)),
        units_(options_.request_units) {}

  void Close() {
    std::map<std::uint64_t, std::function<void()>> open;
    {
      std::scoped_lock lock(mutex_);
      closed_ = true;
      open.swap(open_);
    }
    for (auto& [ticket, cancel] : open) cancel();
  }

  StatusOr<Topology> ReadTopology(Duration timeout) {
    const MonoTime deadline = clock_.Monotonic() + timeout;
    std::set<Address> members = Members();
    std::set<Address> addresses = members;
    addresses.insert(seeds_.begin(), seeds_.end());
    TW_ASSIGN_OR_RETURN(auto views, AskForNodes(addresses, members, timeout));
    TW_ASSIGN_OR_RETURN(auto topology, MergeViews(options_.cluster, views));
    // Those whom nobody had named before tell of themselves too: open slots stand in their own
    // view.
    std::set<Address> unasked = MembersOf(topology);
    for (const auto& address : addresses) unasked.erase(address);
    const Duration left = deadline - clock_.Monotonic();
    if (!unasked.empty() && left > Duration(0)) {
      auto further = AskForNodes(unasked, unasked, left);
      if (further.ok()) {
        views.insert(views.end(), further->begin(), further->end());
        TW_ASSIGN_OR_RETURN(topology, MergeViews(options_.cluster, std::move(views)));
      }
    }
    Learn(topology);
    options_.zones.Name(topology);
    return topology;
  }

  void SampleNode(const Node& node, Duration timeout, NodeCallback done) {
    if (node.host.empty()) {
      return done(
          Error(StatusCode::kUnavailable, "the cluster knows no address of node {}", node.id));
    }
    Batch batch = {{"INFO", "all"}, {"CLUSTER", "MYID"}};
    {
      std::scoped_lock lock(mutex_);
      if (options_.latency_histogram && !memory_[node.id].latency_refused) {
        batch.push_back({"LATENCY", "HISTOGRAM"});
      }
    }
    const MonoTime began = clock_.Monotonic();
    auto once = Once<NodeSample>(std::move(done));
    Send({node.host, node.port}, std::move(batch), timeout,
         [self = shared_from_this(), node, began, once](StatusOr<std::vector<Reply>> replies) {
           once(replies.ok() ? self->TakeSample(node, began, *std::move(replies))
                             : StatusOr<NodeSample>(replies.status()));
         });
  }

  void SamplePartitions(const Node& node, const PartitionSet& partitions, Duration timeout,
                        PartitionCallback done) {
    if (node.host.empty()) {
      return done(
          Error(StatusCode::kUnavailable, "the cluster knows no address of node {}", node.id));
    }
    SlotAbilities abilities;
    std::uint64_t round = 0;
    {
      std::scoped_lock lock(mutex_);
      auto& memory = memory_[node.id];
      abilities = memory.slots;
      round = memory.rounds++;
    }
    auto once = Once<std::vector<PartitionSample>>(std::move(done));
    const auto send = [self = shared_from_this(), address = Address(node.host, node.port)](
                          Batch batch, Duration left, Connection::Done replied) {
      self->Send(address, std::move(batch), left, std::move(replied));
    };
    SampleSlots(
        send, clock_, Expand(partitions), abilities, options_.slots, round, timeout,
        [self = shared_from_this(), id = node.id, once](StatusOr<SlotSamplingResult> result) {
          if (!result.ok()) return once(result.status());
          {
            std::scoped_lock lock(self->mutex_);
            self->memory_[id].slots = result->abilities;
          }
          once(std::move(result->samples));
        });
  }

 private:
  /// Never touches the client after Close().
  void Send(const Address& address, Batch batch, Duration timeout, Connection::Done done) {
    {
      std::scoped_lock lock(mutex_);
      if (!closed_) {
        return client_.Send(address.first, address.second, std::move(batch), timeout,
                            std::move(done));
      }
    }
    done(Error(StatusCode::kCancelled, "the source was closed"));
  }

  /// Calls `done` with whatever comes first: the result, or Close().
  template <typename T>
  std::function<void(StatusOr<T>)> Once(std::function<void(StatusOr<T>)> done) {
    std::unique_lock lock(mutex_);
    const std::uint64_t ticket = next_ticket_++;
    open_.emplace(ticket, [done] { done(Error(StatusCode::kCancelled, "the source was closed")); });
    return [self = shared_from_this(), ticket, done](StatusOr<T> result) {
      {
        std::scoped_lock taken(self->mutex_);
        if (self->open_.erase(ticket) == 0) return;
      }
      done(std::move(result));
    };
  }

  StatusOr<NodeSample> TakeSample(const Node& node, MonoTime began, std::vector<Reply> replies) {
    const MonoTime ended = clock_.Monotonic();
    auto info = Checked(std::move(replies[0]));
    if (!info.ok()) return Annotate(info.status(), node.Address() + " INFO");
    if (replies[1].type == Reply::Type::kString && replies[1].text != node.id) {
      return Error(StatusCode::kFailedPrecondition, "{} is node {} now, no longer {}",
                   node.Address(), replies[1].text, node.id);
    }
    std::scoped_lock lock(mutex_);
    auto& memory = memory_[node.id];
    NodeAnswer answer{std::move(info->text), std::nullopt};
    if (replies.size() > 2) {
      auto latency = Checked(std::move(replies[2]));
      memory.latency_refused = !latency.ok() && !IsTransient(latency.status());
      if (latency.ok()) answer.latency = *std::move(latency);
    }
    const std::string before = memory.meter.incarnation;
    TW_ASSIGN_OR_RETURN(auto sample, ReadSample(answer, units_, memory.meter));
    if (sample.incarnation != before && !before.empty()) {
      memory.slots = SlotAbilities();
      memory.latency_refused = false;
    }
    sample.node_id = node.id;
    sample.at = began + (ended - began) / 2;
    sample.wall = clock_.Wall();
    return sample;
  }

  StatusOr<std::vector<NodeView>> AskForNodes(const std::set<Address>& addresses,
                                              const std::set<Address>& members, Duration timeout) {
    auto round = std::make_shared<Round>(addresses, members);
    for (const auto& address : addresses) {
      Send(address, {{"CLUSTER", "NODES"}}, timeout,
           [round, address](StatusOr<std::vector<Reply>> replies) {
             round->Take(address, std::move(replies));
           });
    }
    return round->Wait();
  }

  static std::set<Address> MembersOf(const Topology& topology) {
    std::set<Address> members;
    for (const auto& node : topology.Nodes()) {
      if (!node.host.empty() && node.health != NodeHealth::kJoining) {
        members.emplace(node.host, node.port);
      }
    }
    return members;
  }

  std::set<Address> Members() {
    std::scoped_lock lock(mutex_);
    return members_;
  }

  void Learn(const Topology& topology) {
    std::set<std::string> ids;
    for (const auto& node : topology.Nodes()) ids.insert(node.id);
    std::scoped_lock lock(mutex_);
    members_ = MembersOf(topology);
    std::erase_if(memory_, [&](const auto& one) { return !ids.contains(one.first); });
  }

  Client& client_;
  Clock& clock_;
  const std::vector<Address> seeds_;
  const RedisLoadOptions options_;
  const RequestUnits units_;

  std::mutex mutex_;
  bool closed_ = false;
  std::uint64_t next_ticket_ = 0;
  std::map<std::uint64_t, std::function<void()>> open_;  ///< what Close() answers
  std::set<Address> members_;                            ///< of the last topology
  std::map<std::string, NodeMemory> memory_;             ///< by node id
};

RedisLoadSource::RedisLoadSource(Client& client, Clock& clock, std::vector<Address> seeds,
                                 RedisLoadOptions options)
    : state_(std::make_shared<State>(client, clock, std::move(seeds), std::move(options))) {}

RedisLoadSource::~RedisLoadSource() { state_->Close(); }

StatusOr<Topology> RedisLoadSource::ReadTopology(Duration timeout) {
  return state_->ReadTopology(timeout);
}

void RedisLoadSource::SampleNode(const Node& node, Duration timeout, NodeCallback done) {
  state_->SampleNode(node, timeout, std::move(done));
}

void RedisLoadSource::SamplePartitions(const Node& node, const PartitionSet& partitions,
                                       Duration timeout, PartitionCallback done) {
  state_->SamplePartitions(node, partitions, timeout, std::move(done));
}

}  // namespace tidewright::redis
