#include "controller/backoff.h"

#include <boost/test/unit_test.hpp>

using namespace tidewright;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(backoff)

BOOST_AUTO_TEST_CASE(repeated_failures_leave_the_cluster_alone_for_longer) {
  FailureBackoff backoff;
  BOOST_TEST(!backoff.Until());
  ActionRecord record;
  record.state = ActionState::kRolledBack;
  record.ended = WallTime(1h);
  backoff.Ended(record);
  BOOST_TEST((backoff.Until() == WallTime(1h) + 5min));
  backoff.Ended(record);
  BOOST_TEST((backoff.Until() == WallTime(1h) + 10min));
  for (int i = 0; i < 20; ++i) backoff.Ended(record);
  BOOST_TEST((backoff.Until() == WallTime(3h)));
  record.state = ActionState::kDone;
  backoff.Ended(record);
  BOOST_TEST(!backoff.Until());
}

BOOST_AUTO_TEST_SUITE_END()
