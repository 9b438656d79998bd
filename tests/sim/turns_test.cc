// Threads that take turns: one at a time, in an order that the seed decides alone.
#include "tests/sim/turns.h"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace tidewright::sim {
namespace {

using namespace std::chrono_literals;

struct World {
  explicit World(std::uint64_t seed)
      : turns(
            seed, [this] { return now; }, [this](Duration by) { now += by; }) {}
  Duration now{0};
  Turns turns;
};

std::string Order(std::uint64_t seed) {
  World world(seed);
  std::string order;
  std::atomic<int> at_once{0};
  std::vector<std::function<void()>> jobs;
  for (const char name : {'a', 'b', 'c'}) {
    jobs.emplace_back([&, name] {
      for (int i = 0; i < 20; ++i) {
        BOOST_REQUIRE_EQUAL(++at_once, 1);
        order += name;
        --at_once;
        world.turns.Yield();
      }
    });
  }
  world.turns.Together(std::move(jobs));
  return order;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(turns)

BOOST_AUTO_TEST_CASE(the_seed_decides_who_goes_on) {
  BOOST_TEST(Order(1).size() == 60u);
  BOOST_TEST(Order(1) == Order(1));
  BOOST_TEST(Order(1) != Order(2));
}

BOOST_AUTO_TEST_CASE(one_of_several_may_start_several_and_waits_for_them) {
  World world(3);
  std::string order;
  const auto say = [&](const std::string& what) {
    return [&, what] {
      world.turns.SleepFor(1s);
      order += what;
    };
  };
  const auto start = [&](const std::string& what) {
    return [&, what] {
      world.turns.Together({say("a"), say("b"), say("c")});
      order += what;
    };
  };
  world.turns.Together({start("X"), start("Y")});
  BOOST_TEST(order.size() == 8u);
  const auto at = [&](char what) { return order.find(what); };
  BOOST_TEST(std::min(at('X'), at('Y')) >= 3u, order);
  BOOST_TEST(Seconds(world.now) == 1.0);
}

BOOST_AUTO_TEST_CASE(who_sleeps_is_woken_in_time_and_time_passes_when_all_sleep) {
  World world(1);
  std::vector<std::string> log;
  const auto sleep = [&](const std::string& name, Duration d) {
    return [&, name, d] {
      world.turns.SleepFor(d);
      log.push_back(name + " at " + FormatDuration(world.now));
    };
  };
  world.turns.Together({sleep("long", 30s), sleep("short", 10s), sleep("middle", 20s)});
  const std::vector<std::string> expected = {"short at 10s", "middle at 20s", "long at 30s"};
  BOOST_TEST(log == expected, boost::test_tools::per_element());
  // Alone: everything is as if there were no turns.
  world.turns.SleepFor(5s);
  BOOST_TEST(Seconds(world.now) == 35.0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace tidewright::sim
