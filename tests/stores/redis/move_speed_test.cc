#include "stores/redis/move_speed.h"

#include <boost/test/unit_test.hpp>

#include "stores/redis/move_watch.h"
#include "stores/redis/slot_lanes.h"

using namespace tidewright;
using namespace tidewright::redis;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(move_speed)

BOOST_AUTO_TEST_CASE(what_hurts_halves_the_speed_and_each_good_look_gives_a_tenth_back) {
  MoveSpeed speed;
  BOOST_TEST(speed.speed() == 1.0);
  BOOST_TEST(speed.Rest(100ms, 10).count() == 0);
  speed.Felt(true);
  speed.Felt(true);
  BOOST_TEST(speed.speed() == 0.25);
  BOOST_TEST(Seconds(speed.Rest(100ms, 10)) == 0.3, boost::test_tools::tolerance(1e-6));
  speed.Felt(false);
  BOOST_TEST(speed.speed() == 0.35, boost::test_tools::tolerance(1e-9));
  for (int i = 0; i < 20; ++i) speed.Felt(true);
  BOOST_TEST(speed.speed() > 0.01);  // it never stands still
  for (int i = 0; i < 20; ++i) speed.Felt(false);
  BOOST_TEST(speed.speed() == 1.0);
}

BOOST_AUTO_TEST_CASE(a_migrate_that_took_too_long_halves_those_that_follow) {
  MoveSpeed speed;
  MoveLimits limits;
  limits.max_pause = 10ms;
  BOOST_TEST(speed.Size(100) == 100);
  BOOST_TEST(speed.Took(100, 11ms, limits, MonoTime(1s)).count() == 0);
  BOOST_TEST(speed.Size(100) == 50);
  speed.Took(50, 7ms, limits, MonoTime(2s));  // neither quick nor slow
  BOOST_TEST(speed.Size(100) == 50);
  speed.Took(50, 1ms, limits, MonoTime(3s));
  BOOST_TEST(speed.Size(100) == 60);
  for (int i = 0; i < 20; ++i) speed.Took(1, 1s, limits, MonoTime(4s));
  BOOST_TEST(speed.Size(3) == 1);  // one key goes in any case
}

BOOST_AUTO_TEST_CASE(keys_per_second_is_kept_over_several_migrates_and_is_not_saved_up) {
  MoveSpeed speed;
  MoveLimits limits;
  limits.keys_per_second = 1000;
  MonoTime now(10s);
  double keys = 0;
  for (int i = 0; i < 50; ++i) {
    now += 2ms;
    now += speed.Took(20, 2ms, limits, now);
    keys += 20;
  }
  BOOST_TEST(keys / Seconds(now - MonoTime(10s)) == 1000, boost::test_tools::tolerance(0.01));
  now += 60s;
  BOOST_TEST(Seconds(speed.Took(20, 2ms, limits, now)) == 0.018,
             boost::test_tools::tolerance(0.01));
}

BOOST_AUTO_TEST_CASE(a_group_holds_what_moves_in_the_time_that_it_may_be_open) {
  MoveSpeed speed;
  BOOST_TEST(speed.GroupKeys(250ms, 2000) == 2000);  // nothing is known yet
  speed.Rest(100ms, 100);
  BOOST_TEST(speed.GroupKeys(250ms, 2000) == 250);
  BOOST_TEST(speed.GroupKeys(250ms, 200) == 200);
  BOOST_TEST(speed.GroupKeys(0ms, 200) == 1);
}

