#include "collector/schedule.h"

#include <boost/test/unit_test.hpp>
#include <set>

#include "tests/collector/samples.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

std::vector<std::string> Names(int count) {
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i) names.push_back("node-" + std::to_string(i));
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schedule)

BOOST_AUTO_TEST_CASE(everything_comes_soon_but_not_at_once) {
  Schedule schedule({.interval = 10s, .spread = 1s});
  schedule.Keep(Names(100), At(0));
  BOOST_TEST(schedule.Due(At(0.1)).size() < 30u);
  BOOST_TEST(schedule.Due(At(1)).size() == 100u);
}

BOOST_AUTO_TEST_CASE(each_keeps_its_interval_within_the_jitter) {
  Schedule schedule({.interval = 10s, .jitter = 0.1, .spread = 1s});
  schedule.Keep({"a"}, At(0));
  MonoTime last = schedule.NextAfter(At(-1));
  std::set<Duration> gaps;
  for (int i = 0; i < 20; ++i) {
    BOOST_REQUIRE_EQUAL(schedule.Due(last).size(), 1u);
    schedule.Started("a", last);
    BOOST_TEST(schedule.Due(last + 1h).empty());  // under way
    schedule.Finished("a");
    const MonoTime next = schedule.NextAfter(last);
    gaps.insert(next - last);
    last = next;
  }
  BOOST_TEST(gaps.size() > 10u);
  BOOST_TEST(Seconds(*gaps.begin()) >= 9.5);
  BOOST_TEST(Seconds(*gaps.rbegin()) <= 10.5);
}

BOOST_AUTO_TEST_CASE(what_was_missed_is_not_made_up_for) {
  Schedule schedule({.interval = 10s});
  schedule.Keep({"a"}, At(0));
  schedule.Started("a", At(100));
  schedule.Finished("a");
  BOOST_TEST(schedule.Due(At(105)).empty());
  BOOST_TEST(schedule.Due(At(111)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_longest_overdue_is_first_and_known_ones_keep_their_rhythm) {
  Schedule schedule({.interval = 10s, .spread = 0s});
  schedule.Keep({"b"}, At(0));
  schedule.Keep({"a", "b"}, At(5));
  const auto due = schedule.Due(At(20));
  BOOST_REQUIRE_EQUAL(due.size(), 2u);
  BOOST_TEST(due[0] == "b");
  schedule.Keep({"a"}, At(6));
  BOOST_TEST(schedule.Due(At(20)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_postponed_waits) {
  Schedule schedule({.interval = 10s, .spread = 0s});
  schedule.Keep({"a"}, At(0));
  schedule.Postpone("a", At(30));
  BOOST_TEST(schedule.Due(At(29)).empty());
  BOOST_TEST((schedule.NextAfter(At(0)) == At(30)));
}

BOOST_AUTO_TEST_SUITE_END()
