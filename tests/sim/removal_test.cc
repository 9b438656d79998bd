// A node that has given away its slots leaves when everybody has heard of it, not before, and
// waiting for gossip is no failure.
#include <boost/test/unit_test.hpp>
#include <map>

#include "stores/redis/client.h"
#include "stores/redis/membership.h"
#include "tests/sim/wire.h"

namespace tidewright::sim {
namespace {

/// Stands still: what is asked is asked once.
class StillClock : public Clock {
 public:
  [[nodiscard]] WallTime Wall() const override { return {}; }
  [[nodiscard]] MonoTime Monotonic() const override { return {}; }
  bool WaitUntil(MonoTime, std::stop_token) override { return true; }
};

class Notes : public StepContext {
 public:
  [[nodiscard]] bool StopRequested() const override { return false; }
  Status SaveNote(const std::string& key, const std::string& value) override {
    notes_[key] = value;
    return OkStatus();
  }
  [[nodiscard]] std::optional<std::string> Note(const std::string& key) const override {
    const auto it = notes_.find(key);
    return it == notes_.end() ? std::nullopt : std::optional(it->second);
  }
  void Progress(int, double, double) override {}

 private:
  std::map<std::string, std::string> notes_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(simulated_removal)

BOOST_AUTO_TEST_CASE(a_replica_that_has_not_heard_of_the_last_move_delays_a_removal) {
  Cluster cluster(1);
  cluster.Form(3, 1, true);
  cluster.gossip_may_pass = false;
  auto& nodes = cluster.nodes();
  const int leaver = nodes.begin()->second.id;
  const int heir = std::next(nodes.begin())->second.id;
  // All masters know that the heir has the leaver's slots; replicas have not heard of it.
  for (auto& [port, node] : nodes) {
    if (!node.Master()) continue;
    for (auto& owner : node.owner) {
      if (owner == leaver) owner = static_cast<short>(heir);
    }
    ++node.version;
  }
  const WireRules rules;
  redis::Client client({.credentials = {},
                        .timeout = std::chrono::seconds(2),
                        .transport = SimulatedTransport(cluster, rules),
                        .own_thread = false});
  redis::RedisActuatorOptions options;
  for (const auto& [port, node] : nodes) options.seeds.emplace_back("127.0.0.1", port);
  StillClock clock;
  redis::ClusterLink link(client, options, clock);
  Notes notes;
  redis::Membership membership(link, notes, nullptr);
  const redis::Server member{Cluster::Id(leaver), "127.0.0.1", cluster.PortOfId(leaver)};
  const Status early = membership.Remove({member});
  BOOST_TEST(IsTransient(early), early);
  // One that owns slots by its own word does not leave at all.
  const redis::Server owner{Cluster::Id(heir), "127.0.0.1", cluster.PortOfId(heir)};
  const Status never = membership.Remove({owner});
  BOOST_TEST((never.code() == StatusCode::kFailedPrecondition), never);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidewright::sim
