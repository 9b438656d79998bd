#include "controller/person_holds.h"

#include <boost/test/unit_test.hpp>

#include "tests/storage_support.h"

using namespace tidewright;
using namespace std::chrono_literals;

namespace {

const WallTime kNoon = ParseTime("2026-03-01T12:00:00Z").value();

struct Held {
  testing::TempFolder folder;
  std::unique_ptr<Journal> journal = Journal::Open(folder / "journal.db").value();
  Policy policy;
  Plan plan;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(person_holds, Held)

BOOST_AUTO_TEST_CASE(holds_stand_over_restarts_until_their_time_or_until_they_are_cleared) {
  {
    PersonHolds holds(*journal);
    BOOST_REQUIRE(holds.Load().ok());
    BOOST_TEST(holds.Add(kNoon + 2h, "ann", "index rebuild", kNoon)->id == "h-1");
    BOOST_TEST(holds.Add(kNoon + 9h, "bob", "holidays", kNoon)->id == "h-2");
    BOOST_TEST(
        (holds.Add(kNoon, "ann", "late", kNoon).status().code() == StatusCode::kInvalidArgument));
  }
  PersonHolds holds(*journal);
  BOOST_REQUIRE(holds.Load().ok());
  BOOST_TEST(holds.Active(kNoon + 1h).size() == 2u);
  const auto against = holds.Against(plan, policy, kNoon + 1h);
  BOOST_REQUIRE(against.has_value());
  BOOST_TEST((against->code == ReasonCode::kHeld));
  BOOST_TEST(against->text.find("by ann: index rebuild") != std::string::npos, against->text);
  BOOST_TEST(holds.Active(kNoon + 2h).size() == 1u);
  BOOST_REQUIRE(holds.Clear("h-2", "ann", "they are over", kNoon + 3h).ok());
  BOOST_TEST((holds.Clear("h-2", "ann", "", kNoon + 3h).code() == StatusCode::kNotFound));
  BOOST_TEST((holds.Clear("h-1", "ann", "", kNoon + 3h).code() == StatusCode::kNotFound));
  BOOST_TEST(!holds.Against(plan, policy, kNoon + 3h).has_value());
  // Numbers are never given twice, and everything was audited.
  BOOST_TEST(holds.Add(kNoon + 9h, "ann", "again", kNoon + 3h)->id == "h-3");
  BOOST_TEST(journal->AuditOf("hold").value().size() == 4u);
}

BOOST_AUTO_TEST_CASE(an_emergency_begins_where_the_policy_says_so) {
  PersonHolds holds(*journal);
  BOOST_REQUIRE(holds.Add(kNoon + 2h, "ann", "index rebuild", kNoon).ok());
  plan.emergency = true;
  BOOST_TEST(holds.Against(plan, policy, kNoon).has_value());
  policy.emergency_ignores_windows = true;
  BOOST_TEST(!holds.Against(plan, policy, kNoon).has_value());
  plan.emergency = false;
  BOOST_TEST(holds.Against(plan, policy, kNoon).has_value());
}

BOOST_AUTO_TEST_CASE(a_hold_that_cannot_be_read_is_not_passed_over) {
  for (const char* text : {"", "[]", R"({"version":2,"next":1,"holds":[]})",
                           R"({"version":1,"next":1,"holds":[{"id":"h-1"}]})"}) {
    BOOST_REQUIRE(journal->SaveFact("holds", text).ok());
    PersonHolds holds(*journal);
    BOOST_TEST((holds.Load().code() == StatusCode::kDataLoss), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()
