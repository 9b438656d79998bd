#include "bench/loadgen/slot_map.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using loadgen::Address;
using redis::Reply;

namespace {

Reply Integer(std::int64_t value) { return {Reply::Type::kInteger, "", value, {}}; }
Reply Text(const std::string& text) { return {Reply::Type::kString, text, 0, {}}; }
Reply Array(std::vector<Reply> elements) {
  return {Reply::Type::kArray, "", 0, std::move(elements)};
}
Reply Range(int first, int last, const std::string& host, int port) {
  return Array({Integer(first), Integer(last), Array({Text(host), Integer(port), Text("id")})});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(slot_map)

// Slots as told by redis 7.0.15: CLUSTER KEYSLOT.
BOOST_AUTO_TEST_CASE(a_key_has_the_slot_the_server_gives_it) {
  BOOST_TEST(loadgen::KeySlot("foo") == 12182);
  BOOST_TEST(loadgen::KeySlot("123456789") == 12739);
  BOOST_TEST(loadgen::KeySlot("") == 0);
  BOOST_TEST(loadgen::KeySlot("a{foo}b{bar}") == 12182);
  BOOST_TEST(loadgen::KeySlot("foo{}{bar}") == 8363);
  BOOST_TEST(loadgen::KeySlot("foo{{bar}}zap") == 4015);
}

BOOST_AUTO_TEST_CASE(a_redirect_names_slot_and_server) {
  const Address from{"10.0.0.1", 7000};
  const auto moved = loadgen::ParseRedirect("MOVED 3999 127.0.0.1:6381", from);
  BOOST_REQUIRE(moved);
  BOOST_TEST(moved->slot == 3999);
  BOOST_TEST(moved->to.host == "127.0.0.1");
  BOOST_TEST(moved->to.port == 6381);
  BOOST_TEST(loadgen::ParseRedirect("ASK 1 :6381", from)->to.host == "10.0.0.1");
  BOOST_TEST(loadgen::ParseRedirect("ASK 1 ::1:6381", from)->to.host == "::1");
  for (const char* bad :
       {"", "MOVED", "MOVED 1", "MOVED 99999 h:1", "MOVED -1 h:1", "MOVED 1 h:0", "MOVED 1 h:x"}) {
    BOOST_TEST(!loadgen::ParseRedirect(bad, from).has_value(), bad);
  }
}

BOOST_AUTO_TEST_CASE(slots_that_an_answer_does_not_name_keep_their_owner) {
  loadgen::SlotMap map;
  const Address from{"h", 1};
  BOOST_TEST(!map.Owner(5).has_value());
  BOOST_TEST(map.LargestShare() == 1);
  BOOST_REQUIRE(map.Take(Array({Range(0, 99, "a", 1), Range(100, 16383, "", 2)}), from).ok());
  BOOST_TEST(map.LargestShare() == 16284.0 / 16384);
  BOOST_TEST(map.Owner(99)->host == "a");
  BOOST_TEST(map.Owner(100)->host == "h");
  BOOST_REQUIRE(map.Take(Array({Range(0, 49, "c", 3)}), from).ok());
  BOOST_TEST(map.Owner(49)->host == "c");
  BOOST_TEST(map.Owner(50)->host == "a");
  BOOST_TEST(map.Owners().size() == 3u);
  BOOST_TEST(!map.Take(Text("ERR"), from).ok());
  BOOST_TEST(!map.Take(Array({Range(0, 16384, "a", 1)}), from).ok());
}

BOOST_AUTO_TEST_SUITE_END()
