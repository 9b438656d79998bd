#include "bench/loadgen/key_model.h"

#include <array>
#include <boost/test/unit_test.hpp>
#include <set>

#include "bench/loadgen/workload.h"

using namespace tidewright;
using namespace std::chrono_literals;
using namespace loadgen;
using redis::Reply;

namespace {

Reply Integer(std::int64_t value) { return {Reply::Type::kInteger, "", value, {}}; }
Reply Text(const std::string& text) { return {Reply::Type::kString, text, 0, {}}; }
Reply Ok() { return {Reply::Type::kStatus, "OK", 0, {}}; }
Reply Nil() { return {}; }
Reply Array(std::vector<Reply> elements) {
  return {Reply::Type::kArray, "", 0, std::move(elements)};
}

constexpr KeySpace kSpace{1, 1, 1, 1, 2, 40};
constexpr int kString = 0, kCounter = 1, kList = 2;

/// A model and a clock that goes on by a millisecond with each command.
struct Judge {
  KeyModel model{kSpace};
  MonoTime now{1h};

  Finding::Kind Ack(int key, KeyOp op, const Reply& reply, Duration takes = 1ms) {
    const MonoTime sent = now;
    now += takes;
    const Finding finding = model.Acknowledge(key, op, reply, sent, now);
    BOOST_TEST_MESSAGE(finding.text);
    return finding.kind;
  }
  void Unknown(int key, KeyOp op) {
    const MonoTime sent = now;
    now += 1ms;
    model.Unknown(key, op, sent, now);
  }
  bool Fine(int key, KeyOp op, const Reply& reply) {
    return Ack(key, op, reply) == Finding::Kind::kNone;
  }
  bool Lost(int key, KeyOp op, const Reply& reply) {
    return Ack(key, op, reply) == Finding::Kind::kLost;
  }
  bool Undone(int key, KeyOp op, const Reply& reply) {
    return Ack(key, op, reply) == Finding::Kind::kUndone;
  }
};

constexpr KeyOp kGet{KeyOpKind::kGet, 0, {}};
constexpr KeyOp kDel{KeyOpKind::kDel, 0, {}};
constexpr KeyOp kIncr{KeyOpKind::kIncr, 0, {}};
constexpr KeyOp kLPop{KeyOpKind::kLPop, 0, {}};
constexpr KeyOp kTtl{KeyOpKind::kTtl, 0, {}};
KeyOp Set(std::int64_t version) { return {KeyOpKind::kSet, version, {}}; }
KeyOp SetEx(std::int64_t version, Duration ttl) { return {KeyOpKind::kSetEx, version, ttl}; }
KeyOp Expire(Duration ttl) { return {KeyOpKind::kExpire, 0, ttl}; }
KeyOp RPush(std::int64_t version) { return {KeyOpKind::kRPush, version, {}}; }
KeyOp LPush(std::int64_t version) { return {KeyOpKind::kLPush, version, {}}; }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(key_model, Judge)

BOOST_AUTO_TEST_CASE(an_acknowledged_value_that_is_gone_is_lost) {
  BOOST_TEST(Fine(kString, Set(1), Ok()));
  BOOST_TEST(Fine(kString, kGet, Text(model.Text(kString, 1))));
  BOOST_TEST(Lost(kString, kGet, Nil()));
}

BOOST_AUTO_TEST_CASE(an_older_version_a_foreign_and_a_damaged_text_are_undone) {
  BOOST_TEST(Fine(kString, Set(1), Ok()));
  BOOST_TEST(Fine(kString, Set(2), Ok()));
  BOOST_TEST(Undone(kString, kGet, Text(model.Text(kString, 1))));
  BOOST_TEST(Fine(kString, Set(3), Ok()));
  BOOST_TEST(Undone(kString, kGet, Text("something else")));
  BOOST_TEST(Fine(kString, Set(4), Ok()));
  BOOST_TEST(Undone(kString, kGet, Text(model.Text(kString, 4).substr(0, 39) + "!")));
}

BOOST_AUTO_TEST_CASE(a_deleted_key_that_is_there_is_undone) {
  BOOST_TEST(Fine(kString, Set(1), Ok()));
  BOOST_TEST(Fine(kString, kDel, Integer(1)));
  BOOST_TEST(Fine(kString, kGet, Nil()));
  BOOST_TEST(Undone(kString, kGet, Text(model.Text(kString, 1))));
}

BOOST_AUTO_TEST_CASE(a_delete_that_found_nothing_where_something_was_is_lost) {
  BOOST_TEST(Fine(kString, Set(1), Ok()));
  BOOST_TEST(Lost(kString, kDel, Integer(0)));
  BOOST_TEST(Fine(kString, kGet, Nil()));
}

BOOST_AUTO_TEST_CASE(a_finding_is_told_once_and_not_again_until_a_write_decides) {
  BOOST_TEST(Fine(kString, Set(2), Ok()));
  BOOST_TEST(Undone(kString, kGet, Text(model.Text(kString, 1))));
  BOOST_TEST(model.NeedsDecision(kString));
  BOOST_TEST(Fine(kString, kGet, Text(model.Text(kString, 1))));
  BOOST_TEST(Fine(kString, Set(3), Ok()));
  BOOST_TEST(Lost(kString, kGet, Nil()));
}

BOOST_AUTO_TEST_CASE(a_counter_that_starts_again_is_lost_and_one_that_falls_back_is_undone) {
  for (int i = 1; i <= 5; ++i) BOOST_TEST(Fine(kCounter, kIncr, Integer(i)));
  BOOST_TEST(Lost(kCounter, kIncr, Integer(1)));
  BOOST_TEST(Fine(kCounter, kDel, Integer(1)));
  for (int i = 1; i <= 5; ++i) BOOST_TEST(Fine(kCounter, kIncr, Integer(i)));
  BOOST_TEST(Undone(kCounter, kIncr, Integer(5)));
  BOOST_TEST(Fine(kCounter, kDel, Integer(1)));
  BOOST_TEST(Fine(kCounter, kIncr, Integer(1)));
  BOOST_TEST(Fine(kCounter, kGet, Text("1")));
  BOOST_TEST(Undone(kCounter, kGet, Text("0")));
}

BOOST_AUTO_TEST_CASE(lists_are_compared_in_full_and_in_order) {
  BOOST_TEST(Fine(kList, RPush(1), Integer(1)));
  BOOST_TEST(Fine(kList, RPush(2), Integer(2)));
  BOOST_TEST(Fine(kList, LPush(3), Integer(3)));
  const auto item = [&](int version) { return Text(model.Text(kList, version)); };
  BOOST_TEST(Fine(kList, kGet, Array({item(3), item(1), item(2)})));
  BOOST_TEST(Fine(kList, kLPop, item(3)));
  BOOST_TEST(Fine(kList, kLPop, item(1)));
  BOOST_TEST(Fine(kList, kLPop, item(2)));
  BOOST_TEST(Fine(kList, kLPop, Nil()));
  BOOST_TEST(Fine(kList, kGet, Array({})));
  BOOST_TEST(Fine(kList, RPush(4), Integer(1)));
  BOOST_TEST(Undone(kList, kGet, Array({item(4), item(2)})));
  BOOST_TEST(Fine(kList, kDel, Integer(1)));
  BOOST_TEST(Fine(kList, RPush(5), Integer(1)));
  BOOST_TEST(Fine(kList, RPush(6), Integer(2)));
  BOOST_TEST(Undone(kList, kLPop, item(6)));
}

BOOST_AUTO_TEST_CASE(an_unknown_outcome_allows_both_states_and_the_next_reply_decides) {
  BOOST_TEST(Fine(kString, Set(1), Ok()));
  Unknown(kString, Set(2));
  BOOST_TEST(model.States(kString).size() == 2u);
  BOOST_TEST(Fine(kString, kGet, Text(model.Text(kString, 2))));
  BOOST_TEST(Undone(kString, kGet, Text(model.Text(kString, 1))));

  BOOST_TEST(Fine(kCounter, kIncr, Integer(1)));
  Unknown(kCounter, kIncr);
  Unknown(kCounter, kIncr);
  BOOST_TEST(model.States(kCounter).size() == 3u);
  BOOST_TEST(Fine(kCounter, kIncr, Integer(3)));
  BOOST_TEST(Undone(kCounter, kIncr, Integer(3)));
}

BOOST_AUTO_TEST_CASE(an_unknown_delete_does_not_excuse_an_older_version) {
  BOOST_TEST(Fine(kString, Set(1), Ok()));
  BOOST_TEST(Fine(kString, Set(2), Ok()));
  Unknown(kString, kDel);
  BOOST_TEST(Undone(kString, kGet, Text(model.Text(kString, 1))));
}

BOOST_AUTO_TEST_CASE(near_its_deadline_a_key_may_be_there_or_not_and_either_is_held_to) {
  BOOST_TEST(Fine(kString, SetEx(1, 10s), Ok()));
  now += 5s;
  BOOST_TEST(Fine(kString, kGet, Text(model.Text(kString, 1))));
  now += 5s;
  BOOST_TEST(Fine(kString, kGet, Nil()));
  BOOST_TEST(Undone(kString, kGet, Text(model.Text(kString, 1))));
}

BOOST_AUTO_TEST_CASE(a_key_that_goes_before_its_deadline_is_lost_and_one_that_stays_is_undone) {
  BOOST_TEST(Fine(kString, SetEx(1, 60s), Ok()));
  now += 30s;
  BOOST_TEST(Lost(kString, kGet, Nil()));
  BOOST_TEST(Fine(kString, SetEx(2, 60s), Ok()));
  now += 60s + kLateExpiry + 1s;
  BOOST_TEST(Undone(kString, kGet, Text(model.Text(kString, 2))));
}

BOOST_AUTO_TEST_CASE(a_time_to_live_is_verified_and_one_that_a_set_removed_may_not_come_back) {
  BOOST_TEST(Fine(kString, Set(1), Ok()));
  BOOST_TEST(Fine(kString, Expire(100s), Integer(1)));
  now += 40s;
  BOOST_TEST(Fine(kString, kTtl, Integer(60'000)));
  BOOST_TEST(Undone(kString, kTtl, Integer(-1)));
  BOOST_TEST(Fine(kString, Set(2), Ok()));
  BOOST_TEST(Fine(kString, kTtl, Integer(-1)));
  BOOST_TEST(Undone(kString, kTtl, Integer(60'000)));
  BOOST_TEST(Fine(kString, Set(3), Ok()));
  BOOST_TEST(Lost(kString, kTtl, Integer(-2)));
}

BOOST_AUTO_TEST_CASE(an_error_that_is_no_redirect_is_a_finding) {
  const Reply wrong{Reply::Type::kError, "WRONGTYPE Operation against a key", 0, {}};
  BOOST_TEST(Fine(kCounter, kIncr, Integer(1)));
  BOOST_TEST(Undone(kCounter, kIncr, wrong));
}

BOOST_AUTO_TEST_CASE(every_kind_of_command_is_chosen_and_lists_stay_short) {
  KeyModel keys(KeySpace::Of(2000, 40));
  Workload workload(keys, Mix{}, 7);
  std::array<int, kMixedKinds> seen{};
  std::size_t longest = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto operation = workload.Next([](int) { return true; });
    BOOST_REQUIRE(operation);
    ++seen[static_cast<std::size_t>(operation->kind)];
    BOOST_REQUIRE(Encode(keys, *operation).size() == 1u);
    for (const auto& part : operation->parts) {  // every push arrives
      if (part.op.kind != KeyOpKind::kLPush && part.op.kind != KeyOpKind::kRPush) continue;
      const auto length = keys.LongestList(part.key) + 1;
      keys.Acknowledge(part.key, part.op, Integer(static_cast<std::int64_t>(length)), now, now);
      longest = std::max(longest, length);
    }
  }
  for (std::size_t kind = 0; kind < seen.size(); ++kind)
    BOOST_TEST(seen[kind] > 100, "kind " << kind);
  BOOST_TEST(longest <= Mix{}.longest_list);
}

BOOST_AUTO_TEST_CASE(members_of_a_group_share_a_tag_and_names_are_distinct) {
  const KeyModel keys(KeySpace::Of(1000, 40));
  std::set<std::string> names;
  for (int key = 0; key < keys.size(); ++key) names.insert(keys.Name(key));
  BOOST_TEST(names.size() == 1000u);
  BOOST_TEST(keys.Name(999).substr(0, 13) == keys.Name(996).substr(0, 13));
}

BOOST_AUTO_TEST_SUITE_END()
