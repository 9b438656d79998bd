#include "stores/redis/slot_sampling.h"

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>

using namespace tidewright;
using namespace tidewright::redis;
using namespace std::chrono_literals;

namespace {

Reply Integer(std::int64_t value) {
  Reply reply;
  reply.type = Reply::Type::kInteger;
  reply.integer = value;
  return reply;
}
Reply Text(Reply::Type type, const std::string& text) {
  Reply reply;
  reply.type = type;
  reply.text = text;
  return reply;
}
Reply List(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::kArray;
  reply.elements = std::move(elements);
  return reply;
}

/// A server at the level of its replies, whichever release is wanted.
struct Server {
  std::map<int, int> keys;         ///< by slot
  std::vector<std::string> stats;  ///< names that SLOT-STATS tells; empty: it does not know it
  bool memory_usage_allowed = true;
  int batches = 0;
  std::size_t largest = 0;
  std::map<std::string, int> asked;  ///< by subcommand
  std::function<void()> each = [] {};

  Reply Answer(const Command& command) {
    const std::string name = command[0] == "CLUSTER" ? command[1] : command[0];
    ++asked[name];
    if (name == "SLOT-STATS") return Stats(std::stoi(command[3]), std::stoi(command[4]));
    if (name == "COUNTKEYSINSLOT") return Integer(keys[std::stoi(command[2])]);
    if (name == "GETKEYSINSLOT") {
      return List({Text(Reply::Type::kString, "key-of-" + command[2])});
    }
    if (!memory_usage_allowed) {
      return Text(Reply::Type::kError, "NOPERM this user has no permissions to run 'memory|usage'");
    }
    return Integer(100);
  }

  Reply Stats(int first, int last) {
    if (stats.empty()) {
      return Text(Reply::Type::kError, "ERR unknown subcommand 'SLOT-STATS'. Try CLUSTER HELP.");
    }
    std::vector<Reply> slots;
    for (int slot = first; slot <= last; ++slot) {
      std::vector<Reply> fields;
      for (const auto& name : stats) {
        fields.push_back(Text(Reply::Type::kString, name));
        fields.push_back(Integer(name == "key-count" ? keys[slot] : slot * 10));
      }
      slots.push_back(List({Integer(slot), List(std::move(fields))}));
    }
    return List(std::move(slots));
  }

