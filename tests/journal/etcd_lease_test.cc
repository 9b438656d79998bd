// One leader at a time, by a real etcd.
#include "journal/etcd_lease.h"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <memory>
#include <thread>

#include "tests/fakes/etcd_server.h"
#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

struct Etcd {
  testing::TempFolder folder;
  fakes::EtcdServer server{folder.path()};
  RealClock clock;

  std::unique_ptr<EtcdLease> Controller(const std::string& instance, Duration ttl = 2s,
                                        const std::string& cluster = "cache", int at_once = 0) {
    EtcdLeaseOptions options;
    options.etcd = server.Options();
    options.etcd.timeout = 500ms;
    options.cluster = cluster;
    options.clusters_at_once = at_once;
    options.instance = instance;
    options.ttl = ttl;
    options.margin = ttl / 3;
    return std::make_unique<EtcdLease>(std::move(options), clock);
  }
  template <typename Condition>
  bool Await(Condition condition) {
    const MonoTime deadline = clock.Monotonic() + 60s;
    while (!condition()) {
      if (clock.Monotonic() > deadline) return false;
      clock.WaitFor(5ms, {});
    }
    return true;
  }
};

/// Looks all the time whether two may write at once.
class Watcher {
 public:
  Watcher(const Leadership& a, const Leadership& b)
      : thread_([this, &a, &b](const std::stop_token& stop) {
          RealClock clock;
          while (!stop.stop_requested()) {
            // Between the two looks the first may have stopped: asked again, it still may.
            if (a.MayWrite().ok() && b.MayWrite().ok() && a.MayWrite().ok()) both_ = true;
            ++looks_;
            clock.WaitFor(1ms, {});
          }
        }) {}
  [[nodiscard]] bool both() const { return both_; }
  [[nodiscard]] int looks() const { return looks_; }

