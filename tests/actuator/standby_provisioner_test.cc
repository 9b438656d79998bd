#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>

#include "actuator/provisioners/standby.h"
#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;
using tidewright::testing::TempFolder;

namespace {

struct Pool {
  Pool() { Restart(); }
  void Restart() {
    provisioner = std::make_unique<StandbyProvisioner>(
        StandbyProvisionerOptions{.nodes = {{"a", 1, "z1"}, {"b", 2, "z2"}, {"c", 3, ""}},
                                  .state_file = folder / "standby.json",
                                  .check_empty =
                                      [this](const StandbyNode& node, Duration) {
                                        const auto found = unfit.find(node.host);
                                        return found == unfit.end() ? OkStatus() : found->second;
                                      }},
        clock);
  }
  std::string Acquire(const std::string& token) {
    const auto node = provisioner->Acquire({token, "cache"}, 5s);
    return node.ok() ? node->host : CodeName(node.status().code());
  }

  TempFolder folder;
  RealClock clock;
  std::map<std::string, Status> unfit;
  std::unique_ptr<StandbyProvisioner> provisioner;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(standby_provisioner, Pool)

BOOST_AUTO_TEST_CASE(each_token_gets_a_node_of_its_own_and_the_same_one_again) {
  BOOST_TEST(Acquire("t1") == "a");
  BOOST_TEST(Acquire("t2") == "b");
  BOOST_TEST(Acquire("t1") == "a");
  Restart();
  BOOST_TEST(Acquire("t2") == "b");  // also after a crash
  BOOST_TEST(Acquire("t3") == "c");
  BOOST_TEST(Acquire("t4") == "resource exhausted");
}

BOOST_AUTO_TEST_CASE(a_node_that_is_not_empty_is_passed_over_and_named_when_none_is_left) {
  unfit["a"] = Error(StatusCode::kFailedPrecondition, "it holds 7 keys");
  unfit["c"] = Error(StatusCode::kUnavailable, "connection refused");
  BOOST_TEST(Acquire("t1") == "b");
  const auto none = provisioner->Acquire({"t2", "cache"}, 5s);
  BOOST_TEST((none.status().code() == StatusCode::kResourceExhausted));
  BOOST_TEST(Message(none.status()).find("a:1: it holds 7 keys") != std::string::npos);
  BOOST_TEST(Message(none.status()).find("c:3: connection refused") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_node_that_was_given_back_stands_by_again_if_it_is_empty) {
  BOOST_TEST(Acquire("t1") == "a");
  BOOST_REQUIRE(provisioner->Release("a", 1, 5s).ok());
  BOOST_REQUIRE(provisioner->Release("a", 1, 5s).ok());
  BOOST_TEST(Acquire("t2") == "a");
  BOOST_TEST((provisioner->Release("x", 9, 5s).code() == StatusCode::kNotFound));
}

BOOST_AUTO_TEST_CASE(a_state_file_that_cannot_be_read_gives_nothing_away) {
  for (const std::string text :
       {"", "{", "{\"version\": 2, \"nodes\": []}", "{\"version\": 1, \"nodes\": [{}]}"}) {
    std::ofstream(folder / "standby.json") << text;
    BOOST_TEST(Acquire("t1") == "data loss");
    BOOST_TEST((provisioner->Release("a", 1, 5s).code() == StatusCode::kDataLoss));
  }
}

BOOST_AUTO_TEST_SUITE_END()