  StatusOr<SlotSamplingResult> Sample(const std::vector<int>& slots, SlotAbilities abilities = {}) {
    SimulatedClock clock(WallTime{});
    return Sample(clock, slots, abilities);
  }
  StatusOr<SlotSamplingResult> Sample(Clock& clock, const std::vector<int>& slots,
                                      SlotAbilities abilities = {}) {
    StatusOr<SlotSamplingResult> result = Error(StatusCode::kInternal, "never done");
    int done = 0;
    SampleSlots(
        [this](const Batch& batch, Duration, const Connection::Done& replied) {
          ++batches;
          largest = std::max(largest, batch.size());
          std::vector<Reply> replies;
          for (const auto& command : batch) replies.push_back(Answer(command));
          each();
          replied(std::move(replies));
        },
        clock, slots, abilities, {}, 1, 10s,
        [&](StatusOr<SlotSamplingResult> answer) {
          ++done;
          result = std::move(answer);
        });
    BOOST_TEST(done == 1);
    return result;
  }
};

std::vector<int> Slots(int count) {
  std::vector<int> slots;
  for (int i = 0; i < count; ++i) slots.push_back(i);
  return slots;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(slot_sampling, Server)

BOOST_AUTO_TEST_CASE(redis_7_is_asked_for_counts_in_small_pieces_and_for_a_few_sizes) {
  for (int slot = 0; slot < 1000; ++slot) keys[slot] = slot % 3;
  const auto result = Sample(Slots(1000));
  BOOST_REQUIRE_MESSAGE(result.ok(), result.status());
  BOOST_REQUIRE_EQUAL(result->samples.size(), 1000u);
  BOOST_TEST(result->samples[5].partition == 5);
  BOOST_TEST(result->samples[5].keys == 2);
  BOOST_TEST(*result->samples[5].memory_bytes == 200);
  BOOST_TEST(!result->samples[5].cpu_seconds.has_value());
  BOOST_TEST(largest <= 256u);
  BOOST_TEST(asked["MEMORY"] == 20);
  BOOST_TEST(*result->abilities.slot_stats == false);
  const int unknown = asked["SLOT-STATS"];
  BOOST_TEST(Sample(Slots(1000), result->abilities).ok());
  BOOST_TEST(asked["SLOT-STATS"] == unknown);  // not asked in vain again
}

BOOST_AUTO_TEST_CASE(valkey_8_tells_counters_for_each_slot) {
  stats = {"key-count", "cpu-usec", "network-bytes-in", "network-bytes-out"};
  keys[7] = 3;
  const auto result = Sample({7, 8, 9, 100, 5000});
  BOOST_REQUIRE_MESSAGE(result.ok(), result.status());
  BOOST_REQUIRE_EQUAL(result->samples.size(), 5u);
  BOOST_TEST(result->samples[0].keys == 3);
  BOOST_TEST(*result->samples[0].cpu_seconds == 70e-6);
  BOOST_TEST(*result->samples[0].network_bytes == 140);
  BOOST_TEST(*result->samples[0].memory_bytes == 300);  // by sizes: not told
  BOOST_TEST(*result->abilities.slot_stats);
  BOOST_TEST(asked["COUNTKEYSINSLOT"] == 0);
}

BOOST_AUTO_TEST_CASE(valkey_8_without_its_statistics_tells_key_counts_alone) {
  stats = {"key-count"};
  keys[7] = 3;
  const auto result = Sample({7});
  BOOST_REQUIRE_MESSAGE(result.ok(), result.status());
  BOOST_TEST(result->samples[0].keys == 3);
  BOOST_TEST(!result->samples[0].cpu_seconds.has_value());
}

BOOST_AUTO_TEST_CASE(redis_8_tells_memory_too_and_needs_no_sizes) {
  stats = {"key-count", "cpu-usec", "network-bytes-in", "network-bytes-out", "memory-bytes"};
  keys[7] = 3;
  const auto result = Sample({7});
  BOOST_REQUIRE_MESSAGE(result.ok(), result.status());
  BOOST_TEST(*result->samples[0].memory_bytes == 70);
  BOOST_TEST(asked["MEMORY"] == 0);
}

BOOST_AUTO_TEST_CASE(without_permission_there_are_counts_but_no_sizes) {
  keys[1] = 5;
  memory_usage_allowed = false;
  const auto result = Sample(Slots(10));
  BOOST_REQUIRE_MESSAGE(result.ok(), result.status());
  BOOST_TEST(result->samples[1].keys == 5);
  BOOST_TEST(!result->samples[1].memory_bytes.has_value());
  BOOST_TEST(result->abilities.memory_usage_denied);
  const int before = asked["MEMORY"];
  BOOST_TEST(Sample(Slots(10), result->abilities).ok());
  BOOST_TEST(asked["MEMORY"] == before);
}

BOOST_AUTO_TEST_CASE(an_empty_server_needs_no_sizes) {
  const auto result = Sample(Slots(10));
  BOOST_REQUIRE_MESSAGE(result.ok(), result.status());
  BOOST_TEST(asked["GETKEYSINSLOT"] == 0);
  BOOST_TEST(Sample({}).ok());
}

BOOST_AUTO_TEST_CASE(a_server_that_is_too_slow_costs_its_timeout_and_no_more) {
  SimulatedClock clock(WallTime{});
  each = [&] { clock.Advance(3s); };
  const auto result = Sample(clock, Slots(16384));
  BOOST_TEST((result.status().code() == StatusCode::kDeadlineExceeded));
  BOOST_TEST(batches == 4);
}

BOOST_AUTO_TEST_SUITE_END()
