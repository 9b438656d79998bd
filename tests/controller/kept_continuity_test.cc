#include "controller/kept_continuity.h"

#include <boost/test/unit_test.hpp>

#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const WallTime kNoon = ParseTime("2026-03-01T12:00:00Z").value();

struct Kept {
  testing::TempFolder folder;
  std::unique_ptr<History> history = History::Open(folder / "history.db").value();

  Continuity AfterRestart() {
    KeptContinuity kept("c", *history);
    BOOST_REQUIRE(kept.Load().ok());
    return kept.Get();
  }
};

Look At(WallTime now, const std::string& fingerprint) {
  return {.fingerprint = fingerprint,
          .in_flight = false,
          .last_action_ended = {},
          .now = now,
          .step = 5min};
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(kept_continuity, Kept)

BOOST_AUTO_TEST_CASE(a_change_by_somebody_else_is_seen_over_a_restart) {
  KeptContinuity kept("c", *history);
  BOOST_REQUIRE(kept.Load().ok());
  BOOST_TEST(kept.Get().fingerprint.empty());
  BOOST_REQUIRE(kept.Keep(After(kept.Get(), At(kNoon, "aa")), 5min).ok());
  const Continuity before = AfterRestart();
  BOOST_TEST((before == kept.Get()));
  BOOST_TEST((After(before, At(kNoon + 2min, "aa")).foreign_change == std::nullopt));
  BOOST_TEST((After(before, At(kNoon + 2min, "bb")).foreign_change == kNoon + 2min));
}

BOOST_AUTO_TEST_CASE(what_changes_is_durable_at_once_and_the_time_after_each_step) {
  KeptContinuity kept("c", *history);
  Continuity now = After({}, At(kNoon, "aa"));
  BOOST_REQUIRE(kept.Keep(now, 5min).ok());
  now = After(now, At(kNoon + 1min, "aa"));
  BOOST_REQUIRE(kept.Keep(now, 5min).ok());
  BOOST_TEST((AfterRestart().looked == kNoon));  // not each minute
  now.in_flight = true;
  now.looked = kNoon + 2min;
  BOOST_REQUIRE(kept.Keep(now, 5min).ok());
  BOOST_TEST(AfterRestart().in_flight);
  now.looked = kNoon + 8min;
  BOOST_REQUIRE(kept.Keep(now, 5min).ok());
  BOOST_TEST((AfterRestart().looked == kNoon + 8min));
  now.looked = kNoon - 1h;  // a clock that was set back
  now.clock_jump = kNoon - 1h;
  BOOST_REQUIRE(kept.Keep(now, 5min).ok());
  BOOST_TEST((AfterRestart() == now));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_as_if_nobody_had_looked) {
  const SeriesKey key{"c", Scope::kCluster, "continuity", Resource::kRequests};
  for (const char* text :
       {"nonsense", "continuity-2 aa never 0 never never", "continuity-1 aa never 7 never never",
        "continuity-1 aa never 0 never", "continuity-1 aa 12x 0 never never"}) {
    BOOST_REQUIRE(history->KeepStates({{key, text}}).ok());
    BOOST_TEST((AfterRestart() == Continuity{}), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