 private:
  std::atomic<bool> both_{false};
  std::atomic<int> looks_{0};
  std::jthread thread_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(etcd_lease, Etcd)

BOOST_AUTO_TEST_CASE(one_of_two_leads_and_the_other_says_who) {
  const auto first = Controller("first");
  BOOST_TEST(!first->Look().has_value());
  BOOST_TEST(first->MayWrite().ok());
  const auto second = Controller("second");
  const auto reason = second->Look();
  BOOST_REQUIRE(reason.has_value());
  BOOST_TEST((reason->code == ReasonCode::kNotLeader));
  BOOST_TEST(reason->text.find("first leads") != std::string::npos, reason->text);
  BOOST_TEST((second->MayWrite().code() == StatusCode::kCancelled));
  BOOST_TEST(!second->Begin("a-0001").ok());
  const auto token = first->Begin("a-0001");
  BOOST_REQUIRE_MESSAGE(token.ok(), token.status());
  io::EtcdClient client(server.Options());
  const auto marks = client.List("/tidewright/cache/action");
  BOOST_REQUIRE_MESSAGE(marks.ok(), marks.status());
  BOOST_REQUIRE(marks->size() == 1u);
  BOOST_TEST(marks->front().value.find("\"fencing_token\":" + *token) != std::string::npos,
             marks->front().value);
}

BOOST_AUTO_TEST_CASE(a_leader_that_goes_hands_over_at_once_and_tokens_grow) {
  auto first = Controller("first", 60s);  // longer than the test waits
  BOOST_REQUIRE(!first->Look().has_value());
  const auto token = first->Begin("a-0001");
  BOOST_REQUIRE(token.ok());
  first.reset();
  const auto second = Controller("second", 60s);
  BOOST_REQUIRE(!second->Look().has_value());
  const auto next = second->Begin("a-0001");
  BOOST_REQUIRE_MESSAGE(next.ok(), next.status());
  BOOST_TEST(std::stoll(*next) > std::stoll(*token));
}

BOOST_AUTO_TEST_CASE(a_leader_stops_by_itself_while_etcd_is_silent_and_before_another_begins) {
  const auto first = Controller("first");
  BOOST_REQUIRE(!first->Look().has_value());
  const auto second = Controller("second");
  BOOST_REQUIRE(second->Look().has_value());
  const Watcher watcher(*first, *second);
  for (int round = 0; round < 3; ++round) {
    server.Signal(SIGSTOP);
    // Nobody tells it: it knows when its lease can have ended.
    BOOST_TEST(Await([&] { return !first->MayWrite().ok() && !second->MayWrite().ok(); }));
    server.Signal(SIGCONT);
    BOOST_TEST(Await([&] { return first->MayWrite().ok() || second->MayWrite().ok(); }));
  }
  BOOST_TEST(watcher.looks() > 100);
  BOOST_TEST(!watcher.both());
}

BOOST_AUTO_TEST_CASE(whose_lease_was_taken_away_begins_nothing_although_it_does_not_know_yet) {
  const auto first = Controller("first", 60s);
  BOOST_REQUIRE(!first->Look().has_value());
  io::EtcdClient client(server.Options());
  const auto leader = client.List("/tidewright/cache/leader");
  BOOST_REQUIRE(leader.ok() && leader->size() == 1u);
  BOOST_REQUIRE(client.Revoke(leader->front().lease).ok());
  const auto begun = first->Begin("a-0001");
  BOOST_TEST((begun.status().code() == StatusCode::kCancelled), begun.status());
  BOOST_TEST(client.List("/tidewright/cache/action")->empty());
  BOOST_TEST(!first->MayWrite().ok());
}

BOOST_AUTO_TEST_CASE(a_controller_that_died_and_came_back_leads_again_without_waiting) {
  // What a killed one leaves behind: a lease of a minute that nobody renews.
  io::EtcdClient client(server.Options());
  const auto lease = client.Grant(60s);
  BOOST_REQUIRE_MESSAGE(lease.ok(), lease.status());
  const auto claim =
      client.PutIfAbsent("/tidewright/cache/leader", "{\"instance\":\"first\"}", lease->id);
  BOOST_REQUIRE(claim.ok() && claim->made);
  const auto other = Controller("other", 60s);
  BOOST_TEST(other->Look().has_value());
  const auto again = Controller("first", 60s);
  BOOST_TEST(!again->Look().has_value());
  BOOST_TEST(std::stoll(*again->Begin("a-0001")) > claim->holder.create_revision);
}

BOOST_AUTO_TEST_CASE(no_more_clusters_act_at_once_than_are_allowed) {
  std::vector<std::unique_ptr<EtcdLease>> clusters;
  for (const char* name : {"one", "two", "three"}) {
    clusters.push_back(Controller("host", 60s, name, 2));
    BOOST_REQUIRE(!clusters.back()->Look().has_value());
  }
  BOOST_TEST(clusters[0]->Begin("a-0001").ok());
  BOOST_TEST(clusters[0]->Begin("a-0001").ok());  // again, after a pause: the same permit
  BOOST_TEST(clusters[1]->Begin("a-0001").ok());
  const Status refused = clusters[2]->Begin("a-0001").status();
  BOOST_TEST((refused.code() == StatusCode::kResourceExhausted), refused);
  BOOST_TEST(Message(refused).find("one, two") != std::string::npos, refused);
  clusters[0]->End();
  BOOST_TEST(clusters[2]->Begin("a-0001").ok());
  BOOST_TEST(!clusters[0]->Begin("a-0002").ok());
  clusters[1].reset();  // whoever goes leaves its permit, too
  BOOST_TEST(clusters[0]->Begin("a-0002").ok());
}

BOOST_AUTO_TEST_CASE(without_etcd_nobody_leads_and_the_reason_says_so) {
  EtcdLeaseOptions options;
  options.etcd.endpoints = {"http://127.0.0.1:1"};
  options.etcd.timeout = 500ms;
  options.cluster = "cache";
  options.instance = "alone";
  EtcdLease lease(options, clock);
  const auto reason = lease.Look();
  BOOST_REQUIRE(reason.has_value());
  BOOST_TEST((reason->code == ReasonCode::kNotLeader));
  BOOST_TEST(reason->text.find("etcd") != std::string::npos, reason->text);
}

BOOST_AUTO_TEST_SUITE_END()
