// The order of commands of one group of slots, where it takes a client at the wrong moment to tell.
#include "stores/redis/slot_group.h"

#include <boost/test/unit_test.hpp>

#include "tests/stores/redis/actuator_world.h"

using namespace tidewright;
using namespace tidewright::testing;

namespace {

/// Runs `before` with what is about to be written to a server.
class TappedWire : public io::Transport {
 public:
  using Tap = std::function<void(int port, const std::string& data)>;

  TappedWire(std::shared_ptr<io::Transport> inner, Tap before)
      : inner_(std::move(inner)), before_(std::move(before)) {}
  void Connect(const std::string& host, int port, Done done) override {
    port_ = port;
    inner_->Connect(host, port, std::move(done));
  }
  void Read(char* data, std::size_t size, ReadDone done) override {
    inner_->Read(data, size, std::move(done));
  }
  void Write(const char* data, std::size_t size, Done done) override {
    before_(port_, std::string(data, size));
    inner_->Write(data, size, std::move(done));
  }
  void Close() override { inner_->Close(); }

 private:
  std::shared_ptr<io::Transport> inner_;
  Tap before_;
  int port_ = 0;
};

struct Pair : World {
  Pair() : World(2, 0), a(Id(ports[0])), b(Id(ports[1])) {}
  std::string a;
  std::string b;
};

std::string KeyOf(int slot) {
  for (int i = 0;; ++i) {
    const std::string key = "window:" + std::to_string(i);
    if (SlotOf(key) == slot) return key;
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_slot_group)

BOOST_FIXTURE_TEST_CASE(a_write_that_the_target_takes_while_a_slot_is_taken_back_is_not_left_behind,
                        Pair) {
  // Three slots that clients have been sent on from with ASK; one is written at each moment at
  // which the controller is about to say STABLE.
  const std::vector<int> slots = {50, 51, 52};
  redis::MoveParties parties;
  parties.source = {a, kHost, ports[0]};
  parties.target = {b, kHost, ports[1]};
  redis::Client client_of_writes({});
  std::map<std::string, std::string> acknowledged;
  std::size_t next = 0;
  const auto write_at_target = [&](int, const std::string& data) {
    if (data.find("STABLE") == std::string::npos || next == slots.size()) return;
    const std::string key = KeyOf(slots[next++]);
    const auto replies = client_of_writes.Call(kHost, ports[1], {{"ASKING"}, {"SET", key, "x"}});
    if (replies.ok() && replies->back().text == "OK") acknowledged[key] = "x";
  };
  redis::Client tapped({.credentials = {},
                        .timeout = std::chrono::seconds(2),
                        .transport = [&](boost::asio::io_context& context) {
                          return std::make_shared<TappedWire>(io::MakeTcpTransport(context),
                                                              write_at_target);
                        }});
  const auto options = Options();
  redis::ClusterLink link(tapped, options, clock);
  redis::SlotGroup group(link, parties, slots);
  BOOST_REQUIRE(group.Open().ok());
  const Status cancelled = group.Cancel();
  BOOST_TEST((cancelled.code() == StatusCode::kFailedPrecondition), cancelled);
  // The first write came before the target's flag was gone and keeps its slot open; later ones were
  // refused and go to the source.
  BOOST_TEST(next >= 2u);
  BOOST_TEST(acknowledged.size() == 1u);
  for (const auto& [key, value] : acknowledged) BOOST_TEST(Ask({"GET", key}).text == value);
  BOOST_TEST(OpenSlots() == 2);  // one slot, at both ends
  for (const int slot : {51, 52}) {
    BOOST_TEST(Ask({"SET", KeyOf(slot), "y"}).text == "OK");
    BOOST_TEST(Do(ports[0], {"GET", KeyOf(slot)}).text == "y");
  }
}

BOOST_AUTO_TEST_SUITE_END()