BOOST_AUTO_TEST_CASE(each_limit_is_named_when_it_is_passed) {
  const MoveLimits limits;
  const MoveFeeling calm;
  BOOST_TEST(PassedLimit(calm, calm, 100ms, limits).empty());
  MoveFeeling slow;
  slow.latency = limits.max_latency + 1ms;
  BOOST_TEST(PassedLimit(slow, calm, 100ms, limits).find("max_latency") != std::string::npos);
  MoveFeeling behind;
  behind.replication_lag_bytes = limits.max_replication_lag_bytes + 1;
  BOOST_TEST(PassedLimit(behind, calm, 100ms, limits).find("behind") != std::string::npos);
  MoveFeeling asked;
  asked.asks = limits.max_asks_per_second / 10 + 1;
  BOOST_TEST(PassedLimit(asked, calm, 100ms, limits).find("ASK") != std::string::npos);
  BOOST_TEST(PassedLimit(asked, calm, 1s, limits).empty());
  MoveFeeling refused;
  refused.tryagains = limits.max_tryagains_per_second + 1;
  BOOST_TEST(PassedLimit(refused, calm, 1s, limits).find("TRYAGAIN") != std::string::npos);
  BOOST_TEST(PassedLimit(calm, refused, 1s, limits).empty());  // it was restarted
  MoveFeeling full;
  full.max_memory_bytes = 1000;
  full.used_memory_bytes = 951;
  BOOST_TEST(!CheckRoom(full, limits, "a:1").ok());
  full.used_memory_bytes = 950;
  BOOST_TEST(CheckRoom(full, limits, "a:1").ok());
}

BOOST_AUTO_TEST_CASE(what_both_ends_tell_is_read_out_of_info) {
  const InfoText source("errorstat_ASK:count=3\r\nerrorstat_TRYAGAIN:count=1\r\n");
  const InfoText target(
      "role:master\r\nslave0:ip=1.2.3.4,port=1,state=online,offset=900,lag=0\r\n"
      "slave1:ip=1.2.3.4,port=2,state=online,offset=700,lag=1\r\n"
      "slave2:ip=1.2.3.4,port=3,state=wait_bgsave,offset=0,lag=0\r\nmaster_repl_offset:1000\r\n"
      "used_memory:50\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction\r\nerrorstat_ASK:count="
      "4\r\n");
  const MoveFeeling feeling = FeelingOf(source, target);
  BOOST_TEST(feeling.replication_lag_bytes == 300);
  BOOST_TEST(feeling.used_memory_bytes == 50);
  BOOST_TEST(feeling.max_memory_bytes == 100);
  BOOST_TEST(feeling.asks == 7);
  BOOST_TEST(feeling.tryagains == 1);
  // A cache lives at its maxmemory.
  const InfoText cache("used_memory:100\r\nmaxmemory:100\r\nmaxmemory_policy:allkeys-lru\r\n");
  BOOST_TEST(FeelingOf(source, cache).max_memory_bytes == 0);
}

BOOST_AUTO_TEST_CASE(presets_have_names) {
  BOOST_REQUIRE(FindMovePreset("gentle") && FindMovePreset("normal") && FindMovePreset("fast"));
  BOOST_TEST(!FindMovePreset("furious"));
  BOOST_TEST(FindMovePreset("gentle")->limits.keys_per_second >= 3000);
}

BOOST_AUTO_TEST_CASE(
    a_queue_gives_groups_of_so_many_slots_and_keys_and_takes_back_what_did_not_fit) {
  SlotQueue queue({1, 2, 3, 4, 5}, {{1, 10}, {2, 90}, {3, 10}, {4, 500}, {5, 0}}, false);
  BOOST_TEST((queue.Take(10, 100) == std::vector<int>{1, 2}));
  BOOST_TEST((queue.Take(1, 100) == std::vector<int>{3}));
  queue.PutBack({3});
  BOOST_TEST((queue.Take(10, 100) == std::vector<int>{3}));
  BOOST_TEST((queue.Take(10, 100) == std::vector<int>{4}));  // alone, although it has more
  BOOST_TEST(queue.left() == 1);
  queue.Close();
  BOOST_TEST(queue.Take(10, 100).empty());
  BOOST_TEST(queue.left() == 1);
  SlotQueue first({1, 2, 3}, {{1, 10}, {2, 3}, {3, 10}}, true);
  BOOST_TEST((first.Take(10, 100) == std::vector<int>{2}));
  BOOST_TEST((first.Take(10, 100) == std::vector<int>{1, 3}));
}

BOOST_AUTO_TEST_SUITE_END()
