// The short form of scripts/faults: a few legs of each kind on real servers.
#include <boost/test/unit_test.hpp>

#include "tests/faults/suite.h"

using namespace tidewright;
using namespace tidewright::faults;

namespace {

void RequireGood(const WorldOptions& world, const std::vector<Case>& cases) {
  Report report;
  const Status ran =
      RunCases(world, cases, report, [](const std::string& line) { BOOST_TEST_MESSAGE(line); });
  BOOST_REQUIRE_MESSAGE(ran.ok(), ran);
  for (const auto& problem : report.problems) BOOST_ERROR(problem);
  BOOST_TEST(report.Runs() >= static_cast<int>(cases.size()));
  std::int64_t writes = 0;
  for (const auto& [key, row] : report.rows) writes += row.acknowledged;
  BOOST_TEST(writes > 1000);
  BOOST_TEST_MESSAGE(report.Table());
}

Case ControllerDies(int goal, int boundary) {
  Case one;
  one.kind = FaultKind::kControllerAtBoundary;
  one.goal = goal;
  one.boundary = boundary;
  return one;
}

Case Fault(FaultKind kind, int goal, const char* phase, const char* victim, std::uint64_t seed) {
  Case one;
  one.kind = kind;
  one.goal = goal;
  one.phase = phase;
  one.victim = victim;
  one.seed = seed;
  return one;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fault_suite)

BOOST_AUTO_TEST_CASE(a_controller_killed_anywhere_loses_nothing_and_its_successor_resumes) {
  RequireGood({}, {ControllerDies(4, 8), ControllerDies(3, 30), ControllerDies(4, 51),
                   ControllerDies(3, 67), Fault(FaultKind::kControllerAtRandom, 4, "", "", 1),
                   Fault(FaultKind::kReset, 3, "", "", 2)});
}

BOOST_AUTO_TEST_CASE(servers_that_crash_and_come_back_lose_nothing_that_they_keep) {
  WorldOptions durable;
  durable.replicas = 0;
  durable.appendfsync = "always";
  RequireGood(durable, {Fault(FaultKind::kServerCrash, 4, "move", "target", 3),
                        Fault(FaultKind::kServerStop, 3, "drain", "source", 4)});
}

BOOST_AUTO_TEST_SUITE_END()
